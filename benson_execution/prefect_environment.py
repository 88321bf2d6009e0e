"""What Prefect must find in the environment before it is imported, from any folder.

Prefect reads its settings when it is imported, and `prefect.toml` from the current folder only.
So whatever of ours starts Prefect calls `prepare` first; what the environment states already
wins. This module knows the names of Prefect's settings, and never imports Prefect.
"""

from __future__ import annotations

import os
from http import HTTPStatus
from pathlib import Path
from typing import Final

from benson_execution.text import nearby

DEFAULTS: Final = {
    # Nobody else's business what is executed here.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # Prefect's second UI asks an analytics service for its configuration whatever is set above.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # The UI finds its API on whatever port the server has.
    "PREFECT_UI_API_URL": "/api",
    # Below a warning Prefect tells of every hook that it calls; the cause of a red run drowns.
    "PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_LEVEL": "WARNING",
    "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "WARNING",
    # On SQLite the recorder commits every task run by itself, meets "database is locked", and the
    # client waits for two seconds. In batches it does not.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "2",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    # The first start on an empty home migrates a database, which takes a quarter of a minute.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
}
_SERVER_AUTH: Final = "PREFECT_SERVER_API_AUTH_STRING"
_CLIENT_AUTH: Final = "PREFECT_API_AUTH_STRING"


def prepare() -> None:
    """Set what is not set yet; harmless to call twice."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


def password_hint(error: BaseException) -> str | None:
    """What to set where Prefect's API refused whoever asked; None for any other error."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return None
    return f"it is protected: {_CLIENT_AUTH} must be what its server has as {_SERVER_AUTH}"


def prepare_embedded(home: Path) -> str:
    """Prepare for `PREFECT_API_URL` where it is set, else for a server of our own under `home`.

    Returns which of the two it is, as a sentence for the person who waits. Profiles are ignored:
    what a run is recorded in must not depend on what was last selected for something else.
    """
    prepare()
    prefect_home = _without_profiles(home)
    if url := os.environ.get("PREFECT_API_URL"):
        return f"Prefect at {url} (PREFECT_API_URL)"
    _use_our_home(prefect_home)
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
    first = "" if (prefect_home / "prefect.db").exists() else "; its first start takes a while"
    return f"an embedded Prefect in {nearby(prefect_home)}{first}"


def prepare_served(home: Path, port: int) -> tuple[str, bool]:
    """Prepare for `PREFECT_API_URL` where it is set, else for our own server on a loopback port.

    Returns the API's URL, and whether it is that of our own server, with its home under `home`.
    """
    prepare()
    prefect_home = _without_profiles(home)
    if url := os.environ.get("PREFECT_API_URL"):
        return url, False
    _use_our_home(prefect_home)
    url = f"http://127.0.0.1:{port}/api"
    os.environ["PREFECT_API_URL"] = url
    return url, True


def _use_our_home(prefect_home: Path) -> None:
    """For a server of our own, and for its first client, which this process is."""
    os.environ["PREFECT_HOME"] = str(prefect_home)
    prefect_home.mkdir(parents=True, exist_ok=True)
    if password := os.environ.get(_SERVER_AUTH):
        os.environ.setdefault(_CLIENT_AUTH, password)


def _without_profiles(home: Path) -> Path:
    """Have profiles ignored, and return the home of a Prefect of our own."""
    prefect_home = home.expanduser().absolute() / "prefect"
    os.environ["PREFECT_PROFILES_PATH"] = str(prefect_home / "no-profiles.toml")
    return prefect_home
