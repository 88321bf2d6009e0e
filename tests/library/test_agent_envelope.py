"""The envelope: what an agent is given, and what of its answer is taken."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from benson_execution import Document
from benson_execution.agent_run import answer_limit, new_nonce, read_answer, request
from benson_execution.errors import AgentFailed, AgentNotStarted, UnreadableDocument
from benson_execution.reading import member_bytes, read_value

from .helpers import DAN, json_values, law

NONCE = "5e" * 32
LIMIT = answer_limit(100_000)


def answer(result: str = "{}", nonce: str = NONCE, more: str = "") -> bytes:
    return f'{{"nonce": "{nonce}", "execution_result": {result}{more}}}\n'.encode()


def refused(content: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(AgentFailed) as failed:
        read_answer(content, NONCE, limit=limit)
    assert not isinstance(failed.value, AgentNotStarted)
    assert NONCE not in failed.value.message or NONCE.encode() in content
    return failed.value.message


def test_each_nonce_is_another() -> None:
    """32 bytes in hexadecimal."""
    nonces = {new_nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{64}", nonce) for nonce in nonces)


def test_a_request_is_one_line_with_the_nonce_and_the_pac() -> None:
    """The PAC with all that was received, whatever was between its values."""
    document = Document.read(json.dumps(DAN, indent=4, ensure_ascii=False))
    line = request(NONCE, document.pac_as_received)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == {"nonce": NONCE, "pac": DAN["pac"]}


@law
@given(json_values, st.text())
def test_what_an_agent_is_given_it_can_hand_back(value: object, key: str) -> None:
    """Whatever a PAC has in it, and whatever a result is."""
    given_to_it = json.loads(request(NONCE, {"pac_id": value, key: value}))
    back = {"execution_result": given_to_it["pac"], "nonce": given_to_it["nonce"]}
    content = json.dumps(back).encode()
    try:
        read_value(content)
    except UnreadableDocument:  # then the document with this PAC was not read either
        reject()
    assert json.loads(read_answer(content, NONCE, limit=len(content))) == given_to_it["pac"]


@pytest.mark.parametrize(
    "result",
    ["{}", '{ "a" : 1.50e+1 ,\n "b":"\\u00e9é" }', "null", "[ ]", "0.70", '"text"', "false"],
)
def test_a_result_is_taken_to_the_letter(result: str) -> None:
    """The bytes between its first character and its last; what it says is judged later."""
    assert read_answer(answer(result), NONCE, limit=LIMIT) == result.encode()


def test_the_members_may_stand_in_any_order_and_spelling_of_json() -> None:
    """What is read decides, and what is taken is what was read."""
    content = b' \n{"execution\\u005fresult":\t[1] ,"nonce":"' + NONCE.encode() + b'"}'
    assert read_answer(content, NONCE, limit=LIMIT) == b"[1]"


def test_an_answer_for_another_pac_is_left_to_the_schema() -> None:
    """With the right nonce it is an answer to this request, if a wrong one."""
    result = json.dumps(DAN["execution_result"] | {"pac_id": "PAC-OTHER-01"})
    taken = read_answer(answer(result), NONCE, limit=LIMIT)
    assert taken == result.encode()
    document = Document.read(json.dumps(DAN | {"execution_result": json.loads(taken)}))
    assert document.result["pac_id"] == "PAC-OTHER-01"


@pytest.mark.parametrize(
    "other", ["", "5e", NONCE + "5e", "5E" * 32, "é", "5f" + NONCE[2:], NONCE[:-1] + "f", "x" * 999]
)
def test_an_answer_to_another_request_is_refused(other: str) -> None:
    """The nonce is compared as it is: no beginning, no other case."""
    assert refused(answer(nonce=other)).startswith(
        "the agent's answer is to another request: its nonce is '"
    )


@pytest.mark.parametrize(
    ("nonce", "told"), [("5", "5"), ("null", "null"), ("[]", "a list of 0"), ("true", "true")]
)
def test_a_nonce_that_is_no_text_is_refused(nonce: str, told: str) -> None:
    """Of whatever type."""
    content = f'{{"nonce": {nonce}, "execution_result": {{}}}}'.encode()
    assert refused(content).endswith(f"its nonce is {told}")


def test_what_is_missing_is_named() -> None:
    """A nonce, or a result; the nonce is asked for first."""
    assert refused(b"{}") == "the agent's answer has no nonce: it answers no request"
    assert refused(b'{"execution_result": {}}').startswith("the agent's answer has no nonce")
    assert refused(f'{{"nonce": "{NONCE}"}}'.encode()) == (
        "the agent's answer has no execution_result"
    )
    assert "more than a nonce" in refused(f'{{"nonce": "{NONCE}", "result": 1}}'.encode())


def test_whatever_else_is_in_an_answer_is_named() -> None:
    """No PAC of its own, and no other spelling of the members; the names can't draw."""
    assert refused(answer(more=', "pac": {}, "x\\u001b[2J": 1')) == (
        "the agent's answer has more than a nonce and a result: 'pac', 'x\\u001b[2J'"
    )
    assert "'Nonce'" in refused(answer(more=', "Nonce": 1'))
    many = "".join(f', "k{n}": 1' for n in range(500))
    assert refused(answer(more=many)).endswith("'k4' and 495 more")


