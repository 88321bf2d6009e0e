"""Schema validation: the result fits AgentExecutionResult, and answers the PAC."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from benson_execution.document import Document
from benson_execution.events import ErrorCode
from benson_execution.phases.verdict import reason_of
from benson_execution.result import ResultValidation, conclude, result_faults, stray_faults
from benson_execution.schema import Violation

_AT = "/execution_result"


_judged: Final[WeakKeyDictionary[Document, ResultValidation]] = WeakKeyDictionary()
"""A document never changes, and the artifact and the outcome ask for what the phase found."""


def judge(document: Document) -> ResultValidation:
    """Validate the result, and refuse what stands beside it; paths are those in the document."""
    known = _judged.get(document)
    if known is None:
        known = _judged[document] = _judge(document)
    return known


def _judge(document: Document) -> ResultValidation:
    if document.has_result:
        found = result_faults(document.result, document.pac, _AT)
    else:
        found = [(ErrorCode.GS_130, Violation(_AT, document.result.because))]
    if document.stray:
        problems = {} if document.runner_problem is None else {"agent": document.runner_problem}
        found += stray_faults(document.stray, problems)
    return conclude(found)


def not_judged(error: BaseException | str) -> ResultValidation:
    """A validation that raised reports GS_130: what was not validated is not valid."""
    return ResultValidation(
        False, ErrorCode.GS_130, f"not judged: {reason_of(error)}", error=reason_of(error)
    )
