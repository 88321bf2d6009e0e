"""Claims: in one trail each PAC has at most one WRAP, and each WRAP id one PAC."""

from __future__ import annotations

import pytest

from benson_execution.errors import PacAlreadyWrapped, WrapIdTaken
from benson_execution.trail import Batch, DispatchRef, Trail

from .stores import FAMILY, PAC, append, claim, contents, dispatch, end, note


def pac(number: int) -> str:
    """One of several PACs of one agent that share a number."""
    return f"PAC-DAN-P53-TEST-{number:02d}"


def wrap(trail: Trail, pac_id: str, number: int = 1, family: str = FAMILY) -> DispatchRef:
    """Claim a WRAP in a dispatch of its own."""
    ref = dispatch(f"of-{pac_id}-{family}", pac_id=pac_id)
    append(trail, ref, note("wrapped"), claim=claim(pac_id, number, family))
    return ref


@pytest.mark.parametrize("number", [1, 2])
def test_a_pac_has_one_wrap(trail: Trail, number: int) -> None:
    """A second one is refused, under the same id and under another; the error names the first."""
    append(trail, dispatch("first"), note("wrapped"), claim=claim())
    with pytest.raises(PacAlreadyWrapped) as refused:
        append(trail, dispatch("second"), note("wrapped"), claim=claim(number=number))
    assert refused.value.wrap_id == FAMILY
    assert PAC in refused.value.message


def test_a_pac_that_is_wrapped_in_another_family_has_its_wrap(trail: Trail) -> None:
    """The next day's id is another, and the PAC is closed all the same."""
    wrap(trail, PAC, family="WRAP-DAN-P53-20251226")
    with pytest.raises(PacAlreadyWrapped) as refused:
        wrap(trail, PAC, family="WRAP-DAN-P53-20251227")
    assert refused.value.wrap_id == "WRAP-DAN-P53-20251226"


def test_a_wrap_id_has_one_pac(trail: Trail) -> None:
    """Another PAC is refused, and told the first number that is free."""
    wrap(trail, pac(1))
    with pytest.raises(WrapIdTaken, match=FAMILY) as refused:
        wrap(trail, pac(2))
    assert refused.value.next_number == 2


def test_the_next_number_can_be_had(trail: Trail) -> None:
    """Five PACs, each asking for the first id: the numbers run from 1 to 5."""
    asked: list[list[int]] = []
    for n in range(1, 6):
        numbers = [1]
        asked.append(numbers)
        while True:
            try:
                wrap(trail, pac(n), numbers[-1])
                break
            except WrapIdTaken as taken:
                numbers.append(taken.next_number)
    assert asked == [[1], [1, 2], [1, 3], [1, 4], [1, 5]]


def test_each_family_counts_for_itself(trail: Trail) -> None:
    """Another agent, another number or another day begins with 1 again."""
    wrap(trail, pac(1))
    wrap(trail, pac(2), 2)
    wrap(trail, pac(3), 1, "WRAP-DAN-P54-20251226")
    with pytest.raises(WrapIdTaken) as refused:
        wrap(trail, pac(4), 1, "WRAP-DAN-P54-20251226")
    assert refused.value.next_number == 2
    with pytest.raises(WrapIdTaken) as refused:
        wrap(trail, pac(4), 1)
    assert refused.value.next_number == 3


def test_a_claim_is_taken_with_new_events_only(trail: Trail) -> None:
    """Where all events are known, nothing is claimed: the id and the PAC stay free."""
    append(trail, dispatch(), note("a", key="A"))
    append(trail, dispatch(), note("again", key="A"), claim=claim())

    wrap(trail, pac(2))  # the id is free
    append(trail, dispatch(), note("b"), claim=claim(number=2))  # and so is the PAC


def test_a_repeated_claim_with_its_events_is_no_second_claim(trail: Trail) -> None:
    """A closing write whose answer was lost may be written again, and nothing is refused."""
    closing = Batch(dispatch(), (note("wrapped", key="WRAP"), end()), claim=claim())
    first = trail.append(closing)
    assert trail.append(closing) == first


def test_a_claim_without_an_event_claims_nothing(trail: Trail) -> None:
    """A WRAP exists by its event; without one there is none."""
    append(trail, dispatch(), claim=claim())
    wrap(trail, pac(2))
    assert contents(trail.events()) == ["wrapped"]


def test_a_refused_claim_claims_nothing(trail: Trail) -> None:
    """A PAC that was refused one id can have the next, and its family goes on without a gap."""
    wrap(trail, pac(1))
    for _ in range(3):
        with pytest.raises(WrapIdTaken) as refused:
            wrap(trail, pac(2))
        assert refused.value.next_number == 2
    wrap(trail, pac(2), 2)
