"""Benson Execution: governed execution of work orders, with an audit trail that proves it.

events, timestamps     the telemetry event, and when it was
payload, own_events    what its payloads share; Benson's own types beside the contract's eight
telemetry, log_file    the logger that makes and records events
reading, document      what is submitted: read once, within limits, and frozen
fetching               documents by address, from where the settings allow it
frozen, jsonable       JSON values that can't change, and what only claims to be JSON
pac, result            the work order, and what its agent hands over
forbidden, lookalikes  the fields that no agent may hand over, under any spelling
registry, policy       who may execute, and by what is judged
review_rule            when a person must approve
phases                 the seven judgements, each a pure function
dispatch, outcome      one attempt to execute one PAC, and what became of it
trail                  the append-only record of everything
proof                  what makes the trail evident to tampering: chain, log, signed heads
evidence, artifact     the BER telemetry artifact, made from the trail, and what it is made of
verification           finding out whether a trail or an artifact is what it claims to be
recovery, again        closing what was killed, and which of it may be judged again
faults                 noting what could not be recorded
inbox                  documents that arrive as files: listed, claimed, read and moved
agent_run              running an agent: by which command, in which bounds, and what it answers
walk, engine           the phases in one process, without an orchestrator
archive                old dispatches in compressed, signed files, still proved and still read
metrics                the trail in numbers, for Prometheus
tracing                closed dispatches as OpenTelemetry traces, for other tools
report                 a page to look at, of a period or of one PAC
interchange            attestations and exports, in forms that others' tools read
insight                dispatches in numbers, why they were refused, and what would make them pass
rejudgement            the phases once more, from what the trail keeps
recorded_dispatch      a dispatch as it was, to be walked once more
refusals               what could not even be judged, on record
schema, conformance    what models share; the published schemas, and validation by them
files                  files that must be there after a power cut
settings, limits       every setting, and how much of everything is read
errors                 everything that is raised on purpose

The Prefect flow that walks the same phases is in the packages `flows` and `tasks`.
"""

from benson_execution.document import Document
from benson_execution.engine import BensonExecutionEngine
from benson_execution.errors import BensonError
from benson_execution.events import Event
from benson_execution.outcome import Outcome
from benson_execution.pac import Pac
from benson_execution.registry import AgentRegistry
from benson_execution.result import (
    AgentExecutionResult,
    ResultValidation,
    validate_execution_result,
)
from benson_execution.settings import Settings
from benson_execution.telemetry import TelemetryLogger
from benson_execution.trail import MemoryTrail, Trail, open_trail
from benson_execution.version import __version__

__all__ = [
    "AgentExecutionResult",
    "AgentRegistry",
    "BensonError",
    "BensonExecutionEngine",
    "Document",
    "Event",
    "MemoryTrail",
    "Outcome",
    "Pac",
    "ResultValidation",
    "Settings",
    "TelemetryLogger",
    "Trail",
    "__version__",
    "open_trail",
    "validate_execution_result",
]
