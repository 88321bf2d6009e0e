"""Whether bytes are a text, and how it begins: that decides whether it is JSON or YAML."""

from __future__ import annotations

from typing import Final

from benson_execution.errors import UnreadableDocument

_BEGINNINGS: Final = (b"{", b"[")


def require_text(content: bytes) -> None:
    """Raise `UnreadableDocument` for bytes that are no text, or an empty one."""
    if content[:1] not in _BEGINNINGS:
        if content.startswith(b"\xef\xbb\xbf"):
            raise UnreadableDocument("the document begins with a byte-order mark", line=1)
        if not content.strip():
            raise UnreadableDocument("the document is empty", line=1)
    if content.isascii():
        return
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"the document is not UTF-8: {error.reason} at byte {error.start}",
            line=content.count(b"\n", 0, error.start) + 1,
        ) from None


def looks_like_json(content: bytes) -> bool:
    """Whether these bytes are to be read as JSON: an object or an array begins."""
    if content[:1] in _BEGINNINGS:
        return True
    start = content.lstrip()
    # More than JSON's blanks are skipped: what comes behind others is no YAML in disguise.
    return start[:1] in _BEGINNINGS or (
        start[:1] > b"\x7f" and content.decode().lstrip()[:1] in ("{", "[")
    )
