"""`benson run`: documents through the Prefect flow, with a server that comes and goes with it.

Starting that server takes seconds, so a few runs share one home, and the tests look at them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benson_execution.prefect_environment import DEFAULTS

from .command import MEMBERS, TIMEOUT, Answer, Benson, on_terminal, processes_of, screen
from .conftest import new_benson
from .documents import document, save

pytestmark = pytest.mark.timeout(300)

JINJA = {"__prefect_kind": "jinja", "template": "{{ 7*7 }}"}
YAML_RESULT = """\
pac_id: PAC-DAN-P53-RUN-YAML
agent_gid: GID-07
agent_name: Dan
execution_timestamp: 2025-12-24T20:12:00Z
tasks_completed: [T1, T2]
tasks_total: 2
files_modified: [src/app.py]
quality_score: 0.8
scope_compliance: true
execution_time_ms: 0
notes: "\\e]0;owned\\a"
"""


@pytest.fixture(scope="module")
def benson(running: Benson) -> Benson:
    """One home for all of them."""
    return running


@pytest.fixture(scope="module")
def completed(benson: Benson) -> Answer:
    """A document that passes, with a template in it, from a folder that is not the project's."""
    good = document("PAC-DAN-P53-RUN-GOOD", result={"artifacts": {"page": JINJA, "49": [JINJA]}})
    return benson("run", "--json", save(benson.cwd, "good.json", good))


@pytest.fixture(scope="module")
def blocked(benson: Benson, completed: Answer) -> Answer:
    """A document that is refused by two gates and by its schema, then one that passes."""
    bad = document(
        "PAC-DAN-P53-RUN-BAD",
        result={"quality_score": JINJA, "files_modified": ["../up"], "wrap_id": "W"},
    )
    good = document("PAC-DAN-P53-RUN-NEXT")
    files = save(benson.cwd, "bad.json", bad), save(benson.cwd, "next.json", good)
    return benson("run", "--json", *files)


@pytest.fixture(scope="module")
def shown(benson: Benson, completed: Answer) -> bytes:
    """What a terminal gets of a bare YAML result that is run with its PAC."""
    pac = save(benson.cwd, "pac.json", document("PAC-DAN-P53-RUN-YAML")["pac"])
    result = save(benson.cwd, "result.yaml", YAML_RESULT)
    code, shown, _ = on_terminal(benson, "run", result, "--pac", pac)
    assert code == 0
    return shown


def test_a_run_that_earned_it_is_completed(benson: Benson, completed: Answer) -> None:
    """Exit code 0, and the same members as `benson judge` has."""
    assert completed.code == 0
    said = completed.object
    assert list(said) == MEMBERS
    assert (said["pac_id"], said["status"]) == ("PAC-DAN-P53-RUN-GOOD", "COMPLETED")
    assert said["wrap_id"].startswith("WRAP-DAN-P53-")
    assert [c["status"] for c in said["checkpoints"]] == ["PASS"] * 4
    assert Path(said["artifact_path"]).is_relative_to(benson.home)


def test_json_is_all_that_a_run_prints_on_standard_output(
    benson: Benson, completed: Answer
) -> None:
    """Whatever Prefect has to say; what the command has to say is one line on standard error."""
    assert completed.out.count("\n") == 1
    assert isinstance(json.loads(completed.out), dict)
    (told,) = completed.err.splitlines()
    assert told.startswith("benson: using an embedded Prefect in ")


def test_a_run_leaves_the_trail_and_the_artifact_of_a_dispatch(
    benson: Benson, completed: Answer
) -> None:
    """Eleven events, closed, and the artifact has exactly those."""
    said = completed.object
    recorded = [s for s in benson.recorded() if s.dispatch.dispatch_id == said["dispatch_id"]]
    assert [s.sequence for s in recorded] == list(range(1, 12))
    artifact = json.loads(Path(said["artifact_path"]).read_text())
    assert artifact["telemetry"]["events"] == [json.loads(s.event.json) for s in recorded]


def test_a_template_goes_through_the_flow_unevaluated(completed: Answer) -> None:
    """A document crosses Prefect as text: the artifact quotes the object that was handed in."""
    artifact = json.loads(Path(completed.object["artifact_path"]).read_text())
    quoted = artifact["dispatch"]["execution_result"]["artifacts"]
    assert quoted == {"page": JINJA, "49": [JINJA]}
    assert artifact["report"]["self_reported"]["artifacts"] == quoted


def test_no_process_outlives_the_run(benson: Benson, completed: Answer, blocked: Answer) -> None:
    """The server that it started is gone when the command returns."""
    assert (benson.home / "prefect").is_dir()  # there was one
    assert processes_of(benson.home) == {}


def number_of(wrap_id: str) -> int:
    """The counter of a WRAP id: other tests share the home, and may have taken the first ones."""
    return int(wrap_id.split("-")[4]) if wrap_id.count("-") == 4 else 1


def test_several_files_are_run_one_after_another(completed: Answer, blocked: Answer) -> None:
    """One object each, in their order; the exit code is the worst."""
    assert blocked.code == 1
    assert [list(one) for one in blocked.objects] == [MEMBERS, MEMBERS]
    assert [(one["pac_id"], one["status"]) for one in blocked.objects] == [
        ("PAC-DAN-P53-RUN-BAD", "BLOCKED"),
        ("PAC-DAN-P53-RUN-NEXT", "COMPLETED"),
    ]
    before, after = completed.object["wrap_id"], blocked.objects[1]["wrap_id"]
    assert number_of(after) == number_of(before) + 1  # the refused one took none


