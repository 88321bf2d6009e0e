"""Whether a log extends the heads that were kept elsewhere: pinned ones, and a heads file.

With logs that are made by hand; every finding in full, with the number of its line.
"""

from __future__ import annotations

import orjson
import pytest

from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import SigningKey
from benson_execution.verification import log as log_module
from benson_execution.verification.findings import Kind

from .by_hand import OTHER, TRAIL, Log, Said, line, said


@pytest.mark.parametrize("size", range(4))
def test_a_pinned_head_of_this_log_is_extended(size: int) -> None:
    log = Log(3)
    assert not list(log.verified()[0].check_pin(log.signed[size]))


def test_a_pinned_head_of_another_log_is_not() -> None:
    log, other, stranger = Log(3), Log(3, OTHER), SigningKey.generate()
    verifier, _ = log.verified()

    def told(head: Head) -> Said:
        return said(verifier.check_pin(head))

    message = f"the head of size 2 is {OTHER}'s"
    assert told(other.signed[2]) == [(Kind.OTHER_TRAIL, message, None)]
    forged = Head.sign(stranger, TRAIL, 2, log.roots[2])
    message = f"the head of size 2 is signed by {stranger.key_id}, which is not trusted"
    assert told(forged) == [(Kind.HEAD_UNTRUSTED, message, None)]
    rewritten = Head.sign(log.key, TRAIL, 2, bytes(32))
    message = "the log's first 2 entries are not those that the head of size 2 was signed for"
    assert told(rewritten) == [(Kind.TRAIL_REWRITTEN, message, None)]
    later = Head.sign(log.key, TRAIL, 4, bytes(32))
    message = (
        "a head of size 4 was signed, and the log ends at 3: its newest entries are gone, or an "
        "older copy was put back"
    )
    assert told(later) == [(Kind.TRAIL_SHORTENED, message, None)]


def test_a_heads_file_of_this_log_has_no_findings() -> None:
    log = Log(2)
    rotation = log.rotate()
    log.add(1)
    verifier, _ = log.verified()
    lines = [*(line(head) for head in log.signed[:3]), line(rotation), b"\n", b" \n"]
    assert not list(verifier.check_heads_file([*lines, line(log.signed[3])], "here"))


def test_a_line_with_nothing_but_a_note_is_read_in_full() -> None:
    """What somebody kept of a head, in another form than Benson writes it."""
    log = Log(2)
    verifier, _ = log.verified()
    lines = [orjson.dumps({"note": head.note.decode()}) for head in log.signed]
    assert not list(verifier.check_heads_file(lines, "here"))


def test_the_heads_of_this_log_are_not_read_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heads file has one line for each dispatch that was ever closed."""
    log = Log(3)
    verifier, _ = log.verified()

    def refuse(content: bytes) -> None:
        raise AssertionError(content)

    monkeypatch.setattr(log_module, "read_line", refuse)
    assert not list(verifier.check_heads_file([line(head) for head in log.signed], "here"))


def test_lines_that_are_no_heads_are_told_by_their_numbers() -> None:
    log = Log(1)
    verifier, _ = log.verified()
    lines = [line(log.signed[0]), b'{"size": 1, "no', b"\n", b"{}\n", line(log.signed[1]), b"[]"]
    assert said(verifier.check_heads_file(lines, "here")) == [
        (
            Kind.HEADS_FILE_DAMAGED,
            f"line {number} of the heads file is no head: it was torn, or changed",
            None,
        )
        for number in (2, 4, 6)
    ]


def test_each_other_trail_that_stood_here_is_told_once() -> None:
    """And none that stood elsewhere."""
    log, other, third = Log(1), Log(2, OTHER), Log(0, "c" * 32)
    verifier, _ = log.verified()
    here = [*(line(head) for head in other.signed), line(third.signed[0]), line(other.signed[0])]
    elsewhere = [line(Log(0, "d" * 32).signed[0], "elsewhere")]
    assert said(verifier.check_heads_file([*here, *elsewhere], "here")) == [
        (
            Kind.OTHER_TRAIL,
            (
                f"the trail {trail} stood here before: it was removed, and {TRAIL} was put into "
                "its place"
            ),
            None,
        )
        for trail in (OTHER, "c" * 32)
    ]


def test_a_trail_may_have_been_removed_and_nothing_put_into_its_place() -> None:
    log, gone = Log(), Log(1)
    log.heads = []
    verifier, _ = log.verified()
    told = (
        f"the trail {TRAIL} stood here before: it was removed, and nothing was put into its place"
    )
    found = said(verifier.check_heads_file([line(gone.signed[1])], "here"))
    assert found == [(Kind.OTHER_TRAIL, told, None)]


def test_what_the_heads_file_has_of_this_log_is_there() -> None:
    log = Log(2)
    verifier, _ = log.verified()
    gone = Rotation.sign(log.key, SigningKey.generate(), log.signed[2])
    lines = [
        line(Head.sign(log.key, TRAIL, 1, bytes(32))),
        line(gone),
        line(Head.sign(log.key, TRAIL, 3, bytes(32))),
    ]
    assert said(verifier.check_heads_file(lines, "here")) == [
        (
            Kind.TRAIL_REWRITTEN,
            "the log's first 1 entries are not those that the head of size 1 was signed for",
            None,
        ),
        (
            Kind.HEAD_MISSING,
            f"the rotation to {gone.new_key.key_id}, behind the head 2, is gone",
            None,
        ),
        (
            Kind.TRAIL_SHORTENED,
            (
                "a head of size 3 was signed, and the log ends at 2: its newest entries are gone, "
                "or an older copy was put back"
            ),
            None,
        ),
    ]
