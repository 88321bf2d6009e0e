"""Governed runs of real work orders, as a person starts them: `benson run` against a server."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.prefect_server import server_environment, wait_until

EXAMPLES: Final = Path(__file__).parents[2] / "examples"

TASKS: Final = (
    "CP-01 AGENT_ACTIVATION_VALIDATION",
    "CP-02 SCOPE_COMPLIANCE_VALIDATION",
    "CP-03 QUALITY_SCORE_VALIDATION",
    "CP-04 TASK_COMPLETION_VALIDATION",
    "SCHEMA_VALIDATION",
    "BER_GENERATION_DECISION",
    "WRAP_GENERATION",
    "BER_TELEMETRY",
)
"""The tasks of a governed run, in the order in which they run."""

EVENTS: Final = (
    "PAC_DISPATCH_START",
    "AGENT_EXECUTION_START",
    *("CHECKPOINT",) * 4,
    "SCHEMA_VALIDATION",
    "AGENT_EXECUTION_END",
    "BER_GENERATION_DECISION",
    "WRAP_GENERATION",
    "PAC_DISPATCH_END",
)
"""The events of a dispatch that was judged to its end."""

HOSTILE_NAME: Final = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) | `b`"
HOSTILE_PATH: Final = "chainiq/![i](http://evil.example/i.png)<script>alert(2)</script>|`c`.py"
HOSTILE_TASK: Final = "www.evil.example https://evil.example me@evil.example"


@dataclass(frozen=True)
class JudgedRun:
    """One `benson run`: what it was started with, and how it ended."""

    pac_id: str
    run_id: str
    """The flow run's id in Prefect."""
    status: str
    exit_code: int

    @property
    def verdict_key(self) -> str:
        """The key under which Prefect keeps the PAC's verdicts."""
        return f"verdict-{self.pac_id.lower()}"

    @property
    def events_key(self) -> str:
        """The key under which Prefect keeps the PAC's tables of events."""
        return f"events-{self.pac_id.lower()}"


@dataclass(frozen=True)
class JudgedRuns:
    """The runs that the tests look at, in the order in which they ran."""

    completed: JudgedRun
    refused: JudgedRun
    """Blocked by CP-03."""
    again: JudgedRun
    """The completed PAC once more: blocked, because it is closed."""
    hostile: JudgedRun
    """Full of Markdown, HTML and addresses wherever its agent may write."""


def hostile_document() -> dict[str, Any]:
    """A valid PAC, whose agent says nothing that may become an element of a page."""
    document: dict[str, Any] = json.loads((EXAMPLES / "PAC-DAN-P44.json").read_text())
    for member in (document["pac"], document["execution_result"]):
        member.update(pac_id="PAC-DAN-P90-HOSTILE-01", agent_name=HOSTILE_NAME)
    document["execution_result"].update(
        files_modified=[HOSTILE_PATH], tasks_completed=["T1", HOSTILE_TASK]
    )
    return document


def judge_all(api_url: str, folder: Path) -> JudgedRuns:
    """Run the work orders one after another, and wait until the server shows every task."""
    hostile = folder / "hostile.json"
    hostile.write_text(json.dumps(hostile_document()))
    first = EXAMPLES / "PAC-DAN-P44.json"
    refused = EXAMPLES / "refused" / "CP-03-quality-below-threshold.json"
    runs = [_judge(path, api_url, folder) for path in (first, refused, first, hostile)]
    for run in runs:
        _wait_until_shown(api_url, run)
    return JudgedRuns(*runs)


def _judge(document: Path, api_url: str, folder: Path) -> JudgedRun:
    done = subprocess.run(
        [Path(sys.executable).with_name("benson"), "run", "--json", document],
        env=server_environment(
            folder / "prefect", PREFECT_API_URL=api_url, BENSON_HOME=str(folder / "benson")
        ),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.stdout, f"benson run {document.name} ended {done.returncode}: {done.stderr}"
    answer = json.loads(done.stdout)
    run_id, _, _ = answer["dispatch_id"].rpartition("-")
    return JudgedRun(answer["pac_id"], run_id, answer["status"], done.returncode)


def _wait_until_shown(api_url: str, run: JudgedRun) -> None:
    wait_until(
        lambda: _finished_tasks(api_url, run) == len(TASKS),
        timeout=60,
        description=f"the server shows {len(TASKS)} finished tasks of {run.pac_id}",
    )


def _finished_tasks(api_url: str, run: JudgedRun) -> int:
    wanted = {
        "flow_runs": {"id": {"any_": [run.run_id]}},
        "task_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}},
    }
    return int(post(f"{api_url}/task_runs/count", wanted))


def post(url: str, body: Any) -> Any:
    """Send JSON to the server, and return its answer."""
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