def test_a_refused_run_tells_everything_that_is_wrong(blocked: Answer) -> None:
    """Every gate is judged although others refused, and the artifact has the template as it was."""
    said = blocked.objects[0]
    assert said["error_code"] == "GS_131"
    assert said["wrap_id"] is None
    assert [c["status"] for c in said["checkpoints"]] == ["PASS", "FAIL", "FAIL", "PASS"]
    artifact = json.loads(Path(said["artifact_path"]).read_text())
    assert artifact["report"] is None
    assert artifact["dispatch"]["execution_result"]["quality_score"] == JINJA


def test_a_bare_result_is_run_with_its_pac(shown: bytes) -> None:
    """`--pac` brings what to judge it by, and in the end the screen has the verdict alone."""
    on_screen = [row for row in screen(shown) if row]
    assert on_screen[0] == "COMPLETED  PAC-DAN-P53-RUN-YAML"
    assert on_screen[3] == "  CP-03  PASS  Quality score 0.80 meets the threshold 0.70"
    assert len(on_screen) == 7


def test_a_run_on_a_terminal_shows_colours_and_where_it_is(shown: bytes) -> None:
    """A line that changes while the run goes on; what is foreign in it is text."""
    assert b"embedded Prefect" in shown
    assert b"\x1b[1;32mCOMPLETED" in shown
    assert b"\x1b]0;" not in shown
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l")


def test_brackets_in_foreign_text_do_not_end_a_run(benson: Benson, completed: Answer) -> None:
    """What looks like markup is text: it is recorded, judged, and the answer is given."""
    path = "app/[/slug]/page.tsx"
    asked = document("PAC-DAN-P53-RUN-BRACKETS", result={"files_modified": [path]})
    answer = benson("run", "--json", save(benson.cwd, "brackets.json", asked))
    assert answer.code == 1
    assert path in answer.object["checkpoints"][1]["details"]


def test_nothing_is_run_when_one_of_the_files_cannot_be_read(
    benson: Benson, completed: Answer
) -> None:
    """The good one before it neither."""
    before = len(benson.recorded())
    good = save(benson.cwd, "unrun.json", document("PAC-DAN-P53-RUN-UNRUN"))
    answer = benson("run", "--json", good, "nowhere.json")
    assert (answer.code, answer.out) == (2, "")
    assert len(benson.recorded()) == before


HEAVY = """
import sys
from benson_execution.cli import main

try:
    main()
finally:
    if "prefect" in sys.modules:
        sys.exit(99)
"""


def test_bad_input_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    """Before Prefect is imported, which takes longer than all else, and has a home."""
    benson = new_benson(tmp_path)
    torn = save(tmp_path, "torn.json", '{"pac": ')
    told = subprocess.run(
        [sys.executable, "-c", HEAVY, "run", "--json", torn],
        env=benson.environment(),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert told.returncode == 2, told.stderr
    assert not (benson.home / "prefect").exists()


def test_a_prefect_that_is_not_there_is_told_in_one_sentence(benson: Benson) -> None:
    """The execution failed, which is neither a refusal nor a crash: exit code 3."""
    file = save(benson.cwd, "lost.json", document("PAC-DAN-P53-RUN-LOST"))
    # Port 9 is the discard service's: nobody has listened there for decades.
    url = "http://127.0.0.1:9/api"
    answer = benson("run", "--json", file, env={"PREFECT_API_URL": url})
    assert answer.code == 3
    assert url in answer.err


def test_a_run_whose_artifact_cannot_be_written_is_a_failure(
    benson: Benson, completed: Answer
) -> None:
    """As with `benson judge`: the trail has the dispatch, the exit code says what is missing."""
    shelf = save(benson.cwd, "shelf", "a file")
    file = save(benson.cwd, "unshelved.json", document("PAC-DAN-P53-RUN-UNSHELVED"))
    answer = benson("run", file, env={"BENSON_ARTIFACTS": str(shelf)})
    assert answer.code == 3
    assert str(shelf) in answer.err


EFFECTIVE = """
import json
import flows.pac_execution
from prefect.settings import get_current_settings

server = get_current_settings().server
print(json.dumps([
    server.services.task_run_recorder.batch_size,
    server.services.task_run_recorder.flush_interval,
    server.services.event_persister.batch_size,
    server.services.event_persister.read_batch_size,
    server.analytics_enabled,
    server.ephemeral.startup_timeout_seconds,
]))
"""


def effective(benson: Benson, env: dict[str, str]) -> list[Any]:
    """What Prefect is set to once the flow is imported, in a folder that has no settings."""
    done = subprocess.run(
        [sys.executable, "-c", EFFECTIVE],
        capture_output=True,
        cwd=benson.cwd,
        env=benson.environment({"PREFECT_HOME": str(benson.cwd / "prefect"), **env}),
        timeout=TIMEOUT,
        check=True,
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_settings_of_the_flow_are_in_force_in_any_folder(benson: Benson) -> None:
    """Batches, and nobody is told: Prefect would read a file of settings only where it lies."""
    assert effective(benson, {}) == [500, 2, 500, 50, False, 180]


def test_what_the_environment_sets_of_prefect_stays(benson: Benson) -> None:
    """Ours are defaults, not orders."""
    name = "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE"
    assert name in DEFAULTS
    assert effective(benson, {name: "7"})[:2] == [7, 2]
