"""What a person sees in the Prefect UI: the verdict as Markdown, and the events as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benson_execution.dispatch import Dispatch
from benson_execution.events import Event, EventType
from benson_execution.outcome import Outcome
from benson_execution.text import markdown, plain
from benson_execution.timeline import gist, milliseconds_between


def verdict_page(dispatch: Dispatch, events: Sequence[Event], path: Path) -> str:
    """The verdict in one screen: what, why, each checkpoint, and the timeline."""
    outcome = Outcome.of(dispatch.ref.dispatch_id, dispatch.ref.pac_id, events)
    pac = dispatch.document.pac
    wrap = f"WRAP {markdown(outcome.wrap_id)}" if outcome.wrap_id else "no WRAP"
    lines = [
        f"# {outcome.status}: {markdown(pac.pac_id)}",
        "",
        f"**{markdown(pac.agent_name)} ({pac.agent_gid})**, {wrap}.",
    ]
    if outcome.wrap_id is None:
        lines.append(f"Why: {markdown(outcome.reason or 'the dispatch was interrupted')}.")
    lines += ["", "| checkpoint | | verdict | details |", "|---|---|---|---|"]
    lines += [
        f"| {e.data.checkpoint_id} | {markdown(e.data.checkpoint_name)} "
        f"| **{e.data.status}** | {markdown(e.data.details)} |"
        for e in events
        if e.event_type == EventType.CHECKPOINT
    ]
    lines += ["", "| ms | event | |", "|---:|---|---|"]
    lines += [
        f"| {milliseconds_between(events[0], e):.1f} "
        f"| {markdown(e.event_type)} | {markdown(gist(e))} |"
        for e in events
    ]
    lines += [
        "",
        f"Dispatch `{dispatch.ref.dispatch_id}`, document SHA-256 `{dispatch.document.sha256}`.",
        f"Artifact: {markdown(str(path))}",
    ]
    return "\n".join(lines)


def events_table(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One row per event; foreign text on one line and without control characters."""
    return [
        {
            "#": number,
            "timestamp": event.timestamp,
            "event_type": plain(event.event_type),
            "phase": plain(str(event.data.get("phase", ""))),
            "what": plain(gist(event)),
        }
        for number, event in enumerate(events, start=1)
    ]
