"""What is to be done where an agent handed nothing over that could be judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from benson_execution.document import NO_RESULT, Document, NoResult
from benson_execution.insight.finding import AGAIN, Finding, Kept, Said, found_at
from benson_execution.own_events import OwnEventType
from benson_execution.text import plain, quote


class _Advice(NamedTuple):
    """What to do about a cause that begins in one of these ways: what an agent said comes later."""

    beginnings: tuple[str, ...]
    fix: str

    def fits(self, cause: str) -> bool:
        return any(re.match(beginning, cause) for beginning in self.beginnings)


_ADVICE: Final = (
    _Advice((r"$",), "put the agent's result into the document at /execution_result"),
    _Advice(
        ("the agent is run by the flow only",),
        "judge it with `benson run FILE`, which runs the agent, or put the agent's result into "
        "the document at /execution_result",
    ),
    _Advice(
        ("the agent timed out", r"its run \S+ did not end within"),
        "give {runner} more time (timeout_seconds in the file of BENSON_RUNNERS), or the agent "
        "less to do, then {again}",
    ),
    _Advice(
        ("the agent's answer has no nonce", "the agent's answer is to another request"),
        'have the agent answer its own request, {{"nonce": …, "execution_result": …}} with the '
        "very nonce that it was given, then {again}",
    ),
    _Advice(
        (
            "the agent exited with code 0 and gave no answer",
            "the agent's answer",
            "the agent answered",
            "the result of its run",
            r"its run \S+ returned",
        ),
        'have the agent answer one JSON object, {{"nonce": …, "execution_result": …}}, and '
        "nothing else, then {again}",
    ),
    _Advice(
        (
            "the agent exited with code",
            "the agent was killed by",
            "the agent was lost",
            r"its run \S+ ended",
            "'.*' can't be started",
        ),
        "mend the agent that {runner} runs, so that it ends by itself with an answer, then {again}",
    ),
    _Advice(
        ("not started: no agent can be run by", "Prefect has no deployment"),
        "have the operator name {runner} in the file of BENSON_RUNNERS, and see that what it "
        "names is there, then {again}",
    ),
    _Advice(
        ("not started: an earlier attempt", "it was started by a process that died"),
        "look at what the agent left behind: it is never started twice for one run; then submit "
        "the document again, which begins a run of its own",
    ),
    _Advice(("",), "mend what kept the agent of {runner} from answering, then {again}"),
)


def without_result(document: Document | None, said: Said) -> Finding | None:
    """Why there was nothing to judge, where there was not; None where there was."""
    if document is not None and document.has_result:
        if isinstance(document.result, Mapping):
            return None
        what = f"the execution result is to be an object, and is {quote(document.result)}"
        fix = (
            "hand over the result as one object at /execution_result, with the members that "
            "`benson schema agent-execution-result` names"
        )
        return found_at(Kept.NO_RESULT.value, what, fix, ["/execution_result"])
    because = _because(document, said)
    if because is None:
        return None
    runner = None if document is None else document.runner
    told = "the agent's runner" if runner is None else f"'{plain(str(runner))}'"
    cause = because.removeprefix(NO_RESULT.because).removeprefix(": ")
    advice = next(one for one in _ADVICE if one.fits(cause))
    fix = advice.fix.format(runner=told, again=AGAIN)
    return found_at(Kept.NO_RESULT.value, because, fix, ["/execution_result"])


def _because(document: Document | None, said: Said) -> str | None:
    """Why no result was handed over, as the gates say it; None where that is not what happened."""
    if document is not None and isinstance(document.result, NoResult):
        # An agent that was not activated was never asked: CP-01 says why.
        return None if document.result.not_activated else document.result.because
    run = said.get(OwnEventType.AGENT_RUN_END)
    if run is None or run.cause is None:
        return None
    return f"{NO_RESULT.because}: {run.cause}"