@pytest.mark.parametrize("content", [b"[]", b'[{"nonce": 1}]'])
def test_an_answer_is_an_object(content: bytes) -> None:
    """A list of one is none."""
    assert refused(content).startswith("the agent answered a list of ")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty (line 1)"),
        (b" \n", "it is empty (line 1)"),
        (b"done", "it is not JSON: no object begins (line 1)"),
        (f"nonce: {NONCE}\nexecution_result: {{}}".encode(), "it is not JSON: no object begins"),
        (b'"text"', "it is not JSON: no object begins"),
        (b"\xef\xbb\xbf" + answer(), "it begins with a byte-order mark"),
        (answer("1e999"), "the number 1e999 is too large (line 1)"),
        (answer("-1e999"), "the number -1e999 is too large"),
        (answer("NaN"), "NaN is not a JSON number"),
        (answer("9007199254740993"), "the integer 9007199254740993 is beyond 2^53"),
        (answer('"\\ud800"'), "it holds a lone surrogate, which is no text"),
        (answer('"\\u0000"'), "it holds the character NUL, which is no text"),
        (answer("[" * 70 + "]" * 70), "it nests more than 64 deep"),
        (answer("[" * 40_000), "it nests more than 64 deep"),
        (answer(more=', "execution_result": 1'), "the key 'execution_result' stands twice"),
        (answer(more=f', "nonce": "{NONCE}"'), "the key 'nonce' stands twice"),
        (answer(more=', "nonc\\u0065": 1'), "the key 'nonce' stands twice"),
        (answer('{"a": {"b": 1, "b": 2}}'), "the key 'b' stands twice in one object (line 1)"),
        (answer()[:-3], "it is not JSON: "),
        (answer() + answer(), "it is not JSON: "),
        (b'{"log": 1}\n' + answer(), "it is not JSON: "),
        (b'{"nonce": "\xff"}', "it is not UTF-8: invalid start byte at byte 11 (line 1)"),
        (b"\xff\xfe{}", "it is not UTF-8: invalid start byte at byte 0 (line 1)"),
        ("\u2003{}".encode(), "it is not JSON: "),
        (answer(f"[{'0,' * 45_000}0]", more=" " * 20_000), "it has 110"),
    ],
    ids=lambda part: repr(part[:24]),
)
def test_an_answer_that_can_not_be_read_is_refused_by_the_readers_cause(
    content: bytes, why: str
) -> None:
    """As strictly as a document: what two readers may take for two things is not taken."""
    said = refused(content)
    assert said.startswith(f"the agent's answer can't be read: {why}"), said


def test_the_limit_is_the_answers_and_leaves_the_document_its_own() -> None:
    """A result as large as a document may be fits in, with its envelope."""
    content = answer(f'"{"x" * 99_998}"')
    assert len(read_answer(content, NONCE, limit=LIMIT)) == 100_000
    assert len(read_answer(content, NONCE, limit=len(content))) == 100_000
    said = refused(content, limit=len(content) - 1)
    assert said == (
        f"the agent's answer can't be read: it has {len(content)} bytes; "
        f"at most {len(content) - 1} are read"
    )


def test_a_result_at_the_limit_of_depth_can_be_judged() -> None:
    """The envelope nests as deep as a document does: what is taken, a document may hold."""
    deepest = 0
    for depth in range(60, 70):
        result = "[" * depth + "]" * depth
        try:
            taken = read_answer(answer(result), NONCE, limit=LIMIT)
        except AgentFailed:
            break
        deepest = depth
        document = b'{"pac": {}, "execution_result": ' + taken + b"}"
        read_value(document)
        assert member_bytes(document)["execution_result"] == taken
    assert 60 <= deepest < 69
