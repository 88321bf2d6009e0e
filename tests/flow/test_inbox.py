"""The inbox: each file is judged once and lies beside its verdict; nothing is lost or replaced."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import fsspec
import pytest
from prefect.artifacts import Artifact

from benson_execution import Settings, Trail
from benson_execution.inbox import RemoteInbox, listing, open_inbox
from flows import sweep
from flows.sweep import Sweep
from tests.flow.documents import BLOCKED, document
from tests.flow.inboxes import Judged, inbox, judged, lying_in, swept, swept_alone
from tests.flow.working import runs_of, walk, work_off

__all__ = ["inbox", "judged"]


def assert_kept(inbox: Path, contents: dict[str, str], home: Path) -> None:
    """Every file is as it was, and beside it the artifact of its own dispatch, if it has one."""
    for name, text in contents.items():
        (path,) = inbox.rglob(name)
        assert path.read_text() == text
        if (beside := path.with_name(f"{name}.artifact.json")).exists():
            ids = json.loads(beside.read_bytes())["dispatch"]
            assert ids["status"].lower() == path.stem
            kept = home / "artifacts" / ids["pac_id"] / f"{ids['dispatch_id']}.json"
            assert beside.read_bytes() == kept.read_bytes()


async def test_each_file_lies_beside_its_verdict(
    judged: Judged, inbox: Path, trail: Trail, home: Path
) -> None:
    """Completed, blocked, failed, unreadable and without a PAC: each in its folder."""
    contents = {
        "completed.json": document(),
        "blocked.json": document(BLOCKED),
        "failed.json": json.dumps({"pac": json.loads(document())["pac"]}),
        "unreadable.json": '{"pac": 1, "pac": 2}',
        "no-pac.json": "{}",
    }
    for name, text in contents.items():
        (inbox / name).write_text(text)
    said = await swept(judged)
    assert lying_in(inbox) == [
        "done/completed.json",
        "done/completed.json.artifact.json",
        "refused/blocked.json",
        "refused/blocked.json.artifact.json",
        "refused/failed.json",
        "refused/failed.json.artifact.json",
        "unreadable/no-pac.json",
        "unreadable/no-pac.json.error.txt",
        "unreadable/unreadable.json",
        "unreadable/unreadable.json.error.txt",
    ]
    assert_kept(inbox, contents, home)
    assert "twice" in (inbox / "unreadable" / "unreadable.json.error.txt").read_text()
    assert "'pac'" in (inbox / "unreadable" / "no-pac.json.error.txt").read_text()
    assert sorted(r.kind for r in trail.refusals()) == ["invalid_pac", "unreadable"]
    assert trail.open_claims() == []
    assert said == "Completed: 1 done, 2 refused, 2 unreadable"
    table = await Artifact.aget("pac-inbox")
    assert table is not None
    rows = json.loads(str(table.data))
    assert len(rows) == 5
    progress = await Artifact.aget("pac-inbox-progress")
    assert progress is not None
    assert float(str(progress.data)) == 100
    assert not (home / "faults.jsonl").exists()


def names_of_done(*names: str, folder: str = "done") -> list[str]:
    """The files, and their artifacts beside them."""
    return sorted(f"{folder}/{name}{end}" for name in names for end in ("", ".artifact.json"))


async def test_a_batch_is_taken_and_the_rest_is_left(
    judged: Judged, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest first; what is left is taken by the next sweeps, until there is nothing."""
    monkeypatch.setenv("BENSON_INBOX_BATCH", "2")
    for number in range(5):
        (inbox / f"{number}.json").write_text(document())
    assert await swept(judged) == "Completed: 2 done, 3 left for later sweeps"
    assert lying_in(inbox)[:3] == ["2.json", "3.json", "4.json"]
    assert await swept(judged) == "Completed: 2 done, 1 left for later sweeps"
    assert await swept(judged) == "Completed: 1 done"
    assert await swept(judged) == "Completed: nothing arrived"
    assert lying_in(inbox) == names_of_done(*(f"{number}.json" for number in range(5)))


