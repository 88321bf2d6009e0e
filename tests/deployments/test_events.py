"""Documents that arrive by event: the trigger hands on what was sent, to the letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from benson_execution import Settings, open_trail
from deployments.catalogue import ON_EVENT
from flows.pac_execution import pac_execution
from flows.submission import inline_text
from tests.deployments.registered import emit, eventually, registered, runs_of
from tests.flow.documents import document
from tests.hostile.answers import EXPECTATIONS, content_of, sha256_of
from tests.hostile.recorded import assert_closed, assert_refused, verdict_in

MEMBERS: Final = ("document", "document_digest", "document_url")

HOSTILE: Final = [
    *(
        name
        for name, expected in EXPECTATIONS.items()
        if name.startswith("encoding-") and not expected.bytes_only
    ),
    "text-clear-screen.json",
    "pac-id-of-a-template.json",
    "pac-id-with-markup.json",
    "key-proto-in-artifacts.json",
    "key-twice-score-low-then-high.json",
    "number-nan.json",
    "number-integer-that-just-fits.json",
    "forbidden-wrap-id-in-artifacts.json",
    "scope-climbs-out-further.json",
    "spelling-cyrillic.json",
    "yaml-yes.yaml",
]
"""Every encoding that is text, and some of what a template, JSON or YAML would change."""

VERBATIM: Final[list[dict[str, Any]]] = [
    {"document": "{{ 7*7 }}"},
    {"document": "{% raw %}{{ event.id }}{% endraw %}"},
    {"document": '{"__prefect_kind": "jinja", "template": "{{ 7*7 }}"}'},
    {"document": "<script>&'\"\\ \u2028\n\t\x7f \U0001f511"},
    {"document": "null"},
    {"document": "49"},
    {"document": ""},
    {"document_digest": "0" * 64},
    {"document_url": "https://example.test/{{ 7*7 }}?a&b"},
    {"document": "x", "document_digest": None},
    {"document": "x", "document_digest": "y", "document_url": "z"},
    {},
]
NO_TEXTS: Final = [
    {"__prefect_kind": "jinja", "template": "{{ 7*7 }}"},
    {"__prefect_kind": "workspace_variable", "variable_name": "secret"},
    json.loads(document()),
    ["{{ 7*7 }}"],
    49,
    True,
]


async def sent(payloads: list[dict[str, Any]], url: str) -> list[dict[str, Any]]:
    """The parameters of the runs that the trigger made for these events, in no order."""
    async with registered(ON_EVENT) as deployment_id:
        for payload in payloads:
            await emit(payload, url)
        runs = await eventually(
            lambda: runs_of(deployment_id), lambda runs: len(runs) == len(payloads)
        )
    return [run.parameters for run in runs]


async def test_the_members_of_an_event_arrive_verbatim(prefect: str) -> None:
    """No template in one is evaluated, and what is missing is null."""
    found = await sent(VERBATIM, prefect)
    expected = [{name: payload.get(name) for name in MEMBERS} for payload in VERBATIM]
    assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, expected))


async def test_what_is_no_text_is_refused(prefect: str, home: Path) -> None:
    """A structure would be searched for templates; the run gets a text that is no document."""
    payloads = [{"document": given} for given in NO_TEXTS]
    for parameters in await sent(payloads, prefect):
        state = await pac_execution(**parameters, return_state=True)
        assert state.name == "REFUSED"
        assert "a member of the event that is no text" in (state.message or "")
    assert list(open_trail(Settings.load()).events()) == []


@pytest.mark.timeout(400)
async def test_a_hostile_document_gets_its_answer_by_event_too(
    prefect: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text that the trigger hands on is the text of the file, and so is the verdict on it."""
    assert len(HOSTILE) > 40
    contents = {name: content_of(name) for name in HOSTILE}
    # What an event can't carry goes by its digest, as `benson submit` does it.
    texts = {name: inline_text(content) for name, content in contents.items()}
    carried = {name: text for name, text in texts.items() if text is not None}
    assert len(carried) > 35
    async with registered(ON_EVENT) as deployment_id:
        for name, text in carried.items():
            payload = {"document": text, "document_digest": sha256_of(contents[name])}
            await emit(payload, prefect)
        runs = await eventually(
            lambda: runs_of(deployment_id), lambda runs: len(runs) == len(carried)
        )
    given = {run.parameters["document_digest"]: run.parameters for run in runs}
    for name, text in carried.items():
        digest = sha256_of(contents[name])
        assert given[digest] == {
            "document": text,
            "document_digest": digest,
            "document_url": None,
        }, name
        monkeypatch.setenv("BENSON_HOME", str(tmp_path / name))
        state = await pac_execution(**given[digest], return_state=True)
        expected = EXPECTATIONS[name]
        trail = open_trail(Settings.load())
        if expected.is_refused:
            assert state.name == "REFUSED", name
            assert expected.words in (state.message or ""), name
            assert_refused(trail, contents[name], expected.answer, expected.words)
        else:
            assert (state.name or "").upper() == expected.answer, name
            assert verdict_in(list(trail.events())) == expected.verdict, name
            assert_closed(trail, expected.answer, digest)
