"""Killed at any moment, archived twice at once, or beside somebody who judges: whole, or not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benson_execution import BensonExecutionEngine, Settings
from benson_execution.archive.archiving import batches, store
from benson_execution.archive.folder import ArchiveFolder
from benson_execution.archive.reading import ReadingTrail
from benson_execution.errors import AppendRefused, ArchiveNotWritten
from benson_execution.proof.heads import TrustedKeys
from benson_execution.trail import SqlTrail, StoredEvent
from benson_execution.trail.opening import keyring_of, trusted_keys
from benson_execution.verification.trail import TrailVerifier
from tests.verification.honest import EXAMPLES

ROOT = Path(__file__).parents[2]
NAMES = ("PAC-DAN-P44", "refused/CP-03-quality-below-threshold", "PAC-ALEX-P36")


def url_in(home: Path) -> str:
    """The trail of a home."""
    return f"sqlite:///{home / 'trail.db'}"


def fill(settings: Settings) -> None:
    """Three dispatches that may move."""
    trail = SqlTrail(str(settings.trail_url), keyring_of(settings))
    engine = BensonExecutionEngine(enable_telemetry=False, trail=trail, settings=settings)
    for name in NAMES:
        engine.execute_pac((EXAMPLES / f"{name}.json").read_bytes())
    trail.close()


def archive_in_child(url: str, home: Path, step: int) -> subprocess.CompletedProcess[str]:
    """Archive in another process, which kills itself at this step."""
    return subprocess.run(
        [sys.executable, "-m", "tests.archive.child", url, str(home), str(step)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def events_at(url: str, home: Path) -> list[StoredEvent]:
    """All events, wherever they are."""
    reading = ReadingTrail(url, home / "archive")
    try:
        return list(reading.events())
    finally:
        reading.close()


def require_whole(url: str, home: Path, before: list[StoredEvent]) -> int:
    """Everything is read as before, and verified; how many archives there are."""
    assert events_at(url, home) == before
    trail = SqlTrail(url, None)
    try:
        with trail.rows() as rows:
            keys = TrustedKeys(trusted_keys(Settings(home=home, trail_url=url)))
            assert list(TrailVerifier(rows, keys, ArchiveFolder(home / "archive")).run()) == []
            return len(list(rows.archives()))
    finally:
        trail.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a trail in SQLite."""
    home = tmp_path_factory.mktemp("filled")
    fill(Settings(home=home, trail_url=url_in(home)))
    return home


@pytest.mark.timeout(400)
def test_a_kill_at_any_step_leaves_all_or_nothing(filled: Path, tmp_path: Path) -> None:
    """Then the next archiver goes on with what it finds, and nothing is overwritten."""
    whole = tmp_path / "whole"
    shutil.copytree(filled, whole)
    last = int(archive_in_child(url_in(whole), whole, 0).stdout)
    counts = []
    for step in sorted({*range(1, last, 4), last - 3, last - 2, last - 1, last}):
        home = tmp_path / str(step)
        shutil.copytree(filled, home)
        url = url_in(home)
        before = events_at(url, home)
        done = archive_in_child(url, home, step)
        assert done.returncode == -9, done.stderr
        counts.append(require_whole(url, home, before))
        if len(counts) % 4 == 0:
            again = archive_in_child(url, home, 0)
            assert again.returncode == 0, again.stderr
            assert require_whole(url, home, before) == 1
        assert len(list((home / "archive").glob("*.gz"))) <= 1
    assert set(counts) == {0, 1}
    assert counts == sorted(counts)


def test_a_kill_in_the_transaction_leaves_all_in_postgresql(
    postgres_url: str, tmp_path: Path
) -> None:
    """The server rolls back what its client did not commit."""
    fill(Settings(home=tmp_path, trail_url=postgres_url))
    before = events_at(postgres_url, tmp_path)
    done = archive_in_child(postgres_url, tmp_path, 24)
    assert done.returncode == -9, done.stderr
    assert list((tmp_path / "archive").glob("*.gz"))
    assert require_whole(postgres_url, tmp_path, before) == 0
    again = archive_in_child(postgres_url, tmp_path, 0)
    assert again.returncode == 0, again.stderr
    assert require_whole(postgres_url, tmp_path, before) == 1


def test_one_archiver_at_a_time_in_one_folder(tmp_path: Path) -> None:
    """The second is told so, in one sentence."""
    path = tmp_path / "archive"
    with ArchiveFolder(path).locked():
        second = ArchiveFolder(path).locked()
        with pytest.raises(ArchiveNotWritten, match="another `benson archive`"):
            second.__enter__()


def test_two_archivers_with_folders_of_their_own_move_each_dispatch_once(
    filled: Path, tmp_path: Path
) -> None:
    """On two machines, say: who comes second is refused, and the trail is whole."""
    home = tmp_path / "home"
    shutil.copytree(filled, home)
    url = url_in(home)
    before = events_at(url, home)
    settings = Settings(home=home, trail_url=url)
    keys = trusted_keys(settings)
    one, other = (SqlTrail(url, keyring_of(settings)) for _ in range(2))
    (batch,) = batches(one, datetime.now(UTC), keys)
    (same,) = batches(other, datetime.now(UTC), keys)
    first, second = ArchiveFolder(home / "archive"), ArchiveFolder(home / "second")
    first.path.mkdir()
    second.path.mkdir()
    store(one, first, batch, keys)
    with pytest.raises(AppendRefused, match="archived by somebody else"):
        store(other, second, same, keys)
    one.close()
    other.close()
    assert require_whole(url, home, before) == 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_archiver_beside_one_who_judges_and_one_who_reads(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Nobody's event is lost or told twice, whatever moves meanwhile."""
    is_sqlite = database == "sqlite"
    url = url_in(tmp_path) if is_sqlite else request.getfixturevalue("postgres_url")
    settings = Settings(home=tmp_path, trail_url=url)
    judging, archiving = (SqlTrail(url, keyring_of(settings)) for _ in range(2))
    keys, folder = trusted_keys(settings), ArchiveFolder(tmp_path / "archive")
    stop = threading.Event()
    failed: list[BaseException] = []

    def archive() -> None:
        with folder.locked():
            for batch in batches(archiving, datetime.now(UTC), keys):
                store(archiving, folder, batch, keys)

    def read() -> None:
        reading = ReadingTrail(url, folder.path)
        try:
            seen = [stored.position for stored in reading.events()]
            assert seen == list(range(1, len(seen) + 1))
        finally:
            reading.close()

    def again_and_again(work: Callable[[], None]) -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException as error:
            failed.append(error)

    engine = BensonExecutionEngine(enable_telemetry=False, trail=judging, settings=settings)
    threads = [threading.Thread(target=again_and_again, args=(one,)) for one in (archive, read)]
    for thread in threads:
        thread.start()
    try:
        for name in NAMES * 5:
            engine.execute_pac((EXAMPLES / f"{name}.json").read_bytes())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        archiving.close()
    assert failed == []
    with judging.rows() as rows:
        assert list(TrailVerifier(rows, TrustedKeys(keys), folder).run()) == []
        assert len(list(rows.receipts())) > 1
    judging.close()
