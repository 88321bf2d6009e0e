"""The stores, and short ways to say what is appended to them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from sqlalchemy.engine import make_url

from benson_execution import Settings
from benson_execution.events import Event
from benson_execution.proof.heads import Rotation
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.merkle import leaf_hash
from benson_execution.trail import (
    Batch,
    DispatchRef,
    NewEvent,
    Seizure,
    SqlTrail,
    StoredEvent,
    Trail,
    WrapClaim,
)
from benson_execution.trail.lease import Holder
from benson_execution.trail.opening import keyring_of
from benson_execution.trail.rows import ArchiveRow, ReceiptRow
from benson_execution.trail.sql_archive import Move

Answer = TypeVar("Answer")

STORES: Final = ("memory", "sqlite", "postgresql")
"""Every store that the conformance suite runs over; `conftest.py` makes them."""
DATABASES: Final = STORES[1:]
THREADS: Final = 16
PAC: Final = "PAC-DAN-P53-TEST-01"
FAMILY: Final = "WRAP-DAN-P53-20251226"


def sqlite_url(folder: Path) -> str:
    """A SQLite trail in this folder."""
    return f"sqlite:///{folder / 'trail.db'}"


def settings_of(url: str, signing_key: Path | None = None) -> Settings:
    """The settings of a program with this trail: its home is a SQLite file's folder.

    Those of a trail in PostgreSQL come from the environment, its signing key among them.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Settings(trail_url=url, home=Path(parsed.database or "").parent)
    if signing_key is not None:
        return Settings(trail_url=url, signing_key=signing_key)
    return Settings(trail_url=url)


def open_sql(url: str) -> SqlTrail:
    """A trail of one's own at this URL, not the one that all of the process share."""
    return SqlTrail(url, keyring_of(settings_of(url)))


def psycopg_url(url: str) -> str:
    """The same place, as `psycopg` itself is told it."""
    return url.replace("+psycopg", "")


def connect(url: str) -> psycopg.Connection:
    """A connection to a PostgreSQL that the trail knows nothing of."""
    return psycopg.connect(psycopg_url(url), autocommit=True)


class Ring:
    """A keyring with several keys, of which a new trail begins with the first."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = keys

    def key(self, key_id: str | None, rotation: Rotation | None = None) -> SigningKey:
        """The key with this id; the test has no use for a trail with another one."""
        return next(key for key in self.keys if key_id in (None, key.key_id))


RING: Final = Ring(*(SigningKey.generate() for _ in range(3)))


def dispatch(run_id: str = "run", number: int = 1, pac_id: str = PAC) -> DispatchRef:
    """A dispatch that nothing is known of yet."""
    return DispatchRef(run_id, number, pac_id, "ab" * 32)


def event(content: Any = None, event_type: str = "NOTE") -> Event:
    """An event of a type that is not the contract's, which takes any content."""
    return Event.create(event_type, {"content": content})


def note(content: Any = None, key: str | None = None) -> NewEvent:
    """A new event with this content; without a key it is always new."""
    return NewEvent(key, event(content))


def end(status: str = "COMPLETED", pac_id: str = PAC) -> NewEvent:
    """The event that closes a dispatch."""
    data = {"pac_id": pac_id, "status": status, "duration_ms": 1, "phase": "DISPATCH_COMPLETE"}
    return NewEvent("PAC_DISPATCH_END", Event.create("PAC_DISPATCH_END", data))


def claim(pac_id: str = PAC, number: int = 1, family: str = FAMILY) -> WrapClaim:
    """A claim to the family's WRAP with this number."""
    suffix = "" if number == 1 else f"-{number:02d}"
    return WrapClaim(pac_id, family + suffix, family, number)


def append(
    trail: Trail,
    ref: DispatchRef,
    *events: NewEvent,
    documents: Sequence[tuple[str, bytes]] = (),
    claim: WrapClaim | None = None,
    lease: Holder | None = None,
    seizure: Seizure | None = None,
) -> list[StoredEvent]:
    """Append these in one transaction."""
    return trail.append(Batch(ref, events, documents, claim, lease, seizure))


def archive_one(trail: SqlTrail, run_id: str = "archived") -> ReceiptRow:
    """Close a dispatch with a document, and move both out, as an archiver does; no file is made."""
    sha256 = hashlib.sha256(run_id.encode()).hexdigest()
    ref = DispatchRef(run_id, 1, f"PAC-{run_id.upper()}", sha256)
    stored = append(
        trail, ref, note("moved"), end(), documents=[(sha256, run_id.encode()), ("1" * 64, b"1")]
    )
    trail.release(ref.dispatch_id)
    with trail.rows() as rows:
        leaf = rows.leaf(ref.dispatch_id)
    assert leaf is not None
    archive_id = hashlib.sha256(leaf.entry).hexdigest()
    note_ = trail.sign_archive(f"{run_id}.jsonl.gz", archive_id, 1, 1)
    first, last = stored[0].position, stored[-1].position
    receipt = ReceiptRow(
        ref.dispatch_id,
        archive_id,
        leaf.leaf_index,
        leaf_hash(leaf.entry),
        last,
        f"{first}-{last}",
        0,
        0,
        '{"status":"COMPLETED","wrap_id":null}',
    )
    archive = ArchiveRow(archive_id, note_.file, 1, 1, first, last, note_.note)
    assert trail.move_out(Move(archive, [receipt], [sha256], (), last)) == [sha256]
    return receipt


def contents(stored: Iterable[StoredEvent]) -> list[Any]:
    """What the events say."""
    return [s.event.data["content"] for s in stored]


def sequences(stored: Iterable[StoredEvent]) -> list[int]:
    """Where the events stand in their dispatches."""
    return [s.sequence for s in stored]


def assert_in_order(stored: Sequence[StoredEvent]) -> None:
    """Positions only ever rise, and every dispatch counts 1, 2, 3, … without a gap."""
    positions = [s.position for s in stored]
    assert positions == sorted(set(positions))
    counts: dict[str, list[int]] = {}
    for one in stored:
        counts.setdefault(one.dispatch.dispatch_id, []).append(one.sequence)
    for found in counts.values():
        assert found == list(range(1, len(found) + 1))


def at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer | Exception]:
    """Make all calls at the same moment, each in a thread; what each returned or raised."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer | Exception:
        start.wait(timeout=60)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def answers(outcomes: Iterable[Answer | Exception]) -> list[Answer]:
    """What was returned; the first that raised instead fails the test."""
    returned = []
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        returned.append(outcome)
    return returned


def wait_until(predicate: Callable[[], object], *, timeout: float = 60, description: str) -> None:
    """Wait until the predicate is true; a time-out says what did not happen."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {description}")
        time.sleep(0.01)
