"""Writes `schemas/vectors`: `python -m tests.conformance.make_vectors`.

The documents are made here; what is expected of each stands beside it, written by hand from the
contract, and is never computed.
"""

# ruff: noqa: E501  # a vector a line, as a table

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from .own_vectors import agent_documents, own_artifacts, own_events, ran, reviewed
from .samples import (
    DOCUMENT,
    MISSING,
    PAC,
    PAYLOADS,
    RESULT,
    artifact,
    changed,
    event,
    gate,
    lines,
    telemetry,
    trail,
)
from .vector import COMPLETED, NOT_JUDGED, Vector, beyond, refused, unreadable, valid, verdict

VECTORS: Final = Path(__file__).parents[2] / "schemas" / "vectors"


def events() -> list[Vector]:
    """Of one event each."""
    start = event("PAC_DISPATCH_START")
    custom = {**event("CUSTOM_EVENT"), "data": {"key": "value", "count": 42}}
    text = json.dumps(start)
    return [
        *(valid(f"{name} as in the contract", event(name)) for name in PAYLOADS),
        *own_events(),
        valid("a type that is not the contract's takes any object", custom),
        valid("its data may be empty", {**custom, "data": {}}),
        valid("the order of fields means nothing", dict(reversed(start.items()))),
        refused("a field is missing", changed(start, authority=MISSING), "/authority"),
        refused("a sixth field", changed(start, sequence=1), "/sequence"),
        refused("another authority", changed(start, authority="DAN (GID-07)"), "/authority"),
        refused("another version", changed(start, telemetry_version="2.0"), "/telemetry_version"),
        refused("no digits of microseconds", changed(start, timestamp="2025-12-26T01:00:00+00:00"), "/timestamp"),
        refused("Z for the offset", changed(start, timestamp="2025-12-26T01:00:00.000000Z"), "/timestamp"),
        refused("an offset that is not UTC's", changed(start, timestamp="2025-12-26T01:00:00.000000+01:00"), "/timestamp"),
        refused("an hour that there is not", changed(start, timestamp="2025-12-26T24:00:00.000000+00:00"), "/timestamp"),
        refused("a line end behind the timestamp", changed(start, timestamp="2025-12-26T01:00:00.000000+00:00\n"), "/timestamp"),
        beyond("a day that there is not", changed(start, timestamp="2025-02-30T01:00:00.000000+00:00"), "/timestamp"),
        refused("an empty type", {**custom, "event_type": ""}, "/event_type"),
        refused("a type that is no text", {**custom, "event_type": 7}, "/event_type"),
        refused("data that is no object", {**custom, "data": []}, "/data"),
        refused("the type in other letters is another type, its data no object", {**start, "event_type": "pac_dispatch_start", "data": None}, "/data"),
        refused("a payload of another type", {**start, "event_type": "AGENT_EXECUTION_START"}, "/data/phase", "/data/agent_name"),
        refused("an unknown field in the payload", event("PAC_DISPATCH_START", lane="X"), "/data/lane"),
        refused("an empty pac_id", event("PAC_DISPATCH_START", pac_id=""), "/data/pac_id"),
        refused("a pac_id of 129 characters", event("PAC_DISPATCH_START", pac_id="P" * 129), "/data/pac_id"),
        refused("a negative duration", event("PAC_DISPATCH_END", duration_ms=-1), "/data/duration_ms"),
        refused("a duration with a fraction", event("PAC_DISPATCH_END", duration_ms=0.5), "/data/duration_ms"),
        beyond("an integer written with a fraction", event("PAC_DISPATCH_END", duration_ms=5.0), "/data/duration_ms"),
        refused("a boolean for a number", event("AGENT_EXECUTION_END", tasks_completed=True), "/data/tasks_completed"),
        refused("a quality above one", event("AGENT_EXECUTION_END", quality_score=1.5), "/data/quality_score"),
        valid("a quality that is an integer", event("AGENT_EXECUTION_END", quality_score=1)),
        refused("an unknown status", event("PAC_DISPATCH_END", status="DONE"), "/data/status"),
        refused("valid, and an error code", event("SCHEMA_VALIDATION", error_code="GS_130"), "/data"),
        refused("not valid, and no error code", event("SCHEMA_VALIDATION", valid=False), "/data"),
        valid("not valid, and why", event("SCHEMA_VALIDATION", valid=False, error_code="GS_131")),
        refused("an error code that there is not", event("SCHEMA_VALIDATION", valid=False, error_code="GS_199"), "/data/error_code"),
        refused("the name of another checkpoint", gate(2, checkpoint_id="CP-01"), "/data"),
        refused("a fifth checkpoint", gate(1, checkpoint_id="CP-05"), "/data/checkpoint_id"),
        valid("a WRAP that is blocked", event("WRAP_GENERATION", wrap_id=None, status="WRAP_BLOCKED", blocked=True)),
        refused("a WRAP that is blocked and has an id", event("WRAP_GENERATION", status="WRAP_BLOCKED", blocked=True), "/data"),
        refused("a WRAP that is generated and blocked", event("WRAP_GENERATION", blocked=True), "/data"),
        refused("an array", [start], ""),
        unreadable("a key twice", text[:-1] + ', "authority": "BENSON (GID-00)"}'),
        unreadable("NaN", json.dumps(event("AGENT_EXECUTION_END")).replace("0.9", "NaN")),
        unreadable("an integer beyond 2^53", json.dumps(event("PAC_DISPATCH_END")).replace("5000", "9007199254740993")),
        unreadable("a lone surrogate", text.replace("Dan", "\\ud800")),
        unreadable("a torn line", text[:40]),
    ]  # fmt: skip


