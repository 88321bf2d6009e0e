"""What `benson recover` closes, what it leaves alone, and what it does when others are at it."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from benson_execution import Document
from benson_execution.agent_run import work_folder
from benson_execution.dispatch import Dispatch
from benson_execution.policy import Policy
from benson_execution.recovery import Action, recover
from benson_execution.trail.lease import Holder
from tests.chaos.checks import END, NOTHING, WRAP, Fact
from tests.chaos.holding import (
    ELSEWHERE,
    HELD,
    REBOOTED,
    REUSED,
    UNSEEN,
    begun,
    give,
    held_run,
    killed_run,
)
from tests.chaos.sites import Site, new_document
from tests.chaos.warm import Process, Said, Zygote


def keys(facts: list[Fact]) -> list[str | None]:
    return [fact.key for fact in facts]


def statuses(site: Site) -> list[str]:
    return [fact.data["status"] for fact in site.facts() if fact.key == END]


def wrapped(site: Site) -> list[str]:
    found = [fact.data["wrap_id"] for fact in site.facts() if fact.key == WRAP]
    return [wrap_id for wrap_id in found if wrap_id is not None]


def run(zygote: Zygote, site: Site, *args: str | Path) -> Said:
    return zygote.command(site.environment, *map(str, args)).wait()


def assert_whole(zygote: Zygote, site: Site) -> None:
    """Nothing is unfinished, every dispatch has its artifact, and all of it verifies."""
    assert run(zygote, site, "recover") == Said(0, NOTHING)
    assert run(zygote, site, "verify").code == 0
    closed = {fact.dispatch_id for fact in site.facts() if fact.key == END}
    artifacts = {path.stem: path for path in (site.home / "artifacts").rglob("[!.]*.json")}
    assert artifacts.keys() == closed
    assert run(zygote, site, "verify", *artifacts.values()).code == 0


def test_a_living_process_s_dispatch_is_left_alone(zygote: Zygote, site: Site) -> None:
    """Its recovery changes nothing, and it goes on to its end and its WRAP."""
    process, _ = held_run(zygote, site)
    before = site.facts()

    said = run(zygote, site, "recover")

    assert said.code == 0
    assert said.output.startswith("left alone")
    assert f"process {process.pid} " in said.output
    assert site.facts() == before
    process.go_on()
    assert process.wait().code == 0
    assert statuses(site) == ["COMPLETED"]
    assert len(wrapped(site)) == 1
    assert_whole(zygote, site)


def test_a_dead_process_s_dispatch_is_closed_while_its_lease_still_lasts(
    zygote: Zygote, site: Site
) -> None:
    """On this machine death is seen at once; the dispatch is FAILED, and can be executed again."""
    pac_id = killed_run(zygote, site)
    (lease,) = site.leases()
    assert not lease.expired
    before = site.facts()

    said = run(zygote, site, "recover")

    assert said.code == 0
    assert said.output.startswith("closed ")
    assert f"process {lease.holder.pid if lease.holder else None} " in said.output
    assert site.facts()[:-1] == before
    assert statuses(site) == ["FAILED"]
    assert_whole(zygote, site)
    _, text = new_document()
    again = json.loads(text)
    again["pac"]["pac_id"] = again["execution_result"]["pac_id"] = pac_id
    assert zygote.run(site.environment, json.dumps(again), api=None).wait().code == 0
    assert statuses(site) == ["FAILED", "COMPLETED"]


def test_a_run_that_was_killed_before_its_wrap_did_not_fail_because_all_had_passed(
    zygote: Zygote, sqlite_site: Site
) -> None:
    """`benson show` says that it was interrupted: the decision is not why it failed."""
    pac_id = killed_run(zygote, sqlite_site, "BER_GENERATION_DECISION:after")
    assert run(zygote, sqlite_site, "recover").output.startswith("closed ")

    shown = run(zygote, sqlite_site, "show", pac_id).output

    (why,) = [line.split(maxsplit=1)[1] for line in shown.splitlines() if " why " in line]
    assert why == "the dispatch was interrupted"


@pytest.mark.parametrize("holder", [ELSEWHERE, UNSEEN], ids=["elsewhere", "unseen"])
def test_a_process_that_can_t_be_seen_is_dead_when_its_lease_has_run_out(
    holder: Holder, zygote: Zygote, site: Site
) -> None:
    """Until then it may live, and its dispatch is left alone."""
    killed_run(zygote, site)
    give(site, holder, seconds=30)
    before = site.facts()
    early = run(zygote, site, "recover")
    assert early.output.startswith("left alone")
    assert "has not run out" in early.output
    assert site.facts() == before

    give(site, holder, seconds=-1)
    late = run(zygote, site, "recover")

    assert late.output.startswith("closed ")
    assert "has run out" in late.output
    assert statuses(site) == ["FAILED"]
    assert_whole(zygote, site)


@pytest.mark.parametrize("holder", [REUSED, REBOOTED], ids=["reused", "rebooted"])
def test_another_process_with_the_same_id_does_not_keep_a_dispatch_open(
    holder: Holder, zygote: Zygote, sqlite_site: Site
) -> None:
    """A process id is given again, and again after a boot; neither looks like the one that died."""
    killed_run(zygote, sqlite_site)
    give(sqlite_site, holder, seconds=60)

    assert run(zygote, sqlite_site, "recover").output.startswith("closed ")

    assert statuses(sqlite_site) == ["FAILED"]


@pytest.mark.parametrize("moment", ["PAC_DISPATCH_END:after", "HEAD:after", "ARTIFACT:inside"])
def test_a_closed_dispatch_without_an_artifact_gets_it_and_keeps_its_status(
    moment: str, zygote: Zygote, site: Site
) -> None:
    """The run had completed; its process was killed before all of it was written."""
    pac_id = killed_run(zygote, site, moment)
    before = site.facts()
    assert not site.artifacts(pac_id)

    said = run(zygote, site, "recover")

    assert said.output.startswith("artifact written")
    assert site.facts() == before
    assert statuses(site) == ["COMPLETED"]
    (artifact,) = site.artifacts(pac_id).values()
    told = json.loads(artifact.read_bytes())
    assert told["dispatch"]["status"] == "COMPLETED"
    assert_whole(zygote, site)


def test_four_recoveries_at_once_close_each_dispatch_once(zygote: Zygote, site: Site) -> None:
    """All of them have looked before any of them writes; none fails."""
    for _ in range(3):
        killed_run(zygote, site)
    point = f"{END}:before"
    recoveries = [zygote.command(site.environment, "recover", point=point) for _ in range(4)]
    assert all(one.stopped_at(point) for one in recoveries)

    for one in recoveries:
        one.go_on()
    answers = [one.wait() for one in recoveries]

    assert [answer.code for answer in answers] == [0] * 4
    assert all(len(answer.output.splitlines()) == 3 for answer in answers)
    assert statuses(site) == ["FAILED"] * 3
    assert_whole(zygote, site)


def stopped_flow(zygote: Zygote, site: Site, api: str, point: str) -> Process:
    """A run of the flow that stopped, and whose lease has been another machine's for too long."""
    _, document = new_document()
    process = zygote.run(site.environment, document, api=api, point=point)
    assert process.stopped_at(point), process.wait()
    give(site, ELSEWHERE, seconds=-1)
    return process


