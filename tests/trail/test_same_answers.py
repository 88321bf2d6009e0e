"""The stores are peers: whatever is appended, all answer as the one in memory does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from benson_execution.errors import BensonError
from benson_execution.proof.leaf import Provenance
from benson_execution.trail import (
    Batch,
    DispatchRef,
    MemoryTrail,
    Seizure,
    SqlTrail,
    StoredEvent,
    Trail,
    open_dispatch,
)
from benson_execution.trail.lease import Holder

from .said import all_rows, described
from .stores import DATABASES, PAC, RING, append, claim, connect, dispatch, end, note, sqlite_url

PROVENANCE = Provenance("1" * 64, None, "2" * 64, "3" * 64, "2.0")
REFS = [
    dispatch("a"),
    dispatch("a", 2),
    dispatch("b"),
    DispatchRef("b", 2, PAC, None, PROVENANCE),
]
EVENTS = [note("k", key="K"), note("l", key="L"), note("new"), end("COMPLETED"), end("FAILED")]
CLAIMS = [claim(pac, number) for pac in ("PAC-A-01", "PAC-B-01", "PAC-C-01") for number in (1, 2)]
HOLDERS = [
    Holder("host", "boot", 1, "7"),
    Holder("host", "", 1, ""),
    Holder("other", "boot", 1, "7"),
]

batches = st.builds(
    Batch,
    dispatch=st.none() | st.sampled_from(REFS),
    events=st.lists(st.sampled_from(EVENTS), max_size=4).map(tuple),
    documents=st.lists(
        st.tuples(st.sampled_from(["0" * 64, "1" * 64]), st.binary(max_size=3)), max_size=2
    ).map(tuple),
    claim=st.none() | st.sampled_from(CLAIMS),
    lease=st.none() | st.sampled_from(HOLDERS),
    seizure=st.none() | st.sampled_from([Seizure(holder) for holder in (None, *HOLDERS)]),
)
actions = st.one_of(
    batches,
    batches,
    batches,
    st.tuples(st.just("release"), st.sampled_from([ref.dispatch_id for ref in REFS])),
    st.tuples(st.just("renew"), st.sampled_from(HOLDERS)),
)


def do(trail: Trail, action: Any) -> Any:
    """What an action returns, or what it refuses and why; chains differ from trail to trail."""
    try:
        if isinstance(action, Batch):
            return unchained(trail.append(action))
        name, argument = action
        return getattr(trail, name)(argument)
    except BensonError as error:
        return type(error), error.message, vars(error)


def unchained(stored: list[StoredEvent]) -> list[StoredEvent]:
    """The events without their hashes, which commit to the trail's id."""
    return [s._replace(chain=b"") for s in stored]


def contents_of(trail: Trail) -> dict[str, Any]:
    """Everything that can be read from a trail."""
    key = RING.keys[0].public
    with trail.rows() as rows:
        found = described(all_rows(rows), key)
        by_dispatch = {ref.dispatch_id: list(rows.events_of(ref.dispatch_id)) for ref in REFS}
        counted, weak = rows.count_events(), rows.weaknesses()
    proofs = [trail.proof(ref.dispatch_id) for ref in REFS]
    head = trail.head()
    assert head is not None
    return {
        "events": unchained(list(trail.events())),
        "last": trail.last_position(),
        "documents": [trail.document(digit * 64) for digit in "012"],
        "open": [open_dispatch(trail, run) for run in ("a", "b", "c")],
        # What no process took has no time to run out; `test_leases` has an opinion on it.
        "leases": [one if one.holder else one._replace(expired=False) for one in trail.leases()],
        "proofs": [None if p is None else (p.leaf_index, len(p.path)) for p in proofs],
        "head": head.size,
        "rows": found,
        "events of": {name: [row[:-1] for row in of] for name, of in by_dispatch.items()},
        "counted": (counted, weak),
    }


@contextmanager
def emptied(url: str | None) -> Iterator[Trail]:
    """A new trail in this PostgreSQL database, made empty for it; or in SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        if url is not None:
            with connect(url) as connection:
                connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        trail = SqlTrail(url or sqlite_url(Path(folder)), RING)
        try:
            yield trail
        finally:
            trail.close()


@pytest.fixture(params=DATABASES)
def url_to_empty(request: pytest.FixtureRequest) -> str | None:
    """The PostgreSQL database whose schema each example empties; None for SQLite."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(actions, min_size=1, max_size=10))
def test_every_store_answers_as_the_one_in_memory(
    url_to_empty: str | None, actions: list[Any]
) -> None:
    """Each append returns or refuses the same, and the trail that is left is the same."""
    memory = MemoryTrail(RING.keys[0])
    with emptied(url_to_empty) as trail:
        for action in actions:
            assert do(trail, action) == do(memory, action)
        assert contents_of(trail) == contents_of(memory)


ODD = {
    "a NUL in a key": lambda trail: append(trail, dispatch(), note("x", key="a\0b")),
    "a NUL in a run": lambda trail: append(trail, dispatch("a\0b"), note("x")),
    "a NUL in a filter": lambda trail: trail.events(event_type="a\0b"),
    "a NUL in a digest": lambda trail: trail.document("\0"),
    "a NUL in a dispatch": lambda trail: trail.proof("\0"),
    "a position above all": lambda trail: trail.events(after=2**63 - 1),
    "a position beyond all": lambda trail: trail.events(after=2**64),
    "a position below all": lambda trail: trail.events(after=-5),
    "an emoji in a run": lambda trail: append(trail, dispatch("🟩"), note("x")),
    "an empty run": lambda trail: append(trail, dispatch(""), note("x")),
}
"""What nobody should ask, and somebody will."""


def test_odd_arguments_are_answered_alike(sql_trail: Trail) -> None:
    """A program that works with one store works with the others, or is told the same."""

    def answers_of(trail: Trail) -> dict[str, Any]:
        append(trail, dispatch("first"), note("there"))
        return {what: answer(ask, trail) for what, ask in ODD.items()}

    def answer(ask: Callable[[Trail], Any], trail: Trail) -> Any:
        try:
            found = ask(trail)
            return found if found is None else [(s.position, s.dispatch, s.key) for s in found]
        except Exception as error:
            return type(error), str(error)

    assert answers_of(sql_trail) == answers_of(MemoryTrail())
