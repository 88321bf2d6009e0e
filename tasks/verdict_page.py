"""What a person sees in the Prefect UI: the verdict as Markdown, and the events as a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from benson_execution.events import Event
from benson_execution.insight.explanation import Explanation
from benson_execution.insight.finding import Finding
from benson_execution.proof.heads import Head
from benson_execution.text import enumerate_some, markdown, nearby, plain
from benson_execution.timeline import gist

_MARKS: Final = {"PASS": "PASS", "FAIL": "**FAIL**"}
_HARMLESS: Final = re.compile(r"(?!\d+[.)])(?:\w(?:[\w ,.;()'%-]|: |/(?!/))*)?")
_MOST: Final = 10
"""How many violations and fixes are told, each; there may be a thousand."""
_MOMENTS: Final = 40
"""How many events are told; a dispatch that somebody added to may have more."""
_PLACES: Final = 3
_MAX_CELL: Final = 500
"""How many characters of foreign text a cell or an item has."""


def verdict_page(explained: Explanation, document_sha256: str, head: Head) -> str:
    """The verdict on one screen: what, why, what would do, each checkpoint, and the timeline."""
    outcome = explained.outcome
    lines = [f"## {outcome.status}: {markdown(outcome.pac_id)}", ""]
    if outcome.wrap_id is None:
        lines += [f"**{markdown(outcome.reason or 'the dispatch was interrupted')}**", ""]
    lines += [*_remedies(explained), ""]
    wrap = f"WRAP {markdown(outcome.wrap_id)}" if outcome.wrap_id else "no WRAP"
    # A word of ours first: a line that begins with theirs could be a heading, or a list.
    lines += [f"Agent {markdown(explained.agent or 'unknown')}, {wrap}.", ""]
    lines += [*_checks(explained), "", *_timeline(explained), ""]
    lines += [f"Note: {markdown(note)}" for note in explained.notes]
    lines.append(f"Dispatch `{outcome.dispatch_id}`, document SHA-256 `{document_sha256}`.")
    if outcome.artifact_path is not None:
        lines.append(f"Artifact: {markdown(nearby(outcome.artifact_path))}")
    # The head stands here too because the trail's database is somewhere else.
    lines += ["", f"Signed head of {head.size} closed dispatches:", "", "```"]
    lines += [head.note.decode().rstrip()]
    return "\n".join([*lines, "```"])


def _remedies(explained: Explanation) -> Iterator[str]:
    """What is wrong with the result's form, place by place, and what would make all of it pass."""
    violations, findings = explained.outcome.violations, explained.findings
    if violations:
        yield from ["Violations of the schema:", ""]
        yield from (f"- {_short(str(violation))}" for violation in violations[:_MOST])
        if (left := len(violations) - _MOST) > 0:
            yield f"- and {left} more; the artifact has all"
        yield ""
    if findings:
        yield from ["What would make it pass:", ""]
        yield from (_item(finding) for finding in findings[:_MOST])
        if (left := len(findings) - _MOST) > 0:
            yield f"- and {left} more; `benson show --json` has all"


def _item(finding: Finding) -> str:
    unnamed = [place for place in finding.where if place not in finding.fix]
    more = max(len(unnamed) - _PLACES, 0) + finding.more
    places = [_short(place) for place in unnamed[:_PLACES]]
    at = f" (at {enumerate_some(places, more=more)})" if places else ""
    return f"- **{markdown(finding.cause)}** {_short(finding.fix)}{at}"


def _checks(explained: Explanation) -> Iterator[str]:
    """Each gate by its name in words, which may be broken: the page is half a window wide."""
    yield "| checkpoint | verdict | expected | found |"
    yield "|---|---|---|---|"
    for check in explained.checks:
        name = check.checkpoint_name.replace("_", " ").lower()
        number = "" if check.checkpoint_id == check.checkpoint_name else f"{check.checkpoint_id} "
        found = check.actual or check.details
        told = f"{_short(check.expected or '')} | {_short(found)}"
        yield f"| {markdown(number + name)} | {_MARKS.get(check.status, '')} | {told} |"


def _timeline(explained: Explanation) -> Iterator[str]:
    yield "| ms | + ms | event | what |"
    yield "|---:|---:|---|---|"
    for moment in explained.moments[:_MOMENTS]:
        times = f"{moment.at_ms:.0f} | {moment.after_ms:.1f}"
        yield f"| {times} | {markdown(moment.event_type)} | {_short(moment.gist)} |"


def _short(text: str) -> str:
    return markdown(text, _MAX_CELL)


def events_table(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One row per event; foreign text on one line and without control characters."""
    return [
        {
            "#": number,
            "timestamp": event.timestamp,
            "event_type": cell(event.event_type),
            "phase": cell(str(event.data.get("phase", ""))),
            "what": cell(gist(event)),
        }
        for number, event in enumerate(events, start=1)
    ]


def cell(text: str) -> str | list[str]:
    """A cell of foreign text; one UI of Prefect's renders strings as Markdown, but no lists."""
    shown = plain(text)
    harmless = _HARMLESS.fullmatch(shown) and "www." not in shown.lower()
    return shown if harmless else [shown]
