"""The one way in: bytes that nobody vouches for become one JSON value, or are refused by name.

value.py      the value that JSON or YAML bytes hold, within the limits
beginning.py  whether bytes are a text, and which of the two it is
json_text.py  JSON, strictly
yaml_text.py  YAML's JSON-like core, strictly
positions.py  where in the bytes a value stands
"""

from benson_execution.reading.positions import line_of, lines_of, member_bytes
from benson_execution.reading.value import read_json, read_value

__all__ = [
    "line_of",
    "lines_of",
    "member_bytes",
    "read_json",
    "read_value",
]
