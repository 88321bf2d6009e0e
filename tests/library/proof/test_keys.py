"""Keys: what can be read as one, what a file of one must look like, and that it stays secret."""

from __future__ import annotations

import base64
import contextlib
import copy
import hashlib
import pickle
import shutil
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from benson_execution.errors import InvalidSettings
from benson_execution.proof.keys import PublicKey, SigningKey, read_public_keys
from tests.library.helpers import law

SEED: Final = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PRIVATE: Final = Ed25519PrivateKey.from_private_bytes(SEED)
KEY: Final = SigningKey(PRIVATE)
OTHER: Final = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
NONE: Final = serialization.NoEncryption()


def private_pem(
    key: Ed25519PrivateKey
    | rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed448.Ed448PrivateKey
    | x25519.X25519PrivateKey,
    encryption: serialization.KeySerializationEncryption = NONE,
) -> bytes:
    """A PEM file of a private key, as `openssl genpkey` writes it."""
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, encryption)


def public_pem(pem: bytes) -> bytes:
    """The public half of a private key's PEM file."""
    return (
        serialization.load_pem_private_key(pem, None)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


PEM: Final = private_pem(PRIVATE)
SECRETS: Final = [SEED, SEED.hex().encode(), base64.b64encode(SEED)[4:36], PEM.split(b"\n")[1]]
ELSE: Final[dict[str, bytes]] = {
    "RSA": private_pem(rsa.generate_private_key(65537, 2048)),
    "EC": private_pem(ec.generate_private_key(ec.SECP256R1())),
    "Ed448": private_pem(ed448.Ed448PrivateKey.generate()),
    "X25519": private_pem(x25519.X25519PrivateKey.generate()),
}


def file_of(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    """A file with this content that only its owner can read."""
    path = folder / "some.pem"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def ed448_of_32_bytes() -> bytes:
    """A key that says it is Ed448, and is too short for one; one bit of ours makes it so."""
    begin, body, *end = PEM.split(b"\n")
    der = base64.b64decode(body).replace(b"\x2b\x65\x70", b"\x2b\x65\x71")
    return b"\n".join([begin, base64.b64encode(der), *end])


def test_a_key_is_that_of_the_standard() -> None:
    """The first vector of RFC 8032, 7.1: a secret, its public key, and the signature of nothing."""
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert KEY.public.text == KEY.public.raw.hex() == public
    assert KEY.key_id == KEY.public.key_id == hashlib.sha256(bytes.fromhex(public)).hexdigest()
    assert KEY.sign(b"").hex() == signature
    assert KEY.public.verifies(bytes.fromhex(signature), b"")
    assert not KEY.public.verifies(bytes.fromhex(signature), b"\0")


def test_a_key_in_a_pem_text_is_read() -> None:
    """Also with Windows' line ends, with text around it, or without an end of its last line."""
    for pem in (PEM, PEM.replace(b"\n", b"\r\n"), b"a note\n" + PEM + b"\n", PEM.rstrip()):
        assert SigningKey.from_pem(pem, "BENSON_KEY").key_id == KEY.key_id


def refused(pem: bytes) -> InvalidSettings:
    """How a PEM text is refused; any other error is the test's."""
    with pytest.raises(InvalidSettings) as caught:
        SigningKey.from_pem(pem, "BENSON_KEY")
    assert str(caught.value).startswith("BENSON_KEY holds")
    return caught.value


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n\0\xff", id="no text"),
        pytest.param(private_pem(PRIVATE, serialization.BestAvailableEncryption(b"x")), id="crypt"),
        pytest.param(KEY.public.pem, id="public"),
        pytest.param(SEED, id="raw"),
        pytest.param(base64.b64decode(PEM.split(b"\n")[1]), id="DER"),
        pytest.param(PEM.replace(b"PRIVATE", b"PUBLIC"), id="called public"),
        pytest.param(ed448_of_32_bytes(), id="called Ed448"),
        *[pytest.param(pem, id=name) for name, pem in ELSE.items()],
    ],
)
def test_what_is_no_plain_ed25519_key_is_refused(pem: bytes) -> None:
    """By an error that names where it came from, and tells nothing of what it holds."""
    said = "".join(traceback.format_exception(refused(pem))).encode()
    assert not any(secret in said for secret in SECRETS)


def test_of_two_private_keys_none_is_chosen() -> None:
    """Which of them would sign?"""
    refused(PEM + private_pem(Ed25519PrivateKey.from_private_bytes(bytes(32))))


def test_a_truncated_key_is_refused() -> None:
    """Wherever it ends: private or public."""
    public = KEY.public.pem
    for end in range(len(PEM.rstrip())):
        refused(PEM[:end])
    for end in range(len(public.rstrip())):
        with pytest.raises(InvalidSettings):
            _ = read_all(public[:end])


def read_all(content: bytes) -> list[PublicKey]:
    """The public keys in a file of this content."""

    class Kept(type(Path())):  # type: ignore[misc]  # no file is written for each of a thousand
        def read_bytes(self) -> bytes:
            return content

    return read_public_keys([Kept("kept.pem")])


