"""A trail to archive from, and short ways to say what is archived and what is found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from benson_execution import BensonExecutionEngine, Settings
from benson_execution.archive.archiving import Batch, batches, store
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.archive.reading import ReadingTrail
from benson_execution.insight.summary import summaries
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import SqlTrail, Trail
from benson_execution.verification.findings import Finding
from benson_execution.verification.trail import TrailVerifier
from tests.trail.stores import Ring
from tests.verification.honest import EXAMPLES, leave_open, only

NAMES: Final = (
    "PAC-DAN-P44",
    "refused/CP-03-quality-below-threshold",
    "PAC-ALEX-P36",
    "PAC-DAN-P44",  # once more: its PAC is closed
    "refused/CP-04-task-not-completed",
)


class Made(NamedTuple):
    """A trail with its keys; archives are in `home / "archive"`."""

    trail: SqlTrail
    ring: Ring
    home: Path

    @property
    def folder(self) -> ArchiveFolder:
        """The folder of the archives, with nothing in memory of it."""
        return ArchiveFolder(self.home / "archive")

    @property
    def settings(self) -> Settings:
        """Of whoever judges here."""
        return Settings(home=self.home, trail_url=str(self.trail.database.url))

    def judge(self, *names: str) -> list[str]:
        """Judge examples; the ids of their dispatches."""
        engine = BensonExecutionEngine(
            enable_telemetry=False, trail=self.trail, settings=self.settings
        )
        return [
            engine.execute_pac((EXAMPLES / f"{name}.json").read_bytes()).dispatch_id
            for name in names
        ]

    def finished(self) -> list[str]:
        """The dispatches that ended and were not archived, oldest first."""
        ends = self.trail.events(event_type="PAC_DISPATCH_END")
        return [stored.dispatch.dispatch_id for stored in ends]

    def archive(self, ids: Collection[str] = ()) -> list[Batch]:
        """Move these dispatches, or all that may."""
        keys = [key.public for key in self.ring.keys]
        moved = []
        with self.folder.locked():
            for batch in batches(self.trail, datetime.now(UTC), keys):
                moved.append(only(batch, ids) if ids else batch)
                store(self.trail, self.folder, moved[-1], keys)
        return moved

    def findings(self, folder: ArchiveFolder | None = None) -> list[Finding]:
        """What verification finds, with the first key alone."""
        with self.trail.rows() as rows:
            trusted = TrustedKeys([self.ring.keys[0].public])
            return list(TrailVerifier(rows, trusted, folder or self.folder).run())

    @contextmanager
    def reading(self) -> Iterator[ReadingTrail]:
        """The trail as a reader opens it."""
        opened = ReadingTrail(self.trail.database.url, self.home / "archive")
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def make(url: str, home: Path) -> Iterator[Made]:
    """A trail of its own, with finished dispatches and an open one."""
    ring = Ring(*(SigningKey.generate() for _ in range(2)))
    trail = SqlTrail(url, ring)
    try:
        made = Made(trail, ring, home)
        made.judge(*NAMES[:3])
        leave_open(trail)
        made.judge(*NAMES[3:])
        yield made
    finally:
        trail.close()


def everything(trail: Trail, documents: Sequence[str]) -> dict[str, Any]:
    """All that can be read of a trail."""
    stored = list(trail.events())
    refs = list(dict.fromkeys(s.dispatch for s in stored))
    return {
        "events": stored,
        "of each": [
            (
                list(trail.events(dispatch_id=ref.dispatch_id)),
                list(trail.events(run_id=ref.run_id, event_type="CHECKPOINT")),
                list(trail.events(pac_id=ref.pac_id)),
                trail.header(ref.dispatch_id),
                trail.proof(ref.dispatch_id),
                trail.wrap_of(ref.pac_id),
            )
            for ref in refs
        ],
        "behind": [list(trail.events(after=at)) for at in range(0, 60, 13)],
        "types": list(trail.events(event_type="WRAP_GENERATION")),
        "documents": [trail.document(sha256) for sha256 in documents],
        "last": trail.last_position(),
        "summaries": [summary.to_dict() for summary in summaries(trail)],
    }


def documents_of(trail: SqlTrail) -> list[str]:
    """The digests of all documents in the database."""
    with trail.rows() as rows:
        return [row.sha256 for row in rows.documents()]
