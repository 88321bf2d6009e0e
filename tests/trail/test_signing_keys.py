"""The key that signs a trail: made for a local one, demanded for others, followed when rotated."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

import pytest

from benson_execution import Settings
from benson_execution.errors import BensonError, InvalidSettings, TrailUnavailable
from benson_execution.proof.heads import TrustedKeys
from benson_execution.proof.keyring import KeyFile
from benson_execution.proof.keys import SigningKey
from benson_execution.trail import MemoryTrail, SqlTrail, Trail, open_trail
from benson_execution.trail.opening import keyring_of

from .said import all_rows, assert_proved, described
from .stores import (
    RING,
    Ring,
    answers,
    append,
    at_once,
    contents,
    dispatch,
    end,
    note,
    open_sql,
    settings_of,
)


def refused(url: str) -> InvalidSettings:
    """How opening a trail to write is refused, in one sentence."""
    with pytest.raises(InvalidSettings) as raised:
        open_trail(settings_of(url))
    assert "\n" not in str(raised.value)
    return raised.value


def test_a_local_trail_gets_a_key_that_nobody_else_reads(url: str, tmp_path: Path) -> None:
    """In its home, whatever the umask is; the next opening takes the same one."""
    before = os.umask(0)
    try:
        open_sql(url).close()
    finally:
        os.umask(before)
    key = tmp_path / "signing-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    content = key.read_bytes()
    again = open_sql(url)
    append(again, dispatch(), end())
    proof = again.proof("run-1")
    again.close()
    assert key.read_bytes() == content
    assert proof is not None
    assert_proved(proof, SigningKey.read(key).public)
    assert sorted(path.name for path in tmp_path.glob("*key*")) == ["signing-key.pem"]


def test_a_trail_in_postgresql_demands_a_key(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Several machines write it: a key that one of them made would be nobody's."""
    monkeypatch.delenv("BENSON_SIGNING_KEY")
    error = refused(postgres_url)
    assert "signing key" in error.message
    assert "BENSON_SIGNING_KEY" in str(error)
    assert not (tmp_path / "signing-key.pem").exists()


def test_a_missing_key_is_not_made_anew(url: str, tmp_path: Path) -> None:
    """A trail that was signed with a key that is gone is refused, and so is its writing."""
    open_sql(url).close()
    (tmp_path / "signing-key.pem").unlink()
    assert "signing-key.pem" in refused(url).message
    assert not (tmp_path / "signing-key.pem").exists()


def test_another_key_is_refused(database_url: str, tmp_path: Path) -> None:
    """At once, not when the first dispatch closes; the error names the trail's key."""
    trail = open_sql(database_url)
    head = trail.head()
    trail.close()
    for file in ("signing-key.pem", "given-key.pem"):
        (tmp_path / file).unlink(missing_ok=True)
        SigningKey.generate().write(tmp_path / file)
    assert head is not None
    assert head.key_id in refused(database_url).message


def test_a_key_that_others_can_read_is_refused(url: str, tmp_path: Path) -> None:
    """With how to mend it."""
    open_sql(url).close()
    (tmp_path / "signing-key.pem").chmod(0o644)
    assert "chmod 600" in str(refused(url))


def test_reading_needs_no_key_and_writes_nothing(url: str, tmp_path: Path) -> None:
    """Neither a key nor a byte of the file, also when a killed writer left its log behind."""
    writer = open_sql(url)
    append(writer, dispatch(), note("a"), end())
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("trail.db*"):
        (copy / file.name).write_bytes(file.read_bytes())
    writer.close()
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    assert set(before) >= {"trail.db", "trail.db-wal"}
    trail = open_trail(settings_of(f"sqlite:///{copy / 'trail.db'}"), read_only=True)
    assert len(list(trail.events())) == 2
    with pytest.raises(BensonError):
        trail.release("run-1")
    with pytest.raises(TrailUnavailable, match="to be read only"):
        append(trail, dispatch("other"), note("b"))
    trail.close()
    after = {path.name: path.read_bytes() for path in copy.iterdir()}
    shared = "trail.db-shm"  # its readers' marks
    assert {**after, shared: b""} == {**before, shared: b""}


def test_reading_a_trail_that_is_not_there_makes_none(tmp_path: Path) -> None:
    """It is empty, and stays so."""
    settings = Settings(home=tmp_path / "home")
    trail = open_trail(settings, read_only=True)
    assert list(trail.events()) == []
    assert list(tmp_path.iterdir()) == []
    writer = open_trail(settings)
    append(writer, dispatch(), note("a"))
    reader = open_trail(settings, read_only=True)
    assert contents(reader.events()) == ["a"]
    writer.close()
    reader.close()


def rotated(trail: Trail) -> None:
    """Close under one key, then under the next, and again."""
    append(trail, dispatch("a"), note("a"), end())
    for number, run_id in ((1, "b"), (2, "c")):
        rotation = trail.rotate(RING.keys[number])
        assert rotation.new_key == RING.keys[number].public
        append(trail, dispatch(run_id), note(run_id), end())


