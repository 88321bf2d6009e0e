"""Short ways to have a document judged and explained."""

from __future__ import annotations

import json
from typing import Any

from benson_execution import MemoryTrail
from benson_execution.insight.explanation import Explanation, explain_recorded
from benson_execution.insight.finding import Finding
from tests.cli.documents import document
from tests.library.helpers import engine


def judged(content: bytes, trail: MemoryTrail | None = None) -> Explanation:
    """The latest dispatch of a trail in which this was judged, explained."""
    trail = MemoryTrail() if trail is None else trail
    outcome = engine(trail).execute_pac(content)
    return explain_recorded(trail, list(trail.events(dispatch_id=outcome.dispatch_id)))


def of(**changes: Any) -> Explanation:
    """A document that passes, but for these changes, judged and explained."""
    return judged(json.dumps(document(**changes)).encode())


def only(explained: Explanation) -> Finding:
    """The one thing that kept it from passing."""
    assert explained.status == "BLOCKED"
    (finding,) = explained.findings
    return finding


def explained(trail: MemoryTrail, number: int = -1) -> Explanation:
    """The latest dispatch of a trail, or the one at this place."""
    names = list(dict.fromkeys(stored.dispatch.dispatch_id for stored in trail.events()))
    return explain_recorded(trail, list(trail.events(dispatch_id=names[number])))


def told(one: Explanation) -> tuple[str, str, str]:
    """The cause, what was found, and the fix, of the one thing that kept it from passing."""
    (finding,) = one.findings
    assert one.status != "COMPLETED"
    return finding.cause, finding.what, finding.fix
