"""Places for runs: a BENSON_HOME with a trail in SQLite, or with one in PostgreSQL."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from benson_execution import Settings
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import SqlTrail
from benson_execution.trail.opening import keyring_of
from benson_execution.trail.port import Lease
from benson_execution.trail.sql import open_database
from benson_execution.trail.version import version_of
from tests.chaos.checks import Fact
from tests.chaos.points import facts

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
STORES: Final = ("sqlite", "postgresql")
_numbers: Final = itertools.count(1)


class Site(NamedTuple):
    """A home, and the trail that its settings name."""

    home: Path
    url: str
    key: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process is started with to work here."""
        given = {"BENSON_HOME": str(self.home), "BENSON_TRAIL_URL": self.url}
        return given if self.key is None else {**given, "BENSON_SIGNING_KEY": str(self.key)}

    @property
    def settings(self) -> Settings:
        """The same for this process."""
        return Settings(home=self.home, trail_url=self.url, signing_key=self.key)

    def opened(self) -> SqlTrail:
        """The trail, to be written by this process."""
        return SqlTrail(self.url, keyring_of(self.settings))

    def facts(self, pac_id: str | None = None) -> list[Fact]:
        """The events that are recorded; none while there is no trail."""
        with self._opened() as trail:
            found = [] if trail is None else [*trail.events(pac_id=pac_id)]
            return [Fact(*facts(one)) for one in found]

    def leases(self) -> list[Lease]:
        """The dispatches that are not finished."""
        with self._opened() as trail:
            return [] if trail is None else trail.leases()

    def artifacts(self, pac_id: str) -> dict[str, Path]:
        """The artifacts of a PAC, by dispatch."""
        return {path.stem: path for path in (self.home / "artifacts" / pac_id).glob("[!.]*")}

    def faults(self) -> list[dict[str, Any]]:
        """What could not be recorded or shown."""
        file = self.home / "faults.jsonl"
        return (
            [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []
        )

    def _opened(self) -> _Opened:
        path = Path(self.url.removeprefix("sqlite:///"))
        if self.url.startswith("sqlite") and not (path.exists() and path.stat().st_size):
            return _Opened(None)
        database = open_database(self.url, read_only=True)
        try:
            made = version_of(database) is not None
        finally:
            database.engine.dispose()
        return _Opened(SqlTrail(self.url, None) if made else None)


class _Opened:
    """A trail that is closed afterwards, or none."""

    def __init__(self, trail: SqlTrail | None) -> None:
        self._trail = trail

    def __enter__(self) -> SqlTrail | None:
        return self._trail

    def __exit__(self, *_: object) -> None:
        if self._trail is not None:
            self._trail.close()


class Sites:
    """Makes sites, each with an empty trail of its own."""

    def __init__(self, folder: Path, new_database: Callable[[], str] | None = None) -> None:
        self._folder = folder
        self._new_database = new_database
        self._count = itertools.count(1)
        self._lock = threading.Lock()

    def new(self) -> Site:
        """A home of which nothing exists but, where one must be given, a key."""
        with self._lock:
            home = self._folder / f"site-{next(self._count)}"
        if self._new_database is None:
            return Site(home, f"sqlite:///{home / 'trail.db'}")
        home.mkdir(parents=True)
        key = home / "given-key.pem"
        SigningKey.generate().write(key)
        return Site(home, self._new_database(), key)


def new_document(example: str = "PAC-DAN-P44.json") -> tuple[str, str]:
    """A PAC id that nobody else has, and a document of that PAC."""
    pac_id = f"PAC-CHAOS-P{next(_numbers)}-01"
    made = json.loads((EXAMPLES / example).read_text())
    made["pac"]["pac_id"] = made["execution_result"]["pac_id"] = pac_id
    return pac_id, json.dumps(made)
