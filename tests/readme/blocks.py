"""The examples of the pages, executed: `python -m tests.readme.blocks` writes what they print.

A ```console block holds `$ command` lines, each followed by what it prints; a ```python block is
a program, and the ```text block after it is what it prints.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.cli.conftest import new_benson
from tests.deployments.up import up

PROJECT: Final = Path(__file__).parents[2]
README: Final = PROJECT / "README.md"
OPERATION: Final = PROJECT / "docs" / "operation.md"
"""Its examples are executed beside a `benson up` in the same home."""
INSIGHT: Final = PROJECT / "docs" / "insight.md"
_CONSOLE: Final = re.compile(r"```console\n(.*?)```", re.DOTALL)
_PYTHON: Final = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
_CHANGING: Final = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"(WRAP-[A-Z0-9]+-P[0-9]+[A-Z]?)-[0-9]{8}"), r"\1-<date>"),
    (re.compile(r" +[0-9]+\.[0-9] ms"), " <n> ms"),
    (re.compile(r" +\+[0-9]+\.[0-9]  "), " +<n>  "),
    (re.compile(r"after [0-9]+ ms"), "after <n> ms"),
    (re.compile(r"[0-9a-f]{64}"), "<digest>"),
    (re.compile(r"trail:[0-9a-f]{32}"), "trail:<id>"),
    (re.compile(r"[0-9]+ kB"), "<n> kB"),
    (re.compile(r"benson-[0-9a-f]{8}-(\d+-\d+)-[0-9a-f]{12}"), r"benson-<id>-\1-<id>"),
    (re.compile(r"(: |to )[0-9,]+( bytes|$)", re.MULTILINE), r"\1<n>\2"),
    (re.compile(r": [0-9,]+ bytes, compressed"), ": <n> bytes, compressed"),
    (re.compile(r"ended [0-9-]{10} to [0-9-]{10}"), "ended <date> to <date>"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+]+"), "<time>"),
    (re.compile(r"127\.0\.0\.1:[0-9]+"), "127.0.0.1:<port>"),
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


def execute(example: Example, home: Path, served: Mapping[str, str] | None = None) -> str:
    """What the example prints in the project's folder: standard error first, then output.

    `served` is the environment of what serves beside it.
    """
    # A `make` inside another one says so, and a reader types it at a prompt.
    foreign = ("BENSON_", "PREFECT_", "MAKE", "MFLAGS")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    if not example.source.startswith("make "):
        environment["BENSON_HOME"] = str(home)
    environment |= served or {}
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


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A `benson up`: its home, and the environment in which commands reach it."""
    with up(new_benson(folder)) as running:
        yield running.benson.home, running.env


def main() -> None:
    """Write what each example prints into its page."""
    for page in (README, INSIGHT):
        with tempfile.TemporaryDirectory() as folder:
            rewrite(page, Path(folder), None)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (home, served):
        rewrite(OPERATION, home, served)


def rewrite(page: Path, home: Path, served: Mapping[str, str] | None) -> None:
    """Write what each example of a page prints into it."""
    readme = page.read_text()
    at = 0
    for example in examples(readme):
        printed = execute(example, home, served)
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
    page.write_text(readme)


if __name__ == "__main__":
    main()
