"""What a telemetry event becomes: names, labels and bounds, without any server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benson_execution import MemoryTrail
from benson_execution.telemetry import DispatchLogger
from benson_execution.trail import DispatchRef
from tasks.mirrored_events import in_order, mirrored, told


def mirror(**types: dict[str, Any]) -> list[dict[str, Any]]:
    """The mirrored events of a dispatch to which events of these types were recorded."""
    trail = MemoryTrail()
    ref = DispatchRef("run", 1, "PAC-TEST-P1-01")
    logger = DispatchLogger(trail, ref)
    for name, data in types.items():
        logger.emit(name, data)
    return [event for _, event in mirrored("trail", list(trail.events()))]


@pytest.mark.parametrize("name", ["CUSTOM_EVENT", "X", "STEP_2", "A" * 64])
def test_a_clean_type_of_a_caller_s_own_is_mirrored(name: str) -> None:
    (event,) = mirror(**{name: {"n": 1}})

    assert event["event"] == f"benson.telemetry.{name}"
    assert event["payload"]["data"] == {"n": 1}


@pytest.mark.parametrize("name", ["custom", "A B", "../X", "X.*", "2X", "Ä", "A" * 65, "X\n"])
def test_a_type_that_is_no_clean_name_is_not(name: str) -> None:
    """It is in the trail; and the events beside it keep their sequence."""
    (event,) = mirror(**{name: {}, "CLEAN": {}})

    assert event["event"] == "benson.telemetry.CLEAN"
    assert event["payload"]["sequence"] == 2


def test_long_texts_many_members_and_deep_values_are_cut_short() -> None:
    """What is left is bounded, and says that there was more."""
    deep: Any = "bottom"
    for _ in range(50):
        deep = [deep]
    given = {
        "text": "x" * 5000,
        "list": list(range(1000)),
        "deep": deep,
        "k" * 5000: 1,
        "object": {str(n): n for n in range(1000)},
    }

    (event,) = mirror(CUSTOM=given)

    data = event["payload"]["data"]
    assert data["text"] == "x" * 1999 + "…"
    assert data["list"] == [*range(100), "…"]
    assert data["object"]["…"] == "1000 members"
    assert "bottom" not in json.dumps(data["deep"])
    assert all(len(name) <= 120 for name in data)


def test_data_that_is_large_in_all_its_parts_is_left_to_the_trail() -> None:
    (event,) = mirror(CUSTOM={str(n): "x" * 1900 for n in range(90)})

    (told_instead,) = event["payload"]["data"].values()
    assert told_instead.endswith("bytes of data, which the trail has in full")


@pytest.mark.parametrize("dangerous", ["<", ">", "@", "{{", "{%", "{#", "}}", "](", "://", "www."])
def test_nothing_in_a_message_means_more_than_its_text(dangerous: str) -> None:
    """However often it stands there."""
    assert dangerous not in told(f"a{dangerous}b{dangerous}{dangerous}c")


def test_harmless_text_is_told_as_it_is() -> None:
    text = "Quality score 0.62 is below the threshold 0.70: 'src/a_b.py' [1, 2] {x} (é)"
    assert told(text) == text


def test_triggers_see_the_end_after_the_decision() -> None:
    """Only those that they wait for follow each other, and nothing from before the request."""
    decision = {
        "pac_id": "PAC-TEST-P1-01",
        "eligible": True,
        "reason": "All checkpoints passed",
        "human_review_required": True,
        "phase": "BER_DECISION",
    }
    end = {
        "pac_id": "PAC-TEST-P1-01",
        "status": "FAILED",
        "duration_ms": 1,
        "phase": "DISPATCH_COMPLETE",
    }
    events = mirror(BEFORE={}, BER_GENERATION_DECISION=decision, OTHER={}, PAC_DISPATCH_END=end)

    follows = [event.get("follows") for event in in_order(events)]

    assert follows == [None, None, None, events[1]["id"]]
    assert [event.get("follows") for event in in_order(events[2:])] == [None, None]
