"""What happens to whole files: torn pages, lost ends, foreign bytes."""

from __future__ import annotations

from typing import Final

from benson_execution.verification.findings import Kind

from .defects import FILES, Expectation, Spoil

PAGE: Final = 512
"""The size of the pages of the files here."""

_DAMAGED: Final = (Kind.DATABASE_DAMAGED,)


def last_page_of_events(content: bytes) -> int:
    """Where the page with the newest event of the closed dispatch begins."""
    at = content.rindex(b'"status":"COMPLETED","duration_ms"')
    return at - at % PAGE


def _torn(filling: bytes) -> Spoil:
    def tear(content: bytes) -> bytes:
        at = last_page_of_events(content)
        return content[:at] + filling * (PAGE // len(filling)) + content[at + PAGE :]

    return tear


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2 // PAGE * PAGE]


def _no_header(content: bytes) -> bytes:
    return b"This was a database once" + content[24:]


FILES.update(
    {
        "page-of-zeros": (_torn(b"\0"), Expectation(_DAMAGED, ("the database",))),
        "page-of-garbage": (_torn(b"\xa5\x07"), Expectation(_DAMAGED, ("the database",))),
        "file-cut-in-half": (_truncated, Expectation(_DAMAGED, ("the database",))),
        "file-without-its-header": (_no_header, Expectation(_DAMAGED, ("not a database",))),
        "file-of-no-bytes": (
            lambda _: b"",
            Expectation((Kind.TRAIL_EMPTY,), ("it was emptied",)),
        ),
    }
)
