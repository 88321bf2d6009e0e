r"""The regular expressions of the published schemas, which every engine reads alike.

JSON Schema has ECMA-262's, Go has RE2, Python has its own. So: no lookaround, no classes like
`\d` that mean more to one of them than to another, control characters as themselves and not as
escapes, and every one anchored at both ends.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Final

_DATE: Final = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

EVENT_TIMESTAMP: Final = rf"^{_DATE}T{_TIME}\.[0-9]{{6}}\+00:00$"
EVENT_TIMESTAMP_LENGTH: Final = len("2025-12-26T01:00:00.000000+00:00")
RESULT_TIMESTAMP: Final = rf"^{_DATE}T{_TIME}(?:\.[0-9]+)?(?:Z|[+-]00(?::?00)?)$"
"""Offsets of zero, however they are written: RFC 3339 has fewer of them."""

AGENT_NOT_BENSON: Final = r"^GID-(?:0[1-9]|[1-9][0-9])$"
SHA256: Final = r"^[0-9a-f]{64}$"
TRACE_ID: Final = r"^[0-9a-f]{32}$"
DISPATCH_ID: Final = r"^[A-Za-z0-9_-]{1,128}$"

_NEVER: Final = r"/\\" + "\0-\x1f\x7f"
_INSIDE: Final = f"[^{_NEVER}]"
_SEGMENT: Final = rf"(?:[^{_NEVER}~.]{_INSIDE}*|\.[^{_NEVER}.]{_INSIDE}*|\.\.{_INSIDE}+)"
PATH_RULE: Final = rf"^{_SEGMENT}(?:/{_SEGMENT})*/?$"
"""A clean relative POSIX path, with a slash behind it or not."""
DRIVE: Final = r"^[A-Za-z]:"

_LETTERS: Final = string.ascii_letters + string.digits
_ALIKE: Final = {"i": "iI1lL|!", "l": "iI1lL|!", "o": "oO0", "a": "aA4", "e": "eE3"} | {
    "s": "sS5",
    "t": "tT7",
}
"""No sign that may also separate: a pattern that can match in many ways can take for ever."""
_SEPARATORS: Final = r"""[@- "-/:-@\[-`{}~#]*""".replace("@-", "\0-", 1).replace("#]", "\x7f]")
"""ASCII that is neither a letter, nor a digit, nor looks like one."""


def forbidden_name(names: Iterable[str]) -> str:
    """Matches the ASCII spellings of these names: any case, any separators, look-alikes.

    But for signs that are read as letters (`wr@p_id`), or that separate though they look like one.
    """
    spelled = ("".join(map(_spelt, filter(_LETTERS.__contains__, name))) for name in names)
    return f"^{_SEPARATORS}(?:{'|'.join(spelled)})$"


def _spelt(letter: str) -> str:
    if letter == "w":
        return f"(?:[wW]|[vV]{_SEPARATORS}[vV]){_SEPARATORS}"
    return f"[{_ALIKE.get(letter, letter + letter.upper())}]{_SEPARATORS}"


RUNNER_NAME = "^[A-Za-z0-9_.-]{1,64}$"
"""The name of a command or a deployment in the operator's file."""
