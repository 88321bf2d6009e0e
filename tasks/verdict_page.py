"""What a person sees in the Prefect UI: the verdict as Markdown, and the events as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from benson_execution.dispatch import Dispatch
from benson_execution.events import Event, EventType
from benson_execution.outcome import Outcome
from benson_execution.proof.heads import Head
from benson_execution.text import markdown, nearby, plain
from benson_execution.timeline import gist, milliseconds

_MARKS: Final = {"PASS": "PASS", "FAIL": "**FAIL**"}
_HARMLESS: Final = re.compile(r"(?!\d+[.)])(?:\w(?:[\w ,.;()'%-]|: |/(?!/))*)?")


def verdict_page(dispatch: Dispatch, events: Sequence[Event], outcome: Outcome, head: Head) -> str:
    """The verdict in one screen: what, why, each checkpoint, the timeline, and the signed head."""
    pac = dispatch.document.pac
    lines = [f"## {outcome.status}: {markdown(pac.pac_id)}", ""]
    if outcome.wrap_id is None:
        lines += [f"**{markdown(outcome.reason or 'the dispatch was interrupted')}**", ""]
    lines += [f"- {markdown(str(violation))}" for violation in outcome.violations[:20]]
    wrap = f"WRAP {markdown(outcome.wrap_id)}" if outcome.wrap_id else "no WRAP"
    lines += [
        "",
        # A word of ours first: a line that begins with theirs could be a heading, or a list.
        f"Agent {markdown(pac.agent_name)} ({pac.agent_gid}), {wrap}.",
        "",
        "| checkpoint | name | verdict | details |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {e.data.checkpoint_id} | {markdown(e.data.checkpoint_name)} "
        f"| {_MARKS[e.data.status]} | {markdown(e.data.details)} |"
        for e in events
        if e.event_type == EventType.CHECKPOINT
    ]
    lines += ["", "| ms | event | what |", "|---:|---|---|"]
    lines += [
        f"| {ms:.0f} | {markdown(e.event_type)} | {markdown(gist(e))} |"
        for e, ms in zip(events, milliseconds(events), strict=True)
    ]
    lines += [
        "",
        f"Dispatch `{dispatch.ref.dispatch_id}`, document SHA-256 `{dispatch.document.sha256}`.",
    ]
    if outcome.artifact_path is not None:
        lines.append(f"Artifact: {markdown(nearby(outcome.artifact_path))}")
    # The head stands here too because the trail's database is somewhere else.
    lines += ["", f"Signed head of {head.size} closed dispatches:", "", "```"]
    lines += [head.note.decode().rstrip()]
    return "\n".join([*lines, "```"])


def events_table(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One row per event; foreign text on one line and without control characters."""
    return [
        {
            "#": number,
            "timestamp": event.timestamp,
            "event_type": _cell(event.event_type),
            "phase": _cell(str(event.data.get("phase", ""))),
            "what": _cell(gist(event)),
        }
        for number, event in enumerate(events, start=1)
    ]


def _cell(text: str) -> str | list[str]:
    """A cell of foreign text; one UI of Prefect's renders strings as Markdown, but no lists."""
    shown = plain(text)
    harmless = _HARMLESS.fullmatch(shown) and "www." not in shown.lower()
    return shown if harmless else [shown]
