"""`benson submit`, end to end: an event, a trigger, a process for the run, and its verdict."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.command import MEMBERS, Benson, on_terminal
from tests.cli.documents import document, save
from tests.deployments.up import Up
from tests.prefect_server import free_port

SLOW = pytest.mark.timeout(400)


def statuses(up: Up) -> list[str]:
    """How the dispatches ended, oldest first."""
    ends = [s for s in up.benson.recorded() if s.event.event_type == "PAC_DISPATCH_END"]
    return [s.event.data.status for s in ends]


def events_listed(up: Up, pac_id: str) -> list[dict[str, Any]]:
    """The events of a PAC that the API lists."""
    wanted = {"resource": {"id": [f"benson.pac.{pac_id}"]}}
    answer = httpx.post(
        f"{up.url}/events/filter", json={"filter": wanted}, timeout=60, trust_env=False
    )
    return list(answer.json()["events"])


@SLOW
def test_a_submitted_document_is_judged_and_followed_to_its_verdict(served: Up) -> None:
    """What `benson run` would print, and the exit code of a completed dispatch."""
    benson = served.benson
    made = document()
    file = save(benson.cwd, "good.json", made)
    answer = benson("submit", "--wait", file, env=served.env)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == f"COMPLETED  {made['pac']['pac_id']}"
    assert [line.split()[:2] for line in lines[1:5]] == [[f"CP-0{n}", "PASS"] for n in range(1, 5)]
    assert lines[5].startswith("  WRAP   WRAP-DAN-P53-")
    (event,) = events_listed(served, made["pac"]["pac_id"])
    content = file.read_bytes()
    assert event["payload"] == {
        "document": content.decode(),
        "document_digest": hashlib.sha256(content).hexdigest(),
        "document_url": None,
    }


@SLOW
def test_the_exit_code_is_the_worst_verdict_of_all(served: Up) -> None:
    """Several are handed in at once, and told in their order; one of them from standard input."""
    benson = served.benson
    good, bad = document(), document(result={"quality_score": 0.1})
    file = save(benson.cwd, "second.json", good)
    answer = benson("submit", "--wait", "--json", "-", file, stdin=json.dumps(bad), env=served.env)
    assert (answer.code, answer.err) == (1, "")
    assert [list(told) for told in answer.objects] == [MEMBERS, MEMBERS]
    told = [(one["pac_id"], one["status"]) for one in answer.objects]
    assert told == [(bad["pac"]["pac_id"], "BLOCKED"), (good["pac"]["pac_id"], "COMPLETED")]
    failed = [c["checkpoint_id"] for c in answer.objects[0]["checkpoints"] if c["status"] == "FAIL"]
    assert failed == ["CP-03"]


@SLOW
def test_a_large_document_goes_through_the_trail(served: Up) -> None:
    """The event has its digest only."""
    benson = served.benson
    made = document(result={"notes": "x" * 600_000})
    file = save(benson.cwd, "large.json", made)
    answer = benson("submit", "--wait", "--json", file, env=served.env)
    assert (answer.code, answer.object["status"]) == (0, "COMPLETED")
    (event,) = events_listed(served, made["pac"]["pac_id"])
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert event["payload"] == {
        "document": None,
        "document_digest": digest,
        "document_url": None,
    }


@SLOW
def test_without_wait_it_succeeds_once_the_event_is_listed(served: Up) -> None:
    """It says which event it is, and the API has it; the verdict comes by itself."""
    benson = served.benson
    made = document()
    file = save(benson.cwd, "unwaited.json", made)
    answer = benson("submit", file, env=served.env)
    assert (answer.code, answer.err) == (0, "")
    (event,) = events_listed(served, made["pac"]["pac_id"])
    assert answer.out.splitlines() == [
        f"SUBMITTED  {made['pac']['pac_id']}",
        f"  event  {event['id']}",
    ]
    again = benson("submit", "--json", file, env=served.env).object
    assert list(again) == ["pac_id", "document_sha256", "event_id"]
    assert again["document_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


@SLOW
def test_a_time_out_says_how_far_it_came(served: Up) -> None:
    """The document is judged all the same; only nobody waited for it."""
    benson = served.benson
    file = save(benson.cwd, "late.json", document())
    answer = benson("submit", "--wait", "--timeout", "0", file, env=served.env)
    assert answer.code == 3
    assert "no run was made for it within 0 s" in answer.err or "no verdict within" in answer.err


@SLOW
def test_there_is_progress_on_a_terminal_and_none_of_it_stays(served: Up) -> None:
    """What goes on while one waits; the cursor comes back."""
    benson = served.benson
    save(benson.cwd, "watched.json", document())
    code, shown, _ = on_terminal(benson, "submit", "--wait", "watched.json", env=served.env)
    assert code == 0
    # A run that begins within the first look is told of at once, without a wait before it.
    assert b"submitting" in shown
    assert b"waiting for its run" in shown or b"its run is" in shown
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l")


@SLOW
def test_what_can_not_be_read_is_refused_here_and_nothing_is_submitted(served: Up) -> None:
    """As by `benson judge`: the same sentence, and the same record."""
    benson = served.benson
    before = len(list(benson.writable_trail().refusals()))
    good = save(benson.cwd, "before.json", made := document())
    bad = save(benson.cwd, "twice.json", '{"pac": {},\n "pac": {}}')
    submitted = benson("submit", good, bad, env=served.env)
    judged = benson("judge", bad)
    assert (submitted.code, submitted.out, submitted.err) == (2, "", judged.err)
    first, second = list(benson.writable_trail().refusals())[before:]
    assert (first.sha256, first.cause, first.source) == (
        second.sha256,
        second.cause,
        second.source,
    )
    assert events_listed(served, made["pac"]["pac_id"]) == []


@SLOW
def test_a_trail_that_is_not_theirs_has_no_verdict(served: Up, benson: Benson) -> None:
    """Whoever serves judged it; this home does not know of it, and says so."""
    file = save(benson.cwd, "elsewhere.json", document())
    answer = benson("submit", "--wait", file, env=served.env)
    assert answer.code == 3
    assert "without a dispatch in this trail" in answer.err
    assert "BENSON_TRAIL_URL" in answer.err


def test_without_a_prefect_there_is_nobody_to_submit_to(benson: Benson) -> None:
    """One sentence, and bad usage; nothing is made."""
    answer = benson("submit", save(benson.cwd, "a.json", document()))
    assert answer.code == 2
    assert "PREFECT_API_URL is not set" in answer.err
    assert answer.err.count("\n") == 1
    assert not benson.home.exists()


def test_an_unreachable_prefect_is_said(benson: Benson) -> None:
    """One sentence; the exit code is that of a failure."""
    env = {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}
    answer = benson("submit", save(benson.cwd, "a.json", document()), env=env)
    assert answer.code == 3
    assert "Prefect can't be reached" in answer.err
    assert answer.err.count("\n") == 1


def test_what_is_no_prefect_is_said(benson: Benson) -> None:
    """Something else may listen there, and never answer in HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        env = {
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_API_REQUEST_TIMEOUT": "1",
            "PREFECT_CLIENT_MAX_RETRIES": "0",
        }
        answer = benson("submit", save(benson.cwd, "a.json", document()), env=env)
    assert answer.code == 3
    assert "Prefect can't be reached" in answer.err


@SLOW
def test_a_server_where_nothing_listens_is_said(
    api_url: str, benson: Benson, tmp_path: Path
) -> None:
    """The event is there; no deployment is."""
    file = save(benson.cwd, "unheard.json", document())
    env = {"PREFECT_API_URL": api_url}
    assert benson("submit", file, env=env).code == 0
    answer = benson("submit", "--wait", file, env=env)
    assert answer.code == 3
    assert "nothing listens: there is no deployment pac-execution/on-event" in answer.err
    assert "benson up" in answer.err
