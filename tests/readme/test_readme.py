"""README shows only what the program prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readme.blocks import README, Example, examples, execute, lasting

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
