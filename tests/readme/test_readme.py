"""README and the pages on operation and insight show only what the program prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.readme.blocks import (
    INSIGHT,
    OPERATION,
    README,
    Example,
    examples,
    execute,
    lasting,
    serving,
)

EXAMPLES = list(examples(README.read_text()))


def test_the_readme_begins_with_the_main_job() -> None:
    """One sentence, one command, its output."""
    assert EXAMPLES[0].source == "make run"
    assert "COMPLETED  PAC-DAN-P44" in EXAMPLES[0].printed


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all: later examples ask for what earlier ones did."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.source.split("\n")[0])
def test_an_example_prints_what_the_readme_says(example: Example, home: Path) -> None:
    """Ids, dates and durations aside, to the letter."""
    assert lasting(execute(example, home)) == lasting(example.printed)


@pytest.fixture(scope="module")
def insight_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("insight")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "example",
    list(examples(INSIGHT.read_text())),
    ids=lambda example: example.source.split("\n")[0],
)
def test_an_example_of_insight_prints_what_its_page_says(
    example: Example, insight_home: Path
) -> None:
    """In a home of its own, which begins empty."""
    assert lasting(execute(example, insight_home)) == lasting(example.printed)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Mapping[str, str]]]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "example",
    list(examples(OPERATION.read_text())),
    ids=lambda example: example.source.split("\n")[0],
)
def test_an_example_of_operation_prints_what_its_page_says(
    example: Example, served: tuple[Path, Mapping[str, str]]
) -> None:
    """Beside a `benson up` that serves."""
    home, environment = served
    assert lasting(execute(example, home, environment)) == lasting(example.printed)
