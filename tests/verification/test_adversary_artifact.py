"""An artifact says nothing that its evidence does not, but for what is named as unproven."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, Final

import orjson
import pytest

from benson_execution.proof.heads import Head, Rotation, TrustedKeys
from benson_execution.proof.keys import SigningKey
from benson_execution.verification.artifact import Verdict, verify_artifact

from .honest import Honest

Artifact = dict[str, Any]


def _added_beside_an_unproven_member(artifact: Artifact) -> None:
    artifact["dispatch"]["duration_estimated_by"] = "Benson himself"


def _rotation_of_a_stranger(artifact: Artifact) -> None:
    own = SigningKey.generate()
    forged = Rotation.sign(own, own, Head.parse(artifact["proof"]["head"].encode()))
    artifact["proof"]["rotations"].append(forged.note.decode())


def _key_that_is_no_text(artifact: Artifact) -> None:
    artifact["proof"]["events"][0]["key"] = 5


def _position_below_zero(artifact: Artifact) -> None:
    artifact["proof"]["events"][0]["position"] = -1


def _member_that_is_no_text(artifact: Artifact) -> None:
    artifact["dispatch"]["\ud800"] = 1


CHANGES: Final[list[Callable[[Artifact], None]]] = [
    _added_beside_an_unproven_member,
    _rotation_of_a_stranger,
    _key_that_is_no_text,
    _position_below_zero,
    _member_that_is_no_text,
]


@pytest.fixture(scope="module")
def artifact(original: Honest) -> Artifact:
    """The artifact of the first dispatch."""
    (path,) = (original.path.parent / "artifacts").glob("PAC-DAN-P44-GOV*/*.json")
    read: Artifact = json.loads(path.read_bytes())
    return read


def verified(honest: Honest, artifact: Artifact) -> Verdict:
    return verify_artifact(artifact, TrustedKeys(honest.ring.public))


def test_an_honest_artifact_verifies(original: Honest, artifact: Artifact) -> None:
    """Without this one the others would prove nothing."""
    assert verified(original, artifact) == ([], ["/dispatch/duration_estimated"])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_a_changed_artifact_is_found(
    original: Honest, artifact: Artifact, change: Callable[[Artifact], None]
) -> None:
    """It is a finding, and one that can be printed as JSON."""
    changed = copy.deepcopy(artifact)
    change(changed)
    found = verified(original, changed).findings
    assert found
    assert orjson.dumps([finding.to_dict() for finding in found])