async def test_a_file_that_may_still_be_written_is_left(
    judged: Judged, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of this moment is not taken; the same file is, once it has not changed for a while."""
    monkeypatch.setattr(listing, "SETTLED_SECONDS", 3600.0)
    (inbox / "a.json").write_text(document())
    assert await swept_alone() == "Completed: 1 left for later sweeps"
    monkeypatch.setattr(listing, "SETTLED_SECONDS", 0.0)
    assert await swept(judged) == "Completed: 1 done"


async def test_a_file_without_a_verdict_stays_until_it_has_one(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """It is claimed and submitted once, however many sweeps find it waiting."""
    (inbox / "a.json").write_text(document())
    for _ in range(3):
        assert await swept_alone() == "Completed: 1 waiting for a verdict"
    assert lying_in(inbox) == ["a.json"]
    (run,) = await runs_of(*judged)
    await walk(run)
    assert await swept_alone() == "Completed: 1 done"
    assert lying_in(inbox) == names_of_done("a.json")
    assert len({s.dispatch for s in trail.events()}) == 1


async def test_a_file_under_review_stays_until_it_is_decided(
    judged: Judged, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep waits for no person; a later one finds what was decided."""
    agents = json.loads(json.dumps(_registry())) | {"reviewers": ["Ada"]}
    registry = inbox.parent / "registry.json"
    registry.write_text(json.dumps(agents))
    monkeypatch.setenv("BENSON_REGISTRY", str(registry))
    monkeypatch.setenv("BENSON_HUMAN_REVIEW", "always")
    (inbox / "a.json").write_text(document())
    assert await swept(judged, 3) == "Completed: 1 waiting for a verdict"
    client, _ = judged
    (run,) = await runs_of(*judged)
    assert run.state_name == "Suspended"
    given = {"decision": "approve", "reviewer": "Ada", "notes": "read it all"}
    await client.resume_flow_run(run.id, run_input=given)
    assert await swept(judged) == "Completed: 1 done"
    assert lying_in(inbox) == names_of_done("a.json")


def _registry() -> Any:
    folder = Path(sweep.__file__).parents[1] / "benson_execution"
    return json.loads((folder / "agent_registry.json").read_bytes())


async def test_the_same_file_again_is_refused(judged: Judged, inbox: Path, trail: Trail) -> None:
    """Also when what was done with is gone; the answer names the run that judged it."""
    text = document()
    (inbox / "a.json").write_text(text)
    await swept(judged)
    (run,) = await runs_of(*judged)
    (inbox / "done" / "a.json").unlink()
    for _ in range(2):
        (inbox / "a.json").write_text(text)
        assert await swept(judged) == "Completed: 1 refused"
    tag = hashlib.sha256(text.encode()).hexdigest()[:8]
    told = [
        f"refused/{name}{end}" for name in ("a.json", f"a-{tag}.json") for end in ("", ".error.txt")
    ]
    assert lying_in(inbox) == sorted(["done/a.json.artifact.json", *told])
    assert f"run {run.id} judged it" in (inbox / "refused" / "a.json.error.txt").read_text()
    assert len(await runs_of(*judged)) == 1
    assert len({s.dispatch for s in trail.events()}) == 1


async def test_the_same_unreadable_file_is_refused_once_in_the_trail(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """The log says it once; the repetition lies among what was refused."""
    for _ in range(2):
        (inbox / "a.json").write_text("{")
        await swept(judged)
    assert len(list(trail.refusals())) == 1
    assert [name for name in lying_in(inbox) if not name.endswith(".txt")] == [
        "refused/a.json",
        "unreadable/a.json",
    ]


async def test_a_taken_name_gets_the_digest(judged: Judged, inbox: Path) -> None:
    """What lies there already is what it was; the new file and its artifact have another name."""
    texts = [document(), document(), "{", "["]
    for name, text in zip(["a.json", "a.json", "b", "b"], texts, strict=True):
        (inbox / name).write_text(text)
        await swept(judged)
    tags = [hashlib.sha256(text.encode()).hexdigest()[:8] for text in texts]
    assert lying_in(inbox) == sorted(
        [
            *names_of_done("a.json", f"a-{tags[1]}.json"),
            "unreadable/b",
            "unreadable/b.error.txt",
            f"unreadable/b-{tags[3]}",
            f"unreadable/b-{tags[3]}.error.txt",
        ]
    )
    assert (inbox / "done" / "a.json").read_text() == texts[0]
    assert (inbox / "done" / f"a-{tags[1]}.json").read_text() == texts[1]


async def test_a_file_that_is_replaced_while_it_is_judged_is_a_new_file(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """The verdict on the old content is never put beside the new one, which gets its own."""
    old, new = document(), document(BLOCKED)
    (inbox / "a.json").write_text(old)
    assert await swept_alone() == "Completed: 1 waiting for a verdict"
    (inbox / "a.json").write_text(new)
    assert await swept(judged) == "Completed: 1 left for later sweeps"
    assert lying_in(inbox) == ["a.json"]
    assert await swept(judged) == "Completed: 1 refused"
    assert lying_in(inbox) == names_of_done("a.json", folder="refused")
    assert (inbox / "refused" / "a.json").read_text() == new
    judged_digests = {s.dispatch.document_sha256 for s in trail.events()}
    assert judged_digests == {hashlib.sha256(t.encode()).hexdigest() for t in (old, new)}
    assert trail.open_claims() == []


async def test_a_large_document_goes_by_its_digest(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """As does one whose text would be too long as JSON, though its bytes are few."""
    large = document(notes="x" * 400_000)
    wide = document(notes="x").replace('"notes": "x"', '"notes": "' + "\u00e9" * 120_000 + '"')
    assert len(wide.encode()) < 350_000
    (inbox / "large.json").write_text(large)
    (inbox / "wide.json").write_text(wide)
    assert await swept_alone() == "Completed: 2 waiting for a verdict"
    for run in await runs_of(*judged):
        assert list(run.parameters) == ["document_digest"]
        assert trail.document(run.parameters["document_digest"]) is not None
    assert await swept(judged) == "Completed: 2 done"


async def test_a_file_that_is_too_long_is_read_no_further(
    judged: Judged, inbox: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused by its first bytes, and moved as it is: a sparse file of a terabyte, say."""
    monkeypatch.setenv("BENSON_MAX_DOCUMENT_BYTES", "1000")
    with (inbox / "long.json").open("wb") as file:
        file.truncate(1 << 40)
    assert await swept_alone() == "Completed: 1 unreadable"
    assert (inbox / "unreadable" / "long.json").stat().st_size == 1 << 40
    assert "more than 1000 bytes" in (inbox / "unreadable" / "long.json.error.txt").read_text()
    (refusal,) = trail.refusals()
    assert (refusal.size, refusal.complete) == (1001, False)


async def test_a_file_that_can_not_be_submitted_keeps_no_other_from_it(
    judged: Judged, inbox: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep fails and says so, and tries it again the next time."""
    module: Any = sweep
    submit = module.submit_document

    async def refuse_first(client: Any, trail: Any, content: bytes, **more: Any) -> Any:
        if b"poison" in content:
            raise RuntimeError("422: not this one\nsecond line")
        return await submit(client, trail, content, **more)

    monkeypatch.setattr(sweep, "submit_document", refuse_first)
    (inbox / "a.json").write_text(document(notes="poison"))
    (inbox / "b.json").write_text(document())
    assert await swept(judged) == "Failed: 1 done, 1 not handled"
    assert lying_in(inbox) == ["a.json", *names_of_done("b.json")]
    fault = json.loads((home / "faults.jsonl").read_text())
    assert (fault["kind"], fault["about"]) == ("inbox", "a.json")
    monkeypatch.setattr(sweep, "submit_document", submit)
    assert await swept(judged) == "Completed: 1 done"


async def test_without_a_deployment_the_sweep_says_what_to_do(prefect: str, inbox: Path) -> None:
    """The file stays where it is, and is taken when there is one."""
    (inbox / "a.json").write_text(document())
    said = await swept_alone()
    assert said.startswith("Failed:")
    assert "pac-execution/on-demand" in said
    assert "benson up" in said
    assert lying_in(inbox) == ["a.json"]


async def test_two_sweeps_at_once_take_no_file_twice(
    judged: Judged, inbox: Path, trail: Trail
) -> None:
    """Both submit, both wait, both move: each file has one run, and lies in one place."""
    for number in range(6):
        (inbox / f"{number}.json").write_text(document())
    for number in range(6):
        (inbox / f"bad-{number}.json").write_text(f"{{ {number}")

    async def sweep_once() -> None:
        client, _ = judged
        inbox_now, settings = open_inbox(Settings.load()), Settings.load()
        await Sweep(client, trail, inbox_now, settings).run(60, _quietly)

    async def work() -> None:
        while trail.open_claims() or not await runs_of(*judged):
            await work_off(*judged)

    await asyncio.gather(sweep_once(), sweep_once(), work())
    bad = [f"unreadable/bad-{n}.json{end}" for n in range(6) for end in ("", ".error.txt")]
    assert lying_in(inbox) == sorted([*names_of_done(*(f"{n}.json" for n in range(6))), *bad])
    assert len(await runs_of(*judged)) == 6
    assert len({s.dispatch for s in trail.events()}) == 6
    assert len(list(trail.refusals())) == 6


async def _quietly(percent: float) -> None:
    assert 0 <= percent <= 100


async def test_an_inbox_at_a_url_is_swept_the_same_way(
    judged: Judged, inbox: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any file system that fsspec knows: files are copied, compared, and only then removed."""
    url = f"memory://inbox-{inbox.parent.name}"
    monkeypatch.setenv("BENSON_INBOX", url)
    assert isinstance(open_inbox(Settings.load()), RemoteInbox)
    files, root = fsspec.core.url_to_fs(url)
    texts = {"a.json": document(), "b.json": document(BLOCKED), "c.json": "{"}
    for name, text in texts.items():
        files.pipe_file(f"{root}/{name}", text.encode())
    assert await swept(judged) == "Completed: 1 done, 1 refused, 1 unreadable"
    assert sorted(name.removeprefix(root) for name in files.find(root)) == [
        "/done/a.json",
        "/done/a.json.artifact.json",
        "/refused/b.json",
        "/refused/b.json.artifact.json",
        "/unreadable/c.json",
        "/unreadable/c.json.error.txt",
    ]
    assert files.cat_file(f"{root}/done/a.json").decode() == texts["a.json"]
    files.pipe_file(f"{root}/a.json", texts["a.json"].encode())
    assert await swept(judged) == "Completed: 1 refused"
    assert len({s.dispatch for s in trail.events()}) == 2
    files.rm(root, recursive=True)