def results() -> list[Vector]:
    """Of what an agent hands over."""
    more = changed(
        RESULT,
        files_created=["README.md"],
        notes=None,
        artifacts={"summary": [{"lines": 12}]},
        warnings=["slow", {"of": "a test"}],
        test_results={"passed": 1, "failed": 0, "skipped": 0},
    )
    return [
        valid("only what is required", RESULT),
        valid("all that is optional", more),
        valid("no task, no file", changed(RESULT, tasks_completed=[], tasks_total=0, files_modified=[])),
        *(valid(f"the timestamp {text}", changed(RESULT, execution_timestamp=text)) for text in ("2024-02-29T23:59:59.123Z", "2025-12-24T20:12:00+00:00", "2025-12-24T20:12:00-0000", "2025-12-24T20:12:00+00")),
        *(refused(f"the timestamp {text}", changed(RESULT, execution_timestamp=text), "/execution_timestamp") for text in ("2025-12-24 20:12:00Z", "2025-12-24T20:12:00", "2025-12-24T20:12:00+02:00", "2025-12-24T20:12Z", "20251224T201200Z", "2025-13-24T20:12:00Z")),
        beyond("a leap day in a common year", changed(RESULT, execution_timestamp="2025-02-29T00:00:00Z"), "/execution_timestamp"),
        *(refused(f"without {name}", changed(RESULT, **{name: MISSING}), f"/{name}") for name in RESULT),
        refused("a misspelt field", changed(RESULT, qualityscore=1), "/qualityscore"),
        refused("a score that is a text", changed(RESULT, quality_score="0.9"), "/quality_score"),
        refused("a score below zero", changed(RESULT, quality_score=-0.1), "/quality_score"),
        refused("a yes that is a text", changed(RESULT, scope_compliance="true"), "/scope_compliance"),
        beyond("more completed than there are", changed(RESULT, tasks_total=1), ""),
        refused("an empty task id", changed(RESULT, tasks_completed=[""]), "/tasks_completed/0"),
        refused("a PAC id in lower case", changed(RESULT, pac_id="pac-dan-p53"), "/pac_id"),
        refused("a PAC id with a line end", changed(RESULT, pac_id="PAC-DAN-P53\n"), "/pac_id"),
        refused("a GID of one digit", changed(RESULT, agent_gid="GID-7"), "/agent_gid"),
        refused("executed by Benson", changed(RESULT, agent_gid="GID-00"), "/agent_gid", error_code="GS_133"),
        refused("a WRAP is claimed", changed(RESULT, wrap_id="WRAP-DAN-P53"), "/wrap_id", error_code="GS_131"),
        refused("a WRAP is claimed deep inside, in other letters", changed(RESULT, artifacts={"a": [{"Wrap-Id": 1}]}), "/artifacts/a/0/Wrap-Id", error_code="GS_131"),
        refused("a WRAP is claimed in look-alikes", changed(RESULT, warnings=[{"VVRAP_1D": 1}]), "/warnings/0/VVRAP_1D", error_code="GS_131"),
        beyond("a WRAP is claimed in Cyrillic", changed(RESULT, artifacts={"wr\u0430p_id": 1}), "/artifacts/wr\u0430p_id", error_code="GS_131"),
        refused("it closes itself", changed(RESULT, artifacts={"positiveClosure": True}), "/artifacts/positiveClosure", error_code="GS_132"),
        refused("it has an authority", changed(RESULT, artifacts={"wrap authority": "me"}), "/artifacts/wrap authority", error_code="GS_133"),
        valid("a value is no field", changed(RESULT, notes="wrap_id", artifacts={"wrap": "wrap_id"})),
        refused("null", "null", ""),
        unreadable("two documents", json.dumps(RESULT) + json.dumps(RESULT)),
        unreadable("a byte-order mark", "\ufeff" + json.dumps(RESULT)),
        unreadable("nothing", ""),
    ]  # fmt: skip


