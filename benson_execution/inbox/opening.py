"""Choosing the inbox by the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from benson_execution.errors import InvalidSettings
from benson_execution.inbox.folder import Inbox
from benson_execution.inbox.local import LocalInbox
from benson_execution.inbox.remote import RemoteInbox, shown_url
from benson_execution.settings import Settings
from benson_execution.text import plain

_LOCAL: Final = ("file", "local")


def open_inbox(settings: Settings) -> Inbox:
    """The inbox that the settings name: a folder, or a URL of a file system that fsspec knows.

    Raises `InvalidSettings` for one that there can't be.
    """
    url = settings.inbox_url
    if "://" not in url:
        try:
            return LocalInbox(Path(url).expanduser())
        except RuntimeError as error:  # the home of a user that there is not
            raise InvalidSettings(f"BENSON_INBOX={plain(url)}: {error}") from None
    if url.partition("://")[0].lower() in _LOCAL:
        shown_url(url)  # refuses what can't be taken apart
        return LocalInbox(Path(unquote(urlsplit(url).path)))
    return RemoteInbox(url)
