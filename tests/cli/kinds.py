"""Results of every kind that the contract lists, each with the verdict that it must get.

One line each: what is changed in a document that passes, and what must come of it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from .documents import MISSING, REQUIRED, document


class Kind(NamedTuple):
    """A document, and what the contract says of it."""

    document: dict[str, Any]
    code: str | None = None
    """The error code of its schema validation."""
    failed: tuple[str, ...] = ()
    """The checkpoints that fail."""
    status: str | None = None
    """Its status, where it is not simply COMPLETED without and BLOCKED with a refusal."""

    @property
    def expected(self) -> tuple[str, str | None, list[str]]:
        """Status, error code, failed checkpoints."""
        usual = "BLOCKED" if self.code or self.failed else "COMPLETED"
        return self.status or usual, self.code, list(self.failed)


def _result(code: str | None = None, *failed: str, **changes: Any) -> Kind:
    return Kind(document(result=changes), code, failed)


def _pac(code: str | None = None, *failed: str, **changes: Any) -> Kind:
    return Kind(document(pac=changes), code, failed)


def _both(code: str | None = None, *failed: str, **changes: Any) -> Kind:
    return Kind(document(pac=changes, result=changes), code, failed)


def _handed_over(result: Any, **stray: Any) -> dict[str, Any]:
    made = {**document(), **stray}
    if result is MISSING:
        del made["execution_result"]
    elif result is not ...:
        made["execution_result"] = result
    return made


ALL_GATES_BUT_CP_01: Final = ("CP-02", "CP-03", "CP-04")

IDENTITY: Final = {
    "of another PAC": _result("GS_130", pac_id="PAC-DAN-P53-ANOTHER-01"),
    "of another agent": _result("GS_130", agent_gid="GID-06", agent_name="Sam"),
    "of another name": _result("GS_130", agent_name="Alex"),
    "of another GID": _result("GS_130", agent_gid="GID-08"),
    "of the name in capitals": _result(agent_name="DAN"),
    "of a malformed GID": _result("GS_130", agent_gid="GID-7"),
    "of an empty name": _result("GS_130", agent_name=""),
    "of an unknown agent": _both(None, "CP-01", agent_gid="GID-11", agent_name="Nobody"),
    "of a GID bound to another name": _both(None, "CP-01", agent_name="Alex"),
    "of Benson": _both("GS_133", "CP-01", agent_gid="GID-00", agent_name="Benson"),
    "of GID-00 under Dan's name": _both("GS_133", "CP-01", agent_gid="GID-00"),
    "of Benson for Dan's PAC": _result("GS_133", agent_gid="GID-00", agent_name="Benson"),
    "of an agent in lower case": _both(agent_name="dan"),
}

QUALITY: Final = {
    "score -0.1": _result("GS_130", "CP-03", quality_score=-0.1),
    "score 1.01": _result("GS_130", "CP-03", quality_score=1.01),
    "score as text": _result("GS_130", "CP-03", quality_score="0.9"),
    "score null": _result("GS_130", "CP-03", quality_score=None),
    "score true": _result("GS_130", "CP-03", quality_score=True),
    "score list": _result("GS_130", "CP-03", quality_score=[0.9]),
    "score 1e300": _result("GS_130", "CP-03", quality_score=1e300),
    "score missing": _result("GS_130", "CP-03", quality_score=MISSING),
    "score 0": _result(None, "CP-03", quality_score=0),
    "score 0.6999999999": _result(None, "CP-03", quality_score=0.6999999999),
    "score 0.7": _result(quality_score=0.7),
    "score 1 without a point": _result(quality_score=1),
    "score 1.0": _result(quality_score=1.0),
}

SCOPE: Final = {
    "path outside": _result(None, "CP-02", files_modified=["src/app.py", "docs/x.md"]),
    "created path outside": _result(None, "CP-02", files_created=["docs/x.md"]),
    "path with ..": _result(None, "CP-02", files_modified=["../src/app.py"]),
    "path with .. inside": _result(None, "CP-02", files_modified=["src/../src/app.py"]),
    "path that leaves by ..": _result(None, "CP-02", files_modified=["src/../../etc/passwd"]),
    "path absolute": _result(None, "CP-02", files_modified=["/src/app.py"]),
    "path empty": _result(None, "CP-02", files_modified=[""]),
    "path with backslash": _result(None, "CP-02", files_modified=["src\\app.py"]),
    "path at home": _result(None, "CP-02", files_modified=["~/src/app.py"]),
    "path in a look-alike folder": _result(None, "CP-02", files_modified=["src2/app.py"]),
    "path in another case": _result(None, "CP-02", files_modified=["SRC/app.py"]),
    "path forbidden within allowed": _result(None, "CP-02", files_modified=["src/secret/key"]),
    "path of a file that looks allowed": _result(None, "CP-02", files_created=["README.md.bak"]),
    "path no text": _result("GS_130", "CP-02", files_modified=[7]),
    "paths no list": _result("GS_130", "CP-02", files_modified="src/app.py"),
    "paths missing": _result("GS_130", files_modified=MISSING),
    "no limit stated": Kind(
        document(
            pac={"allowed_paths": [], "forbidden_paths": MISSING},
            result={"files_modified": ["any/where.py"]},
        )
    ),
    "no limit and still ..": Kind(
        document(pac={"allowed_paths": MISSING}, result={"files_modified": ["any/../../x"]}),
        failed=("CP-02",),
    ),
    "compliance false": _result(None, "CP-02", scope_compliance=False),
    "compliance as text": _result("GS_130", "CP-02", scope_compliance="true"),
    "compliance 1": _result("GS_130", "CP-02", scope_compliance=1),
    "compliance null": _result("GS_130", "CP-02", scope_compliance=None),
    "compliance missing": _result("GS_130", "CP-02", scope_compliance=MISSING),
}

COMPLETION: Final = {
    "no task done": _result(None, "CP-04", tasks_completed=[]),
    "a task missing": _result(None, "CP-04", tasks_completed=["T1"]),
    "a task twice": _result(None, "CP-04", tasks_completed=["T1", "T2", "T2"], tasks_total=3),
    "a task unknown": _result(None, "CP-04", tasks_completed=["T1", "T2", "T3"], tasks_total=3),
    "more than the total": _result("GS_130", "CP-04", tasks_total=1),
    "total as text": _result("GS_130", "CP-04", tasks_total="2"),
    "total negative": _result("GS_130", "CP-04", tasks_total=-1),
    "total true": _result("GS_130", "CP-04", tasks_completed=["T1"], tasks_total=True),
    "tasks no list": _result("GS_130", "CP-04", tasks_completed="T1"),
    "task no text": _result("GS_130", "CP-04", tasks_completed=["T1", 2]),
    "in another order": _result(tasks_completed=["T2", "T1"]),
    "a PAC without tasks": Kind(document(pac={"tasks": []}, result={"tasks_completed": ["any"]})),
    "a PAC without tasks and none done": Kind(
        document(pac={"tasks": []}, result={"tasks_completed": []}), failed=("CP-04",)
    ),
}

SCHEMA: Final = {
    "an unknown field": _result("GS_130", surprise=1),
    "a misspelt field": _result("GS_130", execution_time=1, execution_time_ms=MISSING),
    "a timestamp without zone": _result("GS_130", execution_timestamp="2025-12-24T20:12:00"),
    "a timestamp elsewhere": _result("GS_130", execution_timestamp="2025-12-24T20:12:00+02:00"),
    "a timestamp that is none": _result("GS_130", execution_timestamp="2025-13-24T20:12:00Z"),
    "a timestamp as number": _result("GS_130", execution_timestamp=1766607120),
    "a timestamp with zero offset": _result(execution_timestamp="2025-12-24T20:12:00+00:00"),
    "a negative duration": _result("GS_130", execution_time_ms=-1),
    "a broken duration": _result("GS_130", execution_time_ms=1.5),
    "a duration as text": _result("GS_130", execution_time_ms="0"),
    "notes as number": _result("GS_130", notes=7),
    "artifacts as list": _result("GS_130", artifacts=[]),
    "warnings as text": _result("GS_130", warnings="none"),
    "half of the test results": _result("GS_130", test_results={"passed": 1}),
    "all that is optional": _result(
        files_created=[],
        notes="done",
        artifacts={"report": {"lines": [1, 2]}},
        warnings=["one", {"two": 2}],
        test_results={"passed": 3, "failed": 0, "skipped": 1},
    ),
    "a result that is null": Kind(_handed_over(None), "GS_130", ALL_GATES_BUT_CP_01),
    "a result that is a list": Kind(_handed_over([{}]), "GS_130", ALL_GATES_BUT_CP_01),
    "a result that is text": Kind(_handed_over("done"), "GS_130", ALL_GATES_BUT_CP_01),
    "an empty result": Kind(_handed_over({}), "GS_130", ALL_GATES_BUT_CP_01),
    "no result at all": Kind(_handed_over(MISSING), "GS_130", ALL_GATES_BUT_CP_01, "FAILED"),
    "a stray field beside": Kind(_handed_over(..., comment="hello"), "GS_130"),
}

FORBIDDEN: Final = {
    "wrap_id": "GS_131",
    "wrap_status": "GS_131",
    "wrap_accepted": "GS_131",
    "positive_closure": "GS_132",
    "closure_authority": "GS_132",
    "wrap_authority": "GS_133",
}


def _forbidden() -> dict[str, Kind]:
    made = {}
    for field, code in FORBIDDEN.items():
        words = field.split("_")
        camel = words[0] + "".join(word.capitalize() for word in words[1:])
        deep: dict[str, Any] = {"list": [[], [{"deeper": {field: None}}]]}
        made[f"{field} at the top"] = _result(code, **{field: "x"})
        made[f"{field} deep inside artifacts"] = _result(code, artifacts=deep)
        made[f"{field} inside a warning"] = _result(code, warnings=[{field: False}])
        made[f"{field} beside the result"] = Kind(_handed_over(..., **{field: "x"}), code)
        for spelling in (field.upper(), field.replace("_", "-"), camel):
            made[f"{spelling} as a spelling"] = _result(code, artifacts={spelling: 1})
    closes: dict[str, Any] = {"positive_closure": True}
    made["131 before 132"] = _result("GS_131", wrap_id="W", **closes)
    made["132 before 133"] = _result("GS_132", wrap_authority="me", **closes)
    made["133 before 130"] = _result("GS_133", wrap_authority="me", surprise=1)
    made["131 before all"] = _result(
        "GS_131", artifacts={"wrapId": 1}, wrap_authority="x", **closes
    )
    made["a value that is a forbidden name"] = _result(notes="wrap_id", warnings=["wrap_id"])
    made["a name that contains a forbidden one"] = _result(artifacts={"my_wrap_id": 1})
    return made


KINDS: Final[dict[str, Kind]] = {
    "as it should be": _result(),
    **IDENTITY,
    **QUALITY,
    **SCOPE,
    **COMPLETION,
    **SCHEMA,
    **_forbidden(),
}

WITHOUT: Final = {field: document(result={field: MISSING}) for field in REQUIRED}
"""A result without each of the required fields."""
