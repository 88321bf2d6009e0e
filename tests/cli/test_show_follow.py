"""`benson show --follow`: a dispatch that another process judges, as it is recorded."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import pytest

from benson_execution import Document
from benson_execution.dispatch import Dispatch
from benson_execution.phases import GATES
from benson_execution.proof.keys import SigningKey
from benson_execution.walk import walk
from tests.library.helpers import policy
from tests.library.walks import Waiting, review_policy
from tests.private_postgres import private_postgres

from .command import TIMEOUT, Benson, on_terminal
from .documents import document, line, save

pytestmark = pytest.mark.timeout(300)

PAC_ID: Final = "PAC-DAN-P53-FOLLOWED"
POOR: Final = document(PAC_ID, result={"quality_score": 0.2})
WAITING: Final = f"benson: {PAC_ID} has no dispatch yet: waiting for one\n"


def read_line(stream: IO[bytes] | None) -> str:
    assert stream is not None
    return stream.readline().decode()


def judge(benson: Benson, content: object = POOR) -> None:
    """Judged by another process, whole."""
    file = save(benson.cwd, "followed.json", content)
    benson("judge", file)


def open_one(benson: Benson, kind: type[Dispatch] = Dispatch) -> Dispatch:
    """A dispatch that this process is at work on."""
    content = json.dumps(POOR if kind is Dispatch else document(PAC_ID)).encode()
    in_force = policy() if kind is Dispatch else review_policy()
    trail = benson.writable_trail()
    return kind.of(str(uuid.uuid4()), Document.read(content), in_force, trail)


def test_a_pac_is_waited_for_and_followed_to_its_verdict(benson: Benson) -> None:
    """From before there is even a trail, while another process judges; piped lines stay plain."""
    with benson.started("show", "--follow", PAC_ID) as process:
        assert read_line(process.stderr) == WAITING
        judge(benson)
        out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert err == b""
    lines = out.decode().splitlines()
    dispatch_id = benson.recorded()[0].dispatch.dispatch_id
    assert lines[0] == f"dispatch {dispatch_id}"
    told = [re.match(r" +\d+\.\d ms +\+\d+\.\d  (\w+)", one) for one in lines[1:12]]
    assert [one[1] for one in told if one] == [s.event.event_type for s in benson.recorded()]
    assert lines[12] == f"BLOCKED  {PAC_ID}"
    assert "  fix    CP-03  raise quality_score from 0.20 to at least 0.70" in out.decode()
    assert re.search(r"^  artifact \S+$", out.decode(), re.MULTILINE)
    assert b"\x1b" not in out


def test_events_are_printed_as_they_come(benson: Benson) -> None:
    """Each line is there while the next event is not recorded yet."""
    dispatch = open_one(benson)
    dispatch.begin()
    with benson.started("show", "-f", PAC_ID) as process:
        assert read_line(process.stdout).startswith("dispatch ")
        assert "PAC_DISPATCH_START" in read_line(process.stdout)
        dispatch.begin_execution()
        assert "AGENT_EXECUTION_START" in read_line(process.stdout)
        assert process.poll() is None
        walk(dispatch)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (1, b"")
    assert out.decode().count(" ms ") >= 9
    dispatch.trail.close()


def test_the_exit_code_is_the_verdicts(benson: Benson) -> None:
    """Also where it is all over already; the beginning of an id is enough while it is at work."""
    judge(benson, document(PAC_ID))
    done = benson("show", "--follow", PAC_ID)
    assert (done.code, done.err) == (0, "")
    assert f"COMPLETED  {PAC_ID}" in done.out
    interrupted = open_one(benson)
    interrupted.begin()
    with benson.started("show", "--follow", "PAC-DAN-P53-F") as process:
        assert interrupted.ref.dispatch_id in read_line(process.stdout)
        interrupted.fail()
        out, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 3
    assert b"  cause  INTERRUPTED  the dispatch was interrupted after PAC_DISPATCH_START" in out
    interrupted.trail.close()


def test_machines_get_the_events_and_then_the_explanation(benson: Benson) -> None:
    """One object a line: the events as recorded, and last what `benson show --json` prints."""
    judge(benson)
    answer = benson("show", "--follow", "--json", PAC_ID)
    *events, explained = answer.objects
    assert events == [json.loads(s.event.json) for s in benson.recorded()]
    assert explained == benson("show", "--json", PAC_ID).object
    assert answer.code == 1


def test_a_review_that_is_waited_for_is_said(benson: Benson) -> None:
    """Who is asked, and how they answer; it goes on when they did."""
    dispatch = open_one(benson, Waiting)
    walk(dispatch)
    with benson.started("show", "--follow", PAC_ID) as process:
        told = read_line(process.stderr)
        assert told == (
            f"benson: it waits for a reviewer: `benson review {PAC_ID} --approve` or `--reject` "
            "answers\n"
        )
        Dispatch.fail(dispatch)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (3, b"")
    assert b"FAILED  " + PAC_ID.encode() in out
    dispatch.trail.close()
    shown = benson("show", PAC_ID).out
    assert "INTERRUPTED" in shown


def test_a_time_that_is_over_ends_the_watching_only(benson: Benson) -> None:
    """With the exit code of what failed, and no verdict of its own."""
    began = time.monotonic()
    answer = benson("show", "--follow", "--timeout", "0.5", PAC_ID)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err == WAITING + (
        f"benson: {PAC_ID} has no verdict within 0.5 s (it was only watched: nothing was ended or "
        "decided)\n"
    )
    assert time.monotonic() - began < 60
    assert not (benson.home / "trail.db").exists()


@pytest.mark.parametrize("wanted", ["PAC-x", "\u202e"])
def test_what_names_no_pac_is_not_waited_for(benson: Benson, wanted: str) -> None:
    """It would never come."""
    answer = benson("show", "--follow", wanted)
    assert (answer.code, answer.out) == (2, "")
    assert "--follow needs the full id of a PAC that is not at work yet" in answer.err


def test_an_interrupt_ends_it(benson: Benson) -> None:
    """As a person's Ctrl-C does, with a shell's exit code."""
    with benson.started("show", "--follow", PAC_ID) as process:
        assert read_line(process.stderr) == WAITING
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert b"Traceback" not in out + err


def test_a_reader_who_leaves_ends_it(benson: Benson) -> None:
    """As `| head -1` does: nobody is watched for any more."""
    dispatch = open_one(benson)
    dispatch.begin()
    with benson.started("show", "--follow", PAC_ID) as process:
        assert read_line(process.stdout).startswith("dispatch ")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(TIMEOUT) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""
    dispatch.fail()
    dispatch.trail.close()


def test_a_dispatch_whose_process_is_dead_is_said_to_be_so(benson: Benson) -> None:
    """It would be waited for without end."""
    code = (
        "import sys; from benson_execution import *;"
        "from benson_execution.dispatch import Dispatch;"
        "from benson_execution.policy import Policy; from benson_execution.trail import open_trail;"
        "s = Settings.load(); d = Document.read(sys.stdin.read());"
        "Dispatch.of('killed', d, Policy.of(s), open_trail(s)).begin(); import os; os._exit(9)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(POOR).encode(),
        env=benson.environment(),
        timeout=TIMEOUT,
        check=False,
    )
    with benson.started("show", "--follow", PAC_ID) as process:
        assert re.fullmatch(
            r"benson: process \d+ on \S+ is dead: `benson recover` closes the dispatch\n",
            read_line(process.stderr),
        )
        assert benson("recover").code == 0
        process.communicate(timeout=TIMEOUT)
    assert process.returncode == 3


def test_on_a_terminal_a_line_says_what_is_waited_for(benson: Benson) -> None:
    """It is gone in the end; the verdict has its colour."""
    judge(benson)
    code, shown, _ = on_terminal(benson, "show", "--follow", PAC_ID)
    assert code == 1
    assert b"\x1b[1;31mBLOCKED" in shown
    code, shown, _ = on_terminal(
        benson, "show", "--follow", "--timeout", "1", "PAC-DAN-P53-NEVER", streams=("stderr",)
    )
    assert code == 3
    assert b"PAC-DAN-P53-NEVER: waiting for a dispatch" in shown


def test_the_line_names_the_newest_event(benson: Benson) -> None:
    """Also where it is not the first one of its type."""
    dispatch = open_one(benson)
    dispatch.begin()
    (_, first), (_, second), *_ = GATES
    dispatch.record_checkpoint(first(dispatch.document, dispatch.policy))
    dispatch.begin_execution()
    dispatch.record_checkpoint(second(dispatch.document, dispatch.policy))
    last = dispatch.events()[-1].event_type
    _, shown, _ = on_terminal(
        benson, "show", "--follow", "--timeout", "1", PAC_ID, streams=("stderr",)
    )
    Dispatch.fail(dispatch)
    dispatch.trail.close()
    assert re.findall(rb": after (\w+), 0 s", shown)[-1] == last.encode()


def test_a_trail_that_is_out_of_reach_ends_it(benson: Benson, tmp_path: Path) -> None:
    trail = tmp_path / "no-trail.db"
    trail.write_bytes(b"x" * 5000)
    answer = benson("show", "--follow", PAC_ID, env={"BENSON_TRAIL_URL": f"sqlite:///{trail}"})
    assert (answer.code, answer.out) == (5, "")


@pytest.fixture
def on_postgresql(benson: Benson, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of a trail in a server of its own."""
    key = tmp_path / "key.pem"
    SigningKey.generate().write(key)
    with private_postgres() as server:
        url = server.new_database()
        yield {"BENSON_TRAIL_URL": url, "BENSON_SIGNING_KEY": str(key)}


def test_a_dispatch_on_postgresql_is_followed(
    benson: Benson, on_postgresql: dict[str, str]
) -> None:
    """Begun while it is watched, by a process that has a connection of its own."""
    benson("judge", "--lines", "-", stdin=line(document()), env=on_postgresql)
    with benson.started("show", "--follow", PAC_ID, env=on_postgresql) as process:
        assert read_line(process.stderr) == WAITING
        benson("judge", "--lines", "-", stdin=line(POOR), env=on_postgresql)
        out, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert out.decode().count(" ms ") >= 11
    assert b"BLOCKED  " + PAC_ID.encode() in out
