"""Leases: who is at work on a dispatch, taken, prolonged, lost and given up."""

from __future__ import annotations

import pytest

from benson_execution.errors import StillHeld
from benson_execution.trail import Batch, Lease, Seizure, SqlTrail, Trail
from benson_execution.trail import sql as sql_module
from benson_execution.trail.lease import LEASE_SECONDS, Holder, this_process

from .stores import append, contents, dispatch, end, note, open_sql

ONE, OTHER = Holder("host", "boot", 1, "100"), Holder("host", "boot", 2, "200")


def holders(trail: Trail) -> dict[str, Holder | None]:
    """Who holds what."""
    return {lease.dispatch.dispatch_id: lease.holder for lease in trail.leases()}


def test_a_dispatch_that_nobody_took_has_a_lease_of_nobody(trail: Trail) -> None:
    """It is not finished, and what nobody holds can't have run out."""
    append(trail, dispatch(), note("a"))
    assert trail.leases() == [Lease(dispatch(), closed=False, holder=None, expired=False)]


def test_who_begins_a_dispatch_takes_its_lease(trail: Trail) -> None:
    """With the transaction of its first event, or with a later one."""
    append(trail, dispatch(), note("a"), lease=ONE)
    append(trail, dispatch("later"), note("a"))
    append(trail, dispatch("later"), note("b"), lease=this_process())
    assert holders(trail) == {"run-1": ONE, "later-1": this_process()}
    assert [lease.expired for lease in trail.leases()] == [False, False]


def test_a_lease_is_taken_also_when_no_event_is_new(trail: Trail) -> None:
    """Who resumes a dispatch offers what is recorded, and takes it over from whoever had it."""
    append(trail, dispatch(), note("a", key="A"), lease=ONE)
    append(trail, dispatch(), note("again", key="A"), lease=OTHER)
    assert holders(trail) == {"run-1": OTHER}
    append(trail, dispatch(), lease=ONE)
    assert holders(trail) == {"run-1": ONE}


def test_an_append_without_a_lease_leaves_it_where_it_is(trail: Trail) -> None:
    """Events come from many places; the lease is one process's."""
    append(trail, dispatch(), note("a"), lease=ONE)
    append(trail, dispatch(), note("b"))
    assert holders(trail) == {"run-1": ONE}


def test_a_refused_append_takes_no_lease(trail: Trail) -> None:
    """It is part of the transaction."""

    def broken(_events: object) -> None:
        raise OSError("no room")

    append(trail, dispatch(), note("a"), lease=ONE)
    with pytest.raises(OSError, match="no room"):
        trail.append(Batch(dispatch(), (note("b"),), lease=OTHER), before_commit=broken)
    with pytest.raises(OSError, match="no room"):
        trail.append(Batch(dispatch("new"), (note("b"),), lease=OTHER), before_commit=broken)
    assert holders(trail) == {"run-1": ONE}


def test_leases_are_listed_oldest_first(trail: Trail) -> None:
    """By the dispatches' first events, not by their names."""
    for run_id in ("z", "a", "m"):
        append(trail, dispatch(run_id), note("x"), lease=ONE)
    append(trail, dispatch("a"), note("y"), lease=OTHER)
    assert list(holders(trail)) == ["z-1", "a-1", "m-1"]


def test_a_lease_is_released_only_when_its_dispatch_is_closed(trail: Trail) -> None:
    """An open dispatch keeps it, whoever asks; a closed one is finished then."""
    append(trail, dispatch(), note("a"), lease=ONE)
    append(trail, dispatch("other"), note("a"), end(), lease=OTHER)
    trail.release("run-1")
    trail.release("nonsense-1")
    assert list(holders(trail)) == ["run-1", "other-1"]
    append(trail, dispatch(), end())
    assert [lease.closed for lease in trail.leases()] == [True, True]
    trail.release("run-1")
    assert list(holders(trail)) == ["other-1"]
    trail.release("run-1")
    assert list(holders(trail)) == ["other-1"]


def test_a_released_lease_is_not_taken_again(trail: Trail) -> None:
    """What is finished stays finished, also when its known events are offered once more."""
    append(trail, dispatch(), end(), lease=ONE)
    trail.release("run-1")
    append(trail, dispatch(), end(), lease=OTHER)
    assert trail.leases() == []


