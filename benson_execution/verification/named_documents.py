"""Documents that an event names by their digests, and that the trail therefore has to keep.

What a dispatch was opened with its header names. What came later is named where it was recorded:
the result of an agent that Benson ran, and the policy under which a person's answer was judged.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from benson_execution.own_events import OwnEventType
from benson_execution.verification.findings import Finding, Kind

NAMING: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    str(OwnEventType.AGENT_RUN_END): (("agent's result", "result_sha256"),),
    str(OwnEventType.POLICY_RECHECK): (
        ("review's policy", "policy_sha256"),
        ("review's registry", "agent_registry_sha256"),
    ),
}
"""The keys of such events; and what each calls the digests of which documents."""


def missing_documents(
    key: str | None, content: Any, kept: Collection[str], dispatch_id: str
) -> Iterator[Finding]:
    """Those that the event with this key names and nobody keeps; `kept` are digests.

    An event that was changed may name anything: that it was, its hash says.
    """
    try:
        data = json.loads(content)["data"]
        named = [(what, data[member]) for what, member in NAMING[str(key)]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    for what, sha256 in named:
        if isinstance(sha256, str) and sha256 not in kept:
            message = f"the {what} that it was judged by is gone: {sha256}"
            yield Finding(Kind.DOCUMENT_MISSING, message, dispatch_id)
