"""Keys that stand twice, and keys that mean something to programs other than Benson."""

from __future__ import annotations

from typing import Final

from .kit import Asset, good, judged, spoilt, unreadable, with_result

TWICE: Final = "stands twice"
POISON: Final = {"isAdmin": True, "scope_compliance": True}


def _twice(name: str, old: str, new: str) -> Asset:
    return spoilt(f"key-twice-{name}", old, new, TWICE)


def _again(name: str, more: str) -> Asset:
    """A document with one member more at its top."""
    name = f"key-twice-{name}"
    return unreadable(name, f"{good(name).rstrip()[:-1]}, {more}}}", TWICE)


ASSETS: Final = [
    _again("at-the-top", '"pac": {}'),
    _again("result-at-the-top", '"execution_result": null'),
    _again("at-the-top-escaped", '"\\u0070ac": null'),
    _again("unknown-at-the-top", '"x": 1, "x": 1'),
    _twice(
        "in-the-pac",
        '"agent_gid": "GID-07", "agent_name": "Dan", "tasks"',
        '"agent_gid": "GID-07", "agent_name": "Dan", "agent_name": "Dan", "tasks"',
    ),
    _twice("in-a-task", '{"id": "T1",', '{"id": "T1", "id": "T1",'),
    _twice("allowed-paths", '"forbidden_paths"', '"allowed_paths": [], "forbidden_paths"'),
    _twice("in-the-result", '"notes"', '"agent_name": "Dan", "notes"'),
    _twice(
        "score-high-then-low", '"quality_score": 0.9', '"quality_score": 0.9, "quality_score": 0.1'
    ),
    _twice(
        "score-low-then-high", '"quality_score": 0.9', '"quality_score": 0.1, "quality_score": 0.9'
    ),
    _twice(
        "score-escaped", '"quality_score": 0.9', '"quality_score": 0.1, "\\u0071uality_score": 0.9'
    ),
    _twice(
        "compliance",
        '"scope_compliance": true',
        '"scope_compliance": false, "scope_compliance": true',
    ),
    _twice(
        "deep-inside", '"notes": "done"', '"artifacts": {"a": [{"b": {"c": 1, "d": 2, "c": 1}}]}'
    ),
    _twice("that-is-empty", '"notes": "done"', '"artifacts": {"": 1, "": 2}'),
    _twice("with-a-slash-escaped", '"notes": "done"', '"artifacts": {"a/b": 1, "a\\/b": 2}'),
    with_result("key-proto-in-artifacts", artifacts={"__proto__": POISON}),
    with_result("key-constructor-in-artifacts", artifacts={"constructor": {"prototype": POISON}}),
    with_result(
        "key-class-in-artifacts",
        artifacts={"__class__": "os.system", "__reduce__": ["os.system", ["id"]]},
    ),
    with_result(
        "key-python-object-in-artifacts",
        artifacts={"py/object": "os.system", "$type": "System.Diagnostics.Process"},
    ),
    with_result("key-empty-in-artifacts", artifacts={"": {"": [{"": None}]}}),
    with_result("key-of-mongo-in-artifacts", artifacts={"$where": "sleep(10)", "$gt": ""}),
    with_result("key-proto-in-the-result", "GS_130", words="__proto__", __proto__=POISON),
    with_result("key-class-in-the-result", "GS_130", words="__class__", __class__="Benson"),
    with_result(
        "key-dict-in-the-result", "GS_130", words="__dict__", __dict__={"quality_score": 1}
    ),
    with_result(
        "key-model-config-in-the-result",
        "GS_130",
        words="model_config",
        model_config={"extra": "allow"},
    ),
    with_result("key-self-in-the-result", "GS_130", words="self", self=1),
    judged("key-empty-in-the-result", "GS_130", result={"": 1}),
    with_result(
        "key-in-upper-case-in-the-result", "GS_130", words="QUALITY_SCORE", QUALITY_SCORE=1.0
    ),
    with_result(
        "key-with-a-space-in-the-result",
        "GS_130",
        words="quality_score ",
        **{"quality_score ": 1.0},
    ),
    with_result("key-misspelt-in-the-result", "GS_130", words="quality_scor", quality_scor=1.0),
    with_result("key-that-is-a-pointer-in-the-result", "GS_130", words="a~1b~0c", **{"a/b~c": 1}),
    judged(
        "key-proto-beside-the-pac", "GS_130", words="__proto__", beside={"__proto__": {"pac": {}}}
    ),
    judged("key-stray-beside-the-pac", "GS_130", words="/comment", beside={"comment": "hello"}),
    judged(
        "key-result-in-another-case",
        "GS_130",
        words="Execution_Result",
        beside={"Execution_Result": {}},
    ),
    judged(
        "key-pac-in-upper-case-beside", "GS_130", words="PAC", beside={"PAC": {"allowed_paths": []}}
    ),
    judged(
        "key-schema-beside-the-pac",
        "GS_130",
        words="$schema",
        beside={"$schema": "http://x.invalid/y"},
    ),
    judged(
        "key-telemetry-beside-the-pac",
        "GS_130",
        words="telemetry",
        beside={"telemetry": {"events": []}, "authority": "BENSON (GID-00)"},
    ),
]
