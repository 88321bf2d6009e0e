"""Running an agent's command: what it is given, what it answers, and how it may fail."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benson_execution.agent_run import Command, run_command, work_folder
from benson_execution.agent_run import command as command_module
from benson_execution.errors import AgentFailed, AgentNotStarted, ExecutionFailed

from .agents import LIMIT, answer_of, fresh, program, shell


def cause(command: Command, home: Path, limit: int = LIMIT) -> str:
    with pytest.raises(AgentFailed) as failed:
        answer_of(command, home, limit=limit)
    assert isinstance(failed.value, ExecutionFailed)
    assert not isinstance(failed.value, AgentNotStarted)
    return failed.value.message


def not_started(command: Command, folder: Path) -> str:
    with pytest.raises(AgentNotStarted) as failed:
        run_command(command, b"{}", folder, limit=LIMIT)
    return failed.value.message


@pytest.mark.parametrize(
    "answer", [b"{}\n", b"no newline", b"\xff\xfe not UTF-8", b"\n\n a\r\nb\0c\n", b" x "]
)
def test_an_answer_is_what_was_written_to_the_letter(home: Path, answer: bytes) -> None:
    """With or without an end of line, and whether or not it is a text."""
    assert answer_of(program(f"os.write(1, {answer!r})"), home) == answer


def test_the_request_comes_on_standard_input_as_a_whole(home: Path) -> None:
    """It ends there: who reads to the end is not kept waiting."""
    request = bytes(range(256)) * 12_000
    assert answer_of(shell("cat"), home, request, limit=len(request)) == request


def test_an_agent_may_leave_its_request_unread(home: Path) -> None:
    """However large it is, nobody waits for it to be read."""
    assert answer_of(shell("echo done"), home, b"x" * 3_000_000) == b"done\n"


def test_an_agent_works_in_a_new_folder_of_its_own(home: Path) -> None:
    """Nobody else may look into it, nor into what the agent makes there."""
    folder = work_folder(home, "0e5f-1")
    said = run_command(shell("pwd; ls -A; umask; echo x >made"), b"", folder, limit=LIMIT)
    assert said.decode().split() == [str(folder), "0077"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert (folder / "made").read_text() == "x\n"


def test_a_folder_that_is_there_already_is_not_used(home: Path) -> None:
    """An agent runs once in a dispatch; what lies there is another run's."""
    folder = fresh(home)
    assert run_command(shell("echo first"), b"", folder, limit=LIMIT) == b"first\n"
    assert "File exists" in not_started(shell("touch second; echo second"), folder)
    assert not (folder / "second").exists()


def test_no_link_is_followed_to_a_working_folder(home: Path, tmp_path: Path) -> None:
    """Neither in the place of the folder nor of the one that it lies in."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = fresh(home)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(elsewhere / "new")
    assert "can't be made" in not_started(shell("echo x"), folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "agent-work").symlink_to(elsewhere)
    assert "can't be made" in not_started(shell("echo x"), fresh(other))
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_others_may_write_into_is_not_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They could put another in the place of the agent's."""
    folder = fresh(home)
    folder.parent.mkdir(parents=True)
    folder.parent.chmod(0o777)
    assert "others may write into" in not_started(shell("echo x"), folder)
    folder.parent.chmod(0o700)
    with monkeypatch.context() as another:
        another.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert "others may write into" in not_started(shell("echo x"), folder)
    assert run_command(shell("echo x"), b"", folder, limit=LIMIT) == b"x\n"


@pytest.mark.parametrize("dispatch_id", ["", "..", "a/b", "a b", "x" * 129, "é"])
def test_no_folder_is_named_after_an_id_unchecked(home: Path, dispatch_id: str) -> None:
    """An id with a slash would lead elsewhere."""
    with pytest.raises(AgentNotStarted, match="no folder can be named after"):
        work_folder(home, dispatch_id)


def test_an_agent_sees_nothing_of_our_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No setting, no secret: three variables of its own, and the name of its folder."""
    for name in ("BENSON_TRAIL_URL", "PREFECT_API_KEY", "AWS_SECRET", "LC_ALL", "PYTHONPATH"):
        monkeypatch.setenv(name, "secret")
    folder = fresh(home)
    code = "import json; print(json.dumps(dict(os.environ)))"
    said = json.loads(run_command(program(code), b"", folder, limit=LIMIT))
    assert said == {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AGENT_WORK_FOLDER": str(folder),
    }


def test_variables_that_the_operator_names_are_passed_through(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are set; `HOME` too, which is then the operator's."""
    monkeypatch.setenv("MODEL_KEY", "k\n=é")
    monkeypatch.setenv("HOME", "/operator")
    monkeypatch.delenv("UNSET", raising=False)
    code = "import json; print(json.dumps(dict(os.environ)))"
    command = program(code, environment=["MODEL_KEY", "HOME", "UNSET"])
    said = json.loads(answer_of(command, home))
    assert (said["MODEL_KEY"], said["HOME"]) == ("k\n=é", "/operator")
    assert set(said) == {"PATH", "HOME", "LANG", "AGENT_WORK_FOLDER", "MODEL_KEY"}


