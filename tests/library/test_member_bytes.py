"""The bytes that a document has for one of its members: what the digests of a verdict are of."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, reject
from hypothesis import strategies as st

from benson_execution import Document
from benson_execution.document import join_document
from benson_execution.errors import UnreadableDocument
from benson_execution.reading import member_bytes, read_value

from .helpers import DAN, READABLE, json_values, law, text

MEMBERS = ("pac", "execution_result")


@pytest.mark.parametrize(
    ("content", "pac", "result"),
    [
        ('{"pac": 1, "execution_result": 2}', "1", "2"),
        ('{"execution_result":2,"pac":1}', "1", "2"),
        ('{"pac": {"a": [1, {}]} , "execution_result" : [ 2 ]\n}', '{"a": [1, {}]}', "[ 2 ]"),
        ('\n {\t"pac"\r\n:\n { "a" : 1.50e+1 }\t}  ', '{ "a" : 1.50e+1 }', None),
        ('{"pac": "é\U0001f600\\u00e9", "execution_result": ""}', '"é\U0001f600\\u00e9"', '""'),
        ('{"é\U0001f600": "é", "pac": true}', "true", None),
        ('{"p\\u0061c": 1, "execution\\u005Fresult": 2}', "1", "2"),
        ('{"x": {"pac": 3}, "y": "\\"pac\\": 4", "pac": 1}', "1", None),
        ('{"pac": {"pac": 3, "execution_result": 4}}', '{"pac": 3, "execution_result": 4}', None),
        ('{"pac": null, "execution_result": false}', "null", "false"),
        ('{"pac": "}, \\\\", "execution_result": "]\\""}', '"}, \\\\"', '"]\\""'),
        ('{"PAC": 1, "pac ": 2, "": 3}', None, None),
        ("{}", None, None),
        ("[]", None, None),
        ('[{"pac": 1}]', None, None),
    ],
)
def test_a_member_of_a_json_document_is_its_text_to_the_letter(
    content: str, pac: str | None, result: str | None
) -> None:
    """From its first character to its last, as it was written; None where there is none."""
    read_value(content.encode())
    found = [member_bytes(content.encode()).get(name) for name in MEMBERS]
    assert found == [None if value is None else value.encode() for value in (pac, result)]


@pytest.mark.parametrize(
    ("content", "pac", "result"),
    [
        ("pac: 1\nexecution_result: 2\n", "1", "2"),
        (
            "pac:\n  a: 1\n  b:\n    - x\n\n\nexecution_result:\n  c: 2",
            "a: 1\n  b:\n    - x\n\n\n",
            "c: 2",
        ),
        ("pac:\n- 1\n- 2\nexecution_result: [ 3,\n  4 ]\n", "- 1\n- 2\n", "[ 3,\n  4 ]"),
        (
            "# first\npac: {a: 1, 'b': \"é\U0001f600\"}  # last\n",
            "{a: 1, 'b': \"é\U0001f600\"}",
            None,
        ),
        ('"\U0001f600é": é\npac: é\n', "é", None),
        ('"p\\x61c": "x\\n  y"\n', '"x\\n  y"', None),
        ("pac: 1\nexecution_result: |\n  x\n  y\n\n", "1", "|\n  x\n  y\n\n"),
        ("x:\n  pac: 3\npac:\n  execution_result: 4\n", "execution_result: 4\n", None),
        ("---\nexecution_result: z  \n...\n", None, "z"),
        ("# flow\n{execution_result: {a: 1} , pac: x}\n", "x", "{a: 1}"),
        ("pac: 1\r\nexecution_result: 2\r\n", "1", "2"),
        ("pac: x\u00a0\nexecution_result: \u3000\n", "x\u00a0", "\u3000"),
        ("? pac\n: 1\n? execution_result\n: {a: 2}\n", "1", "{a: 2}"),
        ("- pac: 1\n", None, None),
        ("pac", None, None),
    ],
)
def test_a_member_of_a_yaml_document_is_its_lines_from_where_it_begins(
    content: str, pac: str | None, result: str | None
) -> None:
    """As far as the next member: a block keeps its last lines. None where there is none."""
    read_value(content.encode())
    found = [member_bytes(content.encode()).get(name) for name in MEMBERS]
    assert found == [None if value is None else value.encode() for value in (pac, result)]


def test_an_empty_member_is_not_an_absent_one() -> None:
    """YAML has a null that is written as nothing."""
    assert read_value(b"pac: 1\nexecution_result:\n") == {"pac": 1, "execution_result": None}
    assert member_bytes(b"pac: 1\nexecution_result:\n").get("execution_result") == b""
    assert member_bytes(b"pac: 1\n").get("execution_result") is None


blanks = st.text("\t\n\r ", max_size=3)


@st.composite
def spelt(draw: st.DrawFn, word: str) -> str:
    """The word as a JSON string, some of its characters as escapes."""
    letters = [draw(st.sampled_from([c, f"\\u{ord(c):04x}", f"\\u{ord(c):04X}"])) for c in word]
    return f'"{"".join(letters)}"'


@law
@given(data=st.data(), values=st.lists(json_values, min_size=3, max_size=3))
def test_however_a_json_document_is_laid_out_its_members_are_found(
    data: st.DataObject, values: list[object]
) -> None:
    """Any order, any blanks, any escapes: the very bytes, which are the member's value as JSON."""
    names = data.draw(st.permutations([*MEMBERS, "other"]))
    written = {
        name: json.dumps(
            value,
            ensure_ascii=data.draw(st.booleans()),
            indent=data.draw(st.sampled_from([None, 0, 2])),
        )
        for name, value in zip(names, values, strict=True)
    }

    def around(word: str) -> str:
        return data.draw(blanks) + word + data.draw(blanks)

    members = [f"{around(data.draw(spelt(n)))}:{around(written[n])}" for n in names]
    content = around("{" + ",".join(members) + "}").encode()
    assert json.loads(content) == dict(zip(names, values, strict=True))
    for name, value in zip(names, values, strict=True):
        found = member_bytes(content).get(name)
        assert found == written[name].encode()
        assert json.loads(found) == value
    assert member_bytes(content).get("absent") is None


