"""Files of inboxes: each is claimed once, whoever asks; with it goes its refusal, if it has one."""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import partial

import pytest

from benson_execution.errors import EventRefused, TrailUnavailable
from benson_execution.proof.refusal import Refusal
from benson_execution.trail import SqlTrail, Trail

from .children import child
from .said import key_of
from .stores import THREADS, answers, append, at_once, dispatch, end, note, open_sql

PATH = "/srv/inbox/a.json"
SHA256 = "ab" * 32
OTHER = "cd" * 32


def refusal(sha256: str = SHA256) -> Refusal:
    """Of a file that holds nothing to judge."""
    time = "2026-01-02T03:04:05.000006+00:00"
    return Refusal(time, "unreadable", sha256, 1, True, "the document is empty", PATH)


def test_a_file_is_claimed_once(trail: Trail) -> None:
    """The first call wins; every other one is told whose the file is."""
    first = trail.claim_file(PATH, SHA256)
    assert (first.won, first.head) == (True, None)
    assert (first.claim.path, first.claim.sha256, first.claim.leaf_index) == (PATH, SHA256, None)
    again = trail.claim_file(PATH, SHA256)
    assert (again.won, again.head) == (False, None)
    assert again.claim == first.claim


def test_another_content_or_another_path_is_another_file(trail: Trail) -> None:
    """What is unique is the two together."""
    claimed = [
        trail.claim_file(path, sha256) for path in (PATH, "/b.json") for sha256 in (SHA256, OTHER)
    ]
    assert all(one.won for one in claimed)
    assert len({one.claim.claim_id for one in claimed}) == 4
    assert trail.open_claims() == [one.claim for one in claimed]


def test_of_many_threads_one_wins(trail: Trail, eager_threads: None) -> None:
    """And all of them are told the same claim."""
    calls = [partial(trail.claim_file, PATH, SHA256, refusal()) for _ in range(THREADS)]
    claimed = answers(at_once(calls))
    assert [one.won for one in claimed].count(True) == 1
    assert len({one.claim for one in claimed}) == 1
    assert len(list(trail.refusals())) == 1


def test_of_two_processes_one_wins_each_file(database_url: str) -> None:
    """Both go through the same files at the same moment; no file has two claims."""
    open_sql(database_url).close()
    with ExitStack() as stack:
        both = [stack.enter_context(child("claim_files", database_url, 40)) for _ in range(2)]
        assert [one.line() for one in both] == ["ready"] * 2
        for one in both:
            one.tell()
        first, second = (json.loads(one.line()) for one in both)
    assert [claim_id for claim_id, _ in first] == [claim_id for claim_id, _ in second]
    assert [won for _, won in first] == [not won for _, won in second]
    trail = open_sql(database_url)
    assert len(trail.open_claims()) == 40
    trail.close()


def test_a_refusal_goes_with_the_claim_that_wins(trail: Trail) -> None:
    """In the log, with a signed head, once; the claim knows where it stands."""
    append(trail, dispatch(), note(), end())
    won = trail.claim_file(PATH, SHA256, refusal())
    assert won.head is not None
    assert won.head == trail.head()
    assert won.head.is_signed_by(key_of(trail))
    assert won.claim.leaf_index == 1
    lost = trail.claim_file(PATH, SHA256, refusal())
    assert (lost.claim, lost.won, lost.head) == (won.claim, False, None)
    assert list(trail.refusals()) == [refusal()]
    with trail.rows() as rows:
        assert [leaf.leaf_index for leaf in rows.leaves()] == [0, 1]


def test_a_claim_without_a_refusal_gets_none_later(trail: Trail) -> None:
    """Its document was submitted: whoever judges it says what it is."""
    trail.claim_file(PATH, SHA256)
    assert trail.claim_file(PATH, SHA256, refusal()).claim.leaf_index is None
    assert list(trail.refusals()) == []


def test_a_moved_file_is_no_open_claim(trail: Trail) -> None:
    """The first move is recorded, and stays; the claim is there for good."""
    claims = [trail.claim_file(PATH, sha256).claim for sha256 in (SHA256, OTHER)]
    name = claims[0].claim_id
    assert trail.move_of(name) is None
    assert trail.record_move(name, "run", "done/a.json")
    assert not trail.record_move(name, None, None)
    move = trail.move_of(name)
    assert move is not None
    assert (move.claim_id, move.run_id, move.target) == (name, "run", "done/a.json")
    assert trail.open_claims() == claims[1:]
    assert trail.claim_file(PATH, SHA256).claim == claims[0]


def test_of_many_who_move_a_file_one_records_it(trail: Trail, eager_threads: None) -> None:
    """The others are told that it was recorded."""
    name = trail.claim_file(PATH, SHA256).claim.claim_id
    calls = [partial(trail.record_move, name, None, f"done/{n}") for n in range(THREADS)]
    assert answers(at_once(calls)).count(True) == 1


def test_a_move_of_nothing_is_refused(trail: Trail) -> None:
    """There is no claim of that id, and no move of it afterwards."""
    with pytest.raises(TrailUnavailable):
        trail.record_move("nobody's", None, None)
    assert trail.move_of("nobody's") is None


@pytest.mark.parametrize("target", ["done/\udcff", "done/\0"])
def test_a_target_that_no_store_can_keep_is_refused(trail: Trail, target: str) -> None:
    """The file is still waited for."""
    name = trail.claim_file(PATH, SHA256).claim.claim_id
    with pytest.raises(EventRefused):
        trail.record_move(name, None, target)
    assert trail.move_of(name) is None


@pytest.mark.parametrize("path", ["/srv/\udcff.json", "/srv/\0.json", "/srv/é.json"])
def test_a_path_that_no_store_can_keep_is_refused(trail: Trail, path: str) -> None:
    """Names of files are bytes; one that is no plain text is written as such beforehand."""
    with pytest.raises(EventRefused):
        trail.claim_file(path, SHA256, refusal())
    assert trail.open_claims() == []
    assert list(trail.refusals()) == []


def test_claims_outlive_the_process(database_url: str) -> None:
    """Who opens the trail next finds them."""
    trail = open_sql(database_url)
    moved, kept = (trail.claim_file(PATH, sha256).claim for sha256 in (SHA256, OTHER))
    trail.record_move(moved.claim_id, "run", "done/a.json")
    trail.close()
    trail = open_sql(database_url)
    assert trail.open_claims() == [kept]
    assert not trail.claim_file(PATH, SHA256).won
    trail.close()


def test_who_only_reads_claims_nothing(database_url: str) -> None:
    """It has no key, and the trail stays as it is."""
    open_sql(database_url).close()
    reader = SqlTrail(database_url, None)
    with pytest.raises(TrailUnavailable, match="read only"):
        reader.claim_file(PATH, SHA256)
    with pytest.raises(TrailUnavailable, match="read only"):
        reader.record_move("any", None, None)
    assert reader.open_claims() == []
    reader.close()
