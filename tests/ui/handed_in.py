"""What the running `benson up` is given otherwise than by its form: a file, or by the API."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.prefect_server import wait_until
from tests.ui.runs import EXAMPLES, post


@dataclass(frozen=True)
class Swept:
    """A document that was put into the inbox as a file."""

    file: Path
    pac_id: str

    @property
    def done(self) -> Path:
        """Where the file lies when it was judged and completed."""
        return self.file.parent / "done" / self.file.name

    def wait(self) -> None:
        """Until a sweep has moved it; the schedule has one in every minute."""
        wait_until(self.done.exists, timeout=240, description="a sweep has moved the file")


def named_document(pac_id: str, example: str, **changes: Any) -> str:
    """An example as text, under another PAC's id; changes are made to the PAC and to its result."""
    document = json.loads((EXAMPLES / example).read_text())
    for member in (document["pac"], document["execution_result"]):
        member.update(pac_id=pac_id, **changes)
    return json.dumps(document)


def put_into_inbox(inbox: Path) -> Swept:
    """Put a document into the inbox as a program should: complete, when it gets its name."""
    pac_id = a_pac_id("INBOX")
    part = inbox / ".part"
    part.write_text(named_document(pac_id, "PAC-DAN-P44.json"))
    return Swept(part.rename(inbox / f"{pac_id}.json"), pac_id)


def submit(api_url: str, document: str) -> str:
    """Have a document judged by `pac-execution/on-demand`; returns the id of the flow run."""
    deployment = deployment_id(api_url, "pac-execution", "on-demand")
    made = post(
        f"{api_url}/deployments/{deployment}/create_flow_run",
        {"parameters": {"document": document}},
    )
    return str(made["id"])


def deployment_id(api_url: str, flow: str, name: str) -> str:
    """The id of a deployment."""
    wanted = {"deployments": {"name": {"any_": [name]}}, "flows": {"name": {"any_": [flow]}}}
    (found,) = post(f"{api_url}/deployments/filter", wanted)
    return str(found["id"])


def wait_for_state(api_url: str, run_id: str, name: str) -> dict[str, Any]:
    """The flow run, as soon as it is in a state of this name."""
    wanted = {"flow_runs": {"id": {"any_": [run_id]}}}
    found: list[dict[str, Any]] = []

    def reached() -> bool:
        found[:] = post(f"{api_url}/flow_runs/filter", wanted)
        return bool(found[0]["state_name"] == name)

    wait_until(reached, timeout=180, description=f"the run {run_id} is {name}")
    return found[0]


def a_pac_id(what: str) -> str:
    """A PAC id that no other test has."""
    return f"PAC-{what}-P{time.monotonic_ns() % 10**9}"
