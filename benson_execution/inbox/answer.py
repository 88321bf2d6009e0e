"""What is written beside a file that is done with: its artifact, or why there is none."""

from __future__ import annotations

from typing import Final

import orjson

from benson_execution.artifact import artifact_path, build_artifact
from benson_execution.evidence import Evidence
from benson_execution.inbox.folder import Beside
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.trail.port import DispatchRef, FileMove, Trail

_MAX_LINE: Final = 2000


def artifact_beside(trail: Trail, settings: Settings, ref: DispatchRef) -> Beside:
    """The artifact of a closed dispatch: a copy of the file, or the same made from the trail.

    Where runs are on another machine, their artifacts folder may be there too. Raises
    `ArtifactNotWritten` for ids that name no file, `TrailIncomplete` and `TrailUnavailable`.
    """
    path = artifact_path(settings.artifacts_folder, ref.pac_id, ref.dispatch_id)
    try:
        content = path.read_bytes()
    except OSError:
        # Nobody here saw it begin.
        evidence = Evidence.of(trail, ref.dispatch_id, duration_estimated=True)
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        content = orjson.dumps(build_artifact(evidence), option=options)
    return Beside(".artifact.json", content)


def error_beside(*lines: str) -> Beside:
    """Why a file was not judged, a sentence in each line; foreign text shows as it is, escaped."""
    text = "".join(f"{plain(line, _MAX_LINE)}\n" for line in lines)
    return Beside(".error.txt", text.encode(errors="backslashreplace"))


def repeated(move: FileMove) -> Beside:
    """The same file was here before."""
    run = "no run judged it" if move.run_id is None else f"run {move.run_id} judged it"
    return error_beside(
        "this very content was here before, under this very name, and is not taken twice",
        f"{run}; it lies at {move.target} since {move.moved_at}",
    )
