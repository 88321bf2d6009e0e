"""The published schemas: what they are made of, and that they accept what the models accept."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from benson_execution import BensonExecutionEngine, MemoryTrail
from benson_execution.conformance import KINDS, kind_of, schema_of, schema_text, violations_in
from benson_execution.conformance.artifact_model import BerTelemetryArtifact
from benson_execution.conformance.patterns import forbidden_name
from benson_execution.events import KNOWN_PAYLOADS
from benson_execution.forbidden import FORBIDDEN, code_of
from benson_execution.result import result_faults
from tests.library.helpers import READABLE

from .ecma import fits
from .samples import DOCUMENT, MISSING, PAC, RESULT, changed, event

SCHEMAS: Final = Path(__file__).parents[2] / "schemas"


@pytest.mark.parametrize("name", KINDS)
def test_a_published_schema_is_the_one_that_is_made(name: str) -> None:
    """Byte for byte; `benson schema --all schemas` writes them."""
    path = SCHEMAS / f"{name}.schema.json"
    assert path.read_text(encoding="utf-8") == schema_text(name)


def test_nothing_else_is_published() -> None:
    assert {p.name for p in SCHEMAS.glob("*.json")} == {f"{n}.schema.json" for n in KINDS}


@pytest.mark.parametrize("name", KINDS)
def test_a_schema_says_what_it_is_and_stands_for_itself(name: str) -> None:
    """Its dialect, a name that resolves nowhere, a title, a description; no reference outside."""
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:benson-execution:schema:{name}:1"
    assert schema["title"]
    assert schema["description"].startswith(KINDS[name].what)
    references = set(re.findall(r'"\$ref": "([^"]+)"', schema_text(name)))
    assert references <= {f"#/$defs/{part}" for part in schema.get("$defs", {})}
    assert {f"#/$defs/{part}" for part in schema.get("$defs", {})} <= references


@pytest.mark.parametrize("name", KINDS)
def test_every_object_with_members_is_closed(name: str) -> None:
    """A misspelt field is refused everywhere."""
    schema = schema_of(name)
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False


def test_there_is_one_schema_for_each_payload() -> None:
    named = {name.lower().replace("_", "-") for name in map(str, KNOWN_PAYLOADS)}
    assert named <= set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_its_patterns_are_read_alike_everywhere(name: str) -> None:
    """Neither lookaround nor what only some engines know: RE2, ECMA-262 and Python agree."""
    for pattern in _patterns(schema_of(name)):
        re.compile(pattern)
        assert pattern.startswith("^")
        assert not re.search(r"\(\?[^:]|\\[dwsbDWSBuxpAZz\"]", pattern), pattern


def _patterns(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [p for item in schema for p in _patterns(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
    return own + [p for member in schema.values() for p in _patterns(member)]


def test_every_artifact_that_the_engine_makes_fits(tmp_path: Path) -> None:
    """Of all examples: completed, and refused for every reason."""
    engine = BensonExecutionEngine(
        enable_telemetry=False, trail=MemoryTrail(), artifacts=tmp_path / "artifacts"
    )
    for example in READABLE:
        engine.execute_pac(example.read_bytes())
    engine.execute_pac({"pac": PAC})
    engine.execute_pac({"pac": {**PAC, "pac_id": "PAC-DAN-P1-X"}, "execution_result": [None]})
    found = list((tmp_path / "artifacts").rglob("*.json"))
    assert len(found) >= 13
    statuses = set()
    for path in found:
        artifact = json.loads(path.read_text())
        statuses.add((artifact["dispatch"]["status"], artifact["report"] is None))
        BerTelemetryArtifact.model_validate(artifact)
        assert kind_of(artifact) == "ber-telemetry-artifact"
        assert violations_in(artifact, "ber-telemetry-artifact") == []
        assert fits(artifact, "ber-telemetry-artifact")
        assert fits(artifact["telemetry"], "telemetry")
    assert {("COMPLETED", False), ("BLOCKED", True), ("FAILED", True)} <= statuses


def test_the_artifact_of_an_interrupted_dispatch_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not recorded is null."""
    monkeypatch.setattr("benson_execution.dispatch.Dispatch.record_decision", lambda *_: 1 / 0)
    engine = BensonExecutionEngine(
        enable_telemetry=False, trail=MemoryTrail(), artifacts=tmp_path / "artifacts"
    )
    with pytest.raises(ZeroDivisionError):
        engine.execute_pac(DOCUMENT)
    (path,) = (tmp_path / "artifacts").rglob("*-1.json")
    artifact = json.loads(path.read_text())
    assert artifact["report"] is None
    assert violations_in(artifact, "ber-telemetry-artifact") == []
    assert fits(artifact, "ber-telemetry-artifact")


