"""Whatever is changed in an honest trail is found.

The changes are drawn: any value of any row of any guarded table, any rows. The trail has a
completed dispatch, a blocked one, an open one, a rotation of the signing key, and dispatches that
the second key signed; the first two are archived. What is found needs no pinned head: the newest
row of the trail is an end, and the newest head is where it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.trail.migrations.archive_guards import all_sqlite_guards
from benson_execution.trail.tables import APPEND_ONLY, UNPROVED
from benson_execution.verification.findings import Finding

from .honest import Honest, archive, findings, judge, make_trail
from .laws import flipped_at, law

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
Value = bytes | str | int | None
Both = list[PublicKey]

COLUMNS: Final = {
    table.name: [column.name for column in table.columns]
    for table in APPEND_ONLY
    if table not in UNPROVED
}
PLACES: Final = [(table, column) for table, names in COLUMNS.items() for column in names]


class Base:
    """The honest trail: its file's bytes, its rows, its keys, and a file for spoilt copies.

    No dataclass: Hypothesis would print all of its rows.
    """

    def __init__(self, kept: Path, rows: Rows, keys: list[PublicKey]) -> None:
        self.content = kept.read_bytes()
        self.rows = rows
        self.keys = keys
        self.copy = kept.with_name("copy.db")

    def __repr__(self) -> str:
        return "base"

    @contextmanager
    def spoilt(self) -> Iterator[sqlite3.Connection]:
        """A foreign connection to a copy; its guards are gone, and stand again afterwards."""
        self.copy.write_bytes(self.content)
        with closing(sqlite3.connect(self.copy, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN")
            for name in all_sqlite_guards():
                connection.execute(f"DROP TRIGGER {name}")
            yield connection
            for statement in all_sqlite_guards().values():
                connection.execute(statement)
            connection.execute("COMMIT")

    def found(self, trusted: list[PublicKey]) -> list[Finding]:
        """What is found in the copy."""
        return findings(self.copy, trusted)


def rotate(honest: Honest) -> None:
    """Hand the trail over to a second key, and close another dispatch with it."""
    honest.ring.keys.append(SigningKey.generate())
    with honest.opened() as trail:
        trail.rotate(honest.ring.keys[1])
        judge(trail, honest.path, "refused/CP-04-task-not-completed")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The trail that is changed again and again."""
    folder = tmp_path_factory.mktemp("base")
    honest = make_trail(folder / "trail.db")
    with honest.opened() as trail:
        finished = [s.dispatch.dispatch_id for s in trail.events(event_type="PAC_DISPATCH_END")]
    archive(honest, finished[0])
    rotate(honest)
    archive(honest, finished[1])
    kept = folder / "kept.db"
    with closing(sqlite3.connect(honest.path)) as connection:
        connection.execute("VACUUM INTO ?", (str(kept),))
        rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in COLUMNS}
    assert all(rows.values()), "there is something of everything to be changed"
    assert not findings(kept, honest.ring.public)
    assert not findings(kept, honest.ring.public[:1])
    return Base(kept, rows, honest.ring.public)


def trusted_of(data: st.DataObject, base: Base) -> list[PublicKey]:
    """The first key, which handed over, or both keys by name."""
    return base.keys[: data.draw(st.sampled_from([1, 2]), label="trusted keys")]


def where_is(table: str, row: Row) -> tuple[str, Row]:
    """The condition that finds one row: all its values, since any of them may be changed."""
    condition = " AND ".join(f"{column} IS ?" for column in COLUMNS[table])
    return condition, row


def flipped(data: st.DataObject, content: bytes) -> bytes:
    """One byte is another one."""
    at = data.draw(st.integers(0, len(content) - 1), label="at")
    other = data.draw(st.integers(1, 255), label="xor")
    return flipped_at(content, at, other)


def put(connection: sqlite3.Connection, table: str, row: Row, column: str, value: Value) -> None:
    """Change one value of one row; a text is made of bytes that need not be any."""
    condition, values = where_is(table, row)
    was = row[COLUMNS[table].index(column)]
    cast = "CAST(? AS TEXT)" if isinstance(was, str) and isinstance(value, bytes) else "?"
    try:
        changed = connection.execute(
            f"UPDATE {table} SET {column} = {cast} WHERE {condition}", (value, *values)
        ).rowcount
    except sqlite3.IntegrityError:
        assume(False)  # the table itself refuses it: a number twice, or none where one must be
    assert changed == 1


