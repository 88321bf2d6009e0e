"""How much of everything a document may have: what is beyond it is refused before it costs."""

from __future__ import annotations

from typing import Final

from benson_execution.frozen import MAX_DEPTH as MAX_DEPTH
from benson_execution.jsonable import MAX_INTEGER as MAX_INTEGER
from benson_execution.jsonable import MAX_VALUES as MAX_VALUES

MAX_DOCUMENT_BYTES: Final = 10 * 1024 * 1024
MAX_YAML_BYTES: Final = 128 * 1024
"""YAML is read ten times slower than JSON, and written by hand; what is larger should be JSON."""
MAX_MEMBERS: Final = 10_000
"""How many members one object may have."""
MAX_KEY: Final = 1024
"""How many characters a key may have."""
