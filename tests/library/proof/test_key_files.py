"""The file of the signing key: its owner's alone, made once, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

import pytest

from benson_execution.errors import InvalidSettings
from benson_execution.proof import keys
from benson_execution.proof.keys import SigningKey

TIMEOUT: Final = 60
MAKE: Final = """
import sys
from pathlib import Path
from benson_execution.errors import InvalidSettings
from benson_execution.proof.keys import SigningKey

print("ready", flush=True)
for line in sys.stdin:
    try:
        print(SigningKey.make(Path(line.strip())).key_id, flush=True)
    except InvalidSettings as error:
        print("InvalidSettings", error, flush=True)
    except Exception as error:
        print("another error:", repr(error), flush=True)
"""
BOUND: Final = """
import ctypes, os, sys
for capability in (1, 2):  # by these, permissions don't bind root
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])  # dropped for the next program
"""
FULL: Final = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
"""


def names(folder: Path) -> list[str]:
    """What is in a folder, also what is hidden."""
    return sorted(path.name for path in folder.iterdir())


class Maker:
    """A process that makes the keys it is told to."""

    def __init__(self, into: IO[str], out: IO[str]) -> None:
        self._in, self._out = into, out
        assert self.heard() == "ready"

    def tell(self, path: Path) -> None:
        """Let it make the key in this file."""
        self._in.write(f"{path}\n")
        self._in.flush()

    def heard(self) -> str:
        """The key's id, or why there is none."""
        return self._out.readline().strip()


