"""Full disks, read-only databases and locks during real commands: nothing passes or is lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.checks import END, NOTHING, WRAP
from tests.chaos.disks import Disk, disk, limit
from tests.chaos.sites import Site, new_document
from tests.chaos.warm import Said, Zygote
from tests.cli.command import Benson
from tests.trail.children import child

DROP_PRIVILEGES: Final = """
import ctypes, os, sys
for capability in (1, 2):  # that of writing, and that of reading, whatever the permissions are
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture(params=["limit", "tmpfs"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk(request.param, tmp_path / "disk") as made:
        yield made


def site_on(folder: Path, tmp_path: Path) -> Site:
    """A home on the usual disk, and its trail in this folder."""
    return Site(tmp_path / "home", f"sqlite:///{folder / 'trail.db'}")


def document_in(folder: Path) -> Path:
    pac_id, document = new_document()
    path = folder / f"{pac_id}.json"
    path.write_text(document)
    return path


def assert_unavailable(said: Said, site: Site) -> None:
    """Exit code 5, one sentence about the trail, and a line where faults are noted."""
    assert said.code == 5, said
    lines = [line for line in said.output.splitlines() if "using Prefect at" not in line]
    assert len(lines) == 1, said
    assert lines[0].startswith(f"benson: the trail at {site.url} is not available: ")
    faults = [fault for fault in site.faults() if fault["kind"] == "trail"]
    assert "TrailUnavailable" in {fault["error"] for fault in faults}


def assert_failed_and_whole(zygote: Zygote, site: Site, dispatches: int) -> None:
    """Once the fault is gone: recovery closes what is open, nothing has passed, all verifies."""
    run = [zygote.command(site.environment, "recover").wait() for _ in range(2)]
    assert [said.code for said in run] == [0, 0]
    assert run[1].output == NOTHING
    facts = site.facts()
    assert [f.data["status"] for f in facts if f.key == END] == ["FAILED"] * dispatches
    assert [f for f in facts if f.key == WRAP and not f.data["blocked"]] == []
    verified = zygote.command(site.environment, "verify").wait()
    assert verified.code == 0, verified
    artifacts = list((site.home / "artifacts").rglob("[!.]*.json"))
    assert len(artifacts) == dispatches
    assert zygote.command(site.environment, "verify", *map(str, artifacts)).wait().code == 0


def assert_judged(zygote: Zygote, site: Site, tmp_path: Path) -> None:
    """The next document passes."""
    said = zygote.command(site.environment, "judge", str(document_in(tmp_path))).wait()
    assert said.code == 0, said


@pytest.mark.parametrize(
    "point",
    ["PAC_DISPATCH_START:before", "PAC_DISPATCH_START:after", "AGENT_EXECUTION_END:after",
     "BER_GENERATION_DECISION:after"],
)  # fmt: skip
def test_a_disk_that_is_full_during_a_judgement_fails_it(
    point: str, full: Disk, zygote: Zygote, tmp_path: Path
) -> None:
    """`benson judge`: whatever was recorded by then stays, and nothing has passed."""
    site = site_on(full.folder, tmp_path)
    assert_judged(zygote, site, tmp_path)
    before = site.facts()
    judged = zygote.command(site.environment, "judge", str(document_in(tmp_path)), point=point)
    assert judged.stopped_at(point), judged.wait()
    recorded = site.facts()

    full.fill(judged)
    judged.go_on()
    said = judged.wait()
    full.free()

    assert_unavailable(said, site)
    assert site.facts() == recorded
    begun = int(recorded != before)
    with_artifact = {path.stem for path in (site.home / "artifacts").rglob("[!.]*.json")}
    assert with_artifact == {before[0].dispatch_id}
    zygote.command(site.environment, "recover").wait()
    statuses = [f.data["status"] for f in site.facts() if f.key == END]
    assert statuses == ["COMPLETED", *["FAILED"] * begun]
    assert zygote.command(site.environment, "verify").wait().code == 0
    assert_judged(zygote, site, tmp_path)


@pytest.mark.parametrize(
    "point", ["PAC_DISPATCH_START:before", "CHECKPOINT:CP-02:after", "WRAP_GENERATION:before"]
)
def test_a_disk_that_is_full_during_a_run_fails_it(
    point: str, full: Disk, zygote: Zygote, api: str, tmp_path: Path
) -> None:
    """`benson run`: the same, whatever its hooks could not record."""
    site = site_on(full.folder, tmp_path)
    ran = zygote.command(
        site.environment | {"PREFECT_API_URL": api},
        "run",
        str(document_in(tmp_path)),
        point=point,
        api=api,
    )
    assert ran.stopped_at(point), ran.wait()
    recorded = site.facts()

    full.fill(ran)
    ran.go_on()
    said = ran.wait()
    full.free()

    assert site.facts() == recorded
    assert_failed_and_whole(zygote, site, int(bool(recorded)))
    assert_unavailable(said, site)


def test_a_database_that_may_only_be_read_is_one_sentence(zygote: Zygote, tmp_path: Path) -> None:
    """`benson judge` as somebody who may read it, and not write."""
    folder = tmp_path / "disk"
    folder.mkdir()
    site = site_on(folder, tmp_path)
    assert_judged(zygote, site, tmp_path)
    before = site.facts()
    benson = Benson(site.home, tmp_path)
    file = document_in(tmp_path)
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    drop = [sys.executable, "-c", DROP_PRIVILEGES, str(Path(sys.executable).with_name("benson"))]
    environment = {**site.environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    try:
        with benson.started("judge", file, env=environment, program=drop) as process:
            out, err = process.communicate(timeout=60)
    finally:
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o644)

    assert out == b""
    assert_unavailable(Said(process.returncode, err.decode()), site)
    assert site.facts() == before
    assert_judged(zygote, site, tmp_path)
    assert zygote.command(site.environment, "verify").wait().code == 0


@pytest.mark.parametrize("command", ["judge", "run"])
def test_a_lock_that_somebody_holds_for_too_long_fails_the_dispatch(
    command: str, zygote: Zygote, api: str, tmp_path: Path
) -> None:
    """Another process holds the write lock past the time-out; when it lets go, all is whole."""
    point = "AGENT_EXECUTION_END:after"
    folder = tmp_path / "disk"
    folder.mkdir()
    site = site_on(folder, tmp_path)
    process = zygote.command(
        site.environment | {"PREFECT_API_URL": api},
        command,
        str(document_in(tmp_path)),
        point=point,
        api=api,
        busy=0.5,  # seconds: what the time-out is has its own tests
    )
    assert process.stopped_at(point), process.wait()
    recorded = site.facts()
    assert len(recorded) == 8

    with child("lock", site.url) as holder:
        assert holder.line() == "locked"
        process.go_on()
        said = process.wait()

    assert site.facts() == recorded
    assert_failed_and_whole(zygote, site, 1)
    assert_unavailable(said, site)


def test_a_head_that_had_no_room_leaves_no_half_a_line(zygote: Zygote, tmp_path: Path) -> None:
    """The heads file is as it was; with room again, recovery adds the head, and all verifies."""
    point = "PAC_DISPATCH_END:after"
    site = site_on(tmp_path / "disk", tmp_path)
    (tmp_path / "disk").mkdir()
    for _ in range(4):
        assert_judged(zygote, site, tmp_path)
    heads = site.home / "heads.jsonl"
    before = heads.read_bytes()
    judged = zygote.command(site.environment, "judge", str(document_in(tmp_path)), point=point)
    assert judged.stopped_at(point), judged.wait()

    limit(judged, len(before) + 100)
    judged.go_on()
    said = judged.wait()

    assert said.code == 3, said
    after = heads.read_bytes()
    recovered = zygote.command(site.environment, "recover").wait()
    assert (recovered.code, recovered.output[:16]) == (0, "artifact written")
    verified = zygote.command(site.environment, "verify").wait()
    assert verified.code == 0, verified
    assert after == before
