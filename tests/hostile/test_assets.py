"""The files in `tests/assets/hostile`: what is made today, each with its expected answer."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.assets.hostile.kit import EXIT_CODES, Asset, pac_id_of
from tests.assets.hostile.make import EXPECTED, SUFFIXES, assets, make

from .answers import ASSETS, EXPECTATIONS, content_of

MAX_BYTES = 1_500_000


def kept() -> list[Path]:
    return sorted(path for path in ASSETS.iterdir() if path.suffix in SUFFIXES)


def test_the_files_are_what_is_made_today(tmp_path: Path) -> None:
    """Byte for byte, and neither more nor fewer."""
    make(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [p.name for p in kept()]
    for path in kept():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_each_file_is_expected_and_each_expectation_has_its_file() -> None:
    """None is looked at without saying what for, and none is only talked of."""
    assert [*sorted(EXPECTATIONS), EXPECTED] == sorted([p.name for p in kept()], key=_expected_last)


def _expected_last(name: str) -> tuple[bool, str]:
    return name == EXPECTED, name


def test_there_are_many_of_every_kind_and_they_are_small() -> None:
    """At least 150, and they are in the repository for good."""
    counts = Counter(expected.answer for expected in EXPECTATIONS.values())
    assert counts.total() >= 150
    assert set(counts) == set(EXIT_CODES)
    assert all(counts[answer] >= 50 for answer in set(EXIT_CODES) - {"FAILED"})
    assert sum(path.stat().st_size for path in kept()) < MAX_BYTES


@pytest.mark.parametrize("asset", assets(), ids=lambda asset: asset.name)
def test_an_expectation_is_coherent(asset: Asset) -> None:
    """A name that says what is wrong, and an answer of which the parts go together."""
    expected = EXPECTATIONS[asset.name]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]+\.(json|yaml|bin)", asset.name)
    assert expected.exit_code == EXIT_CODES[expected.answer]
    assert (expected.answer in {"BLOCKED", "FAILED"}) == bool(
        expected.error_code or expected.failed
    )
    assert expected.failed == sorted(expected.failed)
    assert content_of(asset.name) == asset.content


def test_no_two_documents_are_of_one_pac() -> None:
    """A PAC is closed once: the second of two that earned it would be refused for the first."""
    stems = [Path(name).stem for name in EXPECTATIONS]
    assert len({pac_id_of(stem) for stem in stems}) == len(stems)
