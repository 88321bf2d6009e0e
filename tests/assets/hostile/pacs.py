"""Work orders by which nothing can be judged: there is no dispatch, and exit code 2."""

from __future__ import annotations

from typing import Any, Final

from .kit import MISSING, Asset, document, invalid_pac, raw, written

TASK: Final = {"id": "T1", "description": "first"}


def _pac_is(name: str, pac: Any, words: str) -> Asset:
    name = f"pac-{name}"
    return raw(name, written({**document(name), "pac": pac}), "invalid_pac", words)


def _called(name: str, key: str) -> Asset:
    """The PAC under another key, so that there is none."""
    name = f"pac-called-{name}"
    made = document(name)
    made[key] = made.pop("pac")
    return raw(name, written(made), "invalid_pac", "no member 'pac'")


def _id(name: str, pac_id: Any) -> Asset:
    return invalid_pac(f"pac-id-{name}", "/pac_id", pac_id=pac_id)


def _rule(name: str, rule: Any, field: str = "allowed_paths") -> Asset:
    return invalid_pac(f"pac-rule-{name}", f"/{field}", **{field: [rule]})


ASSETS: Final = [
    raw(
        "pac-missing",
        written(document("pac-missing")["execution_result"]),
        "invalid_pac",
        "no member 'pac'",
    ),
    _called("in-upper-case", "PAC"),
    _called("in-cyrillic", "p\N{CYRILLIC SMALL LETTER A}c"),
    _called("with-a-blank", "pac "),
    _pac_is("null", None, "null"),
    _pac_is("a-list", [document("pac-a-list")["pac"]], "a list of 1"),
    _pac_is("a-text", "PAC-HOSTILE-P7", "'PAC-HOSTILE-P7'"),
    _pac_is("a-number", 7, "found 7"),
    _pac_is("empty", {}, "/pac_id"),
    *(
        invalid_pac(f"pac-without-{field.replace('_', '-')}", f"/{field}", **{field: MISSING})
        for field in ("pac_id", "agent_gid", "agent_name", "tasks")
    ),
    _id("in-lower-case", "pac-hostile-p7"),
    _id("with-a-slash", "PAC-HOSTILE/P7"),
    _id("that-climbs", "PAC-../../x"),
    _id("with-a-line-feed", "PAC-HOSTILE-P7\n"),
    _id("with-a-blank", "PAC-HOSTILE P7"),
    _id("of-129-characters", "PAC-" + "X" * 125),
    _id("empty", ""),
    _id("of-the-prefix-alone", "PAC-"),
    _id("a-number", 7),
    _id("null", None),
    _id("in-full-width", "\uff30\uff21\uff23-HOSTILE"),
    _id("in-cyrillic", "PAC-H\N{CYRILLIC CAPITAL LETTER O}STILE"),
    _id("with-an-escape", "PAC-\x1b[2J"),
    _id("with-markup", "PAC-<B>"),
    _id("of-a-template", "PAC-{{ 7*7 }}"),
    invalid_pac("pac-gid-short", "/agent_gid", agent_gid="GID-7"),
    invalid_pac("pac-gid-in-lower-case", "/agent_gid", agent_gid="gid-07"),
    invalid_pac("pac-gid-with-a-line-feed", "/agent_gid", agent_gid="GID-07\n"),
    invalid_pac("pac-gid-of-arabic-digits", "/agent_gid", agent_gid="GID-\u0660\u0667"),
    invalid_pac("pac-gid-null", "/agent_gid", agent_gid=None),
    invalid_pac("pac-name-empty", "/agent_name", agent_name=""),
    invalid_pac("pac-name-a-list", "/agent_name", agent_name=["Dan"]),
    invalid_pac("pac-tasks-null", "/tasks", tasks=None),
    invalid_pac("pac-tasks-an-object", "/tasks", tasks={"T1": "first"}),
    invalid_pac("pac-tasks-of-texts", "/tasks/0", tasks=["T1", "T2"]),
    invalid_pac("pac-tasks-twice", "same id", tasks=[TASK, TASK]),
    invalid_pac("pac-task-without-an-id", "/tasks/0/id", tasks=[{"description": "first"}]),
    invalid_pac("pac-task-of-an-empty-id", "/tasks/0/id", tasks=[{"id": "", "description": ""}]),
    invalid_pac("pac-task-of-a-number", "/tasks/0/id", tasks=[{"id": 1, "description": ""}]),
    invalid_pac("pac-task-without-a-description", "/tasks/0/description", tasks=[{"id": "T1"}]),
    invalid_pac("pac-task-that-says-more", "/tasks/0/done", tasks=[{**TASK, "done": True}]),
    invalid_pac("pac-key-unknown", "/colour", colour="red"),
    invalid_pac("pac-key-misspelt", "forbidden_paths", forbiden_paths=["src/"]),
    invalid_pac("pac-key-proto", "__proto__", __proto__={"allowed_paths": []}),
    invalid_pac("pac-threshold-of-its-own", "/quality_threshold", quality_threshold=0.0),
    invalid_pac("pac-lane-a-number", "/execution_lane", execution_lane=7),
    invalid_pac("pac-rules-a-text", "/allowed_paths", allowed_paths="src/"),
    invalid_pac("pac-rules-null", "/allowed_paths", allowed_paths=None),
    invalid_pac("pac-rules-an-object", "/allowed_paths", allowed_paths={"src/": True}),
    _rule("absolute", "/etc"),
    _rule("absolute-alone", "/"),
    _rule("drive", "C:\\src"),
    _rule("that-climbs", "src/../.."),
    _rule("empty", ""),
    _rule("point", "."),
    _rule("slash-twice", "src//x"),
    _rule("slash-twice-at-the-end", "src//"),
    _rule("home", "~/src"),
    _rule("backslash", "src\\x"),
    _rule("override", "src/\N{RIGHT-TO-LEFT OVERRIDE}x"),
    _rule("a-number", 7),
    _rule("null", None),
    _rule("forbidden-absolute", "/etc", "forbidden_paths"),
    _rule("forbidden-empty", "", "forbidden_paths"),
    _rule("forbidden-that-climbs", "..", "forbidden_paths"),
]
