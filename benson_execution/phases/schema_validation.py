"""Schema validation: the result fits AgentExecutionResult, and answers the PAC."""

from __future__ import annotations

from benson_execution.document import Document
from benson_execution.events import ErrorCode
from benson_execution.phases.verdict import reason_of
from benson_execution.result import ResultValidation, conclude, result_faults, stray_faults
from benson_execution.schema import Violation

_AT = "/execution_result"


def judge(document: Document) -> ResultValidation:
    """Validate the result, and refuse what stands beside it; paths are those in the document."""
    if document.has_result:
        found = result_faults(document.result, document.pac, _AT)
    else:
        missing = Violation(_AT, "no execution result was handed over")
        found = [(ErrorCode.GS_130, missing)]
    return conclude(found + stray_faults(document.stray) if document.stray else found)


def not_judged(error: BaseException | str) -> ResultValidation:
    """A validation that raised reports GS_130: what was not validated is not valid."""
    return ResultValidation(
        False, ErrorCode.GS_130, f"not judged: {reason_of(error)}", error=reason_of(error)
    )
