"""The log's verification alone, with logs that are made by hand: every finding in full.

The other tests spoil whole trails, and what stands in a trail's way hides what the log would have
said. Here each answer of `LogVerifier` is asked for by itself: its kind, its words, its dispatch.
"""

from __future__ import annotations

from typing import Any

import pytest

from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import SigningKey
from benson_execution.trail.rows import HeadRow, RotationRow
from benson_execution.verification.findings import Kind

from .by_hand import OTHER, TRAIL, Log, not_its_own, time_spoilt, unsigned


@pytest.mark.parametrize("size", [0, 1, 2, 5, 8])
def test_an_honest_log_has_its_size_its_roots_and_its_newest_head(size: int) -> None:
    log = Log(size)
    verifier, found = log.verified()
    assert found == []
    assert (verifier.trail_id, verifier.size) == (TRAIL, size)
    assert bytes(verifier.roots) == b"".join(log.roots)
    assert verifier.newest == log.signed[-1]


def test_an_honest_log_may_have_been_handed_over_at_any_size() -> None:
    log = Log()
    for count in (0, 1, 0, 3):
        log.add(count)
        log.rotate()
    log.add(2)
    assert log.found() == []
    assert log.verified()[0].newest == log.signed[-1]


def test_a_log_without_any_head_is_empty() -> None:
    log = Log()
    log.heads = []
    verifier, found = log.verified()
    told = "there is not even the head that a trail begins with"
    assert found == [(Kind.TRAIL_EMPTY, told, None)]
    assert (verifier.newest, verifier.trail_id) == (None, None)


def test_without_its_first_head_no_rotation_is_anybodys() -> None:
    """Nor does it end the search: what else is wrong is found as well."""
    log = Log(1)
    log.rotate()
    log.add(1)
    del log.heads[0]
    found = log.found()
    assert found[0] == (Kind.HEAD_MISSING, "the head of size 0, with which the trail began", None)
    told = (
        "rotation 1 is not signed by the trusted key that was in force, and by the one that it "
        "names"
    )
    assert found[1] == (Kind.HEAD_UNTRUSTED, told, None)


def test_a_first_head_of_a_stranger_is_not_trusted() -> None:
    log, own = Log(), SigningKey.generate()
    told = f"the head of size 0 is signed by {log.key.key_id}, which is not trusted"
    assert log.found(own.public) == [(Kind.HEAD_UNTRUSTED, told, None)]


@pytest.mark.parametrize("note", [b"", b"nothing", 5, None, "text"])
def test_a_rotation_that_can_not_be_read_was_changed(note: Any) -> None:
    log = Log(1)
    log.rotations = [RotationRow(1, note)]
    ((kind, message, dispatch),) = log.found()
    assert (kind, dispatch) == (Kind.HEAD_ALTERED, None)
    assert message.startswith("rotation 1 was changed: ")


def test_a_rotation_under_another_number_misses_those_before_it() -> None:
    log = Log(1)
    log.rotate()
    log.rotations = [log.rotations[0]._replace(number=2)]
    told = "a rotation of the signing key stands where number 1 is due"
    assert log.found() == [(Kind.HEAD_MISSING, told, None)]


def test_a_rotation_by_a_trusted_key_that_was_not_in_force_misses_one() -> None:
    log, other = Log(1), SigningKey.generate()
    log.rotate(by=other)
    told = (
        f"rotation 1 hands over from {other.key_id}, while {log.first_key.key_id} was in force: "
        "the one before it is gone"
    )
    assert log.found(log.first_key.public, other.public) == [(Kind.HEAD_MISSING, told, None)]


def test_a_rotation_of_another_trail_hands_nothing_over() -> None:
    log, other = Log(1), Log(1, OTHER)
    log.rotations = [RotationRow(1, Rotation.sign(log.key, other.key, other.signed[-1]).note)]
    kinds = [(kind, message[:24]) for kind, message, _ in log.found()]
    assert kinds[0] == (Kind.HEAD_UNTRUSTED, "rotation 1 is not signed")


@pytest.mark.parametrize("size", [0, 1, 3])
def test_the_head_that_was_taken_over_is_that_very_one(size: int) -> None:
    """Another one of the same size and root, signed as well, is not: its time is another."""
    log = Log(size)
    log.rotate()
    again = Head.sign(log.first_key, TRAIL, size, log.roots[size])
    log.heads[size] = HeadRow(size, again.note)
    told = f"the head of size {size} is not the one that the next key took over"
    assert log.found() == [(Kind.HEAD_ALTERED, told, None)]