@given(data=st.data())
@settings(law, max_examples=600)
def test_any_byte_of_any_value_that_is_changed_is_found(base: Base, data: st.DataObject) -> None:
    """Bytes and texts: one byte is another one. Numbers: another number."""
    table, column = data.draw(st.sampled_from(PLACES), label="column")
    row = data.draw(st.sampled_from(base.rows[table]), label="row")
    was = row[COLUMNS[table].index(column)]
    assume(was != b"")  # there is no byte to be changed
    if isinstance(was, int):
        step = data.draw(st.integers(-3, 3) | st.integers(-(2**62), 2**62), label="step")
        assume(step)
        value: Value = was + step
    else:
        value = flipped(data, was if isinstance(was, bytes) else was.encode())
    with base.spoilt() as connection:
        put(connection, table, row, column, value)
    assert base.found(trusted_of(data, base))


@pytest.mark.parametrize("line", range(7))
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4])
def test_no_line_of_any_head_may_become_unreadable(base: Base, size: int, line: int) -> None:
    """The newest head's signature covers all before it, whatever is left of them."""
    row = next(row for row in base.rows["heads"] if row[0] == size)
    lines = row[1].split(b"\n")
    if not lines[line]:
        lines[line] = b"?"
    lines[line] = lines[line][:-1] + b"?"
    with base.spoilt() as connection:
        put(connection, "heads", row, "note", b"\n".join(lines))
    assert base.found(base.keys)


VALUES: Final[st.SearchStrategy[Value]] = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)


@given(data=st.data())
@law
def test_any_value_that_is_replaced_is_found(base: Base, data: st.DataObject) -> None:
    """By nothing, a number, a text or bytes, whatever belongs there: found, and no crash."""
    table, column = data.draw(st.sampled_from(PLACES), label="column")
    row = data.draw(st.sampled_from(base.rows[table]), label="row")
    value = data.draw(VALUES, label="value")
    with base.spoilt() as connection:
        condition, values = where_is(table, row)
        try:
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {condition}", (value, *values)
            )
        except sqlite3.IntegrityError:
            assume(False)
        left = connection.execute(f"SELECT * FROM {table}").fetchall()
        assume(sorted(map(repr, left)) != sorted(map(repr, base.rows[table])))
    assert base.found(trusted_of(data, base))


@given(data=st.data())
@law
def test_any_rows_that_are_removed_are_found(base: Base, data: st.DataObject) -> None:
    """One row of a table, or some, or all of them.

    The limits need several tables at once (the newest dispatches, leaves and heads together), or
    a trail that ends with an open dispatch: then its last events are on nobody's word.
    """
    table = data.draw(st.sampled_from(sorted(COLUMNS)), label="table")
    rows = base.rows[table]
    some = st.lists(st.sampled_from(rows), min_size=1, unique=True)
    gone = data.draw(some | st.sampled_from(rows).map(lambda row: [row]), label="rows")
    with base.spoilt() as connection:
        for row in gone:
            condition, values = where_is(table, row)
            connection.execute(f"DELETE FROM {table} WHERE {condition}", values)
    assert base.found(trusted_of(data, base))


@given(data=st.data())
@law
def test_values_that_are_swapped_between_rows_are_found(base: Base, data: st.DataObject) -> None:
    """Two rows of a table, and one or several of their columns."""
    table = data.draw(
        st.sampled_from([name for name, rows in base.rows.items() if len(rows) > 1]), label="table"
    )
    names = COLUMNS[table]
    swapped = data.draw(st.sets(st.sampled_from(names), min_size=1), label="columns")
    pair = st.lists(st.sampled_from(base.rows[table]), min_size=2, max_size=2, unique=True)
    one, other = data.draw(pair, label="rows")
    mixed = [
        tuple(b if name in swapped else a for name, a, b in zip(names, mine, theirs, strict=True))
        for mine, theirs in ((one, other), (other, one))
    ]
    assume({*mixed} != {one, other})
    with base.spoilt() as connection:
        for row in (one, other):
            condition, values = where_is(table, row)
            connection.execute(f"DELETE FROM {table} WHERE {condition}", values)
        marks = ", ".join("?" * len(names))
        try:
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", mixed)
        except sqlite3.IntegrityError:
            assume(False)
    assert base.found(trusted_of(data, base))


@given(data=st.data())
@law
def test_a_row_that_is_added_is_found(base: Base, data: st.DataObject) -> None:
    """Some row of the table once more, with what must be unique made so.

    A document that no dispatch names may lie there: it is held against its own digest alone.
    """
    table = data.draw(st.sampled_from(sorted(set(COLUMNS) - {"documents"})), label="table")
    row = data.draw(st.sampled_from(base.rows[table]), label="row")
    new = list(row)
    for at, name in enumerate(COLUMNS[table]):
        if isinstance(row[at], int):
            new[at] = data.draw(st.integers(-5, 60), label=name)
        elif name in {"dispatch_id", "run_id", "key", "pac_id", "wrap_id", "family"}:
            others = st.sampled_from([other[at] for other in base.rows[table]])
            new[at] = data.draw(others | st.just("x"), label=name)
    marks = ", ".join("?" * len(new))
    with base.spoilt() as connection:
        try:
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", new)
        except sqlite3.IntegrityError:
            assume(False)
