"""CP-01: the registry binds this GID to this name, and the agent may execute."""

from __future__ import annotations

from benson_execution.document import Document
from benson_execution.events import CheckpointName
from benson_execution.phases.verdict import CheckpointVerdict, passed, refused
from benson_execution.policy import Policy
from benson_execution.registry import BENSON_GID
from benson_execution.text import plain, quote


def judge(document: Document, policy: Policy) -> CheckpointVerdict:
    """Judge the agent that the PAC names; what its result says of itself is not asked here."""
    gid, name = document.pac.agent_gid, document.pac.agent_name
    agent = policy.registry.find(gid)
    if gid == BENSON_GID:
        verdict = refused(CheckpointName.CP_01, f"{BENSON_GID} judges and never executes")
    elif agent is None:
        verdict = refused(CheckpointName.CP_01, f"the registry has no agent {gid}")
    elif agent.name.casefold() != name.casefold():
        found = f"the registry binds {gid} to {agent.name}, found {quote(name)}"
        verdict = refused(CheckpointName.CP_01, found)
    elif not agent.executes:
        verdict = refused(CheckpointName.CP_01, f"Agent {agent.name} ({gid}) may not execute")
    else:
        verdict = passed(CheckpointName.CP_01, f"Agent {plain(name)} ({gid}) activation validated")
    return verdict