@law
@given(data=st.data(), values=st.tuples(json_values, json_values), block=st.booleans())
def test_however_a_yaml_document_is_laid_out_its_members_are_found(
    data: st.DataObject, values: tuple[object, object], block: bool
) -> None:
    """Block or flow: where they stood, the lines that are found hold the member's value."""
    unicode = data.draw(st.booleans())

    def dump(value: object) -> str:
        style = not block
        return yaml.safe_dump(value, default_flow_style=style, allow_unicode=unicode, width=10_000)

    dumped = {
        name: dump({name: value}) if block else f"{name}: {dump([value])[1:-2]}\n"
        for name, value in zip(MEMBERS, values, strict=True)
    }
    names = data.draw(st.permutations(MEMBERS))
    content = "".join(dumped[name] for name in names).encode()
    try:
        whole = read_value(content)
    except UnreadableDocument:
        reject()  # PyYAML writes some keys as numbers, and NUL
    assert list(whole) == list(names)
    for name in names:
        found = member_bytes(content).get(name)
        assert found is not None
        own = dumped[name].encode()
        at = own.index(found, len(name) + 1)
        assert not own[len(name) + 1 : at].strip()
        assert not own[at + len(found) :].strip()
        column = at - own.rfind(b"\n", 0, at) - 1
        assert read_value(b"x:\n" + b" " * column + found)["x"] == whole[name]


@pytest.mark.parametrize("path", READABLE, ids=lambda p: p.stem)
def test_the_members_of_an_example_stand_in_its_file(path: Path) -> None:
    """Byte for byte, and with the value that the document was read with."""
    content = path.read_bytes()
    document = Document.read(content)
    pac = member_bytes(content).get("pac")
    result = member_bytes(content).get("execution_result")
    assert pac is not None
    assert result is not None
    assert pac in content
    assert result in content
    assert json.loads(pac) == document.pac_as_received
    assert json.loads(result) == document.result


def test_the_digest_of_a_member_is_of_its_bytes() -> None:
    """In lower-case hexadecimal; None where there is no such member."""
    document = Document.read(text())
    for name in MEMBERS:
        written = json.dumps(DAN[name]).encode()
        assert document.member_digests().get(name) == hashlib.sha256(written).hexdigest()
    assert document.member_digests().get("absent") is None


def test_a_pac_has_one_digest_whatever_its_result() -> None:
    """Who has the PAC's bytes can tell that a dispatch was judged by them."""
    one, other = Document.read(text()), Document.read(text(execution_result={"other": 1}))
    assert one.sha256 != other.sha256
    assert one.member_digests().get("pac") == other.member_digests().get("pac")
    assert one.member_digests().get("execution_result") != other.member_digests().get(
        "execution_result"
    )


def test_what_came_separately_keeps_its_digests() -> None:
    """A PAC and a result from two files stand in their document byte for byte."""
    pac, result = (json.dumps(DAN[name], indent=3).encode() for name in MEMBERS)
    document = Document.read(join_document(pac, result))
    assert document.member_digests().get("pac") == hashlib.sha256(pac).hexdigest()
    assert document.member_digests().get("execution_result") == hashlib.sha256(result).hexdigest()
