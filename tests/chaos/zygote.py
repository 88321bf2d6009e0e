"""A warm process that forks: Prefect is imported once, and a run begins at once.

Run as `python -m tests.chaos.zygote`, with one JSON object per line as requests and answers. It
forks only while it has no thread but its own, so that a fork inherits no lock that nobody would
ever release; it opens no trail and no connection itself.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benson_execution.prefect_environment import prepare

prepare()

# What a fork would otherwise import anew, each time.
import alembic.command  # noqa: E402
import prefect.artifacts  # noqa: E402
import psycopg  # noqa: E402
from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: E402

from benson_execution import BensonExecutionEngine, Document, Settings  # noqa: E402
from benson_execution.cli import main as benson  # noqa: E402
from benson_execution.errors import BensonError  # noqa: E402
from benson_execution.trail import database, sqlite  # noqa: E402
from flows.run import run_document  # noqa: E402
from tests.chaos.clock import set_back  # noqa: E402
from tests.chaos.points import Watch  # noqa: E402
from tests.chaos.sites import new_document  # noqa: E402

WARM = (alembic.command, prefect.artifacts, psycopg)


def run(request: Mapping[str, Any]) -> int:
    """The flow, or the engine, on a document; its end is noted."""
    document = Document.read(request["document"])
    if request["api"] is None:
        outcome = BensonExecutionEngine(enable_telemetry=False).execute_pac(document)
    else:
        outcome = asyncio.run(run_document(document, Settings.load()))
    Watch(Path(request["notes"]), None).note(ended=outcome.status.value)
    return outcome.exit_code


def many(request: Mapping[str, Any]) -> int:
    """The engine on document after document, until so many are completed; each answer is noted."""
    watch = Watch(Path(request["notes"]), None)
    engine = BensonExecutionEngine(enable_telemetry=False)
    completed = 0
    while completed < request["count"]:
        pac_id, document = new_document()
        try:
            outcome = engine.execute_pac(document)
        except BensonError as error:
            watch.note(refused=[pac_id, type(error).__name__, error.exit_code, str(error)])
            time.sleep(0.02)  # an outage lasts for some more documents, not for thousands
        else:
            completed += 1
            watch.note(judged=[pac_id, outcome.status.value, outcome.dispatch_id])
    return 0


def command(request: Mapping[str, Any]) -> int:
    """The `benson` command with its arguments."""
    sys.argv = ["benson", *request["args"]]
    try:
        benson()
    except SystemExit as end:
        sys.stdout.flush()
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def prepared(request: Mapping[str, Any]) -> None:
    """Make this process what the request wants it to be."""
    behind = partial(set_back, request["behind"])
    if request["notes"] is not None:
        instead = behind if request["behind"] and request["point"] else None
        Watch(Path(request["notes"]), request["point"], instead).install()
    if request["behind"] and not request["point"]:
        behind()
    if request["busy"] is not None:
        for module in (database, sqlite):
            vars(module)["BUSY_TIMEOUT_SECONDS"] = request["busy"]


JOBS: dict[str, Callable[[Mapping[str, Any]], int]] = {"run": run, "many": many, "command": command}


def fork(request: Mapping[str, Any]) -> int:
    """Do a job in a process of its own; its output goes into a file."""
    (only,) = Path("/proc/self/task").iterdir()
    assert int(only.name) == os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()  # a signal to it reaches nobody else
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        faulthandler.register(signal.SIGUSR1)  # where it hangs, if it does
        os.environ.update(request["environment"])
        prepared(request)
        with temporary_settings({PREFECT_API_URL: request["api"]}):
            code = JOBS[request["job"]](request)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # nothing of the parent's is to be closed or flushed here


def look(pid: int) -> int | None:
    """The exit code of a fork (negative: the signal that ended it); None while it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def serve() -> None:
    """Answer until the pipe closes, which it does however the process at its other end dies."""
    children: set[int] = set()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["job"] == "look":
            code = look(request["pid"])
            if code is not None:
                children.discard(request["pid"])
            answer: dict[str, Any] = {"code": code}
        else:
            pid = fork(request)
            children.add(pid)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)
    for pid in children:  # of a campaign that was given up
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    serve()
