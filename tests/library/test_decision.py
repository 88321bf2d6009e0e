"""Schema validation, the BER decision and the WRAP: what is read back, and what follows."""

from __future__ import annotations

import dataclasses
import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benson_execution import Document, Event, MemoryTrail, Pac, TelemetryLogger
from benson_execution.errors import ExecutionFailed, TrailIncomplete
from benson_execution.phases import ber_decision, schema_validation, wrap
from benson_execution.phases.verdict import not_judged
from benson_execution.phases.wrap import wrap_claim

from .helpers import (
    CANONICAL,
    GATES,
    PAYLOADS,
    engine,
    json_values,
    judged,
    label,
    law,
    pac,
    recorded,
    text,
)


def events(*without: str, **failed: str) -> list[Event]:
    """The events up to the BER decision; `CP_02="why"` fails that gate, `schema="GS_130"` the
    schema, `end="FAILED"` the execution."""
    logger = TelemetryLogger(enable_stdout=False)
    for kind in ("PAC_DISPATCH_START", "AGENT_EXECUTION_START"):
        logger.emit(kind, PAYLOADS[kind])
    for gate, name in GATES.items():
        why = failed.get(gate.replace("-", "_"))
        logger.checkpoint(gate, name, "PASS" if why is None else "FAIL", why or "")
    code = failed.get("schema")
    logger.schema_validation("PAC-TEST-01", "AgentExecutionResult", code is None, code)
    logger.agent_execution_end("PAC-TEST-01", "GID-07", failed.get("end", "COMPLETED"), 5, 1.0)
    return [event for event in logger.get_all_events() if label(event) not in without]


def decided(eligible: bool, *, review: bool = False, **failed: str) -> list[Event]:
    logger = TelemetryLogger(enable_stdout=False)
    logger.ber_generation_decision("PAC-TEST-01", eligible, "", review)
    return events(**failed) + logger.get_all_events()


@law
@given(st.sampled_from(["notes", "quality_score", "unknown", "wrap_id", "pac_id"]), json_values)
def test_validating_a_document_twice_gives_the_same_verdict(field: str, value: Any) -> None:
    """The phase is a pure function, and its paths are those in the document."""
    document = judged(**{field: value})
    verdict = schema_validation.judge(document)
    assert verdict == schema_validation.judge(document)
    assert verdict == schema_validation.judge(dataclasses.replace(document))
    assert all(v.path.startswith("/execution_result") for v in verdict.violations)


def test_a_result_for_another_pac_is_refused() -> None:
    """GS_130, with the place in the document."""
    verdict = schema_validation.judge(judged(pac_id="PAC-DAN-P45-01"))
    assert (verdict.valid, verdict.error_code) == (False, "GS_130")
    assert [v.path for v in verdict.violations] == ["/execution_result/pac_id"]


def test_no_result_is_gs_130() -> None:
    """What was not handed over does not fit its schema."""
    absent = schema_validation.judge(Document.read(json.dumps({"pac": pac()})))
    assert (absent.valid, absent.error_code) == (False, "GS_130")
    assert absent.message.endswith("/execution_result: no execution result was handed over")
    null = schema_validation.judge(Document.read(text(execution_result=None)))
    assert (null.valid, null.error_code) == (False, "GS_130")
    assert "expected an object, found null" in null.message


def test_a_validation_that_raises_reports_gs_130() -> None:
    """And says why it could not be judged."""
    verdict = schema_validation.not_judged(RuntimeError("boom"))
    assert (verdict.valid, verdict.error_code) == (False, "GS_130")
    assert verdict.message == "not judged: RuntimeError: boom"
    assert verdict.error == "RuntimeError: boom"


def test_a_dispatch_that_passed_everything_is_eligible() -> None:
    """All four checkpoints PASS and the schema is valid."""
    decision = ber_decision.judge(events())
    assert decision.eligible is True
    assert decision.reason == "All checkpoints passed"
    assert decision.human_review_required is False
    assert decision.error is None


FAILURES = {
    "CP_01": "CP-01 AGENT_ACTIVATION_VALIDATION: why",
    "CP_02": "CP-02 SCOPE_COMPLIANCE_VALIDATION: why",
    "CP_03": "CP-03 QUALITY_SCORE_VALIDATION: why",
    "CP_04": "CP-04 TASK_COMPLETION_VALIDATION: why",
    "schema": "SCHEMA_VALIDATION: GS_131",
}


@pytest.mark.parametrize(
    "failed", [c for n in (1, 2, 5) for c in itertools.combinations(FAILURES, n)]
)
def test_the_reason_names_every_failure(failed: tuple[str, ...]) -> None:
    """One is enough to be ineligible, and all are told."""
    found = ber_decision.judge(
        events(**{name: "GS_131" if name == "schema" else "why" for name in failed})
    )
    assert found.eligible is False
    assert found.reason == "; ".join(FAILURES[name] for name in failed)


def test_a_pac_that_has_its_wrap_is_not_eligible() -> None:
    """The reason names the WRAP that closed it."""
    decision = ber_decision.judge(events(), "WRAP-DAN-P53-20251226")
    assert decision.eligible is False
    assert "WRAP-DAN-P53-20251226" in decision.reason


