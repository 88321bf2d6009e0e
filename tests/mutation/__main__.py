"""Mutation testing: is there a change to what judges and verifies that no test would notice?

    python -m tests.mutation [phases|result|verification|MODULE ...]

where a MODULE is called by its path, as `verification/trail`.

mutmut changes one expression at a time in `phases/`, `result.py` with `forbidden.py`, and
`verification/`, and runs the tests that reach the changed function. A mutant that they let pass
is a survivor. Each survivor stands in `survivors.toml` with the reason why it may: one that does
not, and one that stands there and is killed or gone, ends the run with exit code 1. All of it is
written to `mutation/results.json`.

mutmut, and not cosmic-ray, because it forks each mutant from one process that has imported
everything: importing Prefect for each would take longer than the tests. The price is that it leaves
out decorated functions (properties, validators) and constants of a module.

Which tests run is in `[tool.mutmut]` of pyproject.toml, so that a mutant takes less than a second
and a survivor less than five:

 - only the files that ask `phases/`, the result and the verification in this process: a command in
   a process of its own would run the unchanged program, and takes a second;
 - no properties: a mutant that is killed by a lucky example is not killed tomorrow;
 - none that only takes long because it makes the files in `tests/assets/tampered` anew, or because
   of the size of its document.

One process at a time, and a nice one: WORKERS in the environment says otherwise.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from .results import GROUPS, collect, compare, patterns_of, write

ROOT: Final = Path(__file__).parents[2]
MUTANTS: Final = ROOT / "mutants"
"""Where mutmut keeps the changed program; begun anew each time, since it takes a verdict of an
earlier run for granted as long as the function is the same, whatever became of the tests."""
_SAID_EVERY: Final = 15.0
_MOST_MEMORY: Final = 4 << 30
"""Bytes of addresses for each process: a mutant may loop without an end, and collect."""


def main(only: list[str]) -> int:
    """Run, compare, write; the exit code."""
    if unknown := [name for name in only if not patterns_of(name)]:
        parts = ", ".join(GROUPS)
        print(f"no part is called {', '.join(unknown)}; there is {parts}, and each module in them")
        return 2
    groups = only or list(GROUPS)
    begun = time.monotonic()
    resource.setrlimit(
        resource.RLIMIT_AS, (_MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1])
    )
    shutil.rmtree(MUTANTS, ignore_errors=True)
    if code := _mutate([pattern for name in groups for pattern in patterns_of(name)]):
        return code
    mutants = collect(MUTANTS, groups)
    compared = compare(mutants, groups)
    write(ROOT / "mutation" / "results.json", mutants, compared, time.monotonic() - begun)
    print(compared.summary(mutants))
    return 0 if compared.is_fine else 1


def _mutate(patterns: list[str]) -> int:
    """Run mutmut; what it shows in one line that changes is said now and then in lines."""
    workers = os.environ.get("WORKERS", "1")
    mutmut = Path(sys.executable).with_name("mutmut")
    command = ["nice", "-n", "15", str(mutmut), "run", "--max-children", workers, *patterns]
    told, next_time = "", 0.0
    tail: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as run:
        assert run.stdout is not None
        reader = run.stdout.fileno()
        while raw := os.read(reader, 4096):
            told = (told + raw.decode(errors="replace"))[-20_000:]
            *lines, told = told.replace("\r", "\n").split("\n")
            tail = [*tail, *(line for line in lines if line.strip())][-200:]
            if tail and time.monotonic() > next_time:
                next_time = time.monotonic() + _SAID_EVERY
                print(tail[-1], flush=True)
    if run.returncode:
        print("\n".join([*tail, told]))
        print("mutmut did not run to its end: nothing was compared")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
