"""Every setting of Benson, read from the environment in one place."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL

from benson_execution.errors import InvalidSettings
from benson_execution.limits import MAX_DOCUMENT_BYTES


class Settings(BaseSettings):
    """The settings; each is the environment variable `BENSON_` and the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="BENSON_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(default_factory=lambda: Path.home() / ".benson")
    """Where Benson keeps its trail, its artifacts and the embedded Prefect."""
    trail_url: str | None = None
    """The trail's store: `sqlite:///PATH`, `postgresql+psycopg://…` or `memory://`.

    Default: `trail.db` under the home.
    """
    signing_key: Path | None = None
    """A PEM file with the key that signs the trail. Default, for SQLite: one under the home."""
    signing_key_pem: SecretStr | None = None
    """The same key as a text, for places that hand secrets over in the environment."""
    trusted_keys: Path | None = None
    """A PEM file with the public keys that verification trusts. Default: our own."""
    heads: Path | None = None
    """The file to which every signed head is appended. Default: `heads.jsonl` under the home."""
    artifacts: Path | None = None
    """Where artifacts are written. Default: `artifacts` under the home."""
    registry: Path | None = None
    """A JSON file with the agents. Default: the agents that ship with Benson."""
    quality_threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.7
    """The lowest quality score that passes CP-03, in [0, 1]."""
    max_document_bytes: Annotated[int, Field(gt=0)] = MAX_DOCUMENT_BYTES
    """The largest document that is read."""
    prefect_labels: bool = True
    """Whether flow runs get names and tags in Prefect."""
    prefect_artifacts: bool = True
    """Whether the verdict and the events are shown as Prefect artifacts."""

    @field_validator("home", "artifacts", "registry", "signing_key", "trusted_keys", "heads")
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        try:
            return None if path is None else path.expanduser()
        except RuntimeError as error:  # the home of a user that there is not
            raise ValueError(str(error)) from None

    @classmethod
    def load(cls) -> Settings:
        """The settings of the environment; `InvalidSettings` names the variable that is wrong."""
        ours = {k: v for k, v in os.environ.items() if k == "HOME" or k[:7].upper() == "BENSON_"}
        return _load(cls, frozenset(ours.items()))

    @property
    def resolved_trail_url(self) -> str | URL:
        """The URL of the trail's store; a folder's name is no part of a URL's grammar."""
        if self.trail_url:
            return self.trail_url
        return URL.create("sqlite", database=str(self.home.absolute() / "trail.db"))

    @property
    def artifacts_folder(self) -> Path:
        """The folder of the artifacts."""
        return self.artifacts or self.home / "artifacts"

    @property
    def heads_file(self) -> Path:
        """The file of the signed heads."""
        return self.heads or self.home / "heads.jsonl"


@functools.lru_cache(maxsize=8)
def _load(kind: type[Settings], _environment: frozenset[tuple[str, str]]) -> Settings:
    """Read once for each environment: a run asks for its settings several times."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        variable = f"BENSON_{first['loc'][0]}".upper()
        raise InvalidSettings(
            f"{variable}={first['input']!r} is not usable: {first['msg']}"
        ) from None
