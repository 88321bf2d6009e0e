"""The engine against an oracle: written once more, naively, from the contract's tables alone."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from benson_execution import BensonExecutionEngine, MemoryTrail, Settings

from .helpers import CANONICAL, GATES, labels, law, recorded

AGENTS = {
    "GID-01": "CODY",
    "GID-05": "ATLAS",
    "GID-07": "DAN",
    "GID-08": "ALEX",
}
"""Agents of the examples, and one more."""
REQUIRED = {
    "pac_id",
    "agent_gid",
    "agent_name",
    "execution_timestamp",
    "tasks_completed",
    "tasks_total",
    "files_modified",
    "quality_score",
    "scope_compliance",
    "execution_time_ms",
}
OPTIONAL = {"files_created", "notes", "artifacts", "warnings", "test_results"}
CODES = {
    "wrapid": "GS_131",
    "wrapstatus": "GS_131",
    "wrapaccepted": "GS_131",
    "positiveclosure": "GS_132",
    "closureauthority": "GS_132",
    "wrapauthority": "GS_133",
}


def within(value: Any, low: float) -> bool:
    """Whether this is a number from `low` to 1, and no bool."""
    return type(value) in (int, float) and low <= value <= 1


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def all_keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for member in value.values() for key in all_keys(member))]
    if isinstance(value, list):
        return [key for item in value for key in all_keys(item)]
    return []


def error_code(pac: dict[str, Any], result: dict[str, Any], beside: dict[str, Any]) -> str | None:
    """The gravest code, by the table."""
    bare = [re.sub("[^a-z]", "", key.lower()) for key in all_keys(result) + all_keys(beside)]
    codes = {CODES[key] for key in bare if key in CODES}
    if result.get("agent_gid") == "GID-00":
        codes.add("GS_133")
    fits = (
        set(result) >= REQUIRED
        and set(result) <= REQUIRED | OPTIONAL
        and not beside
        and result["pac_id"] == pac["pac_id"]
        and result["agent_gid"] == pac["agent_gid"]
        and str(result["agent_name"]).lower() == pac["agent_name"].lower()
        and result["execution_timestamp"] in GOOD_TIMES
        and is_texts(result["tasks_completed"])
        and is_count(result["tasks_total"])
        and result["tasks_total"] >= len(result["tasks_completed"])
        and is_texts(result["files_modified"])
        and is_texts(result.get("files_created", []))
        and within(result["quality_score"], 0)
        and type(result["scope_compliance"]) is bool
        and is_count(result["execution_time_ms"])
        and isinstance(result.get("notes", ""), str)
        and isinstance(result.get("artifacts", {}), dict)
        and isinstance(result.get("warnings", []), list)
    )
    if not fits:
        codes.add("GS_130")
    return next((c for c in ("GS_131", "GS_132", "GS_133", "GS_130") if c in codes), None)


def failed_gates(pac: dict[str, Any], result: dict[str, Any], threshold: float) -> set[str]:
    """The gates that must refuse, by the table."""
    failed = set()
    if AGENTS.get(pac["agent_gid"], "").lower() != pac["agent_name"].lower():
        failed.add("CP-01")
    paths: list[str] = []
    for field in ("files_modified", "files_created"):
        listed = result.get(field, [])
        paths += listed if is_texts(listed) else ["/no list of paths"]
    if result.get("scope_compliance") is not True or not all(in_scope(p, pac) for p in paths):
        failed.add("CP-02")
    if not within(result.get("quality_score"), threshold):
        failed.add("CP-03")
    done, total = result.get("tasks_completed"), result.get("tasks_total")
    wanted = [task["id"] for task in pac["tasks"]]
    if (
        not is_texts(done)
        or not done
        or len(set(done)) != len(done)
        or type(total) is not int
        or len(done) > total
        or (wanted and sorted(done) != sorted(wanted))
    ):
        failed.add("CP-04")
    return failed


def in_scope(path: str, pac: dict[str, Any]) -> bool:
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or any(p in ("", ".", "..", "~") for p in parts):
        return False

    def under(rules: list[str]) -> bool:
        return any(path == r.rstrip("/") or path.startswith(r.rstrip("/") + "/") for r in rules)

    return not under(pac["forbidden_paths"]) and (
        not pac["allowed_paths"] or under(pac["allowed_paths"])
    )


GOOD_TIMES = ["2025-12-24T20:12:00Z", "2025-12-24T20:12:00.5+00:00"]
TASKS = ["T1", "T2", "T3"]
PATHS = [
    "tools/a.py",
    "tools/x/b.py",
    "docs/c.md",
    "tools2/d.py",
    "../e",
    "/f",
    "tools/secret/g",
    "",
]


def mostly(good: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The good value five times of six, so that a whole document is good often enough."""
    return st.integers(0, 5).flatmap(lambda n: st.just(good) if n else st.sampled_from(others))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    gid = draw(mostly("GID-07", "GID-05", "GID-00", "GID-99"))
    name = draw(mostly("Dan", "DAN", "Atlas", "Benson"))
    tasks = draw(st.sampled_from([TASKS, TASKS, TASKS[:1], []]))
    pac = {
        "pac_id": "PAC-DAN-P44-01",
        "agent_gid": gid,
        "agent_name": name,
        "tasks": [{"id": task, "description": ""} for task in tasks],
        "allowed_paths": draw(st.sampled_from([["tools/"], ["tools", "docs/"], []])),
        "forbidden_paths": draw(st.sampled_from([[], ["tools/secret/"], ["docs"]])),
    }
    done = draw(mostly(tasks or ["T1"], TASKS, TASKS[:2], [], ["T1", "T1"], "T1", [1]))
    result: dict[str, Any] = {
        "pac_id": draw(mostly("PAC-DAN-P44-01", "PAC-DAN-P45-01", 5)),
        "agent_gid": draw(mostly(gid, "GID-08", "GID-00", "07")),
        "agent_name": draw(mostly(name, "dan", "Alex", None)),
        "execution_timestamp": draw(mostly(GOOD_TIMES[0], GOOD_TIMES[1], "2025-12-24", 0)),
        "tasks_completed": done,
        "tasks_total": draw(mostly(len(done), 9, 0, "3", 3.0, True)),
        "files_modified": draw(
            mostly(["tools/a.py"], *([path] for path in PATHS), [], "tools/a.py", [5])
        ),
        "quality_score": draw(mostly(0.9, 0.7, 1, 0.69, 0, 1.01, -0.1, "0.9", True, None)),
        "scope_compliance": draw(mostly(True, False, 1, "true", None)),
        "execution_time_ms": draw(mostly(0, 1200, -1, 1.5, True)),
    }
    if draw(st.booleans()):
        result["files_created"] = draw(mostly(["tools/x/b.py"], *([path] for path in PATHS), None))
    if draw(st.booleans()):
        result["artifacts"] = draw(
            mostly({"a": [1]}, {"a": [{"wrapId": 1}]}, {"closure-authority": 0}, [], "x")
        )
    for field in draw(mostly((), ("notes",), ("WRAP_AUTHORITY",), ("positive_closure",), ("x",))):
        result[field] = "text"
    for field in draw(mostly((), *((name,) for name in sorted(REQUIRED)))):
        del result[field]
    document = {"pac": pac, "execution_result": result}
    for field in draw(mostly((), (), ("extra",), ("wrap_status",))):
        document[field] = {}
    return document