def pacs() -> list[Vector]:
    """Of work orders."""
    rules = ("/src", "../src", "src/../x", "~/x", "src//x", "./src", "C:/x", "src\\x", "", "a\tb")
    good = ("src", "src/", "a/.hidden", "a/..b", "a/b.c-d_e", "a~b", "...", "a b", "\u00e4")
    return [
        valid("an order", PAC),
        valid("no task and no limit", changed(PAC, tasks=[], allowed_paths=MISSING, forbidden_paths=MISSING)),
        valid("a lane", changed(PAC, execution_lane="DEVOPS")),
        valid("Benson is refused by a gate, not here", changed(PAC, agent_gid="GID-00")),
        *(valid(f"the path rule {rule!a}", changed(PAC, allowed_paths=[rule])) for rule in good),
        *(refused(f"the path rule {rule!a}", changed(PAC, allowed_paths=["src", rule]), "/allowed_paths") for rule in rules),
        beyond("a path rule with an invisible character", changed(PAC, forbidden_paths=["a\u200bb"]), "/forbidden_paths"),
        beyond("two tasks with one id", changed(PAC, tasks=[PAC["tasks"][0]] * 2), ""),
        refused("no tasks", changed(PAC, tasks=MISSING), "/tasks"),
        refused("tasks that are texts", changed(PAC, tasks=["T1"]), "/tasks/0"),
        refused("a task without an id", changed(PAC, tasks=[{"description": ""}]), "/tasks/0/id"),
        refused("an unknown field", changed(PAC, threshold=0.1), "/threshold"),
    ]  # fmt: skip


def documents() -> list[Vector]:
    """Of a PAC and a result, with the verdict of judging them."""

    def document(**result: Any) -> dict[str, Any]:
        return {"pac": PAC, "execution_result": changed(RESULT, **result)}

    deep = json.dumps(document(artifacts={"x": 0})).replace('"x": 0', '"x": ' + "[" * 70 + "]" * 70)
    return [
        valid("one that is completed", DOCUMENT, **COMPLETED),
        valid("YAML", "pac:\n  " + "\n  ".join(f"{k}: {json.dumps(v)}" for k, v in PAC.items()) + "\nexecution_result: " + json.dumps(RESULT) + "\n", **COMPLETED),
        valid("the agent's name in other letters", document(agent_name="DAN"), **COMPLETED),
        valid("a quality at the threshold", document(quality_score=0.7), **COMPLETED),
        valid("a quality below the threshold", document(quality_score=0.69), **verdict("BLOCKED", None, "PPFP", 1)),
        valid("a file outside the scope", document(files_modified=["docs/x"]), **verdict("BLOCKED", None, "PFPP", 1)),
        valid("a file in a forbidden folder", document(files_modified=["src/secret/x"]), **verdict("BLOCKED", None, "PFPP", 1)),
        valid("it says itself that it left the scope", document(scope_compliance=False), **verdict("BLOCKED", None, "PFPP", 1)),
        valid("a task is not completed", document(tasks_completed=["T1"]), **verdict("BLOCKED", None, "PPPF", 1)),
        valid("a task is completed twice", document(tasks_completed=["T1", "T1"]), **verdict("BLOCKED", None, "PPPF", 1)),
        valid("two agents' names, neither registered", {"pac": {**PAC, "agent_name": "Eve"}, "execution_result": {**RESULT, "agent_name": "Eve"}}, **verdict("BLOCKED", None, "FPPP", 1)),
        beyond("for another PAC", document(pac_id="PAC-DAN-P54-X-01"), "/execution_result/pac_id", **verdict("BLOCKED", "GS_130", "PPPP", 1)),
        beyond("by another agent", document(agent_gid="GID-08"), "/execution_result/agent_gid", **verdict("BLOCKED", "GS_130", "PPPP", 1)),
        refused("a field too many", document(mood="good"), "/execution_result/mood", **verdict("BLOCKED", "GS_130", "PPPP", 1)),
        refused("a claim and a misspelling: the graver code", document(mood="good", wrap_status="x"), "/execution_result/wrap_status", "/execution_result/mood", **verdict("BLOCKED", "GS_131", "PPPP", 1)),
        refused("no result", {"pac": PAC}, "/execution_result", verdict={**verdict("FAILED", "GS_130", "PFFF", 3)["verdict"]}),
        refused("a result that is null", {"pac": PAC, "execution_result": None}, "/execution_result", **verdict("BLOCKED", "GS_130", "PFFF", 1)),
        refused("a member too many", {**DOCUMENT, "comment": ""}, "/comment", **verdict("BLOCKED", "GS_130", "PPPP", 1)),
        refused("a claim beside the result", {**DOCUMENT, "wrap_id": "W"}, "/wrap_id", **verdict("BLOCKED", "GS_131", "PPPP", 1)),
        *agent_documents(),
        refused("no PAC", {"execution_result": RESULT}, "/pac", **NOT_JUDGED),
        refused("an invalid PAC", {"pac": {**PAC, "pac_id": "P53"}, "execution_result": RESULT}, "/pac/pac_id", **NOT_JUDGED),
        unreadable("a key twice, deep inside", json.dumps(DOCUMENT).replace('"T1"', '{"a": 1, "a": 2}', 1), **NOT_JUDGED),
        unreadable("too deep", deep, None, **NOT_JUDGED),
        unreadable("Infinity", json.dumps(document(quality_score=float("inf")), indent=1), 36, **NOT_JUDGED),
    ]  # fmt: skip


