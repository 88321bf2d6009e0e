"""The document: what was submitted, frozen to its bytes, with a PAC to judge by."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given

from benson_execution import Document
from benson_execution.document import NO_RESULT, join_document
from benson_execution.errors import InvalidPac, UnreadableDocument
from benson_execution.phases import schema_validation

from .helpers import DAN, READABLE, dan, json_values, law, pac, result, text

LAID_OUT = json.dumps(DAN, indent=2).encode()


def line_with(content: bytes, found: bytes) -> int:
    return next(n for n, line in enumerate(content.split(b"\n"), 1) if found in line)


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.stem)
def test_the_digest_is_of_the_exact_bytes(path: Any) -> None:
    """SHA-256 in lower-case hexadecimal, of what was received and nothing else."""
    content = path.read_bytes()
    document = Document.read(content)
    assert document.content == content
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert document.result == json.loads(content)["execution_result"]
    assert document.pac_as_received == json.loads(content)["pac"]
    assert document.stray == {}


def test_line_ends_and_blanks_are_kept() -> None:
    """CRLF is not LF, and a blank more is another document, with the same meaning."""
    documents = [
        Document.read(content)
        for content in (LAID_OUT, LAID_OUT.replace(b"\n", b"\r\n"), LAID_OUT + b"\n")
    ]
    assert documents[1].content.count(b"\r\n") == LAID_OUT.count(b"\n")
    assert len({document.sha256 for document in documents}) == 3
    assert len({document.pac.pac_id for document in documents}) == 1


def test_text_is_read_as_its_utf8_bytes() -> None:
    """A str and its encoding are one document; a str that has none is refused."""
    content = json.dumps(dan() | {"pac": pac(agent_name="Dän")}, ensure_ascii=False)
    assert Document.read(content).sha256 == Document.read(content.encode()).sha256
    assert Document.read(content).text == content
    with pytest.raises(UnreadableDocument, match="surrogate"):
        Document.read('{"pac": "\ud800"}')


def test_yaml_is_a_document_too() -> None:
    """The same PAC and result, from other bytes."""
    content = yaml.safe_dump(dan(), sort_keys=False).encode()
    document = Document.read(content)
    assert document.result == DAN["execution_result"]
    assert document.pac == Document.read(LAID_OUT).pac
    assert document.sha256 == hashlib.sha256(content).hexdigest()


def test_no_result_is_not_a_null_result() -> None:
    """An absent `execution_result` was not handed over; a null one was, and is no object."""
    absent = Document.read(json.dumps({"pac": pac()}))
    assert absent.result is NO_RESULT
    assert absent.has_result is False
    assert absent.result.because == "no execution result was handed over"
    null = Document.read(text(execution_result=None))
    assert null.result is None
    assert null.has_result is True


@pytest.mark.parametrize("content", [b"[]", b"[{}]", b"- a", b"just text", b"5", b"null"])
def test_a_document_is_an_object(content: bytes) -> None:
    """A readable value of another kind is refused, with a hint at what a document is."""
    with pytest.raises(UnreadableDocument, match="an object is expected") as refused:
        Document.read(content)
    assert "pac" in str(refused.value.hint)
    assert refused.value.line == 1


def test_a_result_without_a_pac_is_bad_usage() -> None:
    """Scope never comes from the agent, so there is nothing to judge by."""
    with pytest.raises(InvalidPac, match="no member 'pac'") as refused:
        Document.read(json.dumps(result()))
    assert refused.value.exit_code == 2
    with pytest.raises(InvalidPac, match=r"is 'pacs' meant"):
        Document.read(json.dumps({"pacs": pac()}))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"agent_gid": "GID-7"}, b'"agent_gid"'),
        ({"alowed_paths": []}, b'"alowed_paths"'),
        ({"forbidden_paths": ["../x"]}, b'"forbidden_paths"'),
        ({"tasks": [{"id": "T1", "description": 5}]}, b'"description"'),
    ],
)
def test_an_invalid_pac_is_refused_with_its_line(change: dict[str, Any], found: bytes) -> None:
    """The line is that of what is wrong, in JSON and in YAML."""
    data = {"pac": pac(**change), "execution_result": None}
    as_yaml = yaml.safe_dump(data, sort_keys=False).encode()
    for content in (json.dumps(data, indent=1).encode(), as_yaml):
        with pytest.raises(InvalidPac) as refused:
            Document.read(content)
        assert refused.value.line == line_with(content, found.strip(b'"'))


def test_a_document_may_not_be_larger_than_its_limit() -> None:
    """The limit is in bytes."""
    assert Document.read(LAID_OUT, limit=len(LAID_OUT))
    with pytest.raises(UnreadableDocument, match="at most"):
        Document.read(LAID_OUT, limit=len(LAID_OUT) - 1)


def test_fields_beside_pac_and_result_are_schema_violations() -> None:
    """What stands where nothing belongs is refused with the result, and a forbidden field there
    has its code."""
    document = Document.read(text(extra=1, more={"x": 1}))
    assert document.stray == {"extra": 1, "more": {"x": 1}}
    validation = schema_validation.judge(document)
    assert validation.error_code == "GS_130"
    assert {v.path for v in validation.violations} == {"/extra", "/more"}
    for stray, path in (
        ({"wrapId": 1}, "/wrapId"),
        ({"meta": [{"wrap_id": 1}]}, "/meta/0/wrap_id"),
    ):
        validation = schema_validation.judge(Document.read(text(**stray)))
        assert validation.error_code == "GS_131"
        assert path in {v.path for v in validation.violations}


def test_a_forbidden_field_beside_a_missing_result_is_found() -> None:
    """Forbidden fields are looked for before anything else, at every depth of the document."""
    for name in ("wrap_id", "execution_resut"):
        stray: Any = {name: {"wrap_id": 1} if name != "wrap_id" else 1}
        validation = schema_validation.judge(Document.read(json.dumps({"pac": pac(), **stray})))
        assert validation.error_code == "GS_131"
        assert "no execution result" in " ".join(v.message for v in validation.violations)


@law
@given(json_values)
def test_a_document_of_python_objects_is_what_its_bytes_say(value: Any) -> None:
    """What is judged, what is stored and what is hashed are one."""
    data = {"pac": pac(), "execution_result": value}
    if "\\u0000" in json.dumps(value):
        return
    document = Document.of(data)
    again = Document.read(document.content)
    assert again.sha256 == document.sha256
    assert again.result == document.result == value
    assert again.pac == document.pac


def test_a_document_shares_nothing_with_its_caller() -> None:
    """It is frozen to its bytes: what the caller changes afterwards is not judged."""
    data = dan()
    document = Document.of(data)
    data["execution_result"]["wrap_id"] = "WRAP-DAN-P44-20251224"
    data["pac"]["tasks"].clear()
    data["stray"] = 1
    assert "wrap_id" not in document.result
    assert len(document.pac_as_received["tasks"]) == 5
    assert document.stray == {}
    with pytest.raises(dataclasses.FrozenInstanceError):
        document.sha256 = ""  # type: ignore[misc]  # that it is refused is the claim


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**53 + 1, 10**400, "\ud800", "\x00", {1}, {("a", "b")}, object()],
)
def test_python_objects_that_no_document_holds_are_unreadable(value: Any) -> None:
    """What is refused in a text is refused here: nothing is turned into null on the way."""
    with pytest.raises(UnreadableDocument):
        Document.of({"pac": pac(), "execution_result": result(artifacts={"in": value})})


def test_python_objects_that_nest_too_deep_are_unreadable() -> None:
    """As deep as a text may nest, and no deeper."""
    value: list[Any] = []
    for _ in range(70):
        value = [value]
    shared: list[Any] = []
    met: list[Any] = []
    for _ in range(50):
        for _ in range(50):
            shared = [shared]
        met.append(shared)
    for deep in (value, met, met[:2]):
        with pytest.raises(UnreadableDocument):
            Document.of({"pac": pac(), "execution_result": {"artifacts": {"in": deep}}})


def test_any_mapping_is_an_object() -> None:
    """Read-only ones too, at every level."""
    data = types.MappingProxyType(
        {
            "pac": types.MappingProxyType(pac()),
            "execution_result": types.MappingProxyType(result()),
        }
    )
    document = Document.of(data)
    assert document.pac.pac_id == DAN["pac"]["pac_id"]
    assert document.result == DAN["execution_result"]


def test_a_pac_and_a_result_join_to_one_document() -> None:
    """Members that are JSON go in byte for byte; YAML becomes JSON."""
    raw_pac, raw_result = json.dumps(pac(), indent=3).encode(), json.dumps(result()).encode()
    joined = join_document(raw_pac, raw_result)
    assert raw_pac in joined
    assert raw_result in joined
    assert orjson.loads(joined) == DAN
    as_yaml = yaml.safe_dump(pac()).encode(), yaml.safe_dump(result()).encode()
    assert orjson.loads(join_document(*as_yaml)) == DAN
    wrapped = (
        json.dumps({"pac": pac()}).encode(),
        json.dumps({"execution_result": result()}).encode(),
    )
    assert orjson.loads(join_document(*wrapped)) == DAN


def test_a_result_that_is_joined_can_not_bring_its_own_pac() -> None:
    """Scope never comes from the agent."""
    with pytest.raises(UnreadableDocument, match="its own PAC"):
        join_document(json.dumps(pac()).encode(), LAID_OUT)


def test_what_can_not_be_read_can_not_be_joined() -> None:
    """Each part is read as strictly as a whole document."""
    good = json.dumps(pac()).encode()
    for bad in (b"", b'{"a": 1, "a": 2}', b"a: *x", b'{"a": NaN}', b"\xff"):
        with pytest.raises(UnreadableDocument):
            join_document(bad, good)
        with pytest.raises(UnreadableDocument):
            join_document(good, bad)
    with pytest.raises(UnreadableDocument, match="at most"):
        join_document(good, good, limit=10)
