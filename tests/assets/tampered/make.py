"""Makes the files beside this one: honest ones, and each with its defect.

    python -m tests.assets.tampered.make

The key that signs them is made here and goes with this process; only its public half is kept.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson

from benson_execution import BensonExecutionEngine, Document, Settings
from benson_execution.dispatch import Dispatch
from benson_execution.errors import UnreadableDocument
from benson_execution.policy import Policy
from benson_execution.proof.heads import Head
from benson_execution.proof.heads_file import append_head
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import SqlTrail
from benson_execution.trail.migrations.archive_guards import all_sqlite_guards
from tests.verification.honest import EXAMPLES, OPEN_RUN, Honest, Ring, url

from . import of_artifacts, of_dispatches, of_events, of_files, of_refusals, of_the_log
from .defects import (
    ARTIFACTS,
    EARLY,
    EXPECTED,
    FILES,
    FIRST,
    FULL,
    HEAD,
    HEADS,
    LATER,
    REFUSED,
    ROTATED,
    TRAILS,
    TRUSTED,
    TrailDefect,
    World,
)

HERE: Final = Path(__file__).parent
MADE: Final = (of_artifacts, of_dispatches, of_events, of_files, of_refusals, of_the_log)
"""The modules that say what is made."""
BLOCKED: Final = "refused/CP-03-quality-below-threshold"
DAN: Final = "PAC-DAN-P44"
LAST: Final = "PAC-ALEX-P36"
_MEMBERS: Final = ("gid", "name", "role", "execution_lane", "executes")
_AGENTS: Final = (
    ("GID-00", "BENSON", "Chief Architect & Orchestrator", "ORCHESTRATION", False),
    ("GID-07", "DAN", "DevOps", "DEVOPS", True),
    ("GID-08", "ALEX", "Governance", "GOVERNANCE", True),
    ("GID-05", "ATLAS", "System State", "SYSTEM_STATE", True),
)


def make(folder: Path) -> None:
    """Make all files in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        world, artifacts = _world(Path(name))
        expected: dict[str, Any] = {}
        for defect, spoilt in sorted(TRAILS.items()):
            path = folder / f"trail-{defect}.db"
            world.copy(spoilt.base, path)
            _tamper(path, spoilt, world)
            expected[path.name] = spoilt.expected.to_dict()
        for defect, (spoil, expectation) in sorted(FILES.items()):
            path = folder / f"trail-{defect}.db"
            path.write_bytes(spoil(world.trails[FIRST].path.read_bytes()))
            expected[path.name] = expectation.to_dict()
        _write_honest(folder, world, artifacts)
        honest = (folder / "honest.json").read_bytes()
        for defect, (change, expectation) in sorted(ARTIFACTS.items()):
            path = folder / f"artifact-{defect}.json"
            path.write_bytes(_changed(honest, change))
            expected[path.name] = expectation.to_dict()
    text = orjson.dumps(expected, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (folder / EXPECTED).write_bytes(text)


def _world(folder: Path) -> tuple[World, Path]:
    """The honest trails at several moments, and the folder of their artifacts."""
    ring = Ring()
    live = Honest(folder / "live" / "trail.db", ring)
    trails = {}
    with live.opened() as trail:
        judge(trail, live.path, DAN)
        trails[FIRST] = _kept(live, folder / "first.db")
        leave_open(trail, live.path)
        trails[EARLY] = _kept(live, folder / "early.db")
        judge(trail, live.path, BLOCKED)
        trails[LATER] = _kept(live, folder / "later.db")
        judge(trail, live.path, LAST)
        trails[FULL] = _kept(live, folder / "full.db")
    rotated = _working_copy(trails[EARLY], folder / "handing-over")
    rotated.ring.keys.append(SigningKey.generate())
    with rotated.opened() as trail:
        trail.rotate(rotated.ring.keys[1])
        judge(trail, rotated.path, BLOCKED)
    trails[ROTATED] = _kept(rotated, folder / "rotated.db")
    refused = _working_copy(trails[FIRST], folder / "refused")
    with refused.opened() as trail:
        with suppress(UnreadableDocument):
            _engine(trail, refused.path).execute_pac(b"{")
        judge(trail, refused.path, BLOCKED)
    trails[REFUSED] = _kept(refused, folder / "refused.db")
    apart = Honest(folder / "other" / "trail.db", ring)
    with apart.opened() as trail:
        judge(trail, apart.path, BLOCKED)
    other = _kept(apart, folder / "other.db")
    return World(trails, other), live.path.parent / "artifacts"


def settings_of(path: Path) -> Settings:
    """Settings with a home of this trail's own, and with the few agents that the examples name."""
    registry = path.parent / "agents.json"
    registry.parent.mkdir(parents=True, exist_ok=True)
    agents = [dict(zip(_MEMBERS, agent, strict=True)) for agent in _AGENTS]
    registry.write_bytes(orjson.dumps({"agents": agents}))
    return Settings(home=path.parent, trail_url=url(path), registry=registry)


def judge(trail: SqlTrail, path: Path, name: str) -> None:
    """Judge an example by its name; its artifact lies beside the trail."""
    _engine(trail, path).execute_pac((EXAMPLES / f"{name}.json").read_bytes())


def _engine(trail: SqlTrail, path: Path) -> BensonExecutionEngine:
    return BensonExecutionEngine(
        enable_telemetry=False,
        trail=trail,
        settings=settings_of(path),
        artifacts=path.parent / "artifacts",
    )


def leave_open(trail: SqlTrail, path: Path) -> None:
    """Begin a dispatch, and never close it."""
    document = Document.read((EXAMPLES / "PAC-ATLAS-P41.json").read_bytes())
    dispatch = Dispatch.of(OPEN_RUN, document, Policy.of(settings_of(path)), trail)
    dispatch.begin()
    dispatch.begin_execution()


def _working_copy(honest: Honest, folder: Path) -> Honest:
    """A copy of a trail that goes its own way from here, with keys of its own to come."""
    folder.mkdir()
    ring = Ring()
    ring.keys = list(honest.ring.keys)
    return Honest(Path(shutil.copy(honest.path, folder / "trail.db")), ring)


def _kept(honest: Honest, target: Path) -> Honest:
    """A trail as it is now, in one small file that does not say who made it."""
    with closing(sqlite3.connect(honest.path)) as live:
        live.execute("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy.execute(
            "UPDATE leases SET host = NULL, boot_id = NULL, pid = NULL, started = NULL, "
            "expires_at = 0"
        )
        _shrink(copy)
    return Honest(target, honest.ring)


def _shrink(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(f"PRAGMA page_size = {of_files.PAGE}")
    connection.execute("VACUUM")


def _tamper(path: Path, defect: TrailDefect, world: World) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if defect.guarded:
            with _unguarded(connection):
                defect.tamper(connection, world)
        else:
            defect.tamper(connection, world)
        _shrink(connection)


@contextmanager
def _unguarded(connection: sqlite3.Connection) -> Iterator[None]:
    for name in all_sqlite_guards():
        connection.execute(f"DROP TRIGGER {name}")
    yield
    for statement in all_sqlite_guards().values():
        connection.execute(statement)


def _changed(content: bytes, change: Any) -> bytes:
    """An artifact's text after a change to its members, or to the text itself."""
    artifact = orjson.loads(content)
    dense = orjson.dumps(artifact, option=orjson.OPT_APPEND_NEWLINE)
    if change is of_artifacts.key_twice:
        spoilt: bytes = of_artifacts.key_twice(dense)
    else:
        change(artifact)
        spoilt = orjson.dumps(artifact, option=orjson.OPT_APPEND_NEWLINE)
    assert spoilt != dense
    return spoilt


def _write_honest(folder: Path, world: World, artifacts: Path) -> None:
    """What the others were made from, and what was kept elsewhere."""
    full = world.trails[FULL]
    shutil.copyfile(full.path, folder / "honest.db")
    (artifact,) = artifacts.glob(f"{LAST}-*/*.json")
    shutil.copyfile(artifact, folder / "honest.json")
    (folder / TRUSTED).write_bytes(full.ring.keys[0].public.pem)
    (folder / HEADS).unlink(missing_ok=True)
    with closing(sqlite3.connect(full.path)) as connection:
        for (note,) in connection.execute("SELECT note FROM heads ORDER BY size"):
            head = Head.parse(note)
            append_head(folder / HEADS, head, "here")
    text = orjson.dumps(head.to_dict(), option=orjson.OPT_APPEND_NEWLINE)
    (folder / HEAD).write_bytes(text)


if __name__ == "__main__":
    for known in [name for name in os.environ if name.startswith("BENSON_")]:
        del os.environ[known]
    for old in (*HERE.glob("*.db"), *HERE.glob("*.json"), *HERE.glob("*.jsonl")):
        old.unlink()
    make(HERE)
    sys.stdout.write(f"{len(list(HERE.glob('*.db')))} trails\n")
