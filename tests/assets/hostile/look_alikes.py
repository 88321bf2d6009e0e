"""Forbidden fields that a person reads and a careless comparison does not.

Each stands in `artifacts`, where any other name is free: overlooked is accepted.
"""

from __future__ import annotations

from typing import Final

from .kit import Asset, judged

SOFT_HYPHEN: Final = "\N{SOFT HYPHEN}"
JOINER: Final = "\N{ZERO WIDTH JOINER}"
NO_WIDTH: Final = "\N{ZERO WIDTH SPACE}"
OVERRIDE: Final = "\N{RIGHT-TO-LEFT OVERRIDE}"


def _spelt(name: str, spelling: str, code: str = "GS_131") -> Asset:
    words = "/execution_result/artifacts/list/1/"
    return judged(
        f"spelling-{name}", code, words=words, result={"artifacts": {"list": [0, {spelling: 1}]}}
    )


def _at_the_top(name: str, spelling: str, code: str) -> Asset:
    return judged(f"spelling-{name}", code, words="/execution_result/", result={spelling: 1})


def _moved(text: str, offset: int) -> str:
    """Each letter of `text` moved to another alphabet of the same order."""
    return "".join(chr(ord(c) + offset) if c.isalpha() else c for c in text)


ASSETS: Final = [
    _spelt("upper-case", "WRAP_ID"),
    _spelt("mixed-case", "wRaP_iD"),
    _spelt("camel-case", "wrapId"),
    _spelt("pascal-case", "PositiveClosure", "GS_132"),
    _spelt("hyphen", "closure-authority", "GS_132"),
    _spelt("space", "wrap authority", "GS_133"),
    _spelt("point", "wrap.status"),
    _spelt("slash", "wrap/accepted"),
    _spelt("colon", "wrap:id"),
    _spelt("nothing-between", "wrapid"),
    _spelt("separators-everywhere", "__w-r.a p:i/d__"),
    _spelt("blanks-around", " wrap_id\n"),
    _spelt("brackets", "wrap[id]"),
    _spelt("quotes", '"wrap_id"'),
    _spelt("no-break-space", "wrap\N{NO-BREAK SPACE}id"),
    _spelt("hyphen-of-typographers", "wrap\N{NON-BREAKING HYPHEN}id"),
    _spelt("full-width", _moved("wrap_id", 0xFEE0)),
    _spelt("full-width-in-capitals", _moved("POSITIVECLOSURE", 0xFEE0), "GS_132"),
    _spelt("zero-width-space", f"wrap{NO_WIDTH}_id"),
    _spelt("zero-width-joiner", f"wr{JOINER}ap_id"),
    _spelt("zero-width-non-joiner", "wrap_\N{ZERO WIDTH NON-JOINER}status"),
    _spelt("word-joiner", "positive\N{WORD JOINER}_closure", "GS_132"),
    _spelt("soft-hyphen", f"wrap_autho{SOFT_HYPHEN}rity", "GS_133"),
    _spelt("byte-order-mark-inside", "wrap\N{ZERO WIDTH NO-BREAK SPACE}_id"),
    _spelt("grapheme-joiner", "wr\N{COMBINING GRAPHEME JOINER}ap_id"),
    _spelt("variation-selector", "wrap_id\N{VARIATION SELECTOR-16}"),
    _spelt("tag-characters", "wrap_id\N{TAG LATIN SMALL LETTER X}"),
    _spelt("hangul-filler", "wrap\N{HANGUL FILLER}id"),
    _spelt("right-to-left-override", f"wr{OVERRIDE}ap_id"),
    _spelt("direction-isolates", "\N{FIRST STRONG ISOLATE}wrap_id\N{POP DIRECTIONAL ISOLATE}"),
    _spelt("combining-acute", "wrap_i\N{COMBINING ACUTE ACCENT}d"),
    _spelt("combining-overlay", "w\N{COMBINING SHORT STROKE OVERLAY}rap_id"),
    _spelt("combining-marks-everywhere", "".join(c + "\N{COMBINING DOT BELOW}" for c in "wrapid")),
    _spelt("letter-with-its-accent", "wr\N{LATIN SMALL LETTER A WITH GRAVE}p_id"),
    _spelt("cyrillic", "wr\N{CYRILLIC SMALL LETTER A}\N{CYRILLIC SMALL LETTER ER}_id"),
    _spelt("cyrillic-i", "wrap_\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}d"),
    _spelt(
        "cyrillic-in-capitals", "WR\N{CYRILLIC CAPITAL LETTER A}\N{CYRILLIC CAPITAL LETTER ER}_ID"
    ),
    _spelt(
        "cyrillic-closure",
        "p\N{CYRILLIC SMALL LETTER O}sitive_\N{CYRILLIC SMALL LETTER ES}losure",
        "GS_132",
    ),
    _spelt(
        "cyrillic-authority",
        "wrap_auth\N{CYRILLIC SMALL LETTER O}rit\N{CYRILLIC SMALL LETTER U}",
        "GS_133",
    ),
    _spelt(
        "greek",
        "wr\N{GREEK SMALL LETTER ALPHA}\N{GREEK SMALL LETTER RHO}_\N{GREEK SMALL LETTER IOTA}d",
    ),
    _spelt(
        "greek-in-capitals",
        "WR\N{GREEK CAPITAL LETTER ALPHA}\N{GREEK CAPITAL LETTER RHO}_"
        "\N{GREEK CAPITAL LETTER IOTA}D",
    ),
    _spelt(
        "armenian",
        "p\N{ARMENIAN SMALL LETTER OH}sitive_cl\N{ARMENIAN SMALL LETTER OH}sure",
        "GS_132",
    ),
    _spelt("mathematical-bold", _moved("wrap_id", 0x1D41A - ord("a"))),
    _spelt("mathematical-script", _moved("wrap_status", 0x1D4EA - ord("a"))),
    _spelt("mathematical-monospace", _moved("closure_authority", 0x1D68A - ord("a")), "GS_132"),
    _spelt("circled", _moved("wrap_id", 0x24D0 - ord("a"))),
    _spelt("small-capitals", "\u1d21\u0280\u1d00\u1d18_\u026a\u1d05"),
    _spelt("dotless-i", "wrap_\N{LATIN SMALL LETTER DOTLESS I}d"),
    _spelt("dotted-capital-i", "WRAP_\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}D"),
    _spelt("long-s", "wrap_\N{LATIN SMALL LETTER LONG S}tatu\N{LATIN SMALL LETTER LONG S}"),
    _spelt("subscript", "wrap_\N{LATIN SUBSCRIPT SMALL LETTER I}d"),
    _spelt("digit-for-i", "wrap_1d"),
    _spelt("bar-for-i", "wrap_|d"),
    _spelt("l-for-i", "wrap_ld"),
    _spelt("capital-i-for-l", "positive_cIosure", "GS_132"),
    _spelt("digits-for-i-and-l", "pos1tive_c1osure", "GS_132"),
    _spelt("zero-for-o", "p0sitive_cl0sure", "GS_132"),
    _spelt("zero-and-one", "wrap_auth0r1ty", "GS_133"),
    _spelt(
        "several-tricks-at-once",
        f"WR{NO_WIDTH}\N{CYRILLIC CAPITAL LETTER A}P-1d",
    ),
    _at_the_top("cyrillic-at-the-top", "wr\N{CYRILLIC SMALL LETTER A}p_id", "GS_131"),
    _at_the_top("percent-encoded-at-the-top", "wrap%5Fid", "GS_130"),
    _at_the_top("entity-at-the-top", "wrap&#95;id", "GS_130"),
    _at_the_top("reversed-at-the-top", "di_parw", "GS_130"),
    _at_the_top("escape-written-out-at-the-top", "wrap\\u005fid", "GS_130"),
]
