"""Before anything imports Prefect: no home, and no profile, may be the developer's."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from benson_execution.prefect_environment import prepare

_HOME = Path(tempfile.mkdtemp(prefix="benson-prefect-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

for _name in [name for name in os.environ if name.startswith(("PREFECT_", "BENSON_"))]:
    if _name != "BENSON_SCREENSHOTS":  # where the UI test puts its pictures
        del os.environ[_name]
os.environ["BENSON_HOME"] = str(_HOME / "benson")
os.environ["PREFECT_HOME"] = str(_HOME)
os.environ["PREFECT_PROFILES_PATH"] = str(_HOME / "none.toml")
os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
prepare()
