"""The inbox: a folder, here or at a URL, in which documents arrive and from which they are taken.

folder.py      what every inbox does: list, read, move; and what stands in the way of each
local.py       one in a folder of this machine, or of a mounted one
remote.py      one at an fsspec URL
taking.py      claiming a file in the trail, and its refusal when it holds nothing to judge
answer.py      what is written beside a file when it is done with

`open_inbox` chooses by the settings.
"""

from __future__ import annotations

from benson_execution.inbox.folder import (
    DONE,
    FOLDERS,
    REFUSED,
    UNREADABLE,
    Beside,
    Changed,
    Content,
    Entry,
    Gone,
    Inbox,
    InboxUnavailable,
)
from benson_execution.inbox.local import LocalInbox
from benson_execution.inbox.opening import open_inbox
from benson_execution.inbox.remote import RemoteInbox, shown_url

__all__ = [
    "DONE",
    "FOLDERS",
    "REFUSED",
    "UNREADABLE",
    "Beside",
    "Changed",
    "Content",
    "Entry",
    "Gone",
    "Inbox",
    "InboxUnavailable",
    "LocalInbox",
    "RemoteInbox",
    "open_inbox",
    "shown_url",
]
