"""What an inbox must not be made to do: open what is no file, follow links, obey names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from prefect.artifacts import Artifact

from tests.flow.documents import document
from tests.flow.inboxes import Judged, inbox, judged, lying_in, swept, swept_alone
from tests.flow.working import runs_of

__all__ = ["inbox", "judged"]


async def test_what_is_no_file_is_never_opened(judged: Judged, inbox: Path, home: Path) -> None:
    """A link is moved as itself; folders and hidden files are left alone; a pipe blocks nobody."""
    secret = home / "secret.json"
    secret.write_text(document())
    (inbox / "link.json").symlink_to(secret)
    (inbox / "dangling.json").symlink_to("/nowhere")
    (inbox / "to-folder").symlink_to(home)
    os.mkfifo(inbox / "pipe.json")
    (inbox / "folder.json").mkdir()
    (inbox / "folder.json" / "inside.json").write_text(document())
    (inbox / ".hidden.json").write_text(document())
    assert await swept_alone() == "Completed: 4 unreadable"
    assert (inbox / "unreadable" / "link.json").readlink() == secret
    assert secret.exists()
    told = (inbox / "unreadable" / "link.json.error.txt").read_text()
    assert "symbolic link" in told
    assert "no regular file" in (inbox / "unreadable" / "pipe.json.error.txt").read_text()
    assert (inbox / "folder.json" / "inside.json").exists()
    assert (inbox / ".hidden.json").exists()
    assert await runs_of(*judged) == []
    assert await swept_alone() == "Completed: nothing arrived"


async def test_a_target_folder_that_is_a_link_is_refused(
    judged: Judged, inbox: Path, home: Path
) -> None:
    """Nothing is moved to where somebody made it lead; and nothing is taken."""
    (home / "elsewhere").mkdir()
    (inbox / "done").symlink_to(home / "elsewhere")
    (inbox / "a.json").write_text(document())
    assert "done is not a folder" in await swept_alone()
    assert lying_in(home / "elsewhere") == []
    assert await runs_of(*judged) == []


async def test_a_name_that_is_hostile_is_only_a_name(judged: Judged, inbox: Path) -> None:
    """Bytes that are no text, line ends, markup, and a name as long as there can be."""
    names = [
        b"\xff\xfe.json",
        b"two\nlines.json",
        b"[link](http:x)<b>.json",
        b"x" * 250 + b".json",
        b"-rf",
        "na\u0308me\u202e.json".encode(),
    ]
    contents = {name: document() for name in names}
    for name, text in contents.items():
        (inbox / os.fsdecode(name)).write_text(text)
    assert await swept(judged) == "Completed: 6 done"
    lying = {path.read_text() for path in (inbox / "done").iterdir()}
    assert set(contents.values()) <= lying
    assert len(lying) == 12
    table = await Artifact.aget("pac-inbox")
    assert table is not None
    assert "\\u202e" in json.loads(str(table.data))[0]["file"][0] or "u202e" in str(table.data)
