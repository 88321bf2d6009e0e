"""Every test of the library has a home of its own, and none sees the developer's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A BENSON_HOME that only this test uses, and no other BENSON_ variable."""
    for name in list(os.environ):
        if name.startswith("BENSON_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BENSON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
