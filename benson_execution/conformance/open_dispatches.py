"""What is kept of the dispatches that are open while their events go by: small, and per PAC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from benson_execution.events import CHECKPOINT_NAMES, EventType

NAMES: Final = (
    EventType.PAC_DISPATCH_START.value,
    EventType.AGENT_EXECUTION_START.value,
    *CHECKPOINT_NAMES,
    EventType.SCHEMA_VALIDATION.value,
    EventType.AGENT_EXECUTION_END.value,
    EventType.BER_GENERATION_DECISION.value,
    EventType.WRAP_GENERATION.value,
    EventType.PAC_DISPATCH_END.value,
)
"""What a dispatch that is judged to its end leaves, in this order."""
INDEX: Final = {name: index for index, name in enumerate(NAMES) if name not in CHECKPOINT_NAMES}
CHECKPOINT_INDEX: Final = {name: NAMES.index(name) for name in CHECKPOINT_NAMES}
START, EXECUTION, FIRST_GATE, LAST_GATE, VALIDATION, HANDED_OVER, DECISION, WRAP, END = (
    0, 1, 2, 5, 6, 7, 8, 9, 10,
)  # fmt: skip
_GATES: Final = range(FIRST_GATE, LAST_GATE + 1)
_STATUS: Final = "/data/status"

Said = tuple[str, str] | None
"""Where in the event, and what; None where there is nothing to say."""


class OpenPac:
    """A PAC of which a dispatch is open, or several: then only their numbers are known."""

    __slots__ = (
        "adopted", "alone", "completed", "counts", "eligible", "ended", "epoch", "failures", "gid",
        "handed_over", "last", "line", "mask", "opened", "pac_id", "stamp", "told", "unfailed",
        "windows", "wraps",
    )  # fmt: skip

    def __init__(self, pac_id: str, line: int, epoch: int) -> None:
        self.pac_id = pac_id
        self.line = line
        """Where its newest dispatch began."""
        self.epoch = epoch
        """How many events had been lost by then."""
        self.adopted = False
        """Whether its beginning is not known."""
        self.stamp: str | None = None
        self.gid: int | None = None
        """The agent's hash: an agent's name for itself may be of any length."""
        self.opened = 1
        self.ended = 0
        self.windows = 0
        """How many of its dispatches may still take a checkpoint."""
        self.alone = False
        """Whether every checkpoint since its START was its own."""
        self.mask = 1
        """The events that it has, a bit each."""
        self.last = START
        self.failures: list[str] = []
        self.eligible: bool | None = None
        self.handed_over: str | None = None
        self.wraps = 0
        self.told = False
        """Whether it was said already that it claims what it has not earned."""
        self.counts: list[int] = []
        self.unfailed = 0
        self.completed = 0

    def take(self, index: int, where: str) -> str | None:
        """Note an event of the one dispatch, unless it has no place there any more."""
        bit = 1 << index
        if self.mask & bit:
            return f"{NAMES[index]} stands twice in the dispatch that begins at {where}"
        self.mask |= bit
        if index < self.last:
            return f"{NAMES[index]} stands after {NAMES[self.last]}"
        self.last = index
        return None

    def missing(self, before: int) -> list[str]:
        """The events that the one dispatch lacks; its checkpoints only if they are known."""
        return [
            NAMES[index]
            for index in range(before)
            if not self.mask >> index & 1 and (self.alone or index not in _GATES)
        ]

    def contradiction(self, index: int, data: Mapping[str, Any]) -> Said:
        """What an event of the one dispatch says against those before it, which it then joins."""
        return _CONTRADICTIONS[index](self, data)

    def on_execution(self, data: Mapping[str, Any]) -> Said:
        if self.gid is None or hash(data["agent_gid"]) == self.gid:
            return None
        return "/data/agent_gid", "another agent than the one that it was dispatched to"

    def on_validation(self, data: Mapping[str, Any]) -> Said:
        if not data["valid"]:
            self.failures.append(f"SCHEMA_VALIDATION says {data['error_code']}")
        return None

    def on_handover(self, data: Mapping[str, Any]) -> Said:
        self.handed_over = data["status"]
        refusals = [f for f in self.failures if f.startswith(("CP-01", "SCHEMA"))]
        if refusals and self.handed_over == "COMPLETED":
            return _STATUS, f"COMPLETED, but {refusals[0]}"
        return self.on_execution(data)

    def on_decision(self, data: Mapping[str, Any]) -> Said:
        self.eligible = data["eligible"]
        if self.eligible and (why := self._unearned(DECISION)):
            self.told = True
            return "/data/eligible", f"eligible, but {why}"
        return None

    def on_wrap(self, data: Mapping[str, Any]) -> Said:
        if data["blocked"]:
            return None
        self.wraps += 1
        if self.eligible is False:
            self.told = True
            return _STATUS, "WRAP_GENERATED, but BER_GENERATION_DECISION says not eligible"
        return None

    def on_end(self, data: Mapping[str, Any]) -> Said:
        status = data["status"]
        if status != "COMPLETED" and self.wraps:
            return _STATUS, f"{status}, but WRAP_GENERATION says WRAP_GENERATED"
        why = None
        if status == "COMPLETED" and not self.told:
            why = self._unearned(END)
            if why is None and self.eligible is False:
                why = "BER_GENERATION_DECISION says not eligible"
            elif why is None and not self.wraps:
                why = "WRAP_GENERATION says WRAP_BLOCKED"
            elif why is None and self.handed_over != "COMPLETED":
                why = f"AGENT_EXECUTION_END says {self.handed_over}"
        elif status == "BLOCKED" and (lacks := self.missing(END)):
            why = f"{', '.join(lacks)} before it is missing: that is FAILED"
        return None if why is None else (_STATUS, f"{status}, but {why}")

    def _unearned(self, before: int) -> str | None:
        if lacks := self.missing(before):
            return f"{', '.join(lacks)} before it is missing"
        return self.failures[0] if self.failures else None

    def crowd(self) -> None:
        """Another dispatch of the PAC begins while one is open: from now on they are counted."""
        if self.opened == 1:
            self.counts = [self.mask >> index & 1 for index in range(len(NAMES))]
        self.opened += 1
        self.alone = False

    def count(self, index: int, data: Mapping[str, Any]) -> Said:
        """Count an event of one of the PAC's open dispatches, unless none of them can take it."""
        counts = self.counts
        if counts[index] >= self.opened:
            times = f"{NAMES[index]} for {_times(counts[index] + 1)}"
            return "/event_type", f"{times}, where {self.opened} dispatches of the PAC were open"
        counts[index] += 1
        if index == WRAP and not data["blocked"]:
            self.wraps += 1
            if self.wraps > 1:
                return _STATUS, "WRAP_GENERATED for the second time: a PAC has one WRAP"
        if index != END:
            return None
        status = data["status"]
        self.ended += 1
        if status == "FAILED":
            return None
        self.unfailed += 1
        for needed in (EXECUTION, VALIDATION, HANDED_OVER, DECISION, WRAP):
            if counts[needed] < self.unfailed:
                return _STATUS, f"{status}, but no {NAMES[needed]} is left for it"
        self.completed += status == "COMPLETED"
        if self.completed > self.wraps:
            return _STATUS, "COMPLETED, but no WRAP_GENERATED is left for it"
        return None


