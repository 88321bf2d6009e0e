"""Documents for a crowd of runs: most are fine, some are refused by each cause, some malformed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
REFUSED: Final = 25 / 200
MALFORMED: Final = 15 / 200


class Made(NamedTuple):
    """A document, and what must become of it."""

    content: bytes
    pac_id: str | None
    """None for one that is malformed: no dispatch is opened for it."""
    status: str

    @property
    def sha256(self) -> str:
        """As the trail has it."""
        return hashlib.sha256(self.content).hexdigest()


def documents(count: int, first: int = 1000) -> list[Made]:
    """So many documents, no two of one PAC, the kinds mixed: any part of them has all kinds.

    Their PACs are numbered from `first` on.
    """
    refused, malformed = round(count * REFUSED), round(count * MALFORMED)
    kinds = [
        *_spread(refused, _refused),
        *_spread(malformed, _malformed),
        *_spread(count - refused - malformed, _completed),
    ]
    made = [(place, make(number)) for number, (place, make) in enumerate(kinds, start=first)]
    return [document for _, document in sorted(made, key=lambda one: one[0])]


def _spread(count: int, make: Callable[[int], Made]) -> list[tuple[float, Callable[[int], Made]]]:
    return [((number + 0.5) / count, make) for number in range(count)]


def _completed(number: int) -> Made:
    files = sorted(EXAMPLES.glob("PAC-*.json"))
    return _of(files[number % len(files)], number, "COMPLETED")


def _refused(number: int) -> Made:
    files = sorted((EXAMPLES / "refused").glob("*.json"))
    return _of(files[number % len(files)], number, "BLOCKED")


def _of(file: Path, number: int, status: str) -> Made:
    text = file.read_text()
    known: str = json.loads(text)["pac"]["pac_id"]
    # Most PACs have a number of their own: of two with one, the second looks twice for a WRAP id.
    pac_id = re.sub(r"-P\d+-", f"-P{number}-", known)
    return Made(text.replace(known, pac_id).encode(), pac_id, status)


def _malformed(number: int) -> Made:
    text = _completed(number).content.decode()
    pac_id = json.loads(text)["pac"]["pac_id"]
    spoilt = (
        text.replace('"quality_score"', '"quality_score": 1.0, "quality_score"', 1).encode(),
        re.sub(r'"quality_score": [\d.]+', '"quality_score": NaN', text).encode(),
        text[: len(text) // 2].encode(),
        text.replace(pac_id, f"no id {number}").encode(),
        text.replace(pac_id, pac_id + "\\ud800").encode(),
        text.encode("utf-16"),
        f"[{number}]".encode(),
        f"pac: &a {{pac_id: {pac_id}}}\nexecution_result: *a\n".encode(),
    )
    return Made(spoilt[number % len(spoilt)], None, "REFUSED")
