"""Signed heads and rotations: written as documented, and only what is one is read or signed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given
from hypothesis import strategies as st

from benson_execution.proof import heads
from benson_execution.proof.heads import Head, Rotation
from benson_execution.proof.keys import PublicKey, SigningKey
from benson_execution.proof.merkle import EMPTY_ROOT
from tests.library.helpers import law

from .notes import (
    HEAD,
    ORIGIN,
    ROOT,
    ROTATION,
    SIGNED,
    SIGNERS,
    TIME,
    TRAIL,
    A,
    B,
    C,
    Note,
    digest,
    lines_of,
    signed,
    stands,
)


def verifies_as_signed_note(note: bytes, name: str, raw: bytes) -> bool:
    """C2SP signed-note, from its text alone: any verifier of checkpoints reads what we write."""
    text, blank, rest = note.decode().rpartition("\n\n")
    assert blank
    assert rest.endswith("\n")
    assert not any(ord(letter) < 0x20 for letter in (text + rest).replace("\n", ""))
    number = hashlib.sha256(name.encode() + b"\n" + b"\x01" + raw).digest()[:4]
    for line in rest.removesuffix("\n").split("\n"):
        dash, by, content = line.split(" ")
        decoded = base64.b64decode(content, validate=True)
        if (dash, by, decoded[:4]) == ("—", name, number):
            try:
                key = Ed25519PublicKey.from_public_bytes(raw)
                key.verify(decoded[4:], text.encode() + b"\n")
            except InvalidSignature:
                return False
            return True
    return False


def test_the_independent_verifier_reads_the_known_signed_note() -> None:
    """The example of Go's `note` package; the hint and the signature are ours to read as well."""
    number, key = "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = (
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
        "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    raw = base64.b64decode(key)[1:]
    assert verifies_as_signed_note(
        f"{text}\n— PeterNeumann {signature}\n".encode(), "PeterNeumann", raw
    )
    public = PublicKey.from_raw(raw)
    assert public.hint("PeterNeumann").hex() == number
    assert public.verifies(base64.b64decode(signature)[4:], text.encode())


def test_a_head_is_written_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line: with this key and at this time, there is one note."""
    monkeypatch.setattr(heads, "utc_now", lambda: TIME)
    head = Head.sign(A, TRAIL, 42, ROOT)
    raw = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).public_key().public_bytes_raw()
    key_id = hashlib.sha256(raw).hexdigest()
    root = base64.b64encode(ROOT).decode()
    body = f"benson/{TRAIL}\n42\n{root}\ntime {TIME}\nkey {key_id}\n".encode()
    signature = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).sign(body)
    hint = hashlib.sha256(f"{ORIGIN}\n".encode() + b"\x01" + raw).digest()[:4]
    word = base64.b64encode(hint + signature)
    assert head.note == body + b"\n" + SIGNED + ORIGIN.encode() + b" " + word + b"\n"
    assert head == Head(TRAIL, 42, ROOT, TIME, key_id, head.note)
    assert head.to_dict() == {
        "trail_id": TRAIL,
        "size": 42,
        "root": ROOT.hex(),
        "time": TIME,
        "key_id": key_id,
        "note": head.note.decode(),
    }


def test_a_rotation_is_written_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the new key by its 32 bytes, the head by its note; both sign, the old key first."""
    monkeypatch.setattr(heads, "utc_now", lambda: TIME)
    head = Head.sign(A, TRAIL, 42, ROOT)
    rotation = Rotation.sign(A, B, head)
    old, new = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
    old_raw, new_raw = (key.public_key().public_bytes_raw() for key in (old, new))
    key_id, sha256 = hashlib.sha256(old_raw).hexdigest(), hashlib.sha256(head.note).hexdigest()
    body = (
        f"benson/{TRAIL}\nrotation of the signing key\n42\ntime {TIME}\n"
        f"key {key_id}\nnew {new_raw.hex()}\nhead {sha256}\n"
    ).encode()
    note = body + b"\n"
    for key, raw in ((old, old_raw), (new, new_raw)):
        hint = hashlib.sha256(f"{ORIGIN}\n".encode() + b"\x01" + raw).digest()[:4]
        word = base64.b64encode(hint + key.sign(body))
        note += SIGNED + ORIGIN.encode() + b" " + word + b"\n"
    assert rotation.note == note
    assert rotation == Rotation(TRAIL, 42, TIME, key_id, B.public, sha256, note)


