"""Which documents are looked at where looking at all of them takes too long.

A flow run takes a second of a busy machine, and a process of the command two. What is chosen has
every answer, gate and code in it, and whatever an orchestrator, a database, a shell or a terminal
might stumble over; all others are judged by the same phases in the engine and in `benson judge`.
"""

from __future__ import annotations

from typing import Final

from .answers import EXPECTATIONS, READABLE

_BEGINNINGS: Final = ("text-", "key-proto", "key-class", "key-python")
"""All of these are run: they are aimed at what surrounds the phases."""
_MORE: Final = (
    "agent-beside-its-result.json",
    "agent-command-smuggled-in.json",
    "agent-of-nobody.json",
    "agent-wrap-id-beside-the-command.json",
    "encoding-delete.json",
    "encoding-line-separator.json",
    "encoding-many-combining-marks.json",
    "encoding-noncharacter.json",
    "encoding-surrogate-pair-escaped.json",
    "forbidden-131-before-132.json",
    "forbidden-132-before-133.json",
    "forbidden-133-before-130.json",
    "forbidden-in-a-failing-result.json",
    "forbidden-wrap-id-beside-the-pac.json",
    "identity-agent-unknown.json",
    "identity-another-pac.json",
    "identity-name-in-lower-case-in-both.json",
    "identity-pac-of-benson.json",
    "key-of-mongo-in-artifacts.json",
    "nesting-64-lists.json",
    "nesting-64-objects.json",
    "number-integer-that-just-fits.json",
    "number-score-just-below-the-threshold.json",
    "number-score-minus-zero.json",
    "scope-braces.json",
    "scope-climbs-out-further.json",
    "scope-last-of-three-thousand.json",
    "scope-percent-encoded.json",
    "spelling-cyrillic.json",
    "spelling-digits-for-i-and-l.json",
    "spelling-right-to-left-override.json",
    "spelling-zero-width-joiner.json",
    "tasks-one-twice.json",
    "tasks-two-thousand-unknown.json",
    "time-without-a-zone.json",
    "type-result-empty.json",
    "type-result-missing.json",
    "type-result-null.json",
    "type-score-true.json",
    "yaml-forbidden-field.yaml",
    "yaml-plain.yaml",
    "yaml-yes.yaml",
)

RUN: Final = [
    name
    for name, expected in EXPECTATIONS.items()
    if not expected.is_refused and (name.startswith(_BEGINNINGS) or name in _MORE)
]
"""The readable documents that go through the flow as its parameter."""
COMMAND: Final = sorted(
    {*READABLE[::3], *RUN[::4], "type-result-missing.json", "spelling-cyrillic.json"}
)
"""The readable documents that go through `benson run`: of each theme a third."""
ALONE: Final = (
    "encoding-empty.json",
    "encoding-latin-1.bin",
    "encoding-nul-raw.json",
    "encoding-surrogate-high.json",
    "key-twice-score-low-then-high.json",
    "nesting-5000-lists.json",
    "number-nan.json",
    "number-integer-of-5000-digits.json",
    "pac-id-that-climbs.json",
    "pac-id-with-an-escape.json",
    "pac-missing.json",
    "syntax-top-is-a-list.json",
    "yaml-billion-laughs.yaml",
    "yaml-tag-python-object.yaml",
)
"""What is refused in a process of its own: where one of several can't be read, none is run."""
JUDGED_ALONE: Final = (
    "encoding-gzip.bin",
    "forbidden-wrap-id-in-artifacts.json",
    "spelling-cyrillic.json",
    "syntax-blanks-around.json",
    "tasks-empty-id.json",
    "text-clear-screen.json",
    "yaml-plain.yaml",
    "yaml-tag-python-object.yaml",
)
"""Whose exit code is asked of a process of its own."""
assert {*_MORE, *ALONE, *JUDGED_ALONE} <= set(EXPECTATIONS), "a document was renamed"
