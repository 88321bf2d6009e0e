"""The README's examples, executed: `python -m tests.readme.blocks` writes what they print into it.

A ```console block holds `$ command` lines, each followed by what it prints; a ```python block is
a program, and the ```text block after it is what it prints.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

PROJECT: Final = Path(__file__).parents[2]
README: Final = PROJECT / "README.md"
_CONSOLE: Final = re.compile(r"```console\n(.*?)```", re.DOTALL)
_PYTHON: Final = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
_CHANGING: Final = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"(WRAP-[A-Z0-9]+-P[0-9]+[A-Z]?)-[0-9]{8}"), r"\1-<date>"),
    (re.compile(r" +[0-9]+\.[0-9] ms"), " <n> ms"),
    (re.compile(r"after [0-9]+ ms"), "after <n> ms"),
    (re.compile(r"[0-9a-f]{64}"), "<digest>"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+]+"), "<time>"),
    # What `make` says when it has something to install first.
    (re.compile(r"^making \.venv.*\n", re.MULTILINE), ""),
)


class Example(NamedTuple):
    """A command line or the source of a program, and what the README says that it prints."""

    source: str
    printed: str
    is_python: bool = False


def examples(readme: str) -> Iterator[Example]:
    """The examples of a README, in order."""
    for block in _CONSOLE.findall(readme):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield Example(command, printed)
    for source, printed in _PYTHON.findall(readme):
        yield Example(source, printed, is_python=True)


def execute(example: Example, home: Path) -> str:
    """What the example prints in the project's folder: standard error first, then output."""
    # A `make` inside another one says so, and a reader types it at a prompt.
    foreign = ("BENSON_", "PREFECT_", "MAKE", "MFLAGS")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    if not example.source.startswith("make "):
        environment["BENSON_HOME"] = str(home)
    command = [sys.executable, "-c", example.source] if example.is_python else example.source
    done = subprocess.run(
        command,
        shell=not example.is_python,
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return (done.stderr + done.stdout).replace(f"{home}/", "~/.benson/")


def lasting(text: str) -> str:
    """The text without what differs from run to run."""
    for changing, placeholder in _CHANGING:
        text = changing.sub(placeholder, text)
    return text


def main() -> None:
    """Write what each example prints into the README."""
    readme = README.read_text()
    at = 0
    with tempfile.TemporaryDirectory() as home:
        for example in examples(readme):
            printed = execute(example, Path(home))
            if example.is_python:
                old = f"{example.source}```\n\n```text\n{example.printed}```"
                new = f"{example.source}```\n\n```text\n{printed}```"
            else:
                old = f"$ {example.source}\n{example.printed}"
                new = f"$ {example.source}\n{printed}"
            # One after the other: the same command may stand there twice, and print two things.
            at = readme.index(old, 0 if example.is_python else at)
            readme = readme[:at] + new + readme[at + len(old) :]
            at += len(new)
    README.write_text(readme)


if __name__ == "__main__":
    main()
