"""Input that nothing can be judged by: exit code 2, one sentence, and no dispatch."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from .command import Benson
from .conftest import new_benson
from .documents import MISSING, document, save

TEXT: Final = json.dumps(document("PAC-DAN-P53-CLI-WRONG"), indent=1)


def put(text: str, before: str = '"quality_score"') -> str:
    """The good document with this text put in before a field; the text ends its own line."""
    return TEXT.replace(before, f"{text},\n  {before}", 1)


def line_of(text: str, part: str) -> int:
    """The line (from 1) on which a part of a text begins."""
    return text.count("\n", 0, text.index(part)) + 1


def nested(depth: int) -> str:
    """The good document with an artifact that nests this deep."""
    return put('"artifacts": {"a": ' + "[" * depth + "]" * depth + "}")


UNREADABLE: Final[dict[str, tuple[str | bytes, str]]] = {
    "empty.json": ("", "empty"),
    "blank.json": (" \n\t\n", "empty"),
    "not-json.json": ('{"pac": ', "not JSON"),
    "trailing-comma.json": (TEXT.replace("}", "},"), "not JSON"),
    "two-documents.json": (TEXT + TEXT, "not JSON"),
    "list.json": (f"[{TEXT}]", "a list of 1"),
    "number.json": ("7", "7"),
    "null.json": ("null", "null"),
    "prose.txt": ("Dear Benson, all is done.", "'Dear Benson, all is done.'"),
    "nan.json": (put('"x": NaN'), "NaN"),
    "infinity.json": (put('"x": -Infinity'), "-Infinity"),
    "huge-float.json": (put('"x": 1e999'), "1e999"),
    "huge-integer.json": (put('"x": 9007199254740993'), "9007199254740993"),
    "million-digits.json": (put(f'"x": {"9" * 1_000_000}'), "4300 digits"),
    "duplicate-key.json": (put('"quality_score": 1'), "'quality_score' stands twice"),
    "escaped-duplicate.json": (put('"quality\\u005fscore": 1'), "'quality_score' stands twice"),
    "byte-order-mark.json": (b"\xef\xbb\xbf" + TEXT.encode(), "byte-order mark"),
    "latin-1.json": (put('"notes": "caf\xe9"').encode("latin-1"), "not UTF-8"),
    "utf-16.json": (TEXT.encode("utf-16"), "not UTF-8"),
    "lone-surrogate.json": (put('"notes": "\\ud800"'), "no text"),
    "nul.json": (put('"notes": "\\u0000"'), "no text"),
    "control-character.json": (put('"notes": "\x01"'), "not JSON"),
    "too-deep.json": (nested(1000), "deep"),
    "far-too-deep.json": (nested(100_000), "deep"),
    "alias.yaml": ("pac: &p {}\nexecution_result: *p\n", "alias"),
    "tag.yaml": ("pac: !!python/object/apply:os.getcwd []\n", "tag"),
    "merge.yaml": ("pac:\n  a: 1\n  <<: {a: 2}\n", "merge keys"),
    "twice.yaml": ("pac:\n  a: 1\n  a: 2\n", "twice"),
    "several.yaml": ("pac: 1\n---\npac: 2\n", "not YAML"),
    "nan.yaml": ("pac: .nan\n", ".nan"),
    "number-key.yaml": ("7: seven\n", "not a string"),
    "too-deep.yaml": ("pac: " + "[" * 3000 + "]" * 3000, "deep"),
    "torn.yaml": ("pac: [1, 2\n", "not YAML"),
    "binary": (bytes(range(256)) * 8, "not UTF-8"),
}


INVALID_PACS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "lower-case-id": ({"pac_id": "pac-dan-1"}, "/pac_id"),
    "id-that-is-a-path": ({"pac_id": "PAC-../../etc"}, "/pac_id"),
    "long-id": ({"pac_id": "PAC-" + "A" * 125}, "/pac_id"),
    "id-with-line-end": ({"pac_id": "PAC-DAN-1\n"}, "/pac_id"),
    "short-gid": ({"agent_gid": "GID-7"}, "/agent_gid"),
    "no-name": ({"agent_name": ""}, "/agent_name"),
    "name-that-is-a-number": ({"agent_name": 7}, "/agent_name"),
    "tasks-that-are-no-list": ({"tasks": {}}, "/tasks"),
    "task-without-description": ({"tasks": [{"id": "T1"}]}, "/tasks/0/description"),
    "task-twice": ({"tasks": [{"id": "T1", "description": ""}] * 2}, "same id"),
    "rule-that-goes-up": ({"allowed_paths": ["../up"]}, "'../up'"),
    "rule-that-is-absolute": ({"forbidden_paths": ["/etc"]}, "'/etc'"),
    "rules-that-are-no-list": ({"forbidden_paths": "src/"}, "/forbidden_paths"),
    "wrap-in-the-pac": ({"wrap_id": "W"}, "/wrap_id"),
    **{
        f"without-{field}": ({field: MISSING}, f"/{field}: the required field is missing")
        for field in ("pac_id", "agent_gid", "agent_name", "tasks")
    },
}


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each of the files above, by name: all of them through one command."""
    folder = tmp_path_factory.mktemp("wrong")
    benson = new_benson(folder)
    contents: dict[str, Any] = {name: content for name, (content, _) in UNREADABLE.items()}
    for name, (changes, _) in INVALID_PACS.items():
        contents[name] = document(pac=changes)
    answer = benson("judge", *(save(folder, name, content) for name, content in contents.items()))
    assert (answer.code, answer.out) == (2, "")
    assert benson.recorded() == []
    return dict(zip(contents, answer.err.splitlines(), strict=True))