@given(
    seed=st.binary(min_size=32, max_size=32),
    trail=st.text("0123456789abcdef", min_size=32, max_size=32),
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)
@law
def test_what_is_signed_is_read_and_verified(
    seed: bytes, trail: str, size: int, root: bytes
) -> None:
    """By us, and by whoever verifies signed notes; and by no other key."""
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(seed))
    head = Head.sign(key, trail, size, root)
    rotation = Rotation.sign(key, A, head)
    for said in (head, rotation):
        assert type(said).parse(said.note) == said
        assert said.is_signed_by(key.public)
        assert not said.is_signed_by(B.public)
        assert verifies_as_signed_note(said.note, f"benson/{trail}", key.public.raw)
    assert not verifies_as_signed_note(head.note, f"benson/{trail}", A.public.raw)
    assert verifies_as_signed_note(rotation.note, f"benson/{trail}", A.public.raw)
    assert rotation.takes_over(head, A.public)


def test_the_first_head_is_of_an_empty_log() -> None:
    """It stands for the trail's id and its first key."""
    head = Head.first(A, TRAIL)
    assert (head.size, head.root, head.key_id) == (0, EMPTY_ROOT, A.key_id)
    assert head.is_signed_by(A.public)


def test_a_head_never_passes_as_a_rotation_nor_the_reverse() -> None:
    """One key signs both, and they are told apart by what is signed."""
    with pytest.raises(ValueError, match="not a rotation"):
        Rotation.parse(HEAD.note)
    with pytest.raises(ValueError, match="not a head"):
        Head.parse(ROTATION.note)
    for said in (HEAD, ROTATION):
        lines = lines_of(said)
        assert stands(signed(lines, *SIGNERS[type(said)]), type(said))
        changed = [lines[:at] + lines[at + 1 :] for at in range(1, len(lines))]
        changed += [[*lines[:at], "42", *lines[at:]] for at in range(1, len(lines) + 1)]
        changed += [[lines[0], first, *lines[2:]] for first in ("", "rotation", f"{lines[1]} ")]
        for other in changed:
            assert not stands(signed(other, A), Head)
            assert not stands(signed(other, A, B), Rotation)


SIZES: Final = ["", "-1", "+1", "042", "4 2", "42 ", "4_2", "1e3", "0x2a", "\u0664\u0662", "²"]
TIMES: Final = ["", "now", "2025-13-26T10:30:45.123456+00:00", f"{TIME} ", f" {TIME}", TIME[:-6]]
KEYS: Final = [
    "",
    "\x1b[2J",  # an unsigned head is shown, too
    A.key_id.upper(),
    A.key_id[1:],
    f"{A.key_id}0",
    f"{A.key_id} ",
    f"{A.key_id}\r",
    f"{A.key_id[:-1]}\u0660",
]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        *[("size", size) for size in [*SIZES, "9" * 5000]],
        *[("time", f"time {time}") for time in TIMES],
        *[("time", line) for line in (TIME, f"Time {TIME}", f"key {A.key_id}")],
        *[("key", f"key {key}") for key in KEYS],
        *[("key", line) for line in (A.key_id, f"new {A.key_id}", f"time {TIME}")],
    ],
)
def test_what_no_head_and_no_rotation_says_is_refused(line: str, text: str) -> None:
    """When it is read, whoever signed it: what is shown of an unsigned head is at least one."""
    lines = lines_of(HEAD)
    lines[{"size": 1, "time": 3, "key": 4}[line]] = text
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        Head.parse(signed(lines, A))
    lines = lines_of(ROTATION)
    lines[{"size": 2, "time": 3, "key": 4}[line]] = text
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        Rotation.parse(signed(lines, A, B))


@pytest.mark.parametrize(
    "root",
    [
        *[base64.b64encode(bytes(length)).decode() for length in (0, 31, 33, 64)],
        *["x" * 44, "é" * 44, ROOT.hex(), base64.b64encode(ROOT).decode()[:-1]],
        *[f" {base64.b64encode(ROOT).decode()}", f"{base64.b64encode(ROOT).decode()} "],
    ],
)
def test_a_head_whose_root_is_no_hash_is_refused(root: str) -> None:
    """It is 32 bytes in base64."""
    lines = lines_of(HEAD)
    lines[2] = root
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        Head.parse(signed(lines, A))


