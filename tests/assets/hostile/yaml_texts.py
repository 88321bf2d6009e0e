"""What YAML knows and JSON does not: each is refused by name, or stays the text that it is."""

from __future__ import annotations

from typing import Final

from .kit import Asset, pac_id_of

_GOOD: Final = """\
pac:
  pac_id: {pac_id}
  agent_gid: GID-07
  agent_name: Dan
  tasks:
    - {{id: T1, description: first}}
    - {{id: T2, description: second}}
  allowed_paths: [src/, README.md]
  forbidden_paths: [src/secret/]
execution_result:
  pac_id: {pac_id}
  agent_gid: GID-07
  agent_name: Dan
  execution_timestamp: 2025-12-24T20:12:00Z
  tasks_completed: [T1, T2]
  tasks_total: 2
  files_modified: [src/app.py]
  quality_score: 0.9
  scope_compliance: true
  execution_time_ms: 1200
  notes: done
"""
"""Its timestamp has no quotes, on purpose: it is a text all the same."""


def _good(name: str) -> str:
    return _GOOD.format(pac_id=pac_id_of(f"yaml-{name}"))


def _asset(
    name: str, content: str, answer: str, code: str | None, failed: tuple[str, ...], words: str
) -> Asset:
    return Asset(f"yaml-{name}.yaml", content.encode(), answer, code, failed, words)


def _changed(name: str, old: str, new: str) -> str:
    text = _good(name)
    assert text.count(old) == 1, (name, old)
    return text.replace(old, new)


def _notes(name: str, value: str, words: str) -> Asset:
    """Unreadable for what stands in the place of the notes."""
    return _asset(
        name, _changed(name, "notes: done", f"notes: {value}"), "unreadable", None, (), words
    )


def _all(name: str, content: str, words: str) -> Asset:
    return _asset(name, content, "unreadable", None, (), words)


def _read(
    name: str, old: str, new: str, code: str | None = None, *failed: str, words: str = ""
) -> Asset:
    """Readable; a scalar that JSON does not know is a text, and a text where none belongs fails."""
    answer = "BLOCKED" if code or failed else "COMPLETED"
    return _asset(name, _changed(name, old, new), answer, code, failed, words)


def _before(name: str, lines: str, answer: str = "COMPLETED", words: str = "") -> Asset:
    return _asset(name, lines + _good(name), answer, None, (), words)


TAGS: Final = "tags are not read"
ALIASES: Final = "aliases are not read"
LAUGHS: Final = "".join(
    f"{letter}: &{letter} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, letter in zip("abcdefgh", "bcdefghi", strict=True)
)

