"""Running an agent: the document names who runs it, the operator says what that is.

runners.py     the operator's file of commands and deployments, and a document's choice of one
envelope.py    what an agent is given, and what of its answer is taken
command.py     one command, run to its end within bounds, with everything that it started
supervisor.py  the process between Benson and the agent, which outlives all that is the agent's
leftovers.py   what is left of an agent whose supervisor was killed

This bounds an agent and cleans up after it; it is no sandbox. An agent has the rights of the user
that Benson runs as: where it must have fewer, the command is one that takes them away.
"""

from benson_execution.agent_run.command import (
    Lifeline,
    run_command,
    run_command_in_thread,
    work_folder,
)
from benson_execution.agent_run.envelope import answer_limit, new_nonce, read_answer, request
from benson_execution.agent_run.leftovers import kill_leftovers
from benson_execution.agent_run.runners import Command, Deployment, Runner, Runners

__all__ = [
    "Command",
    "Deployment",
    "Lifeline",
    "Runner",
    "Runners",
    "answer_limit",
    "kill_leftovers",
    "new_nonce",
    "read_answer",
    "request",
    "run_command",
    "run_command_in_thread",
    "work_folder",
]