@pytest.mark.parametrize(
    "new",
    [
        *["", "new", "new ", B.public.text, f"new  {B.public.text}", f"new {B.public.text} "],
        *[f"new {B.public.text.upper()}", f"new {B.public.text[2:]}", f"new {B.public.text}00"],
        *[f"new {B.public.text[:2]} {B.public.text[2:]}", f"new {'é' * 64}", f"New {B.key_id}"],
    ],
)
def test_a_rotation_to_what_is_no_key_is_refused(new: str) -> None:
    """The new key has one spelling, too."""
    lines = lines_of(ROTATION)
    lines[5] = new
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        Rotation.parse(signed(lines, A, B))


@pytest.mark.parametrize(
    "head",
    [
        *["", "head", "head ", digest(HEAD), f"Head {digest(HEAD)}", f"new {digest(HEAD)}"],
        *[f"head  {digest(HEAD)}", f"head {digest(HEAD)} ", f"head {digest(HEAD)}\r"],
        *[f"head {'AB' * 32}", f"head {digest(HEAD)[1:]}"],
        *[f"head {digest(HEAD)}0", f"head {digest(HEAD)[:-1]}\u0660", f"head {'é' * 64}"],
        *[f"head {base64.b64encode(ROOT).decode()}", "head 42", "head \x1b[2J"],
    ],
)
def test_a_rotation_behind_what_is_no_head_is_refused(head: str) -> None:
    """The head that is taken over is named by the 64 digits of its note's SHA-256."""
    lines = lines_of(ROTATION)
    lines[6] = head
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        Rotation.parse(signed(lines, A, B))


@given(note=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
@example(note=b"")
@example(note=b"\n\n")
@example(note=ORIGIN.encode() + b"\n\n")
@law
def test_arbitrary_bytes_are_no_note(note: bytes) -> None:
    """A `ValueError`, and never another error."""
    for kind in (Head, Rotation):
        for tried in (note, ORIGIN.encode() + b"\n" + note, HEAD.note + b"\n\n" + note):
            with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
                kind.parse(tried)


@pytest.mark.parametrize(
    "sign",
    [
        lambda: Head.sign(A, TRAIL + f"\n9\n{base64.b64encode(ROOT).decode()}", 42, ROOT),
        lambda: Head.sign(A, TRAIL + "\n", 42, ROOT),
        lambda: Head.sign(A, "", 42, ROOT),
        lambda: Head.sign(A, TRAIL.upper(), 42, ROOT),
        lambda: Head.sign(A, TRAIL, -1, ROOT),
        lambda: Head.sign(A, TRAIL, 42, ROOT[1:]),
        lambda: Head.sign(A, TRAIL, 42, b""),
        lambda: Rotation.sign(A, B, replace(HEAD, trail_id=TRAIL + "\n9")),
        lambda: Rotation.sign(A, B, replace(HEAD, trail_id=TRAIL.upper())),
        pytest.param(
            lambda: Rotation.sign(A, B, replace(HEAD, size=-1)),
        ),
        lambda: Head.first(A, TRAIL[1:]),
    ],
)
def test_nothing_is_signed_that_is_not_a_note(sign: Callable[[], Note]) -> None:
    """The trail's id and the root come from a store: none may put lines of its own into a note."""
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        sign()


@pytest.mark.parametrize(
    "claim",
    [
        replace(HEAD, size=43),
        replace(HEAD, root=bytes(32)),
        replace(HEAD, time=TIME),
        replace(HEAD, trail_id="f" * 32),
        replace(ROTATION, size=43),
        replace(ROTATION, new_key=C.public),
        replace(ROTATION, new_key=A.public),
        replace(ROTATION, head_sha256="0" * 64),
        replace(ROTATION, trail_id="f" * 32),
        replace(ROTATION, time=TIME),
        Head(TRAIL, 42, ROOT, TIME, A.key_id, ROTATION.note),
        Rotation(TRAIL, 42, TIME, A.key_id, B.public, digest(HEAD), HEAD.note),
    ],
)
def test_what_is_signed_is_what_the_note_says(claim: Note) -> None:
    """What is put together from other parts than its note's is signed by nobody."""
    assert not claim.is_signed_by(A.public)