def test_an_agent_inherits_no_open_file_and_no_terminal(home: Path) -> None:
    """Three streams, the folder that it lists, a session of its own, and no new rights."""
    with (home.parent / "open").open("w") as ours:
        assert ours.fileno() > 2
        code = 'print(len(os.listdir("/proc/self/fd")), os.getsid(0) == os.getpid())'
        assert answer_of(program(code), home) == b"4 True\n"
    status = answer_of(shell("grep NoNewPrivs /proc/self/status"), home)
    assert status.split() == [b"NoNewPrivs:", b"1"]


def test_a_program_that_is_not_there_is_never_started(home: Path) -> None:
    """Missing, a folder, or a file that can't be run: the message names it."""
    for program_path, why in (
        ("/no/such/agent", "No such file or directory"),
        ("/tmp", "Permission denied"),
        (__file__, "Permission denied"),
    ):
        said = not_started(Command(argv=(program_path,)), fresh(home))
        assert said == f"'{program_path}' can't be started: {why}"


def test_an_exit_code_other_than_0_is_a_failure_whatever_was_answered(home: Path) -> None:
    """The last line of its standard error is the cause."""
    command = shell("echo answer; echo first >&2; echo 'no model' >&2; echo >&2; exit 3")
    assert cause(command, home) == "the agent exited with code 3: no model"
    assert cause(shell("exit 1"), home) == "the agent exited with code 1"


def test_what_an_agent_complains_of_is_bounded_and_can_not_draw(home: Path) -> None:
    """Ten megabytes don't hold it up; control characters and wrong bytes show as such."""
    flood = shell("yes complaint | head -c 10000000 >&2; printf 'a\\033[2J\\377b' >&2; exit 1")
    assert cause(flood, home) == "the agent exited with code 1: a\\u001b[2J\ufffdb"
    wide = program("os.write(2, b'x' * 100_000); sys.exit(1)")
    assert len(cause(wide, home)) < 350


def test_a_signal_that_ends_an_agent_is_named(home: Path) -> None:
    """Also one of its own making, and one that has no name."""
    assert cause(shell("echo x; kill -SEGV $$"), home) == "the agent was killed by SIGSEGV"
    assert cause(shell("echo help >&2; kill -KILL $$"), home) == (
        "the agent was killed by SIGKILL: help"
    )
    assert cause(shell("kill -40 $$"), home) == "the agent was killed by signal 40"


@pytest.mark.parametrize("answer", ["", " ", "\\n\\n"])
def test_an_agent_that_answers_nothing_has_failed(home: Path, answer: str) -> None:
    """Blanks are nothing."""
    assert cause(shell(f"printf '{answer}'; echo 'no idea' >&2"), home) == (
        "the agent exited with code 0 and gave no answer: no idea"
    )


def test_an_answer_has_at_most_as_many_bytes_as_are_allowed(home: Path) -> None:
    """Just so many are, and one more is not."""
    command = program("os.write(1, b'x' * 70_000)")
    assert answer_of(command, home, limit=70_000) == b"x" * 70_000
    assert cause(command, home, limit=69_999) == "the agent answered more than 69999 bytes"


def test_an_agent_has_its_time_and_no_more(home: Path) -> None:
    """It may put things in order when it is told to end; what it answers then doesn't count."""
    code = """
def told(*_):
    print("late", flush=True)
    print("told", file=sys.stderr, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, told)
time.sleep(60)
"""
    began = time.monotonic()
    assert cause(program(code, timeout_seconds=2), home) == "the agent timed out after 2 s: told"
    assert time.monotonic() - began < 20


def test_an_agent_that_closes_its_output_and_lives_on_times_out(home: Path) -> None:
    """It has not ended: that nothing more will come is no end."""
    command = shell("echo answer; exec >&- 2>&-; sleep 60", timeout_seconds=0.4)
    assert cause(command, home) == "the agent timed out after 0.4 s"


def test_an_answer_does_not_count_where_something_of_the_agent_lives_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs in the kernel can't be killed; here the report only says so."""
    report = {"end": "exited", "code": 0, "stderr": "", "left": 2}
    monkeypatch.setattr(command_module, "_supervised", lambda *_: (report, b"{}"))
    assert cause(shell("echo x"), home) == "2 processes of the agent can't be killed"


def test_a_hundred_megabytes_are_not_held_in_memory(home: Path) -> None:
    """The agent gets rid of little more than the limit, and this process does not grow."""
    limit = 1_000_000
    code = f"""
import resource, sys
from pathlib import Path
from benson_execution.agent_run import Command, run_command, work_folder
from benson_execution.errors import AgentFailed

def run(dispatch_id, times):
    code = '''
import os
import sys
notes = os.open("written", os.O_WRONLY | os.O_CREAT)
for _ in range(int(sys.argv[1])):
    os.write(1, b"x" * 100_000)
    os.write(notes, b".")
'''
    argv = [sys.executable, "-I", "-c", code, str(times)]
    folder = work_folder(Path({str(home)!r}), dispatch_id)
    try:
        run_command(Command(argv=tuple(argv)), b"{{}}", folder, limit={limit})
    except AgentFailed as failed:
        print(failed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak, (folder / "written").stat().st_size * 100_000)

run("small-1", 5)
run("large-1", 1000)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    small, message, large = done.stdout.splitlines()
    assert message == f"the agent answered more than {limit} bytes"
    (peak_before, written_before), (peak, written) = (
        map(int, line.split()) for line in (small, large)
    )
    assert written_before == 500_000
    assert limit - 100_000 <= written <= limit + 300_000, "the pipe holds a little"
    assert (peak - peak_before) * 1024 < 10_000_000
