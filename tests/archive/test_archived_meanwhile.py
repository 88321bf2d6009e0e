"""A document that was handed in, and archived with an old dispatch before its run began."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benson_execution import Settings
from benson_execution.errors import UnreadableDocument
from benson_execution.trail import Batch
from flows.lifecycle import Given, read_document
from tests.verification.honest import EXAMPLES

from .made import Made


def settings_of(made: Made, tmp_path: Path) -> Settings:
    """Of a worker that has the trail's key."""
    key = tmp_path / "given.pem"
    made.ring.keys[0].write(key)
    return Settings(home=made.home, trail_url=str(made.trail.database.url), signing_key=key)


def test_a_run_finds_the_document_that_it_was_given(in_sqlite: Made, tmp_path: Path) -> None:
    """It is in the archive by then, and in no table: the run judges it all the same."""
    content = (EXAMPLES / "PAC-DAN-P44.json").read_bytes()
    sha256 = next(in_sqlite.trail.events()).dispatch.document_sha256
    assert sha256 is not None
    in_sqlite.trail.append(Batch(documents=((sha256, content),)))
    in_sqlite.archive()
    assert in_sqlite.trail.document(sha256) is None
    settings = settings_of(in_sqlite, tmp_path)
    read = read_document(Given(document_digest=sha256), "a-run", settings)
    assert read.content == content
    assert json.loads(read.content)["pac"]["pac_id"] == read.pac.pac_id


def test_what_nobody_has_is_refused(in_sqlite: Made, tmp_path: Path) -> None:
    """Neither the tables nor an archive."""
    in_sqlite.archive()
    with pytest.raises(UnreadableDocument, match="has no document"):
        read_document(Given(document_digest="ab" * 32), "a-run", settings_of(in_sqlite, tmp_path))
