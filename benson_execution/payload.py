"""What all payloads of telemetry events share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """Exact fields, exact types, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


IdText = Annotated[str, Field(min_length=1, max_length=128)]
"""A PAC's id, as events name it."""
