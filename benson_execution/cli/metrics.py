"""`benson metrics`: the trail in numbers, for Prometheus."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Annotated, Final

import typer
from rich.text import Text

from benson_execution.cli.output import MAX_LINE, defect, err, reader_may_leave, report, spinner
from benson_execution.errors import BadInput, BensonError
from benson_execution.insight.period import duration
from benson_execution.metrics.exporter import Exporter, Verification
from benson_execution.metrics.server import MetricsServer
from benson_execution.metrics.trail_figures import opened_to_count
from benson_execution.metrics.verifying import verifying
from benson_execution.settings import Settings
from benson_execution.text import plain

_HOST: Final = "127.0.0.1"
_PORT: Final = 9842
_EVERY: Final = "1h"
_NEVER: Final = "never"


def metrics(
    openmetrics: Annotated[
        bool, typer.Option("--openmetrics", help="Print them in the OpenMetrics format.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve them over HTTP until Ctrl-C.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="ADDRESS", help=f"Where to listen; {_HOST} by itself."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help=f"Which port; {_PORT} by itself, 0 for any free one."
        ),
    ] = None,
    verify_every: Annotated[
        str | None,
        typer.Option(
            "--verify-every",
            metavar="DURATION",
            help=f"How often to verify the whole trail: 30m, 6h, 1d, or never; {_EVERY} by itself.",
        ),
    ] = None,
) -> None:
    """Print the trail in numbers for Prometheus, or serve them.

    They are counted from the trail, so they are right across processes and restarts; only the
    faults are this machine's own. Nothing is exposed while the trail can't be read: the command
    ends with exit code 5, and the server answers 503. It has no password: leave it on this
    machine, or let a proxy ask for one.

    [dim]benson metrics[/]
    [dim]benson metrics --serve --port 9842 --verify-every 6h[/]
    [dim]curl http://127.0.0.1:9842/metrics[/]
    """
    settings = Settings.load()
    exporter = Exporter(settings, partial(opened_to_count, settings))
    if serve:
        if openmetrics:
            raise BadInput("--openmetrics goes without --serve", "a client asks for it by Accept")
        every = _interval(verify_every or _EVERY)
        _serve(exporter, host or _HOST, _PORT if port is None else port, every)
        return
    for option, given in (("host", host), ("port", port), ("verify-every", verify_every)):
        if given is not None:
            raise BadInput(f"--{option} goes with --serve")
    with spinner("counting what is in the trail"):
        content = exporter.exposition(as_openmetrics=openmetrics)
    with reader_may_leave():
        sys.stdout.buffer.write(content)


def _interval(given: str) -> float | None:
    """Seconds from one verification to the next; None for `never`."""
    if given == _NEVER:
        return None
    try:
        seconds = duration(given).total_seconds()
    except OverflowError:
        seconds = 0.0
    if not 60 <= seconds <= threading.TIMEOUT_MAX:
        raise BadInput(f"--verify-every {plain(given)} is no time to wait", "from 1m on, or never")
    return seconds


def _serve(exporter: Exporter, host: str, port: int, every: float | None) -> None:
    # A shell that starts it in the background may have had Ctrl-C ignored.
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)
    log = _Log()
    try:
        with MetricsServer(exporter, host, port, log.failed) as server, ExitStack() as stack:
            try:
                with spinner("counting what is in the trail"):
                    _count_before(exporter, log)
                if every is not None:
                    stack.enter_context(verifying(every, partial(_take, exporter, log)))
                log.say(f"metrics at {server.url}; Ctrl-C ends it")
                server.serve_forever()
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:
        log.say("stopped")


def _end(number: int, _: object) -> None:
    """It ends in a moment: another Ctrl-C would only leave a verification behind."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _count_before(exporter: Exporter, log: _Log) -> None:
    """The first look reads the whole trail: no scrape has to wait for it.

    Raises `BadInput` for a variable that is wrong: it stays wrong for as long as this runs.
    """
    try:
        exporter.exposition()
    except BadInput:
        raise
    except BensonError as error:
        log.failed(error)


def _take(exporter: Exporter, log: _Log, found: Verification | None) -> None:
    if found is None:
        log.say("the trail could not be verified; it is tried again")
        return
    exporter.verification = found
    if not found.verified:
        log.say("the trail does NOT verify; `benson verify` says what was changed")


class _Log:
    """What the server tells its operator: a change for the worse or the better, once."""

    def __init__(self) -> None:
        self._telling = threading.Lock()
        self._last: str | None = None

    def say(self, sentence: str) -> None:
        with _reader_may_have_left():
            err().print(Text(f"benson: {plain(sentence, MAX_LINE)}"))

    def failed(self, error: BensonError | Exception | None) -> None:
        """Tell of an error that was not told before; None says that there is none any more."""
        about = None if error is None else f"{type(error).__name__}: {error}"
        with self._telling:
            if about == self._last:
                return
            self._last = about
        if error is None:
            self.say("the metrics can be told again")
        else:
            with _reader_may_have_left():
                report(error if isinstance(error, BensonError) else defect(error))


@contextmanager
def _reader_may_have_left() -> Iterator[None]:
    """Who serves goes on serving, and verifying, when nobody reads what it says any more."""
    # Rich ends the program there; in a thread of ours that would be the end of a client's answer.
    with suppress(OSError, SystemExit):
        yield
