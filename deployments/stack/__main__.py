"""`python -m deployments.stack`: start the stack, say how to reach it, and stay until the end."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Final

from benson_execution.errors import BensonError
from benson_execution.settings import Settings
from deployments.stack.secrets_file import exports
from deployments.stack.stack import SECRETS, Options, Stack

_LOOK_SECONDS: Final = 1.0


def main(args: Sequence[str]) -> int:
    """Run a stack until it is told to end, or until a server that it can't do without has ended."""
    told_to_end = threading.Event()

    def end(number: int, _frame: FrameType | None) -> None:
        told_to_end.set()
        # While servers start, nobody looks at the event.
        raise KeyboardInterrupt(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        with Stack(parsed(args), say) as stack:
            tell(stack)
            return look_after(stack)
    except KeyboardInterrupt:
        return 0
    except BensonError as error:
        say(str(error))
        return error.exit_code


def look_after(stack: Stack) -> int:
    """Wait until a server has ended that the others need, or the last worker."""
    pause = threading.Event()
    while True:
        pause.wait(_LOOK_SECONDS)
        ended = stack.dead()
        if any(not name.startswith("worker-") for name in ended):
            say("without it nothing can go on")
            return 3
        if ended and not stack.workers:
            say("there is no worker any more")
            return 3


def tell(stack: Stack) -> None:
    """Print the environment in which `benson` and `prefect` find the stack."""
    open_ones = {n: v for n, v in stack.variables.items() if n not in SECRETS}
    sys.stdout.write(exports(open_ones))
    sys.stdout.write(f". {stack.secrets_file}  # {' and '.join(SECRETS)}\n")
    sys.stdout.flush()
    say("everything is up; Ctrl-C ends it")


def say(line: str) -> None:
    """Tell on standard error; standard output is for the shell."""
    sys.stderr.write(f"stack: {line}\n")
    sys.stderr.flush()


def parsed(args: Sequence[str]) -> Options:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m deployments.stack", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument(
        "--limit", type=int, default=2, metavar="N", help="runs at once, of each worker; default: 2"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="of Prefect's API and UI; default: a free one"
    )
    given = parser.parse_args(args)
    return Options(Settings.load().home, given.workers, given.limit, given.port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