_ASCII = st.text(st.characters(max_codepoint=127), max_size=14)
_SPELT = st.builds(
    lambda name, marks, upper: "".join(
        (c.upper() if up else c) + mark for c, mark, up in zip(name, marks, upper, strict=False)
    ),
    st.sampled_from(
        [*FORBIDDEN, "vvrap_1d", "wrap_|d", "p0sit!ve_cl0sure", "wr4p_5t47u5", "wrapper_id"]
    ),
    st.lists(st.sampled_from(["", "", "-", " ", ".", "_", "x"]), min_size=20, max_size=20),
    st.lists(st.booleans(), min_size=20, max_size=20),
)


@settings(max_examples=500, deadline=None)
@given(name=_ASCII | _SPELT)
def test_the_forbidden_names_are_those_that_the_product_forbids(name: str) -> None:
    """Every ASCII spelling, no more and no fewer; but with signs as letters it may be fewer."""
    matches = re.search(forbidden_name(FORBIDDEN)[:-1] + r"\Z", name) is not None
    is_forbidden = code_of(name) is not None
    assert matches is is_forbidden or (is_forbidden and not set("@$+!|").isdisjoint(name))


_VALUES = st.sampled_from(
    [None, True, False, 0, 1, -1, 0.5, 1.5, 5, "", "x", "GID-07", "GID-7\n", "PAC-X", "src/",
     "2025-12-24T20:12:00Z", "2025-12-26T01:00:00.000000+00:00", [], ["T1"], [1], [""], {},
     {"a": 1}, {"id": "T1", "description": ""}, [{"id": "T1", "description": ""}], "PASS",
     "COMPLETED", "CP-02", "GS_130", "WRAP_BLOCKED", "CHECKPOINT", "../x", ["../x"], MISSING,
     {"passed": 1, "failed": 0, "skipped": 0}]
)  # fmt: skip


def _mutated(sample: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from([*sample, "extra", "notes", "warnings", "files_created"])
    return st.dictionaries(names, _VALUES, min_size=1, max_size=3).map(
        lambda changes: changed(sample, **changes)
    )


def _named(event_type: str, payload: dict[str, Any]) -> tuple[str, Any]:
    return event_type.lower().replace("_", "-"), payload


_RUNNERS = st.dictionaries(
    st.sampled_from(["command", "deployment", "Command", "argv", "wrap_id", "", "__proto__"]),
    st.sampled_from(
        ["dan", "a.B-c_9", "x" * 64, "x" * 65, "", "a/b", "dan\n", "d\u0430n", 7, None, ["dan"]]
    )
    | st.just({"wrap_id": "W"}),
    max_size=2,
)
_AGENTS = st.fixed_dictionaries(
    {"pac": st.just(PAC)},
    optional={
        "agent": _RUNNERS | _VALUES.filter(lambda value: value is not MISSING),
        "execution_result": st.just(RESULT),
        "wrap_id": st.just("W"),
    },
)

_CASES = st.one_of(
    _AGENTS.map(lambda v: ("document", v)),
    _mutated(RESULT).map(lambda v: ("agent-execution-result", v)),
    _mutated(PAC).map(lambda v: ("pac", v)),
    *(_mutated(event(name)).map(lambda v: ("event", v)) for name in map(str, KNOWN_PAYLOADS)),
    *(
        _mutated(event(name)["data"]).map(functools.partial(_named, name))
        for name in map(str, KNOWN_PAYLOADS)
    ),
)


@settings(max_examples=1500, deadline=None)
@given(case=_CASES)
def test_a_schema_and_its_model_agree(case: tuple[str, Any]) -> None:
    """Except for what its description says is judged beyond it."""
    kind, value = case
    value = orjson.loads(orjson.dumps(value))
    found = violations_in(value, kind)
    if kind == "agent-execution-result":  # there is a faster way for those that are valid
        assert found == [violation for _, violation in result_faults(value)]
    if fits(value, kind):
        assert all(v.path == "" and "tasks" in v.message for v in found), found
    else:
        assert found
