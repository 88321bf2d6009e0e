"""An inbox at a URL: the same answers as a folder's, from a file system that can only copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest

from benson_execution import Settings
from benson_execution.cli.up import _inbox
from benson_execution.errors import InvalidSettings
from benson_execution.inbox import (
    DONE,
    Beside,
    Changed,
    Gone,
    InboxUnavailable,
    LocalInbox,
    RemoteInbox,
    open_inbox,
    shown_url,
)

BESIDE = Beside(".artifact.json", b"{}")
URL = "memory://inbox-of-the-library"


@pytest.fixture
def inbox() -> Iterator[RemoteInbox]:
    made = RemoteInbox(URL)
    made.prepare()
    yield made
    made._system.rm(made._root, recursive=True)


def put(inbox: RemoteInbox, name: str, content: bytes) -> None:
    inbox._system.pipe_file(f"{inbox._root}/{name}", content)


def held(inbox: RemoteInbox) -> dict[str, bytes]:
    """Everything that is in it."""
    root = inbox._root
    return {
        path.removeprefix(f"{root}/"): inbox._system.cat_file(path)
        for path in inbox._system.find(root)
    }


def move(inbox: RemoteInbox, name: str) -> str:
    return inbox.move(name, inbox.stamp(name), DONE, "12345678", BESIDE)


def test_files_are_listed_and_read(inbox: RemoteInbox) -> None:
    """Not the folders, and nothing hidden; as many bytes as are asked for, and one."""
    put(inbox, "a.json", b"content")
    put(inbox, ".hidden", b"")
    put(inbox, "sub/b.json", b"")
    (entry,) = inbox.entries()
    assert (entry.name, entry.strange) == ("a.json", None)
    assert entry.modified > 0
    assert inbox.read("a.json", 7).complete
    cut = inbox.read("a.json", 3)
    assert (cut.content, cut.complete) == (b"cont", False)


def test_a_file_is_moved_and_nothing_is_replaced(inbox: RemoteInbox) -> None:
    """A taken name gets the tag."""
    for content in (b"first", b"second"):
        put(inbox, "a.json", content)
        move(inbox, "a.json")
    assert held(inbox) == {
        "done/a.json": b"first",
        "done/a.json.artifact.json": b"{}",
        "done/a-12345678.json": b"second",
        "done/a-12345678.json.artifact.json": b"{}",
    }


def test_a_move_that_was_killed_behind_its_copy_is_finished(inbox: RemoteInbox) -> None:
    """The copy is there; only the original is still to go."""
    put(inbox, "a.json", b"content")
    put(inbox, "done/a.json", b"content")
    put(inbox, "done/a.json.artifact.json", b"{}")
    assert move(inbox, "a.json") == "done/a.json"
    assert len(held(inbox)) == 2


def test_a_file_that_is_replaced_is_not_removed(
    inbox: RemoteInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look behind the copy finds it."""
    put(inbox, "a.json", b"old")
    copy = inbox._system.cp_file

    def late(source: str, target: str, **more: Any) -> None:
        copy(source, target, **more)
        put(inbox, "a.json", b"new")

    monkeypatch.setattr(inbox._system, "cp_file", late)
    with pytest.raises(Changed):
        move(inbox, "a.json")
    assert held(inbox)["a.json"] == b"new"


def test_a_file_that_changes_while_it_is_read_is_left(
    inbox: RemoteInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its server says of it is not what it said before."""
    put(inbox, "a.json", b"old")
    opened = inbox._system.open

    def late(path: str, mode: str, **more: Any) -> Any:
        file = opened(path, mode, **more)
        if mode == "rb":
            put(inbox, "a.json", b"newer")
        return file

    monkeypatch.setattr(inbox._system, "open", late)
    with pytest.raises(Changed):
        inbox.read("a.json", 100)


def test_a_file_that_is_gone_is_told(inbox: RemoteInbox) -> None:
    """By reading and by looking."""
    with pytest.raises(Gone):
        inbox.read("a.json", 10)
    with pytest.raises(Gone):
        inbox.stamp("a.json")


def test_a_server_that_does_not_answer_is_one_sentence(
    inbox: RemoteInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its driver raises; nothing of it is obeyed by a terminal."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no \x1b[31mroute\nto host")

    with monkeypatch.context() as away:
        away.setattr(inbox._system, "ls", broken)
        with pytest.raises(InboxUnavailable) as raised:
            list(inbox.entries())
    assert str(raised.value).isprintable()


def test_a_password_is_shown_nowhere() -> None:
    """Not in claims, and not in errors."""
    inbox = RemoteInbox("memory://ada:secret@host/inbox/")
    assert inbox.where == "memory://ada@host/inbox"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("abfs://prod@acct/inbox", "abfs://prod@acct/inbox"),
        ("abfs://test@acct/inbox/", "abfs://test@acct/inbox"),
        ("sftp://ada:p@ss-secret@host:22/inbox", "sftp://ada@host:22/inbox"),
        ("sftp://ada:p%2Fsecret@host/inbox", "sftp://ada@host/inbox"),
        ("sftp://:secret@host/inbox", "sftp://@host/inbox"),
        ("https://host/inbox?token=secret", "https://host/inbox"),
        ("https://host/inbox#secret", "https://host/inbox"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("simplecache::sftp://ada:secret@host/inbox", "simplecache::sftp://ada@host/inbox"),
    ],
)
def test_what_is_secret_is_left_out_and_nothing_else(url: str, shown: str) -> None:
    """Two containers of one account are two inboxes."""
    assert shown_url(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "sftp://ada:p/secret@host/inbox",
        "sftp://ada:12/secret@host/inbox",
        "sftp://ada:12?secret@host/inbox",
        "sftp://ada:12#secret@host/inbox",
        "sftp://ada:secret::1@host/inbox",
        "sftp://[ada:secret@host/inbox",
        "secret thing://host/inbox",
    ],
)
def test_a_url_in_which_a_password_may_be_anywhere_is_refused(url: str) -> None:
    """Without telling it; the error names the variable."""
    with pytest.raises(InvalidSettings, match="BENSON_INBOX") as refused:
        open_inbox(Settings(inbox=url))
    assert "secret" not in str(refused.value)
    assert "secret" not in (refused.value.hint or "")


def test_what_serves_the_inbox_tells_it_without_its_secrets() -> None:
    """As claims and errors do."""
    assert _inbox(Settings(inbox="sftp://ada:secret@host/inbox?token=secret")) == (
        "sftp://ada@host/inbox"
    )


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("/srv/inbox", LocalInbox),
        ("file:///srv/a%20b", LocalInbox),
        ("memory://x", RemoteInbox),
        (None, LocalInbox),
    ],
)
def test_the_settings_choose(given: str | None, kind: type, tmp_path: Any) -> None:
    """A folder, a URL of one, or any URL that fsspec has a driver for."""
    inbox = open_inbox(Settings(home=tmp_path, inbox=given))
    assert isinstance(inbox, kind)
    if given is None:
        assert inbox.where == str(tmp_path / "inbox")
    if given == "file:///srv/a%20b":
        assert inbox.where == "/srv/a b"


def test_a_url_that_nobody_knows_is_a_wrong_setting() -> None:
    """The error names the variable."""
    with pytest.raises(InvalidSettings, match="BENSON_INBOX"):
        open_inbox(Settings(inbox="nosuchthing://x"))
    assert fsspec.available_protocols()
