"""Whether events make a trail, told from the events alone, in one pass and bounded memory.

Events do not name their dispatch, and a CHECKPOINT not even its PAC. So it is told apart:

- While one dispatch is open, every event is its own, and all rules hold to the letter.
- While several are, a CHECKPOINT may be any one's, and the events of a PAC of which two dispatches
  are open may be either's. Then only what no interleaving could explain is said, by counting: more
  checkpoints than there are dispatches to take them, more ENDs that need one than there are.

What an interruption leaves is valid: a dispatch that ended FAILED, or that has no end yet, may
lack any event. So is a second START while an older dispatch of the PAC is open: that one was
killed. Clocks are set back, so times are not compared. A SCHEMA_VALIDATION may stand alone, as the
engine emits one when somebody asks it to validate a result; other types of event stand anywhere.
That a PAC is wrapped once, and that WRAP ids are unique, no bounded memory can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from benson_execution.conformance.open_dispatches import (
    END,
    INDEX,
    NAMES,
    START,
    VALIDATION,
    Checkpoints,
    OpenPac,
    Said,
)
from benson_execution.events import EventType
from benson_execution.schema import Violation

MAX_OPEN: Final = 20_000
"""Of how many PACs dispatches may be open at once before the trail is no longer followed."""
_REMEMBERED: Final = 1000
"""Of how many PACs it is known where they ended, for what is said of an event behind an end."""

_CHECKPOINT: Final = str(EventType.CHECKPOINT)
_TYPE: Final = "/event_type"


class TrailRules:
    """Follows the valid events of a trail in their order, and complains of what makes it none.

    `one_dispatch` says that all events are of one dispatch, as in a telemetry block; then the
    numbers are those of events, from 0, and otherwise of lines.
    """

    def __init__(self, *, one_dispatch: bool = False) -> None:
        self._one_dispatch = one_dispatch
        self._started = False
        self._open: dict[str, OpenPac] = {}
        self._ended: dict[str, int] = {}
        self._checkpoints = Checkpoints()
        self._lost = 0
        self._excuses = 0
        """How many dispatches may have begun where an event was lost."""
        self._gave_up: int | None = None

    def event(self, number: int, event: Mapping[str, Any]) -> Violation | None:
        """What this event violates in the trail so far, if anything; its path is in the event."""
        if self._gave_up is not None:
            return None
        event_type = event["event_type"]
        if event_type == _CHECKPOINT:
            return self._checkpoint(event["data"])
        index = INDEX.get(event_type)
        if index is None:
            return None
        data = event["data"]
        pac = self._open.get(data["pac_id"])
        if index == START:
            return self._start(number, event, pac)
        if pac is None:
            return self._homeless(index, data["pac_id"])
        said = self._crowded(pac, index, data) if pac.opened > 1 else self._alone(pac, index, data)
        if index == END:
            self._end(number, pac)
        return None if said is None or pac.epoch != self._lost else Violation(*said)

    def lost(self, number: int, value: Any = None) -> None:
        """Here stands an event that is not valid, or a line that can't be read at all.

        It may be any event that seems to be missing from now on.
        """
        self._lost += 1
        self._excuses += 1
        self._checkpoints.lost()
        if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
            return
        pac_id, event_type = value["data"].get("pac_id"), value.get("event_type")
        if not isinstance(pac_id, str) or len(pac_id) > 128:
            return
        pac = self._open.get(pac_id)
        if event_type == NAMES[END] and pac is not None:
            pac.ended += 1
            self._end(number, pac)
        elif event_type == NAMES[START] and pac is None:
            self._adopt(pac_id)

    def notes(self) -> Iterator[tuple[int, str]]:
        """What is no violation and worth knowing, at the end: a number, and what there is."""
        if self._gave_up is not None:
            what = f"dispatches of more than {MAX_OPEN} PACs are open"
            yield self._gave_up, f"the trail is not followed from here: {what}"
            return
        for pac in self._open.values():
            missing = pac.opened - pac.ended
            if pac.adopted:
                continue
            if missing == 1:
                yield pac.line, f"the dispatch of {pac.pac_id} that begins here has no end yet"
            else:
                yield pac.line, f"{missing} dispatches of {pac.pac_id} have no end yet"

    def _alone(self, pac: OpenPac, index: int, data: Mapping[str, Any]) -> Said:
        """An event of the one open dispatch of its PAC."""
        if index >= VALIDATION:
            self._checkpoints.leave(pac)
        misplaced = pac.take(index, self._where(pac.line))
        if index == END:
            pac.ended += 1
        if pac.adopted:
            return None if misplaced is None else (_TYPE, misplaced)
        if misplaced is not None:
            return _TYPE, misplaced
        return self._earned(pac, index, data, pac.contradiction(index, data))

    def _crowded(self, pac: OpenPac, index: int, data: Mapping[str, Any]) -> Said:
        """An event of one of the open dispatches of its PAC."""
        return self._earned(pac, index, data, pac.count(index, data))

    def _earned(self, pac: OpenPac, index: int, data: Mapping[str, Any], said: Said) -> Said:
        """Count a dispatch that ends, whatever is said of it already."""
        if index != END:
            return said
        unearned = self._checkpoints.unearned(data["status"])
        return said if said or pac.told or unearned is None else ("/data/status", unearned)

    def _start(
        self, number: int, event: Mapping[str, Any], pac: OpenPac | None
    ) -> Violation | None:
        data = event["data"]
        if self._one_dispatch and self._started:
            return Violation(_TYPE, f"{NAMES[START]} stands twice in one dispatch")
        self._started = True
        if pac is not None and pac.stamp == event["timestamp"]:
            # Two dispatches of one PAC in one microsecond: more likely a line that was copied.
            where = self._where(pac.line)
            return Violation(_TYPE, f"{NAMES[START]} stands twice: the same is at {where}")
        if pac is None or pac.adopted:
            known = 0
            if pac is not None:
                self._checkpoints.leave(pac)
                known = pac.mask
            elif len(self._open) >= MAX_OPEN:
                self._gave_up = number
                self._open.clear()
                return None
            pac = self._open[data["pac_id"]] = OpenPac(data["pac_id"], number, self._lost)
            pac.mask |= known
        else:
            pac.crowd()
            pac.line = number
        pac.stamp = event["timestamp"]
        pac.gid = hash(data["agent_gid"])
        self._checkpoints.enter(pac, known=pac.opened == 1)
        return None

    def _homeless(self, index: int, pac_id: str) -> Violation | None:
        """An event of a PAC of which no dispatch is open."""
        if index == VALIDATION:
            return None
        known = self._ended.get(pac_id)
        if known is not None:
            where = self._where(known)
            return Violation(
                _TYPE, f"{NAMES[index]} stands behind the end of its dispatch at {where}"
            )
        if index != END:
            self._adopt(pac_id)
            pac = self._open.get(pac_id)
            if pac is not None:
                pac.last = index
                pac.mask = 1 << index
                if index >= VALIDATION:
                    self._checkpoints.leave(pac)
        if self._excuses:
            self._excuses -= 1
            return None
        return Violation(_TYPE, f"{NAMES[index]} of {pac_id}, but no {NAMES[START]} before it")

    def _adopt(self, pac_id: str) -> None:
        """Go on with a dispatch whose beginning is not there, so that it is complained of once."""
        if len(self._open) >= MAX_OPEN:
            return
        pac = self._open[pac_id] = OpenPac(pac_id, 0, self._lost)
        pac.adopted = True
        self._checkpoints.enter(pac, known=False)

    def _checkpoint(self, data: Mapping[str, Any]) -> Violation | None:
        found = self._checkpoints
        last = next(iter(self._open.values())) if len(self._open) == 1 else None
        if found.windows:
            only = found.only
            said = found.take(data, "" if only is None else self._where(only.line))
        elif last is not None and last.alone:
            said = found.belongs(last, data, self._where(last.line))
        elif self._excuses:
            return None
        elif self._open:
            behind = f"the {NAMES[VALIDATION]} of every open dispatch"
            said = f"{data['checkpoint_id']} stands behind {behind}"
        else:
            said = f"{data['checkpoint_id']} stands in no dispatch: no {NAMES[START]} before it"
        return None if said is None else Violation("/data/checkpoint_id", said)

    def _end(self, number: int, pac: OpenPac) -> None:
        if pac.ended < pac.opened:
            return
        self._checkpoints.leave(pac)
        del self._open[pac.pac_id]
        if not self._open:
            self._checkpoints.over()
        self._ended[pac.pac_id] = number
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def _where(self, number: int) -> str:
        return f"/events/{number}" if self._one_dispatch else f"line {number}"
