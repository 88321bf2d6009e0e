"""`benson show`: one PAC's story."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer
from rich.text import Text

from benson_execution.artifact import artifact_path
from benson_execution.cli.inputs import resolve_pac
from benson_execution.cli.output import MAX_LINE, out, print_outcome, reader_may_leave
from benson_execution.document import Document
from benson_execution.errors import ArtifactNotWritten, BadInput, TrailUnavailable
from benson_execution.events import EventType
from benson_execution.outcome import Outcome
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.timeline import gist, milliseconds
from benson_execution.trail import StoredEvent, Trail, open_trail


def show(
    pac_id: Annotated[
        str, typer.Argument(metavar="PAC_ID", help="The PAC, or the beginning of its id.")
    ],
) -> None:
    """Tell one PAC's story: every dispatch with its timeline, its verdicts, and why it was refused.

    [dim]benson show PAC-DAN-P44[/]
    """
    settings = Settings.load()
    trail = open_trail(settings, read_only=True)
    dispatches: dict[str, list[StoredEvent]] = {}
    for stored in trail.events(pac_id=resolve_pac(trail, pac_id)):
        dispatches.setdefault(stored.dispatch.dispatch_id, []).append(stored)
    with reader_may_leave():
        for number, events in enumerate(dispatches.values(), start=1):
            if number > 1:
                out().print()
            _tell(f"dispatch {number} of {len(dispatches)}", events, trail, settings)


def _tell(title: str, stored: Sequence[StoredEvent], trail: Trail, settings: Settings) -> None:
    ref = stored[0].dispatch
    events = [s.event for s in stored]
    console = out()
    console.print(Text(f"{title}: {plain(ref.dispatch_id)}", style="bold"))
    for event, ms in zip(events, milliseconds(events), strict=True):
        text = f"  {ms:>8.1f} ms  {plain(event.event_type):<24} {plain(gist(event), MAX_LINE)}"
        console.print(Text(text.rstrip()))
    is_open = all(e.event_type != EventType.PAC_DISPATCH_END for e in events)
    if is_open:
        console.print(Text("  still open: it has no PAC_DISPATCH_END", style="yellow"))
        return
    content = None if ref.document_sha256 is None else trail.document(ref.document_sha256)
    try:
        document = None if content is None else Document.read(content, limit=len(content))
    except BadInput as error:  # it was readable when the dispatch began
        raise TrailUnavailable(
            f"the document of {plain(ref.dispatch_id)} can't be read any more: {error.message}",
            "`benson verify` says what was changed",
        ) from None
    shown = None
    with suppress(ArtifactNotWritten):  # ids that name no file have none
        path = artifact_path(settings.artifacts_folder, ref.pac_id, ref.dispatch_id)
        shown = path if path.exists() else None
    print_outcome(Outcome.of(ref.dispatch_id, ref.pac_id, events, shown, document))