def test_a_head_that_was_taken_over_and_can_not_be_read_is_another_one() -> None:
    log = Log(2)
    log.rotate()
    log.heads[2] = HeadRow(2, time_spoilt(log.heads[2].note))
    told = "the head of size 2 is not the one that the next key took over"
    later = "the head of size 2 was changed"
    assert log.found() == [(Kind.HEAD_ALTERED, told, None), (Kind.HEAD_ALTERED, later, None)]


def test_a_head_that_was_taken_over_has_its_signature_checked() -> None:
    """The digest fits, since whoever takes over signs for what is there: its key did not."""
    log = Log(2)
    stranger = Head.sign(SigningKey.generate(), TRAIL, 2, log.roots[2])
    body, other = log.heads[2].note.partition(b"\n\n")[0], stranger.note.partition(b"\n\n")[2]
    forged = body + b"\n\n" + other
    log.heads[2] = HeadRow(2, forged)
    log.signed[2] = Head.parse(forged)
    log.rotate()
    found = log.found()
    assert (Kind.HEAD_ALTERED, unsigned(log.signed[2]), None) in found


def test_the_old_key_signs_no_head_behind_its_rotation() -> None:
    log = Log(1)
    log.rotate()
    log.key = log.first_key
    log.add(1)
    assert log.found() == [(Kind.HEAD_ALTERED, unsigned(log.signed[2]), None)]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_key_signs_where_it_was_in_force_only(size: int) -> None:
    """Whoever else is trusted: a rotation to it is gone."""
    log, other = Log(size), SigningKey.generate()
    log.key = other
    log.add(1)
    told = not_its_own(log.signed[size + 1], log.first_key)
    both = (log.first_key.public, other.public)
    assert log.found(*both) == [(Kind.HEAD_UNTRUSTED, told, None)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_newest_head_has_its_signature_checked(size: int) -> None:
    """It vouches for all: also where it is the first one behind the beginning."""
    log = Log(size)
    body = log.heads[size].note.partition(b"\n\n")[0]
    other = Head.sign(SigningKey.generate(), TRAIL, size, log.roots[size])
    log.heads[size] = HeadRow(size, body + b"\n\n" + other.note.partition(b"\n\n")[2])
    assert log.found() == [(Kind.HEAD_ALTERED, unsigned(log.signed[size]), None)]


def test_without_its_first_head_nothing_else_is_wrong_with_a_log() -> None:
    """Whose key it is that signed, nobody knows but who trusts it."""
    log = Log(2)
    del log.heads[0]
    told = "the head of size 0, with which the trail began"
    assert log.found() == [(Kind.HEAD_MISSING, told, None)]


def test_an_entry_behind_a_head_that_can_not_be_read_tells_of_the_head() -> None:
    log = Log(2)
    log.heads[1] = HeadRow(1, time_spoilt(log.heads[1].note))
    told = "the head of size 1 was changed: it can't be read any more"
    assert log.found() == [(Kind.HEAD_ALTERED, told, "d1")]


def test_the_newest_head_that_can_not_be_read_was_changed() -> None:
    log = Log(2)
    log.heads[2] = HeadRow(2, time_spoilt(log.heads[2].note))
    assert log.found() == [(Kind.HEAD_ALTERED, "the head of size 2 was changed", None)]


def test_an_entry_behind_another_head_than_the_signed_one_was_changed() -> None:
    """The head before it is signed, so it is the entry that is another one."""
    log = Log(1)
    again = Head.sign(log.key, TRAIL, 1, log.roots[1])
    log.add(1)
    log.heads[1] = HeadRow(1, again.note)
    told = "entry 1 of the log does not follow the head before it"
    assert log.found() == [(Kind.LEAF_ALTERED, told, "d1")]


def test_an_entry_behind_a_head_that_nobody_signed_tells_of_the_head() -> None:
    log = Log(2)
    stranger = Head.sign(SigningKey.generate(), TRAIL, 1, log.roots[1])
    log.heads[1] = HeadRow(1, stranger.note)
    told = f"the head of size 1 is signed by {stranger.key_id}, which is not trusted"
    assert log.found() == [(Kind.HEAD_UNTRUSTED, told, None)]


def test_peaks_that_were_changed_are_told_with_their_entry() -> None:
    log = Log(3)
    log.leaves[2] = log.leaves[2]._replace(peaks=bytes(32))
    told = "what entry 2 says of the log before it was changed"
    assert log.found() == [(Kind.LEAF_ALTERED, told, "d2")]


def test_behind_a_gap_the_log_goes_on_as_the_next_entry_says() -> None:
    """What was signed for the sizes in between, and for those before it, still counts."""
    log = Log(6)
    del log.leaves[2:4]
    verifier, found = log.verified()
    assert found == [(Kind.LEAF_MISSING, "entry 2 of the log is gone: 4 comes next", "d4")]
    assert verifier.size == 6
    roots = [*log.roots[:3], bytes(32), bytes(32), *log.roots[5:]]
    assert bytes(verifier.roots) == b"".join(roots)
    for size in (0, 1, 2, 5, 6):
        assert not list(verifier.check_pin(log.signed[size]))
    for size in (3, 4):
        assert [one.kind for one in verifier.check_pin(log.signed[size])] == [Kind.TRAIL_REWRITTEN]


def test_a_gap_beyond_all_reason_is_not_filled() -> None:
    """An index that somebody made up costs no memory."""
    log = Log(2)
    log.leaves[1] = log.leaves[1]._replace(leaf_index=1 << 40)
    verifier, found = log.verified()
    assert found[0] == (
        Kind.LEAF_MISSING,
        f"entry 1 of the log is gone: {1 << 40} comes next",
        "d1",
    )
    assert len(verifier.roots) == 3 * 32


@pytest.mark.parametrize("peaks", [bytes(31), bytes(64), b"", 5, None])
def test_an_entry_that_can_not_be_placed_is_told(peaks: Any) -> None:
    log = Log(3)
    log.leaves = [log.leaves[0], log.leaves[2]._replace(peaks=peaks)]
    verifier, found = log.verified()
    assert found[:2] == [
        (Kind.LEAF_MISSING, "entry 1 of the log is gone: 2 comes next", "d2"),
        (Kind.LEAF_ALTERED, "entry 2 can't be placed in the log", None),
    ]
    assert verifier.size == 1


@pytest.mark.parametrize("entry", [b"nothing", 5, None, "text"])
def test_a_leaf_that_can_not_be_read_hides_no_other_finding(entry: Any) -> None:
    log = Log(2)
    log.leaves[1] = log.leaves[1]._replace(entry=entry)
    told = "the head of size 2 was signed for other entries: entry 1, or one before it, was changed"
    assert log.found() == [(Kind.LEAF_ALTERED, told, "d1")]


def test_a_head_under_another_size_says_which_it_is() -> None:
    log = Log(3)
    log.heads[2] = HeadRow(2, log.heads[3].note)
    found = log.found()
    assert found[0] == (Kind.HEAD_ALTERED, "the head of size 2 says 3", "d1")


def test_a_head_of_another_trail_is_foreign() -> None:
    log, other = Log(2), Log(2, OTHER)
    log.heads[2] = HeadRow(2, other.heads[2].note)
    found = log.found(log.key.public, other.key.public)
    told = f"the head of size 2 is another trail's: {OTHER}"
    assert found[0] == (Kind.FOREIGN_DISPATCH, told, "d1")


def test_a_head_of_another_root_that_nobody_signed_was_changed() -> None:
    log = Log(2)
    stranger = Head.sign(SigningKey.generate(), TRAIL, 1, bytes(32))
    log.heads[1] = HeadRow(1, stranger.note)
    told = f"the head of size 1 is signed by {stranger.key_id}, which is not trusted"
    assert log.found()[0] == (Kind.HEAD_UNTRUSTED, told, None)


@pytest.mark.parametrize("note", [b"nothing", 5, None, "text"])
def test_a_head_that_is_none_was_changed(note: Any) -> None:
    """And the entry behind it is not blamed for that."""
    log = Log(2)
    log.heads[1] = HeadRow(1, note)
    ((kind, message, dispatch),) = log.found()
    assert (kind, dispatch) == (Kind.HEAD_ALTERED, "d0")
    assert message.startswith("the head of size 1 was changed: ")


def test_a_head_that_is_gone_is_told_with_its_entry() -> None:
    log = Log(3)
    del log.heads[2]
    assert log.found() == [(Kind.HEAD_MISSING, "the head of size 2 is gone", "d1")]


def test_each_head_of_more_than_there_is_is_told() -> None:
    log = Log(3)
    del log.leaves[1:]
    assert log.found() == [
        (Kind.LEAF_MISSING, f"the head of size {size} was signed, and the log ends at 1", None)
        for size in (2, 3)
    ]


def test_heads_that_stand_where_none_belongs_are_counted() -> None:
    log = Log(2)
    log.heads[0:0] = [HeadRow(-2, log.heads[1].note), HeadRow(-1, log.heads[1].note)]
    log.heads.insert(4, log.heads[3])
    told = "3 heads stand where none belongs"
    assert log.found() == [(Kind.HEAD_ALTERED, told, None)]


def test_a_rotation_behind_more_than_there_is_misses_entries() -> None:
    log = Log(2)
    log.rotate()
    del log.leaves[1:], log.heads[2:]
    told = "a rotation follows a head of size 2: entries are gone"
    assert log.found() == [(Kind.LEAF_MISSING, told, None)]
