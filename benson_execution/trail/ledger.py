"""What every store does the same way: placing events, chaining them, and closing a dispatch.

Pure: a store says what is there, and writes what comes out.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from benson_execution.errors import EventRefused, InvalidSettings, TrailUnavailable
from benson_execution.events import EventType
from benson_execution.proof import merkle
from benson_execution.proof.chain import first_link, next_link
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.leaf import Header, Leaf, Provenance
from benson_execution.proof.refusal import Refusal, RefusalEntry
from benson_execution.timestamps import utc_now
from benson_execution.trail.port import (
    MAX_POSITION,
    Batch,
    DispatchRef,
    FileClaim,
    FileMove,
    NewEvent,
    StoredEvent,
)
from benson_execution.trail.refused import refuse_closed, refuse_status
from benson_execution.trail.rows import LeafRow

END: Final = str(EventType.PAC_DISPATCH_END)  # a plain string hashes faster


class Tip(NamedTuple):
    """How far a dispatch has come: `header` and the chain's last hash, and how many events."""

    header: bytes
    sequence: int
    chain: bytes
    closed: bool


def new_tip(trail_id: str, ref: DispatchRef) -> Tip:
    """The tip of a dispatch that nothing is recorded of yet."""
    header = Header(
        trail_id,
        ref.dispatch_id,
        ref.run_id,
        ref.number,
        ref.pac_id,
        ref.document_sha256,
        ref.provenance or Provenance(),
    ).to_bytes()
    return Tip(header, 0, first_link(header), False)


def require_storable(batch: Batch) -> None:
    """Raise `EventRefused` for an id, a key or a type that not every store can keep."""
    texts = [] if batch.dispatch is None else [batch.dispatch.dispatch_id, batch.dispatch.pac_id]
    texts += [text for key, event in batch.events for text in (key, event.event_type) if text]
    if any("\0" in text for text in texts):
        raise EventRefused("an id, a key or a type holds the character NUL, which is no text")


def new_claim(path: str, sha256: str, leaf_index: int | None) -> FileClaim:
    """A claim that nobody has made before; `EventRefused` for a path that no store can keep."""
    if not path.isascii() or "\0" in path:
        raise EventRefused("the path of a file is ASCII text: whatever else it has, as `%XX`")
    return FileClaim(secrets.token_hex(16), path, sha256, utc_now(), leaf_index)


def new_move(claim_id: str, run_id: str | None, target: str | None) -> FileMove:
    """A move of now; `EventRefused` for a target that no store can keep."""
    if target is not None and ("\0" in target or not _is_text(target)):
        raise EventRefused("the target of a file is text that can be written as UTF-8")
    return FileMove(claim_id, run_id, target, utc_now())


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


class Placement(NamedTuple):
    """Where each event of a batch stands or will stand, and those of them that are new."""

    stored: list[StoredEvent]
    new: list[StoredEvent]

    @property
    def closes(self) -> bool:
        """Whether the dispatch is closed with it."""
        return bool(self.new) and self.new[-1].key == END


def place(
    ref: DispatchRef,
    events: Sequence[NewEvent],
    tip: Tip,
    position: int,
    known: Callable[[str], StoredEvent | None],
) -> Placement:
    """Place events behind the `tip` of their dispatch and the last `position` of the trail.

    `known` finds the event that the dispatch has with a key. Raises `DispatchClosed`,
    `StatusConflict`, and `TrailUnavailable` where positions have come to their end.
    """
    stored: list[StoredEvent] = []
    new: list[StoredEvent] = []
    added: dict[str, StoredEvent] = {}
    sequence, chain, closed = tip.sequence, tip.chain, tip.closed
    for key, event in events:
        at = None
        if key is not None:
            at = added.get(key)
            if at is None and tip.sequence:
                at = known(key)
        if at is None:
            if closed:
                raise refuse_closed(ref.dispatch_id)
            if position >= MAX_POSITION:
                raise TrailUnavailable(
                    f"the trail says that its last position is {position}: nothing fits behind it",
                    "nothing more is recorded; `benson verify` says what was changed",
                )
            position, sequence = position + 1, sequence + 1
            chain = next_link(chain, position, sequence, key, event.event_type, event.json)
            at = StoredEvent(position, ref, sequence, key, event, chain)
            new.append(at)
            if key is not None:
                added[key] = at
                closed = key == END
        elif key == END and at.event.data.status != event.data.status:
            raise refuse_status(ref.dispatch_id, at.event.data.status, event.data.status)
        stored.append(at)
    return Placement(stored, new)