def assert_refused(benson: Benson, *args: str | Path, **options: Any) -> str:
    """Exit code 2, no answer, no dispatch in the trail; the one sentence that is said."""
    answer = benson(*args, **options)
    assert answer.code == 2, answer
    assert answer.out == ""
    (sentence,) = answer.err.splitlines()
    assert sentence.startswith("benson: ")
    assert benson.recorded() == []
    return sentence


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused_by_name(sentences: dict[str, str], name: str) -> None:
    """The sentence names the file and what is wrong with it, and is no longer than it must be."""
    assert sentences[name].startswith("benson: ")
    assert f"/{name}" in sentences[name]
    assert UNREADABLE[name][1] in sentences[name]
    assert len(sentences[name]) < 500


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("nan.json", "NaN"),
        ("huge-integer.json", "9007"),
        ("duplicate-key.json", '"quality_score": 0.9'),
        ("two-documents.json", "}{"),
        ("alias.yaml", "*p"),
        ("number-key.yaml", "7"),
        ("merge.yaml", "<<"),
        ("twice.yaml", "a: 2"),
    ],
)
def test_the_line_that_cannot_be_read_is_told(
    sentences: dict[str, str], name: str, part: str
) -> None:
    """Where it is known, it is the line on which the offending thing stands."""
    content, _ = UNREADABLE[name]
    assert isinstance(content, str)
    assert f"{name}, line {line_of(content, part)}: " in sentences[name]


@pytest.mark.parametrize("name", INVALID_PACS)
def test_an_invalid_pac_is_refused_with_file_line_and_field(
    sentences: dict[str, str], name: str
) -> None:
    """There is nothing to judge by, so there is no dispatch."""
    assert re.match(rf"benson: /.+/{name}, line \d+: the PAC is invalid: ", sentences[name])
    assert INVALID_PACS[name][1] in sentences[name]


@pytest.mark.parametrize("name", ["list.json", "binary"])
@pytest.mark.parametrize("command", ["judge", "run"])
def test_what_cannot_be_read_alone_has_exit_code_2(
    benson: Benson, tmp_path: Path, command: str, name: str
) -> None:
    """By either command, and without starting anything."""
    assert_refused(benson, command, save(tmp_path, name, UNREADABLE[name][0]))
    assert not (benson.home / "prefect").exists()


@pytest.mark.parametrize("command", ["judge", "run"])
def test_a_file_that_is_not_there_is_refused(benson: Benson, command: str) -> None:
    """By the name that was given."""
    told = assert_refused(benson, command, "nowhere.json")
    assert told.startswith("benson: nowhere.json: No such file")


@pytest.mark.parametrize("command", ["judge", "run"])
def test_a_directory_is_refused(benson: Benson, tmp_path: Path, command: str) -> None:
    """It holds no document."""
    assert f"{tmp_path}: Is a directory" in assert_refused(benson, command, tmp_path)


def test_a_directory_named_like_lines_is_refused(benson: Benson, tmp_path: Path) -> None:
    """Also where its name promises JSON Lines."""
    (tmp_path / "folder.jsonl").mkdir()
    assert "Is a directory" in assert_refused(benson, "judge", tmp_path / "folder.jsonl")


def test_a_document_beyond_the_limit_is_refused(benson: Benson, tmp_path: Path) -> None:
    """The sentence says what the limit is."""
    file = save(tmp_path, "large.json", document(result={"notes": "x" * 5000}))
    env = {"BENSON_MAX_DOCUMENT_BYTES": "5000"}
    assert "at most 5000" in assert_refused(benson, "judge", file, env=env)


@pytest.mark.parametrize("command", ["judge", "run"])
def test_a_pac_without_a_field_is_refused_with_the_line_of_the_pac(
    benson: Benson, tmp_path: Path, command: str
) -> None:
    """That is where the field is missing."""
    file = save(tmp_path, "missing.json", document(pac={"agent_name": MISSING}))
    sentence = assert_refused(benson, command, file)
    assert f"{file}, line {line_of(file.read_text(), 'pac')}: " in sentence
    assert "/agent_name: the required field is missing" in sentence


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_a_misspelt_field_of_a_pac_is_refused_with_file_line_and_field(
    benson: Benson, tmp_path: Path, kind: str
) -> None:
    """The line is that of the field, and what was probably meant is said."""
    text = put('"forbiden_paths": []', '"forbidden_paths"')
    if kind == "yaml":
        text = "# a PAC\npac:\n  pac_id: PAC-DAN-P53-CLI-WRONG\n  agent_gid: GID-07\n"
        text += "  agent_name: Dan\n  tasks: []\n  forbiden_paths: []\n"
    file = save(tmp_path, f"misspelt.{kind}", text)
    sentence = assert_refused(benson, "judge", file)
    assert f"{file}, line {line_of(text, 'forbiden_paths')}: " in sentence
    assert "/forbiden_paths" in sentence
    assert "did you mean 'forbidden_paths'?" in sentence


