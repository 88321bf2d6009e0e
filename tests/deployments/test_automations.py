"""The automations tell people: real events, a real notification block, a real web server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client

from benson_execution import Document, Settings
from benson_execution.errors import BadInput
from deployments.automations import (
    NAMES,
    PAC_BLOCKED,
    REVIEW_WAITS,
    Did,
    install_automations,
    remove_automations,
)
from flows.run import run_document
from tests.cli.command import Benson
from tests.deployments.webhook import BLOCK, SECRET, Messages, make_block, webhook
from tests.flow.documents import BLOCKED, document
from tests.flow.mirrored import TYPES, mirrored_events, types
from tests.flow.test_human_review import REGISTRY, answer, suspended
from tests.prefect_server import wait_until

SHORT = timedelta(seconds=10)
"""The shortest time that Prefect waits for an event that does not come."""
BEFORE_REVIEW = TYPES[: TYPES.index("BER_GENERATION_DECISION") + 1]


@pytest.fixture
async def messages(
    prefect: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Messages]:
    """What the block that BENSON_NOTIFY_BLOCK names was made to say; no automation is left."""
    monkeypatch.setenv("BENSON_NOTIFY_BLOCK", BLOCK)
    with webhook() as (url, received):
        await make_block(url)
        yield received
        async with get_client() as client:
            await remove_automations(client)


async def install(within: timedelta = timedelta(hours=1)) -> list[Did]:
    async with get_client() as client:
        return [one.did for one in await install_automations(client, Settings.load(), within)]


def pac_of(text: str) -> str:
    return str(json.loads(text)["pac"]["pac_id"])


async def test_people_are_told_of_a_blocked_pac_and_of_no_other(
    messages: Messages, prefect: str
) -> None:
    """Who, what, why, and where to look; a completed one is nobody's business."""
    await install()
    await run_document(Document.read(document()), Settings.load())
    blocked = document(BLOCKED)

    outcome = await run_document(Document.read(blocked), Settings.load())

    wait_until(lambda: messages.received, description="a message of the blocked one")
    (message,) = messages.received
    assert message["subject"] == f"Blocked: {pac_of(blocked)}"
    lines = message["body"].split("\n")
    assert lines[:2] == [f"PAC: {pac_of(blocked)}", "Agent: Dan (GID-07)"]
    assert lines[2] == f"Reason: {outcome.reason}"
    ui = prefect.removesuffix("/api")
    assert lines[3] == f"Flow run: {ui}/runs/flow-run/{outcome.dispatch_id.removesuffix('-1')}"


async def test_what_an_agent_is_called_stays_text_in_a_message(messages: Messages) -> None:
    """It mentions nobody, links nowhere, and has no template or secret filled in."""
    await install()
    hostile = json.loads(document())
    name = "<!channel> @all {{secret}} {{ 7*7 }} [Dan](https://evil.example/) \u202e\n# Dan"
    hostile["pac"]["agent_name"] = name

    await run_document(Document.read(json.dumps(hostile)), Settings.load())

    wait_until(lambda: messages.received, description="a message of the blocked one")
    (message,) = messages.received
    agent = message["body"].split("\n")[1]
    assert agent.startswith(
        "Agent: \u2039!channel\u203a \uff20all { {secret} } { { 7*7 } } [Dan] ("
    )
    assert "49" not in agent  # what the template would make of it; a run's id may have it
    for dangerous in ("<", "@", "{{", "](", "://", SECRET, "\u202e", "\n#"):
        assert dangerous not in message["subject"] + message["body"].replace(
            "Flow run: http://", ""
        )
    assert message["key"] == SECRET


async def test_people_are_told_of_a_review_that_waits_too_long(
    messages: Messages, prefect: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only of the one that nobody answers: not of an answered one, nor of a blocked one."""
    registry = json.loads(REGISTRY.read_text()) | {"reviewers": ["Ada"]}
    (home / "registry.json").write_text(json.dumps(registry))
    monkeypatch.setenv("BENSON_REGISTRY", str(home / "registry.json"))
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "always")
    await install(SHORT)
    async with suspended(document()) as (client, run):
        # A person takes longer. Prefect looks at two events at a time, in no order: of a question
        # and an answer that follow at once, it may see the answer first.
        asked = partial(mirrored_events, prefect, f"{run.id}-1", count=len(BEFORE_REVIEW))
        assert types(await asyncio.to_thread(asked)) == BEFORE_REVIEW
        await asyncio.sleep(2)
        await answer(client, run)
    unanswered = document()

    async with suspended(unanswered):
        # A direct run can't wait for a person, and ends at once.
        await run_document(Document.read(document()), Settings.load())
        wait_until(
            lambda: f"Waits for review: {pac_of(unanswered)}" in messages.subjects(),
            description="a message of the one that waits",
        )

    waits = [m for m in messages.received if m["subject"].startswith("Waits")]
    assert [m["subject"] for m in waits] == [f"Waits for review: {pac_of(unanswered)}"]
    assert "nobody has answered since" in waits[0]["body"]
    assert f"PAC: {pac_of(unanswered)}" in waits[0]["body"].split("\n")


async def test_installing_twice_changes_nothing(messages: Messages) -> None:
    """There is one of each name, the very same, and one that a person paused stays paused."""
    assert await install() == [Did.CREATED, Did.CREATED]
    async with get_client() as client:
        before = [(await client.read_automations_by_name(name))[0] for name in NAMES]
        await client.pause_automation(before[1].id)

    assert await install() == [Did.UNCHANGED, Did.UNCHANGED]
    assert await install(SHORT) == [Did.UNCHANGED, Did.UPDATED]

    async with get_client() as client:
        after = [await client.read_automations_by_name(name) for name in NAMES]
    assert [[one.id for one in found] for found in after] == [[one.id] for one in before]
    assert [found[0].enabled for found in after] == [True, False]


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("custom-webhook/nobody", "Prefect has no block 'custom-webhook/nobody'"),
        ("on-call", "'on-call' is no block"),
        ("secret/password", "the block 'secret/password' does not notify anybody"),
    ],
)
async def test_a_block_that_tells_nobody_is_refused(
    named: str, why: str, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is installed: an automation that is silent is worse than none."""
    await Secret(value="hush").save("password", overwrite=True)
    monkeypatch.setenv("BENSON_NOTIFY_BLOCK", named)

    with pytest.raises(BadInput, match=why):
        await install()

    async with get_client() as client:
        assert not [one for one in await client.read_automations() if one.name in NAMES]


async def test_the_command_says_what_it_did(messages: Messages, prefect: str, home: Path) -> None:
    """Created, then unchanged, then removed; and without a block why not."""
    benson = Benson(home, home)
    server = {"PREFECT_API_URL": prefect}
    people = {**server, "BENSON_NOTIFY_BLOCK": BLOCK}

    first = benson("automations", env=people)
    again = benson("automations", "--json", env=people)
    removed = benson("automations", "--remove", env=server)
    silent = benson("automations", env=server)
    nowhere = benson("automations", env={"BENSON_NOTIFY_BLOCK": BLOCK})

    assert first.out == f"created   {PAC_BLOCKED}\ncreated   {REVIEW_WAITS}\n"
    assert [(one["name"], one["did"]) for one in again.objects] == [
        (name, "unchanged") for name in NAMES
    ]
    assert removed.out == f"removed   {PAC_BLOCKED}\nremoved   {REVIEW_WAITS}\n"
    assert (first.code, again.code, removed.code) == (0, 0, 0)
    assert silent.code == 2
    assert "no notification block is named" in silent.err
    assert nowhere.code == 2
    assert "PREFECT_API_URL is not set" in nowhere.err
