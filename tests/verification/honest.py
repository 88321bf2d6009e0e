"""An honest trail in a SQLite file, and ways to change it that its guards would refuse."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from benson_execution import BensonExecutionEngine, Document, Outcome, Settings
from benson_execution.archive.archiving import Batch, batches, store
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.dispatch import Dispatch
from benson_execution.errors import InvalidSettings
from benson_execution.policy import Policy
from benson_execution.proof.heads import Rotation, TrustedKeys
from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.trail import SqlTrail
from benson_execution.trail.migrations.archive_guards import all_sqlite_guards
from benson_execution.verification.findings import Finding, Kind
from benson_execution.verification.trail import TrailVerifier

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
OPEN_RUN: Final = "00000000-0000-4000-8000-000000000001"
"""The run whose dispatch begins, and is never closed."""
OPEN: Final = f"{OPEN_RUN}-1"


ARCHIVE: Final = "archive"
"""The folder beside the trail that its archives are in."""


class Ring:
    """A keyring with the keys that a trail had, one after another."""

    def __init__(self) -> None:
        self.keys = [SigningKey.generate()]

    def key(self, key_id: str | None, rotation: Rotation | None = None) -> SigningKey:
        """The key with this id, or the one that a new trail begins with."""
        for key in self.keys:
            if key_id in (None, key.key_id):
                return key
        raise InvalidSettings(f"no key {key_id}")

    @property
    def public(self) -> list[PublicKey]:
        """The public halves of all of them."""
        return [key.public for key in self.keys]


class Honest(NamedTuple):
    """A trail that nobody touched, and the keys that signed it."""

    path: Path
    ring: Ring

    @contextmanager
    def opened(self) -> Iterator[SqlTrail]:
        """The trail as Benson itself opens it."""
        trail = SqlTrail(url(self.path), self.ring)
        try:
            yield trail
        finally:
            trail.close()


def url(path: Path) -> str:
    """Where the trail in this file is."""
    return f"sqlite:///{path}"


def judge(trail: SqlTrail, path: Path, *names: str) -> list[Outcome]:
    """Judge examples by their names; artifacts and heads lie beside the trail."""
    settings = Settings(home=path.parent, trail_url=url(path))
    engine = BensonExecutionEngine(
        enable_telemetry=False, trail=trail, settings=settings, artifacts=path.parent / "artifacts"
    )
    return [engine.execute_pac((EXAMPLES / f"{name}.json").read_bytes()) for name in names]


def leave_open(trail: SqlTrail, run_id: str = OPEN_RUN) -> None:
    """Begin a dispatch, and never close it."""
    document = Document.read((EXAMPLES / "PAC-ATLAS-P41.json").read_bytes())
    dispatch = Dispatch.of(run_id, document, Policy.of(Settings()), trail)
    dispatch.begin()
    dispatch.begin_execution()


def make_trail(path: Path) -> Honest:
    """A completed dispatch, a blocked one, one that is open, and a completed one."""
    honest = Honest(path, Ring())
    with honest.opened() as trail:
        judge(trail, path, "PAC-DAN-P44", "refused/CP-03-quality-below-threshold")
        leave_open(trail)
        judge(trail, path, "PAC-ALEX-P36")
    return honest


def archive(honest: Honest, *dispatch_ids: str) -> list[Batch]:
    """Move these dispatches, or all that are finished, into archives beside the trail."""
    folder = ArchiveFolder(honest.path.parent / ARCHIVE)
    moved = []
    with honest.opened() as trail, folder.locked():
        for batch in batches(trail, datetime.now(UTC), honest.ring.public):
            moved.append(only(batch, dispatch_ids) if dispatch_ids else batch)
            store(trail, folder, moved[-1], honest.ring.public)
    return moved


def only(batch: Batch, dispatch_ids: Collection[str]) -> Batch:
    """A batch of these dispatches, with the documents of all."""
    kept = [one for one in batch.content.dispatches if one.row.dispatch_id in dispatch_ids]
    content = replace(batch.content, dispatches=kept)
    return replace(batch, content=content, packed=content.to_bytes())


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """A foreign connection without guards; they stand again afterwards, as if nothing had been."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in all_sqlite_guards():
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        yield connection
        for statement in all_sqlite_guards().values():
            with suppress(sqlite3.OperationalError):  # its table may be gone
                connection.execute(statement)


def findings(path: Path, trusted: list[PublicKey], heads_file: Path | None = None) -> list[Finding]:
    """What verification finds in this file, and against a heads file where there is one."""
    trail = SqlTrail(url(path), None)
    try:
        with trail.rows() as rows:
            folder = ArchiveFolder(path.parent / ARCHIVE)
            verifier = TrailVerifier(rows, TrustedKeys(trusted), folder)
            found = list(verifier.run())
            lines = [] if heads_file is None else heads_file.read_bytes().splitlines()
            return found + list(verifier.log.check_heads_file(lines, trail.where))
    finally:
        trail.close()


def kinds(path: Path, trusted: list[PublicKey]) -> set[Kind]:
    """The kinds of what verification finds in this file."""
    return {finding.kind for finding in findings(path, trusted)}


def told(path: Path, trusted: list[PublicKey]) -> Mapping[Kind, str]:
    """The findings' words, by kind."""
    return {finding.kind: finding.message for finding in findings(path, trusted)}