@pytest.mark.parametrize("missing", CANONICAL[:8])
def test_a_missing_event_is_never_an_ineligible_verdict(missing: str) -> None:
    """It is `TrailIncomplete`, which names it, even where a gate failed too."""
    name = missing.replace("CHECKPOINT ", "CHECKPOINT:")
    for failed in ({}, {"schema": "GS_130"}, {"CP_03": "why"}):
        with pytest.raises(TrailIncomplete, match=name):
            ber_decision.judge(events(missing, **failed))
    assert issubclass(TrailIncomplete, ExecutionFailed)
    assert TrailIncomplete("x").exit_code == 3


def test_no_event_at_all_is_incomplete() -> None:
    """All eight are named."""
    with pytest.raises(TrailIncomplete) as missing:
        ber_decision.judge([])
    assert all(name.split()[-1] in str(missing.value) for name in CANONICAL[:8])


@pytest.mark.parametrize("missing", CANONICAL[:9])
def test_a_wrap_is_not_decided_from_an_incomplete_trail(missing: str) -> None:
    """Not even where the decision says eligible."""
    found = [event for event in decided(True) if label(event) != missing]
    with pytest.raises(TrailIncomplete, match=missing.rsplit(maxsplit=1)[-1]):
        wrap.judge(found)


def test_an_eligible_dispatch_gets_its_wrap() -> None:
    """And the dispatch is COMPLETED."""
    verdict = wrap.judge(decided(True))
    assert (verdict.generate, verdict.status, verdict.error) == (True, "COMPLETED", None)


def test_an_ineligible_dispatch_is_blocked() -> None:
    """No WRAP."""
    verdict = wrap.judge(decided(False, CP_03="why"))
    assert (verdict.generate, verdict.status) == (False, "BLOCKED")


def test_a_dispatch_that_needs_review_has_no_wrap_yet() -> None:
    """Where review is required, a person must have approved."""
    assert wrap.judge(decided(True, review=True)).generate is False


@pytest.mark.parametrize("eligible", [True, False])
def test_failed_outranks_everything(eligible: bool) -> None:
    """Something that could not be judged, or no result: FAILED, whatever else was decided."""
    errors = wrap.judge(decided(eligible), ["RuntimeError: boom", "KeyError: x"])
    assert (errors.generate, errors.status) == (False, "FAILED")
    assert errors.error == "RuntimeError: boom; KeyError: x"
    ended = wrap.judge(decided(eligible, end="FAILED"))
    assert (ended.generate, ended.status) == (False, "FAILED")


def test_a_phase_that_raised_has_not_passed() -> None:
    """Gate, decision and WRAP alike say "not judged" and why."""
    gate = not_judged("CP-02", RuntimeError("boom"))
    assert (gate.status, gate.details) == ("FAIL", "not judged: RuntimeError: boom")
    decision = ber_decision.not_judged(RuntimeError("boom"))
    assert (decision.eligible, decision.reason) == (False, "not judged: RuntimeError: boom")
    closed = wrap.not_judged(RuntimeError("boom"))
    assert (closed.generate, closed.status) == (False, "FAILED")
    assert gate.error == decision.error == closed.error == "RuntimeError: boom"
    assert "\n" not in not_judged("CP-01", RuntimeError("a\nb" + "c" * 9000)).details


@pytest.mark.parametrize(
    ("name", "part"),
    [("Dan", "DAN"), ("dan o'neil-x", "DANONEILX"), ("R2 D2", "R2D2"), ("Ω", "AGENT")],
)
def test_a_wrap_id_is_made_of_agent_number_and_date(name: str, part: str) -> None:
    """`WRAP-{AGENT}-{P53}-{YYYYMMDD}`; the second of a family gets `-02`."""
    order = Pac.parse(pac(agent_name=name))
    moment = datetime(2025, 12, 6, 23, 59, 59, tzinfo=UTC)
    first, second = wrap_claim(order, moment), wrap_claim(order, moment, 2)
    assert first.wrap_id == first.family == f"WRAP-{part}-P44-20251206"
    assert second.wrap_id == f"WRAP-{part}-P44-20251206-02"
    assert (second.family, second.number, second.pac_id) == (first.family, 2, order.pac_id)
    assert wrap_claim(order, moment, 11).wrap_id.endswith("-20251206-11")


def test_the_phases_can_not_change_what_they_judge() -> None:
    """Verdicts are frozen too."""
    for verdict in (
        not_judged("CP-01", "x"),
        ber_decision.judge(events()),
        wrap.judge(decided(True)),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            verdict.error = None  # type: ignore[misc]  # that it is refused is the claim


def test_the_engine_decides_from_these_very_events() -> None:
    """What is read back from a finished trail gives the decision that stands in it."""
    trail = MemoryTrail()
    engine(trail).execute_pac(text())
    found = recorded(trail)
    decision = next(e for e in found if e.event_type == "BER_GENERATION_DECISION")
    assert ber_decision.judge(found).eligible is decision.data.eligible is True