@contextmanager
def maker(*code: str) -> Iterator[Maker]:
    """It does not outlive the block."""
    roots = [str(Path(keys.__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [sys.executable, "-c", *code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Maker(process.stdin, process.stdout)
        finally:
            process.kill()


def test_a_key_is_made_where_there_is_none(tmp_path: Path) -> None:
    """Its owner's alone, in folders that are made, and with nothing beside it."""
    path = tmp_path / "a" / "b" / "signing.pem"
    key = SigningKey.make(path)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert names(path.parent) == ["signing.pem"]
    assert path.stat().st_nlink == 1
    assert SigningKey.read(path).key_id == key.key_id
    assert SigningKey.from_pem(path.read_bytes(), "it").sign(b"x") == key.sign(b"x")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_key_is_its_owners_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Also while it is written."""
    before = os.umask(umask)
    try:
        SigningKey.make(tmp_path / "signing.pem")
        SigningKey.generate().write(tmp_path / "other.pem")
    finally:
        os.umask(before)
    for name in ("signing.pem", "other.pem"):
        assert (tmp_path / name).stat().st_mode & 0o7777 == 0o600


def test_a_key_that_is_there_is_kept(tmp_path: Path) -> None:
    """Made again, it is the same, to the byte."""
    path = tmp_path / "signing.pem"
    key, content = SigningKey.make(path), path.read_bytes()
    assert SigningKey.make(path).key_id == key.key_id
    assert path.read_bytes() == content
    assert SigningKey.make(tmp_path / "other.pem").key_id != key.key_id


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_not_made_one(tmp_path: Path, content: bytes) -> None:
    """It is somebody's, whatever it is."""
    path = tmp_path / "signing.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InvalidSettings, match="no private key"):
        SigningKey.make(path)
    assert path.read_bytes() == content


def test_a_key_is_never_written_over_a_file(tmp_path: Path) -> None:
    """Nor through a link to one."""
    path = tmp_path / "signing.pem"
    path.write_bytes(b"kept")
    link = tmp_path / "link.pem"
    link.symlink_to(path)
    for there in (path, link):
        with pytest.raises(FileExistsError):
            SigningKey.generate().write(there)
    assert path.read_bytes() == b"kept"


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    """No key is made where somebody else's link points to, and none stays beside it."""
    link = tmp_path / "link.pem"
    link.symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(InvalidSettings, match="No such file"):
        SigningKey.make(link)
    assert names(tmp_path) == ["link.pem"]


@pytest.mark.parametrize("bit", [1 << n for n in range(6)])
def test_a_key_that_others_can_open_is_refused(tmp_path: Path, bit: int) -> None:
    """Group or others; read, write or execute. The hint is the command that helps."""
    path = tmp_path / "signing.pem"
    SigningKey.make(path)
    path.chmod(0o600 | bit)
    for read in (SigningKey.read, SigningKey.make):
        with pytest.raises(InvalidSettings, match="read by others") as caught:
            read(path)
        assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_a_key_that_only_its_owner_can_open_is_read(tmp_path: Path, mode: int) -> None:
    """Also one that nobody may write to, and by a link."""
    path = tmp_path / "signing.pem"
    key = SigningKey.make(path)
    path.chmod(mode)
    (tmp_path / "link.pem").symlink_to(path)
    assert SigningKey.read(path).key_id == SigningKey.read(tmp_path / "link.pem").key_id
    assert SigningKey.make(path).key_id == key.key_id


def test_sixteen_threads_make_one_key(tmp_path: Path) -> None:
    """All at once, again and again: all have the one that is in the file."""
    for n in range(20):
        path = tmp_path / str(n) / "signing.pem"
        start = threading.Barrier(16)
        made: list[str] = []

        def make(path: Path = path, start: threading.Barrier = start) -> None:
            start.wait(TIMEOUT)
            made.append(SigningKey.make(path).key_id)  # noqa: B023  # joined before the next

        threads = [threading.Thread(target=make) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
        assert made == [SigningKey.read(path).key_id] * 16
        assert names(path.parent) == ["signing.pem"]


def test_four_processes_make_one_key(tmp_path: Path) -> None:
    """As several runs of the command may, of a new home."""
    with ExitStack() as stack:
        makers = [stack.enter_context(maker(MAKE)) for _ in range(4)]
        for n in range(20):
            path = tmp_path / str(n) / "signing.pem"
            for one in makers:
                one.tell(path)
            made = [one.heard() for one in makers]
            assert made == [SigningKey.read(path).key_id] * 4
            assert names(path.parent) == ["signing.pem"]


def test_the_one_who_comes_second_takes_the_key_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late: here the other's key appears when ours is written already."""
    path = tmp_path / "signing.pem"
    first = SigningKey.generate()
    link = os.link

    def late(source: Path, target: Path) -> None:
        first.write(path)
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert SigningKey.make(path).key_id == first.key_id
    assert names(tmp_path) == ["signing.pem"]


def test_a_folder_that_can_not_be_written_is_an_error_of_the_settings(tmp_path: Path) -> None:
    """To somebody whom permissions bind; the message names the file. A key there is read."""
    there = tmp_path / "closed" / "there.pem"
    key = SigningKey.make(there)
    there.parent.chmod(0o500)
    try:
        with maker(BOUND, MAKE) as bound:
            bound.tell(there.parent / "signing.pem")
            assert (
                bound.heard() == f"InvalidSettings the signing key {there.parent}/signing.pem: "
                "Permission denied"
            )
            bound.tell(there.parent / "new" / "signing.pem")
            assert bound.heard().endswith("/new/signing.pem: Permission denied")
            bound.tell(there)
            assert bound.heard() == key.key_id
    finally:
        there.parent.chmod(0o700)
    assert names(there.parent) == ["there.pem"]


def test_a_folder_that_can_not_be_entered_is_an_error_of_the_settings(tmp_path: Path) -> None:
    """Not even whether there is a key can be told."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o000)
    try:
        with maker(BOUND, MAKE) as bound:
            bound.tell(folder / "signing.pem")
            said = bound.heard()
    finally:
        folder.chmod(0o700)
    assert said == f"InvalidSettings the signing key {folder}/signing.pem: Permission denied"


@pytest.mark.parametrize(
    "name", ["file/signing.pem", "x" * 300, "file/below/signing.pem", "loop", "."]
)
def test_a_place_where_no_file_can_be_is_an_error_of_the_settings(
    tmp_path: Path, name: str
) -> None:
    """Below a file, of too long a name, a link to itself, a folder."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InvalidSettings, match="the signing key"):
        SigningKey.make(tmp_path / name)
    assert names(tmp_path) == ["file", "loop"]


def test_half_a_key_is_left_nowhere_when_the_disk_is_full(tmp_path: Path) -> None:
    """Not in the file, where it would be taken for the key, nor beside it."""
    with maker(FULL + MAKE) as full:
        full.tell(tmp_path / "signing.pem")
        assert full.heard().startswith("InvalidSettings the signing key ")
    assert names(tmp_path) == []


@pytest.mark.parametrize("call", ["link", "fsync"])
def test_a_key_that_could_not_be_kept_is_left_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A file system without links, or a disk that fails: the private half is taken away again."""

    def failing(*args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(InvalidSettings, match="Operation not permitted"):
        SigningKey.make(tmp_path / "signing.pem")
    assert names(tmp_path) == []
