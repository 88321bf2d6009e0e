"""Public keys: one spelling each, and none in whose name anybody could sign."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benson_execution.errors import InvalidSettings
from benson_execution.proof.keys import PublicKey, SigningKey, read_public_keys

KEY: Final = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))


def test_a_public_key_is_named_by_its_digest() -> None:
    """By the whole of it; the hint of a signed note depends on the name that it signs for, too."""
    raw = KEY.public.raw
    assert KEY.public.key_id == hashlib.sha256(raw).hexdigest()
    for origin in ("benson/a", "benson/b"):
        expected = hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]
        assert KEY.public.hint(origin) == expected


@pytest.mark.parametrize("length", [0, 1, 4, 63, 65, 128])
def test_a_signature_of_another_length_is_none(length: int) -> None:
    """And no error."""
    assert not KEY.public.verifies((KEY.sign(b"x") * 2)[:length], b"x")


def test_a_public_key_is_read_from_its_text() -> None:
    """32 bytes in lower case, and no second spelling."""
    text = KEY.public.text
    assert PublicKey.from_text(text) == PublicKey.from_raw(KEY.public.raw) == KEY.public
    others = ["", text[2:], text[1:], text + "00", "0x" + text[2:], "g" * 64, "é" * 64]
    others += [text.upper(), text[:2].swapcase() + text[2:], text[:-1] + "\u0660"]
    others += [f" {text}", f"{text}\n", f"{text[:2]} {text[2:]}", " ".join(text)]
    for other in others:
        with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
            PublicKey.from_text(other)


@pytest.mark.parametrize("raw", [b"", bytes(31), bytes(33), bytes(64), KEY.public.text.encode()])
def test_a_public_key_has_32_bytes(raw: bytes) -> None:
    """Others are none."""
    with pytest.raises(ValueError, match="32"):
        PublicKey.from_raw(raw)


# Points of a small order, y in little-endian: some signatures by them fit any message.
P: Final = 2**255 - 19
Y8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826


@pytest.mark.parametrize("y", [0, 1, Y8, P - Y8, P - 1, P, P + 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_that_signs_everything_is_none(tmp_path: Path, y: int, sign: int) -> None:
    """Nobody has its private half, and anybody can sign in its name: in a rotation, in a file."""
    raw = (y | sign << 255).to_bytes(32, "little")
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        PublicKey.from_raw(raw)
    with pytest.raises(ValueError):  # noqa: PT011  # for whichever reason
        PublicKey.from_text(raw.hex())
    path = tmp_path / "weak.pem"
    path.write_bytes(PublicKey(raw, "").pem)
    with pytest.raises(InvalidSettings, match=r"weak\.pem"):
        read_public_keys([path])
