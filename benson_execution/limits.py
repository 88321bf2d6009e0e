"""How much of everything a document may have: what is beyond it is refused before it costs."""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 64
"""How deeply a JSON value may nest: far more than a record needs, far less than Python's stack."""
MAX_INTEGER: Final = 2**53
"""Beyond it a JSON number may not survive the next reader, which has only floats."""
MAX_VALUES: Final = 250_000
"""How many values a document may have, or unfold to."""
MAX_DOCUMENT_BYTES: Final = 10 * 1024 * 1024
MAX_ARTIFACT_BYTES: Final = 8 * MAX_DOCUMENT_BYTES
"""An artifact has its document twice, once with its quotes escaped, and what is wrong with it."""
MAX_YAML_BYTES: Final = 128 * 1024
"""YAML is read ten times slower than JSON, and written by hand; what is larger should be JSON."""
MAX_MEMBERS: Final = 10_000
"""How many members one object may have."""
MAX_KEY: Final = 1024
"""How many characters a key may have."""
