"""What is almost JSON, and is read by some who are kinder."""

from __future__ import annotations

from typing import Final

from .kit import Asset, good, put, raw, spoilt, unreadable

NOT_JSON: Final = "not JSON"
NO_OBJECT: Final = "where an object is expected"


def _all(name: str, content: str, words: str = NOT_JSON) -> Asset:
    return unreadable(f"syntax-{name}", content, words)


def _spoilt(name: str, old: str, new: str) -> Asset:
    return spoilt(f"syntax-{name}", old, new, NOT_JSON)


ASSETS: Final = [
    _spoilt("comma-at-the-end-of-an-object", '"done"}', '"done",}'),
    _spoilt("comma-at-the-end-of-a-list", '["T1", "T2"]', '["T1", "T2",]'),
    _spoilt("comma-twice", '["T1", "T2"]', '["T1",, "T2"]'),
    _spoilt("comma-missing", '["T1", "T2"]', '["T1" "T2"]'),
    _spoilt("colon-missing", '"notes": ', '"notes" '),
    _spoilt("comment-of-a-line", '"notes"', '// a word\n"notes"'),
    _spoilt("comment-of-a-block", '"notes"', '/* a word */ "notes"'),
    _spoilt("comment-with-a-hash", '"notes"', '# a word\n"notes"'),
    _spoilt("key-in-single-quotes", '"notes"', "'notes'"),
    _spoilt("text-in-single-quotes", '"done"', "'done'"),
    _spoilt("key-without-quotes", '"notes"', "notes"),
    _spoilt("key-that-is-a-number", '"notes"', "1"),
    _spoilt("text-without-an-end", '"done"}', '"done}'),
    _spoilt("escape-unknown", '"done"', '"\\x41"'),
    _spoilt("escape-too-short", '"done"', '"\\u12"'),
    _spoilt("word-of-python", '"scope_compliance": true', '"scope_compliance": True'),
    _spoilt("word-undefined", '"done"', "undefined"),
    _spoilt("word-cut", '"scope_compliance": true', '"scope_compliance": tru'),
    _spoilt("expression", '"quality_score": 0.9', '"quality_score": 0.4+0.5'),
    _spoilt("call-of-a-function", '"done"', 'alert("x")'),
    _all("cut-off", good("syntax-cut-off")[:200]),
    _all("cut-off-before-the-last-bracket", good("syntax-cut-off-2").rstrip()[:-1]),
    _all("bracket-too-many", good("syntax-bracket-too-many").rstrip() + "}"),
    _all("brackets-crossed", '{"pac": [}]'),
    _all("two-documents", good("syntax-two-1") + good("syntax-two-2")),
    _all("two-documents-on-one-line", good("syntax-three").rstrip() * 2),
    _all("words-after-it", good("syntax-words-after-it") + "and more"),
    _all("nul-after-it", good("syntax-nul-after-it") + "\0"),
    _all("guard-of-some-servers", ")]}',\n" + good("syntax-guard"), ""),
    _all("callback", f"callback({good('syntax-callback')})", ""),
    _all("fence-of-markdown", f"```json\n{good('syntax-fence')}```\n", ""),
    _all("words-before-it", "Here is my result:\n" + good("syntax-words-before-it"), ""),
    _all("record-separator-first", "\x1e" + good("syntax-record-separator"), ""),
    _all(
        "xml",
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        "",
    ),
    _all("top-is-a-list", f"[{good('syntax-top-is-a-list').rstrip()}]", NO_OBJECT),
    _all("top-is-an-empty-list", "[]", NO_OBJECT),
    _all("top-is-a-text", '"pac"', NO_OBJECT),
    _all("top-is-a-number", "42", NO_OBJECT),
    _all("top-is-null", "null", NO_OBJECT),
    _all("top-is-true", "true", NO_OBJECT),
    _all("bracket-alone", "{"),
    raw("syntax-top-is-empty", "{}\n", "invalid_pac", "no member 'pac'"),
    raw(
        "syntax-wide-blanks",
        put("syntax-wide-blanks", ('"notes": ', '"notes"\r\n\t :\r\n\t  ')),
        "COMPLETED",
    ),
    raw("syntax-blanks-around", f"\r\n\t {good('syntax-blanks-around')}\r\n\t ", "COMPLETED"),
]
