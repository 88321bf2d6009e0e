"""The trail in a database, through SQLAlchemy Core: SQLite is the embedded default."""

from __future__ import annotations

import secrets

from sqlalchemy.engine import URL, make_url

from benson_execution.errors import InvalidSettings, TrailUnavailable
from benson_execution.proof.archive_note import ArchiveNote
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keyring import Keyring
from benson_execution.proof.keys import SigningKey
from benson_execution.proof.refusal import Refusal
from benson_execution.trail import statements as sql
from benson_execution.trail.database import Database, Session, foreign
from benson_execution.trail.lease import LEASE_SECONDS, Holder
from benson_execution.trail.ledger import (
    Placement,
    Tip,
    close,
    new_claim,
    new_move,
    new_tip,
    place,
    refuse,
    require_new_key,
    require_own_head,
    require_storable,
)
from benson_execution.trail.port import (
    Batch,
    Claimed,
    DispatchRef,
    FileClaim,
    Lease,
    Recorder,
    StoredEvent,
)
from benson_execution.trail.rows import LeafRow
from benson_execution.trail.sql_archive import Move, move
from benson_execution.trail.sql_mapping import (
    event_row,
    holder_row,
    lease,
    number,
)
from benson_execution.trail.sql_reading import SqlReader
from benson_execution.trail.sql_steps import add_dispatch, claim, require_abandoned, with_key
from benson_execution.trail.sqlite import SqliteDatabase
from benson_execution.trail.version import make_tables, require_version


