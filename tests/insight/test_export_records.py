"""A period as it is exported: which dispatches, which events, and none that was changed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from benson_execution import MemoryTrail
from benson_execution.errors import TrailUnavailable
from benson_execution.insight.period import Period
from benson_execution.interchange.json_lines import json_lines, json_lines_with_dispatch
from benson_execution.interchange.records import Record, records
from benson_execution.trail import Batch, NewEvent, SqlTrail, StoredEvent, Trail
from tests.insight.generated import fill
from tests.verification.honest import Honest, make_trail, tampering, url


def exported(trail: Trail, period: Period | None = None, *, closed: bool = False) -> list[Record]:
    """All records of a period."""
    with trail.rows() as rows:
        return list(records(rows, period or Period(), closed=closed))


@pytest.fixture(scope="module")
def trail() -> MemoryTrail:
    """Two hundred dispatches over months, and three that are open."""
    made = MemoryTrail()
    fill(made, 200, open_ones=3)
    return made


def test_all_events_are_exported_to_the_letter_in_their_order(trail: MemoryTrail) -> None:
    recorded = list(trail.events())
    found = exported(trail)
    assert [line for one in found for line in json_lines(one)] == [s.event.json for s in recorded]
    assert [one.chain for one in found] == [s.chain for s in recorded]


def test_each_says_where_it_stands(trail: MemoryTrail) -> None:
    recorded = list(trail.events())
    lines = [line for one in exported(trail) for line in json_lines_with_dispatch(one)]
    for line, stored in zip(lines, recorded, strict=True):
        found = json.loads(line)
        assert list(found) == ["dispatch_id", "sequence", "position", "chain", "event"]
        place = (found["dispatch_id"], found["sequence"], found["position"], found["chain"])
        ref = stored.dispatch
        assert place == (
            *(ref.dispatch_id, stored.sequence, stored.position),
            stored.chain.hex(),
        )
        assert line.endswith(b'"event":' + stored.event.json + b"}")


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-03-01", "2026-03-02"),
        ("2026-03-02T11:22:33", None),
        (None, "2026-03-03"),
        ("2027-01-01", None),
        (None, "2020-01-01"),
        ("2026-03-02", "2026-03-02T00:30"),
    ],
)
@pytest.mark.parametrize("closed", [False, True])
def test_a_period_is_of_whole_dispatches(
    trail: MemoryTrail, since: str | None, until: str | None, closed: bool
) -> None:
    """Counted once more from the plain events: by the text of the first one's time."""
    stories = defaultdict(list)
    for stored in trail.events():
        stories[stored.dispatch.dispatch_id].append(stored)
    wanted = Counter(
        {
            name: len(story)
            for name, story in stories.items()
            if (since or "") <= story[0].event.timestamp < (until or "9")
            and (not closed or story[-1].event.event_type == "PAC_DISPATCH_END")
        }
    )
    found = exported(trail, Period.of(since, until), closed=closed)
    assert Counter(one.header.dispatch_id for one in found) == wanted


def test_dispatches_that_run_at_once_are_each_whole() -> None:
    """Their events stand between each other's; one of them began before the period."""
    whole = MemoryTrail()
    fill(whole, 2)
    first, second = (list(whole.events(run_id=f"generated-{n}")) for n in (1, 2))
    mixed = MemoryTrail()
    _interleave(mixed, [first, second])
    until = second[0].event.timestamp
    found = exported(mixed, Period.of(None, until))
    assert [one.event for one in found] == [s.event for s in first]
    found = exported(mixed, Period.of(until))
    assert [one.event for one in found] == [s.event for s in second]


def _interleave(trail: MemoryTrail, stories: list[list[StoredEvent]]) -> None:
    for at in range(max(map(len, stories))):
        for story in stories:
            for stored in story[at : at + 1]:
                trail.append(Batch(stored.dispatch, [NewEvent(stored.key, stored.event)]))


def test_an_empty_trail_is_an_empty_export() -> None:
    assert exported(MemoryTrail()) == []


CHANGES = {
    "an event's text": "UPDATE events SET event = CAST(replace(CAST(event AS TEXT), 'Dan', 'Eve') "
    "AS BLOB) WHERE position = 1",
    "an event's hash": "UPDATE events SET chain = zeroblob(32) WHERE position = 3",
    "an event's hash is short": "UPDATE events SET chain = x'00' WHERE position = 3",
    "an event is text": "UPDATE events SET event = CAST(event AS TEXT) WHERE position = 2",
    "an event is no event": "UPDATE events SET event = x'7b7d' WHERE position = 2",
    "an event is NULL's neighbour": "UPDATE events SET event = 7 WHERE position = 2",
    "an event is gone": "DELETE FROM events WHERE position = 2",
    "the first event is gone": "DELETE FROM events WHERE position = 1",
    "an event's type": "UPDATE events SET event_type = 'CUSTOM' WHERE position = 4",
    "an event's key": "UPDATE events SET key = 'CUSTOM' WHERE position = 4",
    "an event's number": "UPDATE events SET sequence = 99 WHERE position = 4",
    "an event's dispatch": "UPDATE events SET dispatch_id = 'x' WHERE position = 4",
    "an event's dispatch is bytes": "UPDATE events SET dispatch_id = x'ff41' WHERE position = 1",
    "an event's dispatch is no text": "UPDATE events SET dispatch_id = CAST(x'ff41' AS TEXT) "
    "WHERE position = 1",
    "a dispatch's header": "UPDATE dispatches SET header = x'7b7d' WHERE position = 1",
    "a dispatch's header is a number": "UPDATE dispatches SET header = 7 WHERE position = 1",
    "a dispatch's PAC": "UPDATE dispatches SET pac_id = 'PAC-OTHER' WHERE position = 1",
    "a dispatch's id": "UPDATE dispatches SET dispatch_id = 'other-1' WHERE position = 1",
    "a dispatch is gone": "DELETE FROM dispatches WHERE position = 1",
    "a dispatch has no events": "DELETE FROM events WHERE dispatch_id = "
    "(SELECT max(dispatch_id) FROM dispatches)",
    "an event too many": "INSERT INTO events SELECT 999, dispatch_id, 99, 'x', 'CUSTOM', event, "
    "chain FROM events WHERE position = 1",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """An honest trail in a file."""
    return make_trail(tmp_path_factory.mktemp("honest") / "trail.db")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_changed_is_not_exported(original: Honest, tmp_path: Path, change: str) -> None:
    """An error of ours, whatever stands in the row now."""
    path = tmp_path / "trail.db"
    path.write_bytes(original.path.read_bytes())
    with tampering(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(change)
    opened = SqlTrail(url(path), None)
    try:
        with pytest.raises(TrailUnavailable) as caught:
            exported(opened)
        assert caught.value.hint == "`benson verify` says what was changed"
    finally:
        opened.close()


def test_an_honest_trail_in_a_file_is_exported_whole(original: Honest) -> None:
    with original.opened() as opened:
        assert [one.event for one in exported(opened)] == [s.event for s in opened.events()]