@given(pem=st.sampled_from([PEM, KEY.public.pem, *ELSE.values()]), data=st.data())
@settings(law, max_examples=300)
def test_a_damaged_key_is_refused_or_a_key(pem: bytes, data: st.DataObject) -> None:
    """In its text or in its bytes: no damage makes another error."""
    lines = pem.strip().split(b"\n")
    der = base64.b64decode(b"".join(lines[1:-1]))
    in_text = data.draw(st.booleans())
    content = bytearray(pem if in_text else der)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, min(len(content), 90) - 1))
        content[at] = data.draw(st.integers(0, 255))
    if not in_text:
        content = bytearray(b"\n".join([lines[0], base64.b64encode(content), lines[-1]]))
    reads: list[Callable[[], object]] = [
        lambda: SigningKey.from_pem(bytes(content), "it"),
        lambda: read_all(bytes(content)),
    ]
    for read in reads:
        with contextlib.suppress(InvalidSettings):
            read()


def test_public_keys_are_read_from_files(tmp_path: Path) -> None:
    """In the order of the files, and of the keys in each."""
    one, both = tmp_path / "one", tmp_path / "both"
    one.write_bytes(OTHER.public.pem)
    both.write_bytes(b"# ours\n" + KEY.public.pem + b"\n# theirs\n" + OTHER.public.pem.strip())
    assert read_public_keys([one, both]) == [OTHER.public, KEY.public, OTHER.public]
    assert read_public_keys([]) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# no key\n",
        PEM,
        KEY.public.pem + PEM,
        PEM + KEY.public.pem,
        KEY.public.pem + KEY.public.pem[:-30],
        KEY.public.pem[:-30] + KEY.public.pem,
        KEY.public.pem + KEY.public.pem[1:],
        KEY.public.pem[1:] + KEY.public.pem,
        KEY.public.pem.replace(b"PUBLIC", b"PRIVATE"),
        *[public_pem(pem) for pem in ELSE.values()],
        *[KEY.public.pem + public_pem(pem) for pem in ELSE.values()],
    ],
)
def test_a_file_with_anything_else_than_public_keys_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    """Nobody should believe that a key is trusted which was not read."""
    path = file_of(tmp_path, content)
    with pytest.raises(InvalidSettings, match=r"some\.pem holds"):
        read_public_keys([path])


@pytest.mark.parametrize("name", ["missing", ".", "some.pem/below", "x" * 300])
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, name: str) -> None:
    """Missing, a folder, below a file, too long a name."""
    file_of(tmp_path, PEM)
    with pytest.raises(InvalidSettings, match=r"the signing key .*: [A-Z]"):
        SigningKey.read(tmp_path / name)
    with pytest.raises(InvalidSettings, match=r"the public key .*: [A-Z]"):
        read_public_keys([tmp_path / name])


def test_nothing_that_shows_an_object_shows_the_private_half() -> None:
    """Not `repr`, not `str`, not a format, and there is no `__dict__` to be logged."""
    for shown in (repr(KEY), str(KEY), f"{KEY}", repr([KEY]), repr(KEY.public), str(dir(KEY))):
        assert not any(secret in shown.encode() for secret in SECRETS)
        assert SEED.hex() not in shown.lower()
        assert repr(SEED)[2:-1] not in shown
    assert not hasattr(KEY, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_signing_key_is_not_pickled(protocol: int) -> None:
    """It would travel to wherever a task runs, and into its results."""
    with pytest.raises(TypeError):
        pickle.dumps(KEY, protocol)
    with pytest.raises(TypeError):
        pickle.dumps({"settings": [KEY]}, protocol)
    assert pickle.loads(pickle.dumps(KEY.public, protocol=max(protocol, 2))) == KEY.public
    assert copy.copy(KEY.public) == KEY.public


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_and_we_read_each_others_keys(tmp_path: Path) -> None:
    """What the hint in the error says works, and a signature can be verified without us."""

    def openssl(*args: str | Path) -> bytes:
        done = subprocess.run(["openssl", *args], capture_output=True, check=True, cwd=tmp_path)
        return done.stdout

    openssl("genpkey", "-algorithm", "ed25519", "-out", "theirs.pem")
    theirs = SigningKey.read(tmp_path / "theirs.pem")
    assert openssl("pkey", "-in", "theirs.pem", "-pubout") == theirs.public.pem
    (tmp_path / "theirs.pub").write_bytes(theirs.public.pem)
    assert read_public_keys([tmp_path / "theirs.pub"]) == [theirs.public]

    ours = SigningKey.make(tmp_path / "ours.pem")
    assert openssl("pkey", "-in", "ours.pem", "-pubout") == ours.public.pem
    (tmp_path / "ours.pub").write_bytes(ours.public.pem)
    (tmp_path / "text").write_bytes(b"what is signed")
    (tmp_path / "signature").write_bytes(ours.sign(b"what is signed"))
    verified = openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", "ours.pub", "-rawin", "-in", "text",
        "-sigfile", "signature",
    )  # fmt: skip
    assert b"Verified Successfully" in verified

    for options in (["-aes256", "-pass", "pass:x"], []):
        kind = "ed25519" if options else "x25519"
        openssl("genpkey", "-algorithm", kind, *options, "-out", "wrong.pem")
        with pytest.raises(InvalidSettings, match=r"wrong\.pem holds"):
            SigningKey.read(tmp_path / "wrong.pem")