@pytest.mark.parametrize("point", ["CHECKPOINT:CP-02:after", "WRAP_GENERATION:before"])
def test_a_run_that_was_declared_dead_and_goes_on_is_refused_and_fails(
    point: str, zygote: Zygote, site: Site, api: str
) -> None:
    """Its dispatch was closed meanwhile: it records nothing more, and has no WRAP."""
    process = stopped_flow(zygote, site, api, point)
    assert run(zygote, site, "recover").output.startswith("closed ")
    closed = site.facts()

    process.go_on()
    said = process.wait()

    assert process.noted("ended") == ["FAILED"], said
    assert said.code == 3
    assert site.facts() == closed
    assert statuses(site) == ["FAILED"]
    assert wrapped(site) == []
    refused = [fault for fault in site.faults() if fault["error"] == "DispatchClosed"]
    assert refused
    assert {fault["kind"] for fault in refused} == {"trail"}
    assert_whole(zygote, site)


def test_a_command_that_was_declared_dead_and_goes_on_says_so(
    zygote: Zygote, site: Site, tmp_path: Path
) -> None:
    """`benson judge` ends with the exit code of a failure and one sentence; the rest is refused."""
    _, document = new_document()
    (tmp_path / "document.json").write_text(document)
    process = zygote.command(site.environment, "judge", str(tmp_path / "document.json"), point=HELD)
    assert process.stopped_at(HELD), process.wait()
    give(site, ELSEWHERE, seconds=-1)
    assert run(zygote, site, "recover").output.startswith("closed ")

    process.go_on()
    said = process.wait()

    assert said.code == 3
    (line,) = said.output.splitlines()
    assert "is closed and takes no more events" in line
    assert statuses(site) == ["FAILED"]
    assert [fault["error"] for fault in site.faults()] == ["DispatchClosed"]
    assert_whole(zygote, site)