ASSETS: Final = [
    _read("plain", "notes: done", "notes: done"),
    _notes("alias", "&x [1]\n  warnings: *x", ALIASES),
    _notes("alias-of-nothing", "*nobody", ALIASES),
    _all("alias-of-itself", "&a [*a]\n", ALIASES),
    _all("billion-laughs", 'a: &a ["lol"]\n' + LAUGHS, ALIASES),
    _all(
        "merge-by-alias",
        _good("merge-by-alias").replace("pac:\n", "pac: &p\n", 1) + "  <<: *p\n",
        ALIASES,
    ),
    _read("anchor-alone", "notes: done", "notes: &anchor done"),
    _all(
        "merge-key",
        _changed("merge-key", "notes: done", "<<: {notes: done}"),
        "merge keys are not read",
    ),
    _read("merge-key-in-quotes", "notes: done", '"<<": {notes: done}', "GS_130", words="<<"),
    _all(
        "next-line-in-a-comment",
        _changed("next-line-in-a-comment", "notes: done", "# as agreed\x85  notes: done"),
        "U+0085",
    ),
    _all(
        "line-separator-in-a-comment",
        _changed("line-separator-in-a-comment", "notes: done", "# as agreed\u2028  notes: done"),
        "U+2028",
    ),
    _all(
        "carriage-return-in-a-comment",
        _changed("carriage-return-in-a-comment", "notes: done", "# as agreed\r  notes: done"),
        "U+000D",
    ),
    _notes("tag-python-object", "!!python/object/apply:os.system ['id']", TAGS),
    _notes("tag-python-name", "!!python/name:os.system", TAGS),
    _notes("tag-binary", "!!binary aGVsbG8=", TAGS),
    _notes("tag-of-its-own", "!secret done", TAGS),
    _notes("tag-not-specific", "! done", TAGS),
    _notes("tag-verbatim", "!<tag:yaml.org,2002:str> done", TAGS),
    _notes("tag-set", "!!set {a, b}", TAGS),
    _notes("tag-omap", "!!omap [a: 1]", TAGS),
    _notes("tag-timestamp", "!!timestamp 2025-12-24", TAGS),
    _notes("tag-str", "!!str 5", TAGS),
    _notes("tag-env", "!ENV ${HOME}", TAGS),
    _notes("tag-include", "!include /etc/passwd", TAGS),
    _before("tag-directive", "%TAG ! tag:x.invalid,2025:\n---\n", "unreadable", TAGS),
    _before(
        "tag-directive-that-is-used",
        "%TAG !e! tag:x.invalid,2025:\n---\nx: !e!y 1\n",
        "unreadable",
        TAGS,
    ),
    _before("version-directive", "%YAML 1.1\n---\n", "unreadable", "directives are not read"),
    _before("version-of-the-future", "%YAML 9.9\n---\n", "unreadable", "not YAML"),
    _before(
        "version-of-many-digits", "%YAML 1." + "1" * 5000 + "\n---\n", "unreadable", "not YAML"
    ),
    _before("comment-and-mark-first", "# a word\n---\n"),
    _all(
        "second-document",
        _good("second-document") + "---\n" + _good("second-document"),
        "another document",
    ),
    _all(
        "second-document-empty", _good("second-document-empty") + "...\n---\n", "another document"
    ),
    _all("key-twice", _good("key-twice") + "  notes: done\n", "stands twice"),
    _all("score-twice", _good("score-twice") + "  quality_score: 1.0\n", "stands twice"),
    _all("key-twice-in-quotes", _good("key-twice-in-quotes") + '  "notes": done\n', "stands twice"),
    _all("key-twice-at-the-top", _good("key-twice-at-the-top") + "pac: null\n", "stands twice"),
    _notes("key-a-number", "done\n  1: x", "the key 1 is not a string"),
    _notes("key-true", "done\n  true: x", "the key true is not a string"),
    _notes("key-null", "done\n  null: x", "the key null is not a string"),
    _notes("key-a-list", "done\n  ? [a]\n  : 1", "is not a string"),
    _notes("key-an-object", "done\n  ? {a: 1}\n  : 1", "is not a string"),
    _all("not-a-number", _changed("not-a-number", "0.9", ".nan"), ".nan"),
    _all("infinity", _changed("infinity", "0.9", ".inf"), ".inf"),
    _all("minus-infinity", _changed("minus-infinity", "0.9", "-.INF"), "-.INF"),
    _all("too-large", _changed("too-large", "0.9", "1e999"), "1e999"),
    _all("integer-beyond", _changed("integer-beyond", "1200", "9007199254740993"), "beyond 2^53"),
    _notes("tabulator", "done\n\twarnings: []", "not YAML"),
    _notes("indentation-lost", "done\n warnings: []", "not YAML"),
    _notes("quote-without-an-end", "'done", "not YAML"),
    _notes("bracket-without-an-end", "[done", "not YAML"),
    _notes("reserved-indicator", "@done", "not YAML"),
    _notes("mapping-in-a-line", "a: b: c", "not YAML"),
    _notes("bell-raw", "do\x07ne", "U+0007"),
    _notes("bell-behind-wide-letters", "\u00e4\u20ac\U0001f600" * 20 + "\x07", "U+0007"),
    _notes("escape-raw", "do\x1b[31mne", "U+001B"),
    _notes("nul-escaped", '"a\\0b"', "NUL"),
    _notes("surrogate-escaped", '"\\ud800"', "no text"),
    _notes("deep", "[" * 65 + "]" * 65, "nests more than 64 deep"),
    _notes("deep-by-5000", "[" * 5000 + "]" * 5000, "nests more than 64 deep"),
    _all("scalar", "just words\n", "where an object is expected"),
    _all("list", "- pac: {}\n", "where an object is expected"),
    _all("comment-alone", "# nothing\n", "where an object is expected"),
    _read(
        "yes", "scope_compliance: true", "scope_compliance: yes", "GS_130", "CP-02", words="'yes'"
    ),
    _read("on", "scope_compliance: true", "scope_compliance: on", "GS_130", "CP-02", words="'on'"),
    _read(
        "true-in-capitals",
        "scope_compliance: true",
        "scope_compliance: TRUE",
        "GS_130",
        "CP-02",
        words="'TRUE'",
    ),
    _read("octal", "tasks_total: 2", "tasks_total: 02", "GS_130", "CP-04", words="'02'"),
    _read("octal-of-12", "tasks_total: 2", "tasks_total: 0o2", "GS_130", "CP-04", words="'0o2'"),
    _read("hexadecimal", "1200", "0x4B0", "GS_130", words="'0x4B0'"),
    _read("sexagesimal", "1200", "20:00", "GS_130", words="'20:00'"),
    _read("underscored", "1200", "1_200", "GS_130", words="'1_200'"),
    _read("plus", "quality_score: 0.9", "quality_score: +0.9", "GS_130", "CP-03", words="'+0.9'"),
    _read(
        "point-first", "quality_score: 0.9", "quality_score: .9", "GS_130", "CP-03", words="'.9'"
    ),
    _read(
        "score-in-quotes",
        "quality_score: 0.9",
        "quality_score: '0.9'",
        "GS_130",
        "CP-03",
        words="'0.9'",
    ),
    _read("date", "2025-12-24T20:12:00Z", "2025-12-24", "GS_130", words="execution_timestamp"),
    _read("notes-that-are-a-date", "notes: done", "notes: 2025-12-24"),
    _read("notes-that-are-no", "notes: done", "notes: no"),
    _read("notes-that-are-a-number", "notes: done", "notes: 5", "GS_130", words="notes"),
    _read("notes-of-nothing", "notes: done", "notes:"),
    _read(
        "forbidden-field",
        "notes: done",
        "artifacts: {a: [{wrap_id: 1}]}",
        "GS_131",
        words="wrap_id",
    ),
]
