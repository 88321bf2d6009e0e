"""Bytes that are no text, and text that no record can hold."""

from __future__ import annotations

from typing import Final

from .kit import Asset, good, judged, put, raw, spoilt, unreadable

NOT_UTF_8: Final = "not UTF-8"
SURROGATE: Final = "lone surrogate"
UTF_7: Final = str.maketrans({"{": "+AHs-", "}": "+AH0-", '"': "+ACI-"})


def _bytes_in_notes(name: str, letters: bytes) -> Asset:
    """Bytes that no UTF-8 text holds, in the middle of a text."""
    name = f"encoding-{name}"
    content = put(name, ('"done"', '"[here]"')).encode().replace(b"[here]", letters)
    return unreadable(name, content, NOT_UTF_8, suffix="bin")


def _coded(name: str, codec: str, words: str, prefix: bytes = b"") -> Asset:
    """A good document in another encoding."""
    name = f"encoding-{name}"
    return unreadable(name, prefix + good(name).encode(codec), words, suffix="bin")


def _notes(name: str, letters: str, words: str) -> Asset:
    """Letters of JSON's in the place of the notes."""
    return spoilt(f"encoding-{name}", '"done"', f'"{letters}"', words)


def _readable(name: str, notes: str) -> Asset:
    """Unusual characters, raw, that JSON and UTF-8 both allow."""
    return judged(f"encoding-{name}", result={"notes": notes})


ASSETS: Final = [
    _coded("byte-order-mark", "utf-8", "byte-order mark", b"\xef\xbb\xbf"),
    unreadable("encoding-byte-order-mark-alone", b"\xef\xbb\xbf", "byte-order mark", suffix="bin"),
    _coded("utf-16-with-mark", "utf-16-le", NOT_UTF_8, b"\xff\xfe"),
    _coded("utf-16-big-endian-with-mark", "utf-16-be", NOT_UTF_8, b"\xfe\xff"),
    _coded("utf-16-little-endian", "utf-16-le", "not JSON"),
    _coded("utf-16-big-endian", "utf-16-be", "U+0000"),
    _coded("utf-32-with-mark", "utf-32-le", NOT_UTF_8, b"\xff\xfe\x00\x00"),
    _coded("ebcdic", "cp500", NOT_UTF_8),
    unreadable("encoding-utf-7", good("encoding-utf-7").translate(UTF_7), "not YAML"),
    _bytes_in_notes("latin-1", "caf\u00e9".encode("latin-1")),
    _bytes_in_notes("windows-1252", b"\x93done\x94"),
    _bytes_in_notes("overlong-slash", b"\xc0\xaf"),
    _bytes_in_notes("overlong-slash-of-three", b"\xe0\x80\xaf"),
    _bytes_in_notes("overlong-nul", b"\xc0\x80"),
    _bytes_in_notes("cesu-surrogates", b"\xed\xa0\xbd\xed\xb8\x80"),
    _bytes_in_notes("surrogate-half", b"\xed\xa0\x80"),
    _bytes_in_notes("continuation-alone", b"\x80"),
    _bytes_in_notes("beyond-the-last-plane", b"\xf4\x90\x80\x80"),
    _bytes_in_notes("five-bytes", b"\xf8\x88\x80\x80\x80"),
    _bytes_in_notes("byte-ff", b"\xff"),
    unreadable(
        "encoding-cut-in-a-character",
        put("encoding-cut-in-a-character", ('"done"', '"')).split('"notes"')[0].encode()
        + b'"notes": "\xe2\x82',
        NOT_UTF_8,
        suffix="bin",
    ),
    _notes("surrogate-high", "\\ud800", SURROGATE),
    _notes("surrogate-low", "x\\udfffy", SURROGATE),
    _notes("surrogates-swapped", "\\ude00\\ud83d", SURROGATE),
    _notes("surrogate-high-twice", "\\ud83d\\ud83d", SURROGATE),
    spoilt("encoding-surrogate-in-a-key", '"notes"', '"\\ud800"', SURROGATE),
    spoilt("encoding-surrogate-in-a-task-of-the-pac", '"first"', '"\\udc00"', SURROGATE),
    _notes("nul-escaped", "a\\u0000b", "NUL"),
    spoilt("encoding-nul-in-a-key", '"notes"', '"not\\u0000es"', "NUL"),
    spoilt(
        "encoding-nul-in-the-pac-id",
        '{"pac": {"pac_id": "PAC',
        '{"pac": {"pac_id": "PAC\\u0000',
        "NUL",
    ),
    spoilt("encoding-nul-in-a-path", "src/app.py", "src/app.py\\u0000.txt", "NUL"),
    _notes("nul-raw", "a\0b", "not JSON"),
    _notes("control-character-raw", "a\x01b", "not JSON"),
    _notes("escape-raw", "a\x1b[31mb", "not JSON"),
    _notes("line-feed-raw", "a\nb", "not JSON"),
    _notes("tabulator-raw", "a\tb", "not JSON"),
    unreadable("encoding-empty", b"", "empty"),
    unreadable("encoding-blank", b" \t\r\n \n", "empty"),
    unreadable("encoding-nul-behind-a-no-break-space", b"\xc2\xa0\0", "U+0000", suffix="bin"),
    unreadable("encoding-nul-alone", b"\0", "U+0000", suffix="bin"),
    unreadable("encoding-no-break-space-first", "\u00a0" + good("encoding-x"), ""),
    unreadable("encoding-form-feed-first", "\x0c" + good("encoding-x"), ""),
    unreadable("encoding-zero-width-space-first", "\u200b" + good("encoding-x"), ""),
    unreadable(
        "encoding-program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\xff", NOT_UTF_8, suffix="bin"
    ),
    unreadable("encoding-picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NOT_UTF_8, suffix="bin"),
    unreadable(
        "encoding-gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0", NOT_UTF_8, suffix="bin"
    ),
    unreadable(
        "encoding-pickle",
        b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
        NOT_UTF_8,
        suffix="bin",
    ),
    _readable("line-separator", "one\u2028two\u2029three"),
    _readable("next-line", "one\u0085two"),
    _readable("delete", "a\x7fb"),
    _readable("noncharacter", "a\ufffeb\U0010ffffc"),
    _readable("private-use", "\ue000\U000f0000"),
    _readable("many-combining-marks", "z" + "\u0300\u0316" * 200),
    raw(
        "encoding-surrogate-pair-escaped",
        put("encoding-surrogate-pair-escaped", ('"done"', '"\\ud83d\\ude00"')),
        "COMPLETED",
    ),
    raw(
        "encoding-escapes-escaped",
        put("encoding-escapes-escaped", ('"done"', '"\\\\u0000 \\\\ud800"')),
        "COMPLETED",
    ),
]
