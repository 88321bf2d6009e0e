"""A trail in PostgreSQL whose server stops, refuses or has other defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest
from sqlalchemy.engine import make_url

from benson_execution.errors import TrailUnavailable
from benson_execution.events import Event
from benson_execution.trail import Batch, SqlTrail
from tests.private_postgres import PrivatePostgres

from .stores import (
    THREADS,
    answers,
    append,
    assert_in_order,
    at_once,
    connect,
    contents,
    dispatch,
    end,
    note,
    open_sql,
)


@pytest.fixture
def trail(postgres_url: str) -> Iterator[SqlTrail]:
    """A trail with an event in it."""
    opened = open_sql(postgres_url)
    append(opened, dispatch(), note("before"))
    yield opened
    opened.close()


def assert_clear(message: str, url: str) -> None:
    """One line that names the place and the cause, and nothing of the machinery below."""
    assert re.fullmatch(r"the trail at .+ is not available: .+ \(.+\)", message)
    assert url in message
    for noise in ("sqlalche", "psycopg.", "Traceback", "[SQL:", "Error)", "\n"):
        assert noise not in message


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_stops_is_unavailable_until_it_is_back(
    trail: SqlTrail, postgres: PrivatePostgres, postgres_url: str, mode: str
) -> None:
    """Whatever is asked for meanwhile; then the same trail goes on, and nothing is lost."""
    postgres.stop("fast" if mode == "fast" else "immediate")
    for ask in (
        partial(append, trail, dispatch(), note("refused")),
        lambda: list(trail.events()),
        trail.last_position,
        trail.leases,
        trail.head,
        partial(open_sql, postgres_url),
    ):
        with pytest.raises(TrailUnavailable) as refused:
            ask()
        assert_clear(str(refused.value), postgres_url)
    postgres.start()
    append(trail, dispatch(), note("after"), end())
    assert contents(trail.events(event_type="NOTE")) == ["before", "after"]
    assert trail.proof("run-1") is not None


def test_a_server_that_stops_within_a_transaction_leaves_nothing_of_it(
    trail: SqlTrail, postgres: PrivatePostgres, postgres_url: str
) -> None:
    """No event, no document, no leaf; the same can be appended when it is back."""

    def stop(_events: Sequence[Event]) -> None:
        postgres.stop("immediate")

    closing = Batch(dispatch(), (note("lost"), end()), (("0" * 64, b"lost"),))
    with pytest.raises(TrailUnavailable) as refused:
        trail.append(closing, before_commit=stop)
    assert_clear(str(refused.value), postgres_url)
    postgres.start()
    assert contents(trail.events()) == ["before"]
    assert trail.document("0" * 64) is None
    assert trail.proof("run-1") is None
    assert [s.sequence for s in trail.append(closing)] == [2, 3]


def test_connections_that_are_cut_are_made_anew(trail: SqlTrail, postgres_url: str) -> None:
    """An administrator ends them all: the next append finds out, and goes through."""
    for _ in range(3):
        with connect(postgres_url) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'benson' AND datname = current_database()"
            )
        append(trail, dispatch(), note("next"))
    assert contents(trail.events()) == ["before", "next", "next", "next"]


def test_a_database_that_is_not_there_is_unavailable(postgres_url: str) -> None:
    """It is not made: a trail in a wrong place would be two trails."""
    nowhere = postgres_url + "_nowhere"
    with pytest.raises(TrailUnavailable, match="does not exist") as refused:
        open_sql(nowhere)
    assert_clear(str(refused.value), nowhere)


def test_a_password_is_not_repeated_in_an_error(postgres_url: str) -> None:
    """What is refused ends up in logs."""
    url = make_url(postgres_url + "_nowhere").set(password="open-sesame")
    with pytest.raises(TrailUnavailable) as refused:
        open_sql(url.render_as_string(hide_password=False))
    assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_writers_take_turns_whatever_the_default_isolation_is(
    postgres_url: str, level: str
) -> None:
    """A transaction that sees only what was there when it began to wait would find keys free."""
    with connect(postgres_url) as other:
        name = make_url(postgres_url).database
        other.execute(
            f"ALTER DATABASE {name} SET default_transaction_isolation = '{level}'".encode()
        )
    trail = open_sql(postgres_url)

    def write(thread: int) -> None:
        for n in range(5):
            append(trail, dispatch(), note([thread, n]))

    others = [open_sql(postgres_url) for _ in range(3)]
    writers: list[Callable[[], object]] = [partial(write, n) for n in range(THREADS - 3)]
    writers += [partial(append, other, dispatch(), note("other")) for other in others]
    answers(at_once(writers))
    stored = list(trail.events())
    assert_in_order(stored)
    assert len(stored) == (THREADS - 3) * 5 + 3
    for one in (trail, *others):
        one.close()


def test_a_commit_is_durable_whatever_the_default_is(postgres_url: str) -> None:
    """A database that acknowledges before it has written is told not to."""
    with connect(postgres_url) as other:
        name = make_url(postgres_url).database
        other.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    trail = open_sql(postgres_url)
    with trail.database.write() as session:
        assert session.sql("SHOW synchronous_commit") == [("on",)]
    trail.close()


def test_a_read_only_trail_writes_nothing(trail: SqlTrail, postgres_url: str) -> None:
    """The server itself refuses it on such a connection."""
    reader = SqlTrail(postgres_url, None)
    with reader.database.read() as session:
        assert session.sql("SHOW default_transaction_read_only") == [("on",)]
    with pytest.raises(TrailUnavailable, match="read-only"), reader.database.write() as session:
        session.sql("DELETE FROM leases")
    assert contents(reader.events()) == ["before"]
    assert len(reader.leases()) == 1
    reader.close()
