"""Reading what an agent's flow run returned, without letting Prefect make an object of it.

The agent's process wrote the result, and it chooses the serializer: a pickle would run code of its
own here, where the key is that signs. So the result is read as bytes from the storage that this
process itself has by default, and taken for the JSON of a text, or not at all.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from prefect.client.schemas.objects import State
from prefect.filesystems import LocalFileSystem, WritableFileSystem
from prefect.results import (  # type: ignore[attr-defined]  # Prefect keeps the old place of one
    ResultRecordMetadata,
    aget_default_result_storage,
)

from benson_execution.errors import AgentFailed, UnreadableDocument
from benson_execution.phases.verdict import reason_of
from benson_execution.reading import read_json
from benson_execution.text import quote

HINT: Final = (
    'its flow must be `@flow(persist_result=True, result_serializer="json")`, return a text, and '
    "keep its result in the default result storage of this worker"
)
_ESCAPED: Final = 3
"""How many bytes one byte of JSON takes at most when it is written as a text in ASCII."""
_QUOTES: Final = 2
_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
_ATTEMPTS: Final = 10
_AGAIN_SECONDS: Final = 0.25
"""A result may be written a moment after the state that tells of it."""


async def returned_text(run_id: UUID, state: State[Any], *, limit: int) -> str:
    """The text that a completed run of an agent returned; `limit` is that of the text in bytes.

    Raises `AgentFailed`, which says what the agent's deployment has to do.
    """
    try:
        content = await _content(state.data, _ESCAPED * limit + _QUOTES)
        value = await asyncio.to_thread(_value, content)
    except AgentFailed as error:
        raise _unread(run_id, error.message) from None
    except Exception as error:
        raise _unread(run_id, reason_of(error)) from error
    if type(value) is not str:
        raise AgentFailed(
            f"its run {run_id} returned {quote(value)}, where a text is expected: {HINT}"
        )
    return value


def _unread(run_id: UUID, because: str) -> AgentFailed:
    return AgentFailed(f"the result of its run {run_id} can't be read: {because}; {HINT}")


async def _content(metadata: object, limit: int) -> bytes:
    """The result as it is stored, where the metadata leads to our own storage."""
    if not isinstance(metadata, ResultRecordMetadata):
        raise AgentFailed("it was not kept")
    _require_json(metadata.serializer.type)
    storage = await aget_default_result_storage()
    # What the agent says only has to agree: the storage that is read is ours in any case.
    if metadata.storage_block_id != getattr(storage, "_block_document_id", None):
        raise AgentFailed("it is in another storage")
    key = metadata.storage_key or ""
    if isinstance(storage, LocalFileSystem):
        path = _local_path(storage, key, whole=metadata.storage_block_id is None)
        for _ in range(_ATTEMPTS - 1):
            if path.exists():
                break
            await asyncio.sleep(_AGAIN_SECONDS)
        return await asyncio.to_thread(_read_file, path, limit)
    content = await _read_storage(storage, _plain(key))
    if len(content) > limit:
        raise _too_large(limit)
    return content


def _local_path(storage: LocalFileSystem, key: str, *, whole: bool) -> Path:
    """Where a key leads; that of a storage without a block is a whole path, which has its folder.

    Prefect would follow it wherever it leads.
    """
    folder = Path(storage.basepath or ".").expanduser().resolve()
    name = key
    if whole and key.startswith("/"):
        parent, _, name = key.rpartition("/")
        if parent != str(folder):
            raise AgentFailed("it is in another folder")
    return folder / _plain(name)


def _plain(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise AgentFailed(f"its storage key {quote(key)} is not a plain name")
    return key


def _read_file(path: Path, limit: int) -> bytes:
    # A link leads elsewhere, and whoever opens a pipe waits for its other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise AgentFailed("it is no file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise _too_large(limit)
    return content


async def _read_storage(storage: WritableFileSystem, key: str) -> bytes:
    # Blocks have the one or the other; in a loop both are awaited.
    read = getattr(storage, "aread_path", None) or storage.read_path
    for _ in range(_ATTEMPTS - 1):
        try:
            return cast("bytes", await read(key))
        except Exception:  # each storage says in its own way that there is nothing yet
            await asyncio.sleep(_AGAIN_SECONDS)
    return cast("bytes", await read(key))


def _too_large(limit: int) -> AgentFailed:
    return AgentFailed(f"it has more than {limit} bytes")


def _value(content: bytes) -> Any:
    """What was returned, as plain JSON, whatever else a serializer would make of it."""
    try:
        return read_json(content)
    except UnreadableDocument as error:
        told = error.message.replace("the document", "it", 1)
        raise AgentFailed(f"it was kept as no JSON: {told}") from None


def _require_json(kind: object) -> None:
    if kind != "json":
        raise AgentFailed(f"it is serialized as {quote(kind)}, and only json is read")