def blocks() -> list[Vector]:
    """Of telemetry blocks."""
    whole = telemetry()
    wrong = {**whole["summary"], "total_events": 12}
    twice = trail()
    twice.insert(3, gate(1, 2))
    torn = trail()
    torn[4] = gate(3, 4, status="MAYBE")
    return [
        valid("a dispatch that was completed", whole),
        valid("nothing yet", telemetry([])),
        valid(
            "interrupted", telemetry([*trail()[:4], event("PAC_DISPATCH_END", 9, status="FAILED")])
        ),
        valid("a validation that somebody asked for", telemetry([event("SCHEMA_VALIDATION")])),
        beyond("a summary that is wrong", {**whole, "summary": wrong}, "/summary/total_events"),
        beyond("a checkpoint twice", telemetry(twice), "/events/3/data/checkpoint_id"),
        refused("an event that is invalid", telemetry(torn), "/events/4/data/status"),
        refused("no summary", changed(whole, summary=MISSING), "/summary"),
    ]


def artifacts() -> list[Vector]:
    """Of what a dispatch leaves; the proof is of the right form, and proves nothing."""
    whole = artifact()
    dispatch, report = whole["dispatch"], whole["report"]
    why = "CP-03 QUALITY_SCORE_VALIDATION: Quality score 0.62 is below the threshold 0.70"
    twice = trail()
    twice.insert(3, gate(1, 2))
    failed = {**report["checkpoints"][0], "status": "FAIL"}
    return [
        valid("with a report", whole),
        valid("without one, and why", {**whole, "report": None, "dispatch": {**dispatch, "no_report_because": why}}),
        valid("the agent's result may be anything", {**whole, "dispatch": {**dispatch, "execution_result": [1]}}),
        refused("neither a report nor why there is none", {**whole, "report": None}, ""),
        refused("a report, and why there is none", {**whole, "dispatch": {**dispatch, "no_report_because": why}}, ""),
        refused("a report with a gate that refused", {**whole, "report": {**report, "checkpoints": [failed, *report["checkpoints"][1:]]}}, "/report/checkpoints/0/status"),
        refused("a report with three gates", {**whole, "report": {**report, "checkpoints": report["checkpoints"][:3]}}, "/report/checkpoints/3"),
        refused("without its proof", changed(whole, proof=MISSING), "/proof"),
        refused("a digest that is none", {**whole, "dispatch": {**dispatch, "pac_sha256": "ab"}}, "/dispatch/pac_sha256"),
        refused("a PAC that is none", {**whole, "dispatch": {**dispatch, "pac": {}}}, "/dispatch/pac/pac_id", "/dispatch/pac/agent_gid", "/dispatch/pac/agent_name", "/dispatch/pac/tasks"),
        refused("another time", {**whole, "dispatch": {**dispatch, "started_at": "now"}}, "/dispatch"),
        *own_artifacts(),
        beyond("events that make no trail", {**whole, "telemetry": telemetry(twice)}, "/telemetry/events/3/data/checkpoint_id"),
    ]  # fmt: skip


