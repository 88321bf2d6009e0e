"""`benson schema`: the published JSON Schemas."""

from __future__ import annotations

import json
from pathlib import Path

from .command import Benson

SCHEMAS = Path(__file__).parents[2] / "schemas"


def test_without_a_name_they_are_listed(benson: Benson) -> None:
    """One line each, and nothing is made for it."""
    answer = benson("schema")
    assert (answer.code, answer.err) == (0, "")
    names = [line.split()[0] for line in answer.out.splitlines()]
    assert sorted(names) == sorted(
        p.name.removesuffix(".schema.json") for p in SCHEMAS.glob("*.json")
    )
    assert all(len(line) < 120 for line in answer.out.splitlines())
    assert not benson.home.exists()


def test_one_is_printed_as_it_is_published(benson: Benson) -> None:
    """Byte for byte, whoever asks."""
    answer = benson("schema", "event")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (SCHEMAS / "event.schema.json").read_text(encoding="utf-8")
    assert json.loads(answer.out)["title"] == "Event"


def test_all_are_written_into_a_folder(benson: Benson, tmp_path: Path) -> None:
    """Which is made; the files are those that are published."""
    folder = tmp_path / "a" / "b"
    assert benson("schema", "--all", folder) == (0, "", "")
    written = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert written == {p.name: p.read_bytes() for p in SCHEMAS.glob("*.json")}


def test_a_wrong_name_is_refused_and_a_close_one_is_guessed(benson: Benson) -> None:
    answer = benson("schema", "evnt")
    assert (answer.code, answer.out) == (2, "")
    assert "there is no schema 'evnt' (did you mean 'event'?)" in answer.err
    assert benson("schema", "event", "--all", "x").code == 2


def test_a_folder_that_can_not_be_made_is_told(benson: Benson, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = benson("schema", "--all", tmp_path / "file" / "x")
    assert answer.code == 2
    assert "can't be written: Not a directory" in answer.err
