"""Makes the documents beside this file, and what is expected of them.

    python -m tests.assets.hostile.make

Nothing is drawn by lot and nothing is asked of Benson: the same files whenever they are made.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from . import (
    agents,
    completion,
    encodings,
    escapes,
    forbidden,
    identity,
    keys,
    look_alikes,
    nesting,
    numbers,
    pacs,
    scope,
    strict_types,
    syntax,
    yaml_texts,
)
from .kit import Asset, unique

HERE: Final = Path(__file__).parent
EXPECTED: Final = "expected.json"
SUFFIXES: Final = frozenset({".json", ".yaml", ".bin"})
"""Of what is made; what makes it is Python."""
_THEMES: Final = (
    agents,
    completion,
    encodings,
    escapes,
    forbidden,
    identity,
    keys,
    look_alikes,
    nesting,
    numbers,
    pacs,
    scope,
    strict_types,
    syntax,
    yaml_texts,
)


def assets() -> list[Asset]:
    """All documents, by name."""
    return unique(asset for theme in _THEMES for asset in theme.ASSETS)


def make(folder: Path) -> None:
    """Write all of them, and what is expected of them, into this folder."""
    made = assets()
    for asset in made:
        (folder / asset.name).write_bytes(asset.content)
    expected = {asset.name: asset.expected() for asset in made}
    text = json.dumps(expected, indent=1, ensure_ascii=True)
    (folder / EXPECTED).write_text(text + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    for old in HERE.iterdir():
        if old.suffix in SUFFIXES:
            old.unlink()
    make(HERE)
    sys.stdout.write(f"{len(assets())} documents\n")