def test_a_dispatch_that_is_taken_up_while_it_is_about_to_be_closed_is_left_alone(
    zygote: Zygote, site: Site
) -> None:
    """Recovery has looked, and found its process dead; then another process resumes it."""
    trail = site.opened()
    dispatch = begun(trail, site, "resumed")
    give(site, REUSED, seconds=60)
    recovery = zygote.command(site.environment, "recover", point=f"{END}:before")
    assert recovery.stopped_at(f"{END}:before"), recovery.wait()

    dispatch.begin()
    recovery.go_on()
    said = recovery.wait()

    assert said.code == 0
    assert said.output.startswith("left alone")
    assert "was taken up by another process" in said.output
    assert statuses(site) == []
    dispatch.begin_execution()
    assert keys(site.facts()) == ["PAC_DISPATCH_START", "AGENT_EXECUTION_START"]
    trail.close()


def test_an_artifact_that_can_t_be_written_is_written_by_the_next_recovery(
    zygote: Zygote, sqlite_site: Site
) -> None:
    """The first one says what stood in its way; the dispatch stays unfinished until then."""
    killed_run(zygote, sqlite_site)
    folder = sqlite_site.home / "artifacts"
    folder.write_text("in the way")
    said = run(zygote, sqlite_site, "recover")
    assert said.code == 3
    assert said.output.startswith("not recovered")
    assert len(sqlite_site.leases()) == 1

    folder.unlink()

    trail = sqlite_site.opened()
    assert [one.action for one in recover(trail, sqlite_site.settings)] == [Action.COMPLETED]
    trail.close()
    assert_whole(zygote, sqlite_site)


@pytest.mark.parametrize("was_answered", [False, True])
def test_an_agent_that_outlived_its_run_and_its_supervisor_is_ended(
    was_answered: bool, sqlite_site: Site
) -> None:
    """Known by its folder; one that has answered was looked after by whoever ran it."""
    _, text = new_document()
    pac = {"pac": json.loads(text)["pac"], "agent": {"command": "any"}}
    document = Document.read(json.dumps(pac))
    trail = sqlite_site.opened()
    dispatch = Dispatch.of(str(uuid4()), document, Policy.of(sqlite_site.settings), trail)
    dispatch.begin()
    dispatch.begin_run("a-nonce")
    if was_answered:
        dispatch.end_run(b"{}")
    give(sqlite_site, REBOOTED, seconds=60)
    folder = work_folder(sqlite_site.home, dispatch.ref.dispatch_id)
    env = {"AGENT_WORK_FOLDER": str(folder)}
    with subprocess.Popen(["/bin/sleep", "300"], env=env, start_new_session=True) as left:
        try:
            (found,) = recover(trail, sqlite_site.settings)
            ended = left.poll() if was_answered else left.wait(60)
        finally:
            left.kill()
    trail.close()
    assert (found.action, ended) == (Action.CLOSED, None if was_answered else -signal.SIGKILL)
    assert statuses(sqlite_site) == ["FAILED"]