def test_who_renews_is_told_how_many_it_has(trail: Trail) -> None:
    """Its own alone, each member of the holder compared."""
    for n in range(3):
        append(trail, dispatch(f"run{n}"), note("a"), lease=ONE)
    append(trail, dispatch("other"), note("a"), lease=OTHER)
    append(trail, dispatch("nobody"), note("a"))
    assert trail.renew(ONE) == 3
    assert trail.renew(OTHER) == 1
    for stranger in (
        Holder("else", "boot", 1, "100"),
        Holder("host", "else", 1, "100"),
        Holder("host", "boot", 3, "100"),
        Holder("host", "boot", 1, "else"),
    ):
        assert trail.renew(stranger) == 0
    append(trail, dispatch("run0"), end())
    trail.release("run0-1")
    assert trail.renew(ONE) == 2


@pytest.mark.parametrize("held", [None, ONE], ids=["by nobody", "by a holder"])
def test_what_is_still_held_by_the_same_can_be_seized(trail: Trail, held: Holder | None) -> None:
    """The closing append goes through, and takes the lease if it asks for it."""
    append(trail, dispatch(), note("a"), lease=held)
    append(trail, dispatch(), end("FAILED"), seizure=Seizure(held), lease=OTHER)
    assert [(lease.closed, lease.holder) for lease in trail.leases()] == [(True, OTHER)]


@pytest.mark.parametrize("seen", [None, ONE], ids=["nobody", "a holder"])
def test_a_seizure_after_somebody_took_the_lease_is_refused(
    trail: Trail, seen: Holder | None
) -> None:
    """Nothing of it is kept: no event, no document, no leaf, no lease."""
    append(trail, dispatch(), note("a"), lease=seen)
    append(trail, dispatch(), lease=OTHER)  # in between, somebody goes on with it
    with pytest.raises(StillHeld, match="run-1"):
        append(
            trail,
            dispatch(),
            end("FAILED"),
            documents=[("0" * 64, b"report")],
            seizure=Seizure(seen),
            lease=ONE,
        )
    assert contents(trail.events()) == ["a"]
    assert trail.document("0" * 64) is None
    assert trail.proof("run-1") is None
    assert holders(trail) == {"run-1": OTHER}
    append(trail, dispatch(), end())  # and who has it goes on


def test_a_seizure_of_what_is_recorded_already_is_no_seizure(trail: Trail) -> None:
    """Two that recover one dispatch: the second finds it closed as it wanted it."""
    append(trail, dispatch(), note("a"), lease=ONE)
    first = append(trail, dispatch(), end("FAILED"), seizure=Seizure(ONE), lease=OTHER)
    assert append(trail, dispatch(), end("FAILED"), seizure=Seizure(ONE)) == first


def test_a_lease_runs_out_by_the_clock_of_the_store(
    sql_trail: SqlTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not renewed for so long, it has expired; whoever holds it can renew it even then."""
    database, late = sql_trail.database, [0.0]
    now = database.now
    monkeypatch.setattr(database, "now", lambda session: now(session) + late[0])
    append(sql_trail, dispatch(), note("a"), lease=ONE)
    append(sql_trail, dispatch("other"), note("a"), lease=OTHER)

    late[0] = LEASE_SECONDS - 5
    assert [lease.expired for lease in sql_trail.leases()] == [False, False]
    assert sql_trail.renew(ONE) == 1
    late[0] = LEASE_SECONDS + 5
    assert [lease.expired for lease in sql_trail.leases()] == [False, True]
    assert sql_trail.renew(OTHER) == 1
    assert [lease.expired for lease in sql_trail.leases()] == [False, False]


def test_the_clock_of_the_store_is_not_the_programs(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machines whose clocks differ by years agree on which lease has run out."""
    trail = open_sql(postgres_url)
    append(trail, dispatch(), note("a"), lease=ONE)
    real = LEASE_SECONDS
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert [lease.expired for lease in trail.leases()] == [False]
    monkeypatch.setattr(sql_module, "LEASE_SECONDS", -real)
    trail.renew(ONE)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert [lease.expired for lease in trail.leases()] == [True]
    trail.close()


def test_leases_survive_a_restart(database_url: str) -> None:
    """They are in the store, where the next process finds what the last one left."""
    trail = open_sql(database_url)
    append(trail, dispatch(), note("a"), lease=ONE)
    trail.close()
    again = open_sql(database_url)
    assert again.leases() == [Lease(dispatch(), closed=False, holder=ONE, expired=False)]
    again.close()
