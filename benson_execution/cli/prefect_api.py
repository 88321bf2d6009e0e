"""What the commands share that talk to a Prefect that somebody else started."""

from __future__ import annotations

import os

from benson_execution.errors import BadInput
from benson_execution.prefect_environment import prepare


def require_api(why_not: str, hint: str) -> None:
    """Make this process ready for Prefect; `BadInput` where `PREFECT_API_URL` names none.

    An embedded one would end with the command.
    """
    if not os.environ.get("PREFECT_API_URL"):
        raise BadInput(f"PREFECT_API_URL is not set: {why_not}", hint)
    prepare()
    # What Prefect's client logs says nothing that our own sentences do not.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


SERVED_HERE = "`benson up` serves on this machine, and prints it"
"""What to do where nothing is served yet."""
