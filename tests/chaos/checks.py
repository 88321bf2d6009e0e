"""What must be true of a run that was killed, once it was recovered; pure, and tested itself."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tests.chaos.warm import Said

END: Final = "PAC_DISPATCH_END"
WRAP: Final = "WRAP_GENERATION"
NOTHING: Final = "nothing is unfinished\n"


class Fact(NamedTuple):
    """An event as it was acknowledged, or as it is stored."""

    dispatch_id: str
    position: int
    sequence: int
    key: str | None
    content: str
    """The bytes of the event, in Base64."""
    chain: str

    @property
    def data(self) -> dict[str, Any]:
        """The payload."""
        found: dict[str, Any] = json.loads(base64.b64decode(self.content))["data"]
        return found


@dataclass(frozen=True)
class Left:
    """What there is after a kill, and what became of it."""

    acknowledged: list[Fact]
    """What the killed process knew to be recorded."""
    found: list[Fact]
    """What was recorded when it was dead."""
    recovered: Said
    """The first `benson recover`."""
    kept: list[Fact]
    """What is recorded in the end."""
    again: Said
    """The second `benson recover`."""
    verified: Said
    """`benson verify`."""
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    """Each artifact that is there, by its dispatch; None for one that can't be read."""
    artifacts_verified: Said | None = None
    """`benson verify ARTIFACT...`."""

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each dispatch that is closed."""
        return {f.dispatch_id: str(f.data["status"]) for f in self.kept if f.key == END}


def violations(left: Left) -> list[str]:
    """Everything that is not as it must be; empty when all is well."""
    return [*_of_recording(left), *_of_closing(left), *_of_artifacts(left), *_of_commands(left)]


def _of_recording(left: Left) -> Iterator[str]:
    for fact in left.acknowledged:
        if fact not in left.found:
            yield f"{fact.key} was acknowledged, and is not in the trail"
    for fact in left.found:
        if fact not in left.kept:
            yield f"{fact.key} was in the trail, and is no more"
    for (_, key), count in Counter((f.dispatch_id, f.key) for f in left.kept).items():
        if count > 1:
            yield f"{key} is {count} times in the trail"
    for dispatch_id in dict.fromkeys(f.dispatch_id for f in left.kept):
        sequences = [f.sequence for f in left.kept if f.dispatch_id == dispatch_id]
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"the events of {dispatch_id} count {sequences}"


def _of_closing(left: Left) -> Iterator[str]:
    ended = {f.dispatch_id for f in left.found if f.key == END}
    for dispatch_id in dict.fromkeys(f.dispatch_id for f in left.kept):
        status = left.statuses.get(dispatch_id)
        wraps = [
            f.data["wrap_id"]
            for f in left.kept
            if (f.dispatch_id, f.key) == (dispatch_id, WRAP) and not f.data["blocked"]
        ]
        if status is None:
            yield f"{dispatch_id} is still open"
        elif dispatch_id not in ended and status != "FAILED":
            yield f"{dispatch_id} had no end, and was closed as {status}"
        if (status == "COMPLETED") != bool(wraps):
            yield f"{dispatch_id} is {status}, and has the WRAPs {wraps}"
        new = [f.key for f in left.kept if f.dispatch_id == dispatch_id and f not in left.found]
        if new != ([] if dispatch_id in ended else [END]):
            yield f"recovery added {new} to {dispatch_id}"
    for dispatch_id in {f.dispatch_id for f in left.kept} - {f.dispatch_id for f in left.found}:
        yield f"recovery made up {dispatch_id}"


def _of_artifacts(left: Left) -> Iterator[str]:
    for dispatch_id, status in left.statuses.items():
        artifact = left.artifacts.get(dispatch_id)
        if artifact is None:
            yield f"{dispatch_id} is {status}, and has no artifact"
        elif artifact["dispatch"]["status"] != status:
            said = artifact["dispatch"]["status"]
            yield f"{dispatch_id} is {status}, and its artifact says {said}"
    for dispatch_id in left.artifacts.keys() - left.statuses.keys():
        yield f"there is an artifact of {dispatch_id}, which is not closed"
    if left.artifacts and (left.artifacts_verified is None or left.artifacts_verified.code):
        yield f"an artifact is not verified: {left.artifacts_verified}"


def _of_commands(left: Left) -> Iterator[str]:
    if left.recovered.code:
        yield f"recovery failed: {left.recovered}"
    if left.again != Said(0, NOTHING):
        yield f"a second recovery found something to do: {left.again}"
    if left.verified.code or not left.verified.output.startswith("VERIFIED"):
        yield f"the trail is not verified: {left.verified}"
