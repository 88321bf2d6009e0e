"""`benson review`: what waits for a person, and answering it."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.status import Status
from rich.text import Text

from benson_execution.cli.output import (
    err,
    out,
    print_json,
    print_outcome,
    reader_may_leave,
)
from benson_execution.cli.prefect_api import SERVED_HERE, require_api
from benson_execution.errors import BadInput
from benson_execution.outcome import Outcome
from benson_execution.phases.human_review import ReviewAnswer
from benson_execution.settings import Settings
from benson_execution.text import enumerate_some, number, plain
from benson_execution.trail import Trail, open_trail

if TYPE_CHECKING:
    from flows.waiting import WaitingReview

_RUN: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST: Final = re.compile(r"[0-9a-f]{8,64}")


def review(
    which: Annotated[
        str | None,
        typer.Argument(metavar="PAC_ID", help="Which to answer: a PAC's id, or its beginning."),
    ] = None,
    *,
    approve: Annotated[bool, typer.Option("--approve", help="Let Benson close it.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Block it.")] = False,
    reviewer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Your name, as the registry lists its reviewers."),
    ] = None,
    notes: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why; recorded with your decision.")
    ] = None,
    document: Annotated[
        str | None,
        typer.Option(
            metavar="SHA256",
            help="The document that you read, by its SHA-256 or the first 8 digits or more of it.",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow the run to its verdict, and print that.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0, help="With --wait: for how many seconds.")
    ] = 600,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """List what waits for a person, or answer one of them.

    Needs PREFECT_API_URL. Nobody checks that you are whom you name: your answer is recorded as
    self-declared, and counts when the registry lists that name among its reviewers. On a terminal,
    what is not given is asked for.

    [dim]benson review[/]
    [dim]benson review PAC-DAN-P44 --approve --reviewer Ada --notes 'read the diff' --wait[/]
    """
    settings = Settings.load()
    if approve and reject:
        raise BadInput("--approve and --reject exclude one another")
    given = (reviewer, notes, document)
    if which is None and (approve or reject or wait or any(one is not None for one in given)):
        raise BadInput("name the PAC that is to be answered", "`benson review` lists what waits")
    if which is not None:
        _require_name(which)
    if document is not None and not _DIGEST.fullmatch(document := document.lower()):
        raise BadInput(
            f"--document {plain(document)!r} is no SHA-256",
            "8 hexadecimal digits of it, or more; `benson review` shows them all",
        )
    require_api("there is nobody to ask what waits", SERVED_HERE)
    decision = True if approve else False if reject else None
    trail = open_trail(settings, read_only=True)
    if which is None:
        asyncio.run(_list(trail, as_json=as_json))
        return
    answering = _answer(
        trail,
        which,
        document,
        approved=decision,
        reviewer=reviewer,
        notes=notes,
        seconds=timeout if wait else None,
        as_json=as_json,
    )
    outcome = asyncio.run(answering)
    if outcome is not None:
        raise typer.Exit(outcome.exit_code)


async def _list(trail: Trail, *, as_json: bool) -> None:
    # Imports Prefect, for which the environment had to be ready.
    from deployments.handing_in import connected
    from flows.waiting import waiting_reviews

    async with connected() as client:
        found = await waiting_reviews(client, trail)
    with reader_may_leave():
        for one in found:
            print_json(one.to_dict()) if as_json else out().print(Text(_line(one)))
        if not found and not as_json:
            out().print(Text("nothing waits for a reviewer"))


def _line(one: WaitingReview) -> str:
    until = "" if one.until is None else f", until {one.until:%Y-%m-%d %H:%M} UTC"
    agent = f"{plain(one.agent_name)} ({plain(one.agent_gid)})"
    score = number(one.quality_score)
    return (
        f"{plain(one.pac_id)}\n  {agent}, quality score {score}, "
        f"waits since {one.since:%Y-%m-%d %H:%M} UTC{until}\n  run {one.run.id}\n"
        f"  document SHA-256 {one.document_sha256 or 'unknown'}"
    )


async def _answer(
    trail: Trail,
    which: str,
    document: str | None,
    *,
    approved: bool | None,
    reviewer: str | None,
    notes: str | None,
    seconds: float | None,
    as_json: bool,
) -> Outcome | None:
    """Give the answer; the outcome is that of the dispatch, where it was waited for."""
    # Imports Prefect, for which the environment had to be ready.
    from deployments.handing_in import connected
    from flows.run import outcome_of_run
    from flows.waiting import answer_review, verdict_recorded, waiting_reviews

    async with connected() as client:
        one = _pick(which, document, await waiting_reviews(client, trail))
        if not as_json:
            with reader_may_leave():
                out().print(Text(_line(one)))
        answer = ReviewAnswer(
            _asked_decision() if approved is None else approved,
            _asked("--reviewer", "Your name") if reviewer is None else reviewer,
            _asked("--notes", "Notes") if notes is None else notes,
        )
        if not answer.reviewer.strip():
            raise BadInput("--reviewer is empty: an answer without a name is none")
        await answer_review(client, one, answer)
    told = {**one.to_dict(), "answered": "approve" if answer.approved else "reject"}
    if seconds is None:
        with reader_may_leave():
            print_json(told) if as_json else out().print(Text("answered; its run goes on"))
        return None
    with Status(Text(f"{one.pac_id}: its run goes on"), console=err()):
        await verdict_recorded(trail, str(one.run.id), seconds)
    outcome = await asyncio.to_thread(outcome_of_run, trail, str(one.run.id), None, Settings.load())
    assert outcome is not None  # it was closed
    with reader_may_leave():
        print_json(outcome.to_dict()) if as_json else print_outcome(outcome)
    return outcome


def _require_name(which: str) -> None:
    """What a PAC's id may begin with, or a run's id: no other text names what is meant."""
    if not _RUN.fullmatch(which) and (not which.startswith("PAC-") or which == "PAC-"):
        raise BadInput(
            f"{plain(which)!r} names no PAC",
            "give its id, or the beginning of that: PAC- and at least one more character",
        )


def _pick(which: str, document: str | None, found: list[WaitingReview]) -> WaitingReview:
    exact = [one for one in found if which in (one.pac_id, str(one.run.id))]
    matching = exact or [one for one in found if one.pac_id.startswith(which)]
    if not matching:
        raise BadInput(f"nothing that waits is called {plain(which)!r}", "`benson review` lists it")
    if document is not None:
        of_it = [one for one in matching if (one.document_sha256 or "").startswith(document)]
        if not of_it:
            waits = enumerate_some(str(one.document_sha256) for one in matching)
            raise BadInput(f"the document that waits is not {document}: its SHA-256 is {waits}")
        matching = of_it
    if len(matching) > 1:
        names = enumerate_some(f"{plain(one.pac_id)} (run {one.run.id})" for one in matching)
        raise BadInput(f"{plain(which)!r} may be any of {names}", "name one by the id of its run")
    return matching[0]


def _asked_decision() -> bool:
    answer = _asked("--approve or --reject", "approve or reject").strip().lower()
    if answer not in ("approve", "reject"):
        raise BadInput(f"the decision is approve or reject, not {plain(answer)!r}")
    return answer == "approve"


def _asked(option: str, prompt: str) -> str:
    """What a person types; where nobody can, it must have been given."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInput(f"{option} is missing, and there is no terminal to ask on")
    return str(typer.prompt(prompt, err=True, default="", show_default=False))
