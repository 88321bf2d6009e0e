"""Values of almost the right type: nothing is converted, and nothing that is missing is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .kit import ALL_BUT_CP_01, MISSING, Asset, document, with_result, written

REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "pac_id": (),
    "agent_gid": (),
    "agent_name": (),
    "execution_timestamp": (),
    "tasks_completed": ("CP-04",),
    "tasks_total": ("CP-04",),
    "files_modified": ("CP-02",),
    "quality_score": ("CP-03",),
    "scope_compliance": ("CP-02",),
    "execution_time_ms": (),
}
"""The fields of a result that must be there, and the gates that refuse one that is null."""


def _of_null_and_missing() -> Iterator[Asset]:
    for field, failed in REQUIRED.items():
        name, words = field.replace("_", "-"), f"/execution_result/{field}"
        yield with_result(f"type-{name}-null", "GS_130", *failed, words=words, **{field: None})
        # Where no paths are told of, none lies outside.
        gates = () if field == "files_modified" else failed
        yield with_result(f"type-{name}-missing", "GS_130", *gates, words=words, **{field: MISSING})


def _handed_over(name: str, result: Any, words: str) -> Asset:
    name = f"type-result-{name}"
    content = written({**document(name), "execution_result": result})
    return Asset(f"{name}.json", content, "BLOCKED", "GS_130", ALL_BUT_CP_01, words)


def _never_handed_over() -> Asset:
    """The one document here by which the execution itself failed: nothing came of it to judge."""
    name = "type-result-missing"
    made = document(name)
    del made["execution_result"]
    words = "no execution result was handed over"
    return Asset(f"{name}.json", written(made), "FAILED", "GS_130", ALL_BUT_CP_01, words)


ASSETS: Final = [
    *_of_null_and_missing(),
    _handed_over("null", None, "null"),
    _handed_over("a-list", [{}], "a list of 1"),
    _handed_over("a-text", "COMPLETED", "'COMPLETED'"),
    _handed_over("a-number", 1, "1"),
    _handed_over("true", True, "true"),
    _handed_over("empty", {}, "/execution_result/quality_score"),
    _never_handed_over(),
    with_result("type-score-as-text", "GS_130", "CP-03", words="'0.9'", quality_score="0.9"),
    with_result("type-score-true", "GS_130", "CP-03", words="true", quality_score=True),
    with_result(
        "type-score-in-a-list", "GS_130", "CP-03", words="a list of 1", quality_score=[0.9]
    ),
    with_result(
        "type-score-in-an-object",
        "GS_130",
        "CP-03",
        words="an object",
        quality_score={"value": 0.9},
    ),
    with_result(
        "type-compliance-as-text", "GS_130", "CP-02", words="'true'", scope_compliance="true"
    ),
    with_result("type-compliance-one", "GS_130", "CP-02", words="found 1", scope_compliance=1),
    with_result("type-compliance-zero", "GS_130", "CP-02", words="found 0", scope_compliance=0),
    with_result(
        "type-compliance-in-a-list", "GS_130", "CP-02", words="a list of 1", scope_compliance=[True]
    ),
    with_result(
        "type-compliance-false", None, "CP-02", words="found false", scope_compliance=False
    ),
    with_result("type-total-as-text", "GS_130", "CP-04", words="'2'", tasks_total="2"),
    with_result("type-total-true", "GS_130", "CP-04", words="true", tasks_total=True),
    with_result("type-time-as-text", "GS_130", words="'1200'", execution_time_ms="1200"),
    with_result("type-time-false", "GS_130", words="false", execution_time_ms=False),
    with_result(
        "type-timestamp-a-number", "GS_130", words="1766607120", execution_timestamp=1766607120
    ),
    with_result("type-tasks-as-text", "GS_130", "CP-04", words="'T1'", tasks_completed="T1"),
    with_result(
        "type-tasks-an-object",
        "GS_130",
        "CP-04",
        words="an object",
        tasks_completed={"T1": True, "T2": True},
    ),
    with_result(
        "type-tasks-with-a-number", "GS_130", "CP-04", words="found 2", tasks_completed=["T1", 2]
    ),
    with_result(
        "type-tasks-in-a-list",
        "GS_130",
        "CP-04",
        words="a list of 2",
        tasks_completed=[["T1", "T2"]],
    ),
    with_result(
        "type-paths-as-text", "GS_130", "CP-02", words="'src/app.py'", files_modified="src/app.py"
    ),
    with_result(
        "type-paths-an-object",
        "GS_130",
        "CP-02",
        words="an object",
        files_modified={"0": "src/app.py"},
    ),
    with_result("type-paths-with-a-number", "GS_130", "CP-02", words="found 7", files_modified=[7]),
    with_result("type-paths-with-null", "GS_130", "CP-02", words="null", files_modified=[None]),
    with_result("type-created-null", "GS_130", "CP-02", words="null", files_created=None),
    with_result("type-notes-a-number", "GS_130", words="found 7", notes=7),
    with_result("type-notes-null", notes=None),
    with_result("type-artifacts-a-list", "GS_130", words="artifacts", artifacts=[]),
    with_result("type-artifacts-a-text", "GS_130", words="artifacts", artifacts="{}"),
    with_result("type-warnings-a-text", "GS_130", words="warnings", warnings="none"),
    with_result("type-warnings-an-object", "GS_130", words="warnings", warnings={}),
    with_result("type-test-results-a-list", "GS_130", words="test_results", test_results=[1, 0, 0]),
    with_result(
        "type-test-results-half", "GS_130", words="skipped", test_results={"passed": 1, "failed": 0}
    ),
    with_result(
        "type-test-results-as-text",
        "GS_130",
        words="passed",
        test_results={"passed": "1", "failed": 0, "skipped": 0},
    ),
    with_result(
        "type-test-results-below-zero",
        "GS_130",
        words="failed",
        test_results={"passed": 1, "failed": -1, "skipped": 0},
    ),
    with_result(
        "type-test-results-true",
        "GS_130",
        words="passed",
        test_results={"passed": True, "failed": 0, "skipped": 0},
    ),
]
