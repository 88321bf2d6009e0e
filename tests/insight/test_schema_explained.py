"""For each thing that the schema refuses: the answer names its place and the fix."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.documents import MISSING, document

from .explaining import judged, of, only


@pytest.mark.parametrize(
    ("field", "code", "fix"),
    [
        ("wrap_id", "GS_131", "delete /execution_result/wrap_id: only Benson closes a work order"),
        ("wrapStatus", "GS_131", "delete /execution_result/wrapStatus: only Benson closes a work"),
        ("wrap_accepted", "GS_131", "delete /execution_result/wrap_accepted: only Benson closes"),
        (
            "positive_closure",
            "GS_132",
            "delete /execution_result/positive_closure: no agent closes its own work order",
        ),
        ("closure_authority", "GS_132", "delete /execution_result/closure_authority: no agent"),
        (
            "wrap_authority",
            "GS_133",
            "delete /execution_result/wrap_authority: the authority over a WRAP is Benson's alone",
        ),
    ],
)
def test_a_field_that_no_agent_may_hand_over(field: str, code: str, fix: str) -> None:
    """GS_131 to GS_133, each with its place."""
    finding = only(of(result={field: "x"}))
    assert finding.cause == code
    assert fix in finding.fix
    assert finding.where == (f"/execution_result/{field}",)


def test_a_result_in_the_name_of_benson() -> None:
    """GS_133, by the identity of the result."""
    explained = of(result={"agent_gid": "GID-00", "agent_name": "Benson"})
    finding = next(one for one in explained.findings if one.cause == "GS_133")
    assert finding.fix == (
        "name the agent that executed the PAC, GID-07 (Dan): Benson judges and never executes"
    )
    assert finding.where == ("/execution_result/agent_gid",)


@pytest.mark.parametrize(
    ("result", "fix", "where"),
    [
        (
            {"execution_time_ms": MISSING},
            "add /execution_result/execution_time_ms, as the schema demands",
            "/execution_result/execution_time_ms",
        ),
        (
            {"qualityscore": 1},
            "rename /execution_result/qualityscore to 'quality_score', or delete it",
            "/execution_result/qualityscore",
        ),
        (
            {"zzz": 1},
            "delete /execution_result/zzz: what is unknown may be put into artifacts",
            "/execution_result/zzz",
        ),
        (
            {"execution_timestamp": "yesterday"},
            "correct /execution_result/execution_timestamp: expected ISO 8601 in UTC",
            "/execution_result/execution_timestamp",
        ),
        (
            {"pac_id": "PAC-ANOTHER-01"},
            (
                "hand over the result of PAC-DAN-P53-A by its own agent: /execution_result/pac_id "
                "expected 'PAC-DAN-P53-A' as dispatched, found 'PAC-ANOTHER-01'"
            ),
            "/execution_result/pac_id",
        ),
        (
            {"test_results": {"passed": 1, "failed": 0}},
            "add /execution_result/test_results/skipped, as the schema demands",
            "/execution_result/test_results/skipped",
        ),
    ],
)
def test_a_result_that_does_not_fit_its_schema(
    result: dict[str, Any], fix: str, where: str
) -> None:
    """GS_130, with the place of the violation in the document."""
    explained = of(pac_id="PAC-DAN-P53-A", result=result)
    finding = only(explained)
    assert finding.cause == "GS_130"
    assert fix in finding.fix
    assert finding.where == (where,)
    assert [v.path for v in explained.outcome.violations] == [where]
    assert explained.checks[4].actual == "1 violation"


def test_a_field_beside_the_result() -> None:
    """GS_130 of what stands in the document and belongs to neither part."""
    content = document() | {"comment": "hello"}
    finding = only(judged(json.dumps(content).encode()))
    assert finding.fix == (
        "delete /comment: a document has pac and execution_result, and nothing beside them"
    )
