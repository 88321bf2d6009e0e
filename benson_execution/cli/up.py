"""`benson up`: all that is deployed, served from one process, and a Prefect where there is none."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Annotated, Any

import typer
from rich.text import Text

from benson_execution.cli.output import MAX_LINE, err, out, reader_may_leave, spinner
from benson_execution.errors import BadInput, ExecutionFailed
from benson_execution.faults import note_fault
from benson_execution.inbox import shown_url
from benson_execution.policy import Policy
from benson_execution.prefect_environment import prepare_served
from benson_execution.settings import Settings
from benson_execution.text import nearby, plain
from benson_execution.trail import open_trail


def up(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="Where its own Prefect listens.")
    ] = 4200,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="How many runs it has at a time.")
    ] = 4,
) -> None:
    """Serve all deployments: on demand, on events, from the inbox, and the recovery.

    Uses the Prefect at PREFECT_API_URL where that is set, otherwise it starts a server of its own
    on this machine only, with the UI, and stops it at the end. Ends with Ctrl-C.

    [dim]benson up[/]
    [dim]benson up --port 4300 --limit 1[/]
    """
    settings = Settings.load()
    Policy.of(settings)  # what can't be used is told now, and not by the first run
    open_trail(settings)
    # Both end it alike wherever they meet it, and stop what it started. A shell that starts it in
    # the background may have had Ctrl-C ignored; then neither would.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with _alone(settings.home), ExitStack() as stack:
            _serve(settings, port, limit, stack)
    except KeyboardInterrupt:
        err().print("benson: stopped")


def _serve(settings: Settings, port: int, limit: int, stack: ExitStack) -> None:
    inbox = _inbox(settings)
    url, is_ours = prepare_served(settings.home, port)
    server = None
    if is_ours:
        # Imports Prefect's environment, which had to be ready.
        from deployments.own_server import own_server, require_free

        require_free(port)
        prefect_home = settings.home.expanduser().absolute() / "prefect"
        first = "" if (prefect_home / "prefect.db").exists() else "; its first start takes a while"
        with _waiting(f"starting a Prefect server in {nearby(prefect_home)}{first}"):
            server = stack.enter_context(own_server(port, prefect_home))
    # What the runs log is in the UI.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    # Seconds, instead of ten: somebody waits.
    os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", "2")
    from deployments.serving import serve

    served = serve(limit, pause_at_the_end=is_ours, ready=partial(_tell, url, inbox))
    asyncio.run(_until_ended(served, server, settings))


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the home as the only `benson up`; the lock goes with the process, however it ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            who = plain(held.read(20).strip())
            raise BadInput(f"`benson up` serves {nearby(home)} already, as process {who}") from None
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        yield


def _inbox(settings: Settings) -> str:
    """Where documents may be put, made if it is a folder of this machine."""
    if "://" in settings.inbox_url:
        return plain(shown_url(settings.inbox_url), MAX_LINE)
    folder = Path(settings.inbox_url).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"the inbox {nearby(folder)} can't be made: {error.strerror}") from None
    return nearby(folder)


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    console = err()
    if not console.is_terminal:
        console.print(Text(f"benson: {what}"))
    began = time.monotonic()
    with spinner(what):
        yield
    if not console.is_terminal:
        console.print(Text(f"benson: it took {time.monotonic() - began:.0f} s"))


def _tell(url: str, inbox: str) -> None:
    from deployments.catalogue import DEPLOYMENTS

    console = out()
    with reader_may_leave():
        console.print(Text(f"Serving {len(DEPLOYMENTS)} deployments; Ctrl-C ends it"))
        for deployment in DEPLOYMENTS:
            console.print(Text(f"  {deployment.full_name:34}  {deployment.description}"))
        console.print(Text(f"  UI     {plain(url.removesuffix('/api'), MAX_LINE)}"))
        console.print(Text(f"  API    {plain(url, MAX_LINE)}"))
        console.print(Text(f"  inbox  {inbox}"))


async def _until_ended(
    serving: Coroutine[Any, Any, None], server: Popen[bytes] | None, settings: Settings
) -> None:
    """Serve until Ctrl-C, or until the server that was started for it is gone."""
    task = asyncio.create_task(serving)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=1)
            if server is not None and server.poll() is not None:
                log = nearby(settings.home / "prefect" / "server.log")
                raise ExecutionFailed(f"the Prefect server has ended; {log} says more")
        await task
    except BaseException:  # an interrupt is how it is ended
        task.cancel()  # runs are stopped, and the schedules paused
        try:
            await task
        except asyncio.CancelledError:
            pass
        except Exception as error:
            note_fault(settings.home, "projection", error, "end of benson up")
        raise