class SqlTrail(SqlReader):
    """A `Trail` in SQLite or PostgreSQL, made there if the database is empty.

    Without a keyring it can be read only; then it must be there already.
    Raises `TrailUnavailable`, and `InvalidSettings` when the keyring has not the trail's key.
    """

    def __init__(self, url: str | URL, keyring: Keyring | None) -> None:
        self.database = open_database(url, read_only=keyring is None)
        self._keyring = keyring
        self._own_head = b""
        self._opened = False
        try:
            if keyring is None:
                require_version(self.database)
                return
            make_tables(self.database)
            with self.database.write() as session:
                self._trail_id = self._begin(session, keyring)
                self._signing_key(session)  # who could not close a dispatch is not to open one
            self._opened = True
        except BaseException:
            self.close()
            raise

    def _begin(self, session: Session, keyring: Keyring) -> str:
        """The trail's id, from its first head; a trail that has none begins here."""
        row = session.first(sql.HEAD_OF_SIZE, size=0)
        if row is not None:
            known: Head = self._parsed(Head.parse, row[0])
            return known.trail_id
        if number(session.first(sql.LAST_POSITION)) or session.first(sql.NEWEST_HEAD):
            raise TrailUnavailable(
                f"the trail at {self.database.where} has lost the head that it began with",
                "nothing more is recorded; `benson verify` says what was changed",
            )
        head = Head.first(keyring.key(None), secrets.token_hex(16))
        session.run(sql.ADD_HEAD, {"size": 0, "note": head.note})
        return head.trail_id

    def append(self, batch: Batch, *, before_commit: Recorder | None = None) -> list[StoredEvent]:
        require_storable(batch)
        if self._keyring is None:
            raise self._read_only()
        with self.database.write() as session:
            for sha256, content in batch.documents:
                if session.first(sql.HAS_DOCUMENT, sha256=sha256) is None:
                    session.run(sql.ADD_DOCUMENT, {"sha256": sha256, "content": content})
            if batch.dispatch is None:
                return []
            ref, tip = self._tip(session, batch.dispatch)
            placed = place(
                ref,
                batch.events,
                tip,
                number(session.first(sql.LAST_POSITION)),
                lambda key: with_key(session, ref, key),
            )
            if placed.new:
                self._keep(session, batch, tip, placed)
            if batch.lease is not None:
                self._take_lease(session, ref, batch.lease)
            if placed.new and before_commit is not None:
                with foreign():
                    before_commit([s.event for s in placed.new])
        return placed.stored

    def _keep(self, session: Session, batch: Batch, tip: Tip, placed: Placement) -> None:
        ref = placed.new[0].dispatch
        if not tip.sequence:
            self._signing_key(session)  # it may have been handed over since
            add_dispatch(session, placed.new[0], tip.header)
        if batch.seizure is not None:
            require_abandoned(session, ref, batch.seizure)
        if batch.claim is not None:
            claim(session, ref, batch.claim)
        session.run_many(sql.ADD_EVENT, [event_row(s) for s in placed.new])
        if placed.closes:
            self._close(session, tip, placed)

    def _tip(self, session: Session, ref: DispatchRef) -> tuple[DispatchRef, Tip]:
        """How far the dispatch has come; what it was opened with stays what it is."""
        row = session.first(sql.TIP, dispatch_id=ref.dispatch_id)
        if row is None:
            return ref, new_tip(self._trail_id, ref)
        header, pac_id, document_sha256, sequence, chain, leaf_index = row
        known = DispatchRef(ref.run_id, ref.number, pac_id, document_sha256)
        if sequence is None and leaf_index is None:
            raise TrailUnavailable(
                f"the events of {ref.dispatch_id} are gone from the trail at {self.where}",
                "`benson verify` says what was changed",
            )
        return known, Tip(header, sequence or 0, chain or b"", leaf_index is not None)

    def _close(self, session: Session, tip: Tip, placed: Placement) -> None:
        row = session.first(sql.NEWEST_LEAF)
        newest = None if row is None else LeafRow(*row)
        key, rotation = self._signing_key(session)
        before = self._newest_head(session, key, rotation)
        self._grow(session, *close(tip, placed.new[-1], newest, before, key))

    def refuse(self, refusal: Refusal) -> Head:
        if self._keyring is None:
            raise self._read_only()
        with self.database.write() as session:
            return self._refuse(session, refusal)

    def _refuse(self, session: Session, refusal: Refusal) -> Head:
        row = session.first(sql.NEWEST_LEAF)
        newest = None if row is None else LeafRow(*row)
        key, rotation = self._signing_key(session)
        leaf, head = refuse(refusal, newest, self._newest_head(session, key, rotation), key)
        self._grow(session, leaf, head)
        return head

    def claim_file(self, path: str, sha256: str, refusal: Refusal | None = None) -> Claimed:
        if self._keyring is None:
            raise self._read_only()
        new = new_claim(path, sha256, None)
        with self.database.write() as session:
            row = session.first(sql.CLAIM_OF_FILE, path=path, sha256=sha256)
            if row is not None:
                return Claimed(FileClaim(*row), False, None)
            head = None
            if refusal is not None:
                head = self._refuse(session, refusal)
                new = new._replace(leaf_index=head.size - 1)
            session.run(sql.ADD_FILE_CLAIM, new._asdict())
        return Claimed(new, True, head)

    def record_move(self, claim_id: str, run_id: str | None, target: str | None) -> bool:
        if self._keyring is None:
            raise self._read_only()
        with self.database.write() as session:
            if session.first(sql.FILE_MOVE, claim_id=claim_id) is not None:
                return False
            session.run(sql.ADD_FILE_MOVE, new_move(claim_id, run_id, target)._asdict())
        return True

    def _grow(self, session: Session, leaf: LeafRow, head: Head) -> None:
        self._own_head = head.note
        session.run(sql.ADD_LEAF, leaf._asdict())
        session.run(sql.ADD_HEAD, {"size": head.size, "note": head.note})

    def _read_only(self) -> TrailUnavailable:
        return TrailUnavailable(f"the trail at {self.where} was opened to be read only")

    def _signing_key(self, session: Session) -> tuple[SigningKey, Rotation | None]:
        """The key in force, and how it came to be: another process may have rotated it."""
        row = session.first(sql.NEWEST_ROTATION)
        if row is not None:
            rotation = self._parsed(Rotation.parse, row[1])
            return self._key(rotation.new_key.key_id, rotation), rotation
        return self._key(self._first_head(session).key_id, None), None

    def _first_head(self, session: Session) -> Head:
        """The head that the trail began with, which names its first key."""
        row = session.first(sql.HEAD_OF_SIZE, size=0)
        head: Head = self._parsed(Head.parse, b"" if row is None else row[0])
        return head

    def _key(self, key_id: str, rotation: Rotation | None) -> SigningKey:
        """A key of the keyring; one that is gone while the trail is open makes it unavailable."""
        assert self._keyring is not None
        try:
            return self._keyring.key(key_id, rotation)
        except InvalidSettings as error:
            if not self._opened:
                raise
            raise TrailUnavailable(error.message, error.hint) from error

    def sign_archive(self, file: str, sha256: str, size: int, dispatches: int) -> ArchiveNote:
        """What the key in force signs about an archive; nothing is stored."""
        if self._keyring is None:
            raise self._read_only()
        with self.database.write() as session:
            key, rotation = self._signing_key(session)
            log_size = self._newest_head(session, key, rotation).size
        return ArchiveNote.sign(key, self._trail_id, log_size, file, sha256, size, dispatches)

    def move_out(self, moved: Move) -> list[str]:
        """Delete, in one transaction with its receipts, what an archive holds.

        Returns the documents that went. Raises `AppendRefused`; then everything is as before.
        """
        if self._keyring is None:
            raise self._read_only()
        with self.database.write() as session:
            return move(session, moved)

    def _take_lease(self, session: Session, ref: DispatchRef, holder: Holder) -> None:
        expires_at = self.database.now(session) + LEASE_SECONDS
        lease = {**holder_row(holder), "expires_at": expires_at, "of": ref.dispatch_id}
        session.run(sql.TAKE_LEASE, lease)

    def key_id(self) -> str:
        with self.database.write() as session:
            return self._signing_key(session)[0].key_id

    def rotate(self, new_key: SigningKey) -> Rotation:
        with self.database.write() as session:
            rows = session.all(sql.ROTATIONS)
            used = {self._parsed(Rotation.parse, row[0]).new_key.key_id for row in rows}
            require_new_key(new_key, used | {self._first_head(session).key_id})
            key, before = self._signing_key(session)
            rotation = Rotation.sign(key, new_key, self._newest_head(session, key, before))
            session.run(sql.ADD_ROTATION, {"number": len(rows) + 1, "note": rotation.note})
        return rotation

    def _newest_head(self, session: Session, key: SigningKey, rotation: Rotation | None) -> Head:
        """The newest head, which the next signature builds on: it must be ours."""
        note = session.first(sql.NEWEST_HEAD)
        head: Head = self._parsed(Head.parse, b"" if note is None else note[0])
        if head.note != self._own_head:  # what this object signed itself needs no look
            require_own_head(head, key, rotation)
        return head

    def leases(self) -> list[Lease]:
        with self.database.read() as session:
            rows = session.all(sql.LEASES)
            now = self.database.now(session)
        if self._keyring is not None and any(row[-1] > now + LEASE_SECONDS for row in rows):
            with self.database.write() as session:
                # The clock was set back since: from now on they last as long as any other.
                session.run(sql.SHORTEN_LEASES, {"latest": now + LEASE_SECONDS})
        return [lease(row, now) for row in rows]

    def renew(self, holder: Holder) -> int:
        with self.database.write() as session:
            of = {f"of_{name}": value for name, value in holder_row(holder).items()}
            expires_at = self.database.now(session) + LEASE_SECONDS
            session.run(sql.RENEW_LEASES, {**of, "expires_at": expires_at})
            return session.changed()

    def release(self, dispatch_id: str) -> None:
        with self.database.write() as session:
            session.run(sql.RELEASE_LEASE, {"dispatch_id": dispatch_id})


def open_database(url: str | URL, *, read_only: bool = False) -> Database:
    """The database at a URL that names SQLite or PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteDatabase(parsed, read_only=read_only)
    # Its driver takes a tenth of the time in which a command starts, and most need none.
    from benson_execution.trail.postgresql import PostgresqlDatabase

    return PostgresqlDatabase(parsed, read_only=read_only)