def trails() -> list[Vector]:
    """Of JSON Lines of events: `violations` are pairs of line and pointer."""

    def of(name: str, made: list[Any], *found: tuple[int, str], notes: int = 0) -> Vector:
        at = [{"line": line, "pointer": pointer} for line, pointer in found]
        members = {"name": name, "text": lines(made), "valid": not found, "violations": at}
        return {**members, "notes": notes}

    one, two = trail(), trail("PAC-DAN-P54-VECTOR-01")
    mixed = [e for pair in zip(one, two, strict=True) for e in pair]
    failed = event("PAC_DISPATCH_END", 9, status="FAILED")
    blocked = [*one[:4], gate(3, 4, status="FAIL"), *one[5:8],
               event("BER_GENERATION_DECISION", 8, eligible=False),
               event("WRAP_GENERATION", 9, wrap_id=None, status="WRAP_BLOCKED", blocked=True),
               event("PAC_DISPATCH_END", 10, status="BLOCKED")]  # fmt: skip
    return [
        of("completed", one),
        of("blocked", blocked),
        of("interrupted", [*one[:5], failed]),
        of("open", one[:5], notes=1),
        of("one after the other", one + two),
        of("two at once, in turn", mixed),
        of("killed, and dispatched again", [*one[:3], *changed_times(one)], notes=1),
        of("with a type of somebody's own", [*one[:4], {**event("SOMEBODY_S_OWN"), "data": {}}, *one[4:]]),
        of("its agent was run", ran()),
        of("killed while its agent was run", [*ran()[:4], failed]),
        of("a person approved it", reviewed()),
        of("a person rejected it", reviewed(decision="REJECTED")),
        of("it waits for a person", reviewed()[:9], notes=1),
        of("a review in capitals that is none", [*reviewed()[:9], event("HUMAN_REVIEW", 8, decision="YES"), *reviewed()[10:]], (10, "/data/decision")),
        of("blank lines count as lines", [one[0], "", *one[1:], ""]),
        of("no START", one[1:], (1, "/event_type")),
        of("an END alone", one[-1:], (1, "/event_type")),
        of("a START twice", one[:1] + one, (2, "/event_type")),
        of("a checkpoint twice", [*one[:3], *one[2:]], (4, "/data/checkpoint_id")),
        of("checkpoints in another order", [*one[:2], one[3], one[2], *one[4:]], (4, "/data/checkpoint_id")),
        of("an END twice", one + one[-1:], (12, "/event_type")),
        of("events behind the END", [*one, one[1]], (12, "/event_type")),
        of("a checkpoint behind the validation", [*one[:6], one[6], gate(1), *one[7:]], (8, "/data/checkpoint_id")),
        of("two events in another order", [*one[:6], one[7], one[6], *one[8:]], (8, "/event_type")),
        of("completed without a checkpoint", [*one[:3], *one[4:]], (8, "/data/eligible")),
        of("blocked without a decision", [*blocked[:8], *blocked[9:]], (10, "/data/status")),
        of("eligible although a gate refused", [*one[:4], gate(3, 4, status="FAIL"), *one[5:]], (9, "/data/eligible")),
        of("a WRAP without being eligible", [*blocked[:9], *one[9:]], (10, "/data/status")),
        of("completed with a WRAP that is blocked", [*one[:9], blocked[9], one[10]], (11, "/data/status")),
        of("blocked with a WRAP", [*one[:10], blocked[10]], (11, "/data/status")),
        of("another agent executes", [one[0], event("AGENT_EXECUTION_START", agent_gid="GID-08"), *one[2:]], (2, "/data/agent_gid")),
        of("two at once, and three of one checkpoint", [*mixed[:6], gate(1), *mixed[6:]], (7, "/data/checkpoint_id")),
        of("an event that is invalid", [*one[:4], gate(3, status="MAYBE"), *one[5:]], (5, "/data/status")),
    ]  # fmt: skip


def changed_times(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events a minute later."""
    return [{**e, "timestamp": e["timestamp"].replace("T01:00", "T01:01")} for e in events]


FILES: Final = {
    "event": events,
    "agent-execution-result": results,
    "pac": pacs,
    "document": documents,
    "telemetry": blocks,
    "ber-telemetry-artifact": artifacts,
    "trail": trails,
}


def text_of(kind: str) -> str:
    """The file of a kind, as it is published."""
    return json.dumps({"kind": kind, "vectors": FILES[kind]()}, indent=2) + "\n"


def main() -> None:
    """Write all of them."""
    VECTORS.mkdir(parents=True, exist_ok=True)
    for kind in FILES:
        (VECTORS / f"{kind}.json").write_text(text_of(kind), encoding="utf-8")


if __name__ == "__main__":
    main()