@pytest.mark.parametrize("store", ["memory", "database"])
def test_a_rotation_hands_the_trail_over(store: str, request: pytest.FixtureRequest) -> None:
    """From the next head on the new key signs, and who trusts the first one trusts all."""
    trail: Trail = MemoryTrail(RING.keys[0])
    if store == "database":
        trail = SqlTrail(request.getfixturevalue("url"), RING)
    rotated(trail)
    with trail.rows() as rows:
        described(all_rows(rows), RING.keys[0].public)
    for run_id, key in zip("abc", RING.keys, strict=True):
        proof = trail.proof(f"{run_id}-1")
        assert proof is not None
        assert proof.head.key_id == key.key_id
        assert_proved(proof, RING.keys[0].public)
        assert len(proof.rotations) == 2
        assert not TrustedKeys([SigningKey.generate().public]).signed(proof.head)
    trail.close()


def test_a_rotation_of_somebody_else_is_followed(database_url: str) -> None:
    """A trail that is open signs with the new key from the next head on.

    Who has the old one only opens and closes nothing any more.
    """
    one, other = SqlTrail(database_url, RING), SqlTrail(database_url, RING)
    stubborn = SqlTrail(database_url, OneKey(RING.keys[0]))
    append(stubborn, dispatch("early"), note("a"))
    other.rotate(RING.keys[1])
    append(one, dispatch(), note("a"), end())
    head = one.head()
    assert head is not None
    assert head.key_id == RING.keys[1].key_id
    for ref, event in ((dispatch("late"), note("a")), (dispatch("early"), end())):
        with pytest.raises(TrailUnavailable, match="is signed with the key"):
            append(stubborn, ref, event)
        assert stubborn.proof(ref.dispatch_id) is None
    assert list(stubborn.events(dispatch_id="late-1")) == []
    with pytest.raises(InvalidSettings):
        SqlTrail(database_url, OneKey(RING.keys[0]))
    for trail in (one, other, stubborn):
        trail.close()


class OneKey(Ring):
    """A keyring that has not the others."""

    def key(self, key_id: str | None, rotation: object = None) -> SigningKey:
        """Its one key, or a refusal."""
        if key_id not in (None, self.keys[0].key_id):
            raise InvalidSettings(f"the trail is signed with the key {key_id}")
        return self.keys[0]


def test_a_key_file_follows_a_rotation_of_the_trail(url: str) -> None:
    """The new key lies beside the old one first; whoever closes next puts it in its place."""
    keys = keyring_of(settings_of(url))
    assert isinstance(keys, KeyFile)
    first, second = open_sql(url), open_sql(url)
    new = keys.prepare_rotation(first.key_id())
    first.rotate(new)
    for number, trail in enumerate((second, first)):
        append(trail, dispatch(f"run{number}"), end())
        head = trail.head()
        assert head is not None
        assert head.key_id == new.key_id
    assert SigningKey.read(keys.path).key_id == new.key_id
    assert not keys.next_path.exists()
    assert keys.public_keys()[-1] == new.public
    for trail in (first, second):
        trail.close()


def test_a_rotation_that_was_prepared_only_changes_nothing(url: str) -> None:
    """Killed before the trail was handed over: the old key goes on, and the next try as well."""
    keys = keyring_of(settings_of(url))
    assert isinstance(keys, KeyFile)
    trail = open_sql(url)
    keys.prepare_rotation(trail.key_id())
    append(trail, dispatch(), end())
    trail.rotate(keys.prepare_rotation(trail.key_id()))
    append(trail, dispatch("next"), end())
    trail.close()
    open_sql(url).close()


def test_two_that_find_a_rotation_at_once_both_go_on(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is late finds the new key in its place already, and takes it from there."""
    keys = keyring_of(settings_of(url))
    assert isinstance(keys, KeyFile)
    trail, quick = open_sql(url), open_sql(url)
    new = keys.prepare_rotation(trail.key_id())
    trail.rotate(new)
    read = SigningKey.read
    overtaken: list[Path] = []

    def overtake(path: Path) -> SigningKey:
        found = read(path)
        if not overtaken:
            overtaken.append(path)
            keys.next_path.replace(keys.path)  # what the other one does at this moment
        return found

    monkeypatch.setattr(SigningKey, "read", staticmethod(overtake))
    append(trail, dispatch("late"), end())
    monkeypatch.undo()
    append(quick, dispatch("quick"), end())
    head = quick.head()
    assert head is not None
    assert (head.size, head.key_id) == (2, new.key_id)
    for one in (trail, quick):
        one.close()


@pytest.mark.usefixtures("eager_threads")
def test_of_many_that_make_a_key_one_does(tmp_path: Path) -> None:
    """Whoever opens a new home at the same moment signs with the same key."""
    made = answers(at_once([partial(SigningKey.make, tmp_path / "key.pem")] * 16))
    assert len({key.key_id for key in made}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]