def test_everything_that_is_wrong_with_a_pac_is_told_at_once(
    benson: Benson, tmp_path: Path
) -> None:
    """One attempt is enough to mend it."""
    wrong = document(pac={"agent_gid": "7", "tasks": MISSING, "colour": "red"})
    sentence = assert_refused(benson, "judge", save(tmp_path, "wrong.json", wrong))
    for field in ("/agent_gid", "/tasks", "/colour"):
        assert field in sentence


@pytest.mark.parametrize("command", ["judge", "run"])
def test_a_bare_result_is_refused_and_told_what_it_lacks(
    benson: Benson, tmp_path: Path, command: str
) -> None:
    """Scope never comes from the agent: a result without a PAC is bad usage."""
    file = save(tmp_path, "result.json", document()["execution_result"])
    sentence = assert_refused(benson, command, file)
    assert "result.json, line 1: " in sentence
    assert "'pac'" in sentence
    assert "--pac" in sentence


def test_a_pac_beside_a_document_that_brings_its_own_is_refused(
    benson: Benson, tmp_path: Path
) -> None:
    """Nobody may choose between two of them."""
    whole = save(tmp_path, "whole.json", document())
    pac = save(tmp_path, "pac.json", document()["pac"])
    sentence = assert_refused(benson, "run", whole, "--pac", pac)
    assert "brings its own PAC" in sentence
    assert "whole.json" in sentence


def test_a_pac_file_that_is_wrong_is_refused(benson: Benson, tmp_path: Path) -> None:
    """Missing, or invalid: the sentence names the file of the PAC."""
    result = save(tmp_path, "result.json", document()["execution_result"])
    nowhere = assert_refused(benson, "run", result, "--pac", "nowhere.json")
    assert "nowhere.json: No such file" in nowhere
    pac = save(tmp_path, "pac.json", {"pac_id": "PAC-DAN-1"})
    assert "pac.json" in assert_refused(benson, "run", result, "--pac", pac)


def test_the_line_of_a_pac_file_is_told(benson: Benson, tmp_path: Path) -> None:
    """An operator with two files must know in which of them, and where."""
    result = save(tmp_path, "result.json", document()["execution_result"])
    text = json.dumps(document(pac={"colour": "red"})["pac"], indent=1)
    pac = save(tmp_path, "pac.json", text)
    sentence = assert_refused(benson, "run", result, "--pac", pac)
    assert f"{pac}, line {line_of(text, 'colour')}" in sentence


def test_two_inputs_cannot_both_be_standard_input(benson: Benson) -> None:
    """There is only one."""
    sentence = assert_refused(benson, "run", "-", "--pac", "-", stdin="{}")
    assert "standard input" in sentence


def test_a_wrong_standard_input_is_called_that(benson: Benson) -> None:
    """`-` is a name that nobody looks for in a message."""
    sentence = assert_refused(benson, "judge", "-", stdin='\n{"pac": NaN}')
    assert "standard input, line 2: NaN" in sentence


def test_a_file_name_with_a_preposition_keeps_its_line(benson: Benson, tmp_path: Path) -> None:
    """Whatever words a file's name is made of."""
    file = save(tmp_path, "result with notes.json", '\n{"pac": NaN}')
    assert "result with notes.json, line 2: NaN" in assert_refused(benson, "judge", file)


@pytest.mark.parametrize("options", [["judge"], ["judge", "--json"], ["run"], ["run", "--json"]])
def test_a_file_name_that_is_no_text_is_refused_like_any_other(
    benson: Benson, options: list[str]
) -> None:
    """A file system takes names that are not UTF-8."""
    answer = benson(*options, b"caf\xe9.json")
    assert answer.code == 2
    assert "caf" in answer.err
    assert "No such file" in answer.err


@pytest.mark.parametrize(
    "usage",
    [
        ["judge"],
        ["show"],
        ["judge", "--no-such-option", "x"],
        ["no-such-command"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_told_with_exit_code_2(benson: Benson, usage: list[str]) -> None:
    """And with the way to the help."""
    answer = benson(*usage)
    assert answer.code == 2
    assert answer.out == ""
    assert re.search(r"Usage: benson", answer.err)


def test_a_pac_goes_with_one_result(benson: Benson, tmp_path: Path) -> None:
    """A PAC for several results would close it for the first of them."""
    result = save(tmp_path, "result.json", document()["execution_result"])
    pac = save(tmp_path, "pac.json", document()["pac"])
    assert "--pac" in assert_refused(benson, "run", result, result, "--pac", pac)
