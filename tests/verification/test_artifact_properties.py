"""Whatever is changed in an honest artifact is found: any byte of it, any member of it.

It is refused as unreadable, found, or without meaning; or it is in what the verdict itself names
as proved by nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from benson_execution.errors import BadInput
from benson_execution.proof.heads import TrustedKeys
from benson_execution.reading import read_json
from benson_execution.verification.artifact import verify_artifact

from .honest import Honest
from .laws import flipped_at, law

ARTIFACT: Final = "PAC-ALEX-P36-*/*.json"
DIGITS: Final = [b"0", b"1", b" ", b"e", b".", b"-", b'"']
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(0, 1) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=3,
)


@pytest.fixture(scope="module")
def artifact(original: Honest) -> bytes:
    """The file of an honest artifact."""
    (path,) = (original.path.parent / "artifacts").glob(ARTIFACT)
    return path.read_bytes()


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, types and order included."""
    return repr(one) == repr(other)


def changed_at(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """The JSON Pointers at which two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            if name in one and name in other:
                yield from changed_at(one[name], other[name], f"{path}/{name}")
            else:
                yield f"{path}/{name}"
    elif not same(one, other):
        yield path


def judge_artifact(original: Honest, artifact: bytes, changed: bytes) -> None:
    """Fail unless the change is refused, found, without meaning, or in what is named unproven."""
    assert changed != artifact
    try:
        read = read_json(changed)
    except BadInput:
        return
    verdict = verify_artifact(read, TrustedKeys(original.ring.public))
    if verdict.findings:
        assert all(json.dumps(finding.to_dict()) for finding in verdict.findings)
        return
    places = list(changed_at(json.loads(artifact), read))
    note(f"not found: {places}")
    assert set(places) <= set(verdict.unproven)


@given(data=st.data())
@settings(law, max_examples=1000)
def test_any_byte_of_an_artifact_that_is_changed_is_found(
    original: Honest, artifact: bytes, data: st.DataObject
) -> None:
    """Refused as unreadable, found, or without meaning; else it is named as proved by nothing."""
    how = data.draw(st.sampled_from(["other", "gone", "added"]), label="how")
    at = data.draw(st.integers(0, len(artifact) - 1), label="at")
    if how == "other":
        changed = flipped_at(artifact, at, data.draw(st.integers(1, 255), label="xor"))
    elif how == "gone":
        changed = artifact[:at] + artifact[at + 1 :]
    else:
        new = data.draw(st.binary(min_size=1, max_size=1) | st.sampled_from(DIGITS), label="new")
        changed = artifact[:at] + new + artifact[at:]
    judge_artifact(original, artifact, changed)


@given(data=st.data())
@law
def test_any_member_of_an_artifact_that_is_changed_is_found(
    original: Honest, artifact: bytes, data: st.DataObject
) -> None:
    """Replaced by any other JSON value, or taken away, however deep it stands."""
    read = json.loads(artifact)
    holder: Any = read
    while True:
        keys: Sequence[Any] = list(holder) if isinstance(holder, dict) else range(len(holder))
        step = data.draw(st.sampled_from(keys), label="member")
        inner = holder[step]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            break
        holder = inner
    if data.draw(st.booleans(), label="gone"):
        del holder[step]
    else:
        holder[step] = data.draw(JSON.filter(lambda new: not same(new, inner)), label="value")
    judge_artifact(original, artifact, json.dumps(read).encode())
