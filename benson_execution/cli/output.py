"""How answers and errors look: colour only on a terminal, foreign text as plain text."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import orjson
from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from benson_execution.errors import BensonError, ExecutionFailed
from benson_execution.events import DispatchStatus
from benson_execution.outcome import Outcome
from benson_execution.text import nearby, plain

STYLES: Final = {
    "COMPLETED": "bold green",
    "PASS": "green",
    "BLOCKED": "bold red",
    "FAIL": "red",
    "FAILED": "bold magenta",
}
MAX_VIOLATIONS: Final = 50
"""How many violations are printed; the artifact has them all."""
MAX_LINE: Final = 4000
"""How long a line of foreign text may be on the screen."""


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Rich would end the program here; `reader_may_leave` knows better."""
        raise BrokenPipeError


def out() -> Console:
    """Standard output; lines are not wrapped, so that they can be searched and compared."""
    return _Console(soft_wrap=True, highlight=False)


def err() -> Console:
    """Standard error: progress, and what went wrong."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print for as long as somebody reads; when they leave, as `head` does, go on in silence.

    What is judged must be judged whether or not anybody reads of it.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def progress_bar(*columns: ProgressColumn) -> Progress:
    """Progress of these columns on standard error: only on a terminal, and gone in the end.

    What is printed meanwhile goes where it was meant to go: stop it before, and start it again.
    """
    console = err()
    return Progress(
        *columns,
        console=console,
        disable=not console.is_terminal,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


@contextmanager
def spinner(what: str) -> Iterator[None]:
    """The same where nobody knows how long it takes, and nothing is printed meanwhile."""
    columns = TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with progress_bar(SpinnerColumn(), *columns) as progress:
        progress.add_task(what, total=None)
        yield


def end_in_order_on_sigterm() -> None:
    """Let SIGTERM unwind the command, with exit code 143, as Ctrl-C does.

    By default it ends the process at once: what was begun stays open, what was not exported is not
    counted, and an embedded server is left behind.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def styled(word: str) -> Text:
    """A status or verdict in its colour."""
    return Text(word, style=STYLES.get(word, ""))


def report(error: BensonError, source: str | None = None) -> None:
    """One error in one sentence on standard error: where, what, and what to do about it."""
    line = getattr(error, "line", None)
    where = ", ".join(([source] if source else []) + ([f"line {line}"] if line else []))
    text = f"{where}: {error.message}" if where else error.message
    hint = f" ({error.hint})" if error.hint else ""
    err().print(Text(f"benson: {plain(text, MAX_LINE)}{hint}"))


def defect(error: Exception) -> ExecutionFailed:
    """What nobody thought of, as an error of ours: Python's own exit code, 1, means "blocked"."""
    if os.environ.get("BENSON_DEBUG"):
        raise error
    about = f"{type(error).__name__}: {plain(str(error))}"
    return ExecutionFailed(f"this is a defect of Benson: {about}", "BENSON_DEBUG=1 shows where")


def print_json(members: object) -> None:
    """One JSON object on one line of standard output."""
    sys.stdout.write(visible_json(orjson.dumps(members).decode()) + "\n")
    sys.stdout.flush()


def visible_json(text: str) -> str:
    """The same JSON value, with what would command a terminal written as escapes."""
    return text if text.isprintable() else _UNSEEN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
"""Controls, and what turns the direction of writing or is not seen."""


def print_outcome(outcome: Outcome) -> None:
    """The verdict: the status, each checkpoint with its details, the WRAP, the artifact."""
    console = out()
    console.print(Text.assemble(styled(outcome.status), f"  {plain(outcome.pac_id)}"))
    for checkpoint in outcome.checkpoints:
        console.print(
            Text.assemble(
                f"  {checkpoint['checkpoint_id']}  ",
                styled(checkpoint["status"]),
                f"  {plain(checkpoint['details'], MAX_LINE)}",
            )
        )
    if outcome.error_code is not None:
        console.print(Text(f"  schema {outcome.error_code}"))
        for violation in outcome.violations[:MAX_VIOLATIONS]:
            console.print(Text(f"         {plain(str(violation), MAX_LINE)}"))
    if outcome.status is not DispatchStatus.COMPLETED:
        reason = outcome.reason or "the dispatch was interrupted"
        console.print(Text(f"  why    {plain(reason, MAX_LINE)}"))
    console.print(Text(f"  WRAP   {plain(outcome.wrap_id or 'none')}"))
    if outcome.artifact_path is not None:
        console.print(Text(f"  artifact {plain(nearby(outcome.artifact_path), MAX_LINE)}"))
