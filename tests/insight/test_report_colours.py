"""The colours of the statuses: told apart by whoever sees them, and read on their paper.

How a colour looks to a colour-blind person is Machado's, Oliveira's and Fernandes' model (2009) at
full severity; how far two colours are apart is their distance in Oklab, in hundredths.
"""

from __future__ import annotations

import re
from itertools import combinations
from math import dist
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pytest

from benson_execution.report import page
from benson_execution.report.figures import HATCH

Colours = npt.NDArray[np.float64]

STYLE: Final = (Path(page.__file__).parent / "templates" / "style.css").read_text()
PALETTES: Final = [dict(re.findall(r"--(\w+): (#\w+);", rule)) for rule in STYLE.split(":root")[1:]]
"""By day, by night, and on paper."""
STATUSES: Final = ("completed", "blocked", "failed", "open")
SIGHTS: Final = {
    "full": np.eye(3),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no blue": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
APART: Final = 9.0
"""Where green is not seen, an amber and a red are at 1."""
GREY: Final = 2.0
"""How far a neutral colour is from grey at most; red is at 17."""


def linear(colour: str) -> Colours:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = np.array([int(digits[n : n + 2], 16) for n in (0, 2, 4)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(parts: Colours) -> Colours:
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    opponents = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    found: Colours = 100 * opponents @ np.cbrt(cones @ np.clip(parts, 0, 1))
    return found


def contrast(one: str, other: str) -> float:
    lights = sorted(
        float(np.dot([0.2126, 0.7152, 0.0722], linear(colour))) for colour in (one, other)
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def test_there_are_three_palettes() -> None:
    assert [palette["paper"] for palette in PALETTES] == ["#fbfaf6", "#171716", "#fff"]


@pytest.mark.parametrize("palette", PALETTES, ids=["day", "night", "paper"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_statuses_are_told_apart(palette: dict[str, str], sight: str) -> None:
    seen = {status: oklab(SIGHTS[sight] @ linear(palette[status])) for status in STATUSES}
    apart = {(a, b): dist(seen[a], seen[b]) for a, b in combinations(STATUSES, 2)}
    assert {pair: found for pair, found in apart.items() if found < APART} == {}


@pytest.mark.parametrize("palette", PALETTES, ids=["day", "night", "paper"])
def test_what_is_open_has_not_failed(palette: dict[str, str]) -> None:
    """Nothing of it is known yet: its colour is a grey, and those of a verdict are not."""
    chroma = {status: float(np.hypot(*oklab(linear(palette[status]))[1:])) for status in STATUSES}
    assert [status for status, found in chroma.items() if found <= GREY] == ["open"]


@pytest.mark.parametrize("palette", PALETTES, ids=["day", "night", "paper"])
def test_letters_in_them_stand_out(palette: dict[str, str]) -> None:
    """At least 4.5 to 1, as WCAG's level AA asks of small text."""
    for status in STATUSES:
        for ground in ("paper", "sheet"):
            assert contrast(palette[status], palette[ground]) >= 4.5, (status, ground)


def test_no_status_is_told_by_its_colour_alone() -> None:
    assert len({HATCH[status] for status in STATUSES}) == len(STATUSES)
    assert len(set(page.SIGNS.values())) == len(STATUSES)