@settings(law, max_examples=400)
@given(documents(), st.sampled_from([0.7, 0.7, 0.0, 1.0]))
def test_the_engine_decides_as_the_contracts_tables_say(
    document: dict[str, Any], threshold: float
) -> None:
    """Every gate, the code, the status and the WRAP; and the trail is whole whatever is decided."""
    pac, result = document["pac"], document["execution_result"]
    beside = {k: v for k, v in document.items() if k not in ("pac", "execution_result")}
    code = error_code(pac, result, beside)
    failed = failed_gates(pac, result, threshold)
    trail = MemoryTrail()
    judge = BensonExecutionEngine(
        False, trail=trail, settings=Settings(quality_threshold=threshold)
    )
    outcome = judge.execute_pac(json.dumps(document))
    assert {c["checkpoint_id"] for c in outcome.checkpoints if c["status"] == "FAIL"} == failed
    assert outcome.error_code == code
    assert outcome.status == ("BLOCKED" if failed or code else "COMPLETED")
    assert (outcome.wrap_id is not None) is (outcome.status == "COMPLETED")
    assert labels(recorded(trail)) == CANONICAL
    assert {c["checkpoint_id"] for c in outcome.checkpoints} == set(GATES)
    assert outcome.reason is not None
    assert all(name in outcome.reason for name in [*failed, *([code] if code else [])])


def test_the_documents_are_of_both_kinds() -> None:
    """The property above meets good documents as well as bad ones."""
    seen: set[bool] = set()

    @settings(law, max_examples=200, database=None)
    @given(documents())
    def collect(document: dict[str, Any]) -> None:
        pac, result = document["pac"], document["execution_result"]
        beside = {k: v for k, v in document.items() if k not in ("pac", "execution_result")}
        seen.add(not failed_gates(pac, result, 0.7) and error_code(pac, result, beside) is None)

    collect()
    assert seen == {True, False}