class Checkpoints:
    """The checkpoints that go by, and the open dispatches that may take them.

    They say of no dispatch that they are its own. Where one alone can take them they are;
    otherwise they are counted.
    """

    def __init__(self) -> None:
        self.windows = 0
        """How many dispatches may take a checkpoint now."""
        self._since = 0
        """How many could at some time, since none could."""
        self._seen = [0] * len(NAMES)
        """How many checkpoints were taken since then."""
        self._passed = [0] * len(NAMES)
        self._all = [0] * len(NAMES)
        """How many there were, and how many of them passed, since no dispatch was open."""
        self._unfailed = self._completed = 0
        self.only: OpenPac | None = None
        """The PAC whose dispatch is the one that has taken them all since then."""

    def enter(self, pac: OpenPac, *, known: bool = True) -> None:
        """A dispatch of this PAC begins."""
        if self._since or not known:
            if self.only is not None:
                self.only.alone = False
                self.only = None
        else:
            self.only = pac
            pac.alone = True
        pac.windows += 1
        self.windows += 1
        self._since += 1

    def leave(self, pac: OpenPac) -> None:
        """No dispatch of this PAC takes a checkpoint any more."""
        if not pac.windows:
            return
        self.windows -= pac.windows
        pac.windows = 0
        if not self.windows:
            self._since = 0
            self._seen = [0] * len(NAMES)
            self.only = None

    def lost(self) -> None:
        """An event was lost: it may have been any checkpoint, and a START as well."""
        if self.only is not None:
            self.only.alone = False
            self.only = None
        self._since += 1
        self._all = [count + 1 for count in self._all]
        self._passed = [count + 1 for count in self._passed]

    def over(self) -> None:
        """No dispatch is open any more: what is counted from now on is of others."""
        self._all = [0] * len(NAMES)
        self._passed = [0] * len(NAMES)
        self._unfailed = self._completed = 0

    def take(self, data: Mapping[str, Any], where: str) -> str | None:
        """Let one of the open dispatches take it, unless none can."""
        index = CHECKPOINT_INDEX[data["checkpoint_id"]]
        if self.only is not None:
            return self.belongs(self.only, data, where)
        if self._seen[index] >= self._since:
            times = f"{NAMES[index]} for {_times(self._seen[index] + 1)}"
            return f"{times}, where {self._since} dispatches can have taken it"
        self._count(index, data)
        return None

    def belongs(self, pac: OpenPac, data: Mapping[str, Any], where: str) -> str | None:
        """Give it to the one dispatch that there is, even if it comes too late."""
        index = CHECKPOINT_INDEX[data["checkpoint_id"]]
        known = pac.mask
        said = pac.take(index, where)
        if pac.mask != known:
            if data["status"] == "FAIL":
                pac.failures.append(f"{NAMES[index]} says FAIL")
            self._count(index, data)
        return said

    def _count(self, index: int, data: Mapping[str, Any]) -> None:
        self._seen[index] += 1
        self._all[index] += 1
        self._passed[index] += data["status"] == "PASS"

    def unearned(self, status: str) -> str | None:
        """Which checkpoint a dispatch that ends with this status can't have had."""
        if status == "FAILED":
            return None
        self._unfailed += 1
        self._completed += status == "COMPLETED"
        for index in _GATES:
            if self._all[index] < self._unfailed:
                self._unfailed -= 1
                return f"{status}, but no {NAMES[index]} is left for it"
            if self._passed[index] < self._completed:
                self._completed -= 1
                return f"{status}, but no {NAMES[index]} that passed is left for it"
        return None


def _times(number: int) -> str:
    return {2: "the second time", 3: "the third time"}.get(number, f"the {number}th time")


_CONTRADICTIONS: Final[Mapping[int, Callable[[OpenPac, Mapping[str, Any]], Said]]] = {
    EXECUTION: OpenPac.on_execution,
    VALIDATION: OpenPac.on_validation,
    HANDED_OVER: OpenPac.on_handover,
    DECISION: OpenPac.on_decision,
    WRAP: OpenPac.on_wrap,
    END: OpenPac.on_end,
}