def close(
    tip: Tip, last: StoredEvent, newest: LeafRow | None, head: Head, key: SigningKey
) -> tuple[LeafRow, Head]:
    """The leaf and the signed head of a dispatch that closes with the event `last`.

    `newest` is the leaf that the log ends with (None when it is empty), and `head` its head.
    Raises `TrailUnavailable` when the two don't fit: a log that somebody rewrote is not signed.
    """

    def entry(previous_head: bytes) -> bytes:
        return Leaf(tip.header, last.sequence, last.chain, previous_head).to_bytes()

    return _grow(entry, last.dispatch.dispatch_id, newest, head, key)


def refuse(
    refusal: Refusal, newest: LeafRow | None, head: Head, key: SigningKey
) -> tuple[LeafRow, Head]:
    """The entry and the signed head of a refusal; the arguments and errors are those of `close`."""

    def entry(previous_head: bytes) -> bytes:
        return RefusalEntry(head.trail_id, refusal, previous_head).to_bytes()

    return _grow(entry, None, newest, head, key)


def _grow(
    entry_of: Callable[[bytes], bytes],
    dispatch_id: str | None,
    newest: LeafRow | None,
    head: Head,
    key: SigningKey,
) -> tuple[LeafRow, Head]:
    """The log's next entry, made from the digest of the newest head, and the head over it."""
    size, peaks = (0, []) if newest is None else _peaks_after(newest)
    if (head.size, head.root) != (size, merkle.root_of_peaks(peaks)):
        raise _rewritten(f"its newest head is not of its {size} entries")
    entry = entry_of(hashlib.sha256(head.note).digest())
    row = LeafRow(size, dispatch_id, entry, b"".join(peaks))
    root = merkle.root_of_peaks(merkle.add_leaf(size, peaks, merkle.leaf_hash(entry)))
    return row, Head.sign(key, head.trail_id, size + 1, root)


def require_own_head(head: Head, key: SigningKey, rotation: Rotation | None) -> None:
    """Raise `TrailUnavailable` unless the head that the next one follows is ours.

    The key in force signed it, or signed that it takes the trail over behind this very head.
    """
    if head.is_signed_by(key.public):
        return
    if rotation is None or not rotation.takes_over(head, key.public):
        raise _rewritten(f"its newest head is not signed by its key {key.key_id}")


def require_new_key(key: SigningKey, used: Collection[str]) -> None:
    """Raise `InvalidSettings` for a key that signed the trail before: it can't come back."""
    if key.key_id in used:
        raise InvalidSettings(
            f"the key {key.key_id} has signed this trail before",
            "make a new one: openssl genpkey -algorithm ed25519",
        )


def _rewritten(what: str) -> TrailUnavailable:
    return TrailUnavailable(
        f"the log was changed by somebody else: {what}",
        "nothing more is recorded; `benson verify` says what was changed",
    )


def _peaks_after(leaf: LeafRow) -> tuple[int, list[bytes]]:
    try:
        before = merkle.split(leaf.peaks)
        grown = merkle.add_leaf(leaf.leaf_index, before, merkle.leaf_hash(leaf.entry))
    except (ValueError, TypeError) as error:
        raise _rewritten(f"entry {leaf.leaf_index}: {error}") from None
    return leaf.leaf_index + 1, grown
