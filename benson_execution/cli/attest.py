"""`benson attest`: a dispatch as a signed in-toto statement, and whether one is what it claims."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.status import Status
from rich.text import Text

from benson_execution.cli.inputs import KeyFiles, located, read_file, require_kept, resolve_pac
from benson_execution.cli.output import (
    MAX_LINE,
    err,
    out,
    print_json,
    reader_may_leave,
    styled,
)
from benson_execution.cli.output_file import output_file
from benson_execution.errors import BadInput, BensonError, NotVerified
from benson_execution.interchange.attestation import (
    attest as attestation_of,
)
from benson_execution.interchange.attestation import differing_files, key_in_force, proved
from benson_execution.interchange.delivered import Folder, Progress
from benson_execution.limits import MAX_DOCUMENT_BYTES
from benson_execution.proof.keys import read_public_keys
from benson_execution.settings import Settings
from benson_execution.text import enumerate_some, plain, quote
from benson_execution.trail import Trail, open_trail
from benson_execution.trail.opening import keyring_of, trusted_keys

_MAX_FILE_BYTES = 4 * MAX_DOCUMENT_BYTES
"""An attestation names the files of one document, in base64."""


def attest(
    pac_id: Annotated[
        str | None,
        typer.Argument(metavar="PAC_ID", help="The PAC, or the beginning of its id."),
    ] = None,
    *,
    dispatch: Annotated[
        str | None,
        typer.Option("--dispatch", metavar="ID", help="Of its dispatches this one; else the last."),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            "--files", metavar="DIR", help="The folder in which the files that it names lie."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there, whole or not at all."),
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option("--verify", metavar="FILE", help="Verify an attestation; - is stdin."),
    ] = None,
    keys: KeyFiles = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --verify: print one JSON object.")
    ] = False,
) -> None:
    """Attest what became of a PAC: an in-toto statement in a signed DSSE envelope, as JSON.

    Its tests are the checkpoints and all else that was judged; its subjects are the SHA-256 of the
    agent's result and, with --files, of each file that the agent names, as it lies there now. What
    the log does not prove is not attested: exit code 4. So it is for --verify, which needs no
    trail, only the public keys that you trust.

    [dim]benson attest PAC-DAN-P44 --files . -o attestation.json[/]
    [dim]benson attest --verify attestation.json --files . --key public.pem[/]
    """
    settings = Settings.load()
    if verify is not None:
        if pac_id is not None or dispatch is not None or output is not None:
            raise BadInput("--verify FILE stands for itself: no PAC_ID, no --dispatch and no -o")
        trusted = read_public_keys(keys) if keys else trusted_keys(settings)
        content = read_file(verify, _MAX_FILE_BYTES)
        raise typer.Exit(_verify(verify, content, trusted, files, as_json))
    if pac_id is None:
        raise BadInput("name the PAC to attest, or an attestation with --verify")
    if as_json:
        raise BadInput("--json goes with --verify: an attestation is JSON anyway")
    require_kept(settings, "BENSON_HOME or BENSON_TRAIL_URL names it")
    from benson_execution.interchange.envelope import sign  # slow to import, and seldom needed

    trusted = read_public_keys(keys) if keys else trusted_keys(settings)
    trail = open_trail(settings, read_only=True)
    wanted = resolve_pac(trail, pac_id)
    evidence = proved(trail, _dispatch_of(trail, wanted, dispatch), wanted, trusted)
    key = key_in_force(evidence, keyring_of(settings))
    with _reading(files) as (folder, progress):
        attestation = attestation_of(evidence, folder, progress)
    _tell_unread(attestation.unread, files)
    _write(sign(attestation.statement, key), output)


def _dispatch_of(trail: Trail, pac_id: str, wanted: str | None) -> str:
    """The PAC's dispatch with this id, or its newest one."""
    known = dict.fromkeys(s.dispatch.dispatch_id for s in trail.events(pac_id=pac_id))
    if wanted is None:
        return list(known)[-1]
    if wanted not in known:
        told = enumerate_some(plain(one) for one in known)
        raise BadInput(f"{plain(pac_id)} has no dispatch {quote(wanted)}", f"it has {told}")
    return wanted


@contextmanager
def _reading(files: Path | None) -> Iterator[tuple[Folder | None, Progress]]:
    with (
        nullcontext() if files is None else Folder(files) as folder,
        Status(Text("Reading files"), console=err()) as status,
    ):
        yield folder, lambda path: status.update(Text(f"Reading {plain(path)}"))


def _tell_unread(unread: Mapping[str, Sequence[str]], files: Path | None) -> None:
    for why, paths in unread.items():
        told = enumerate_some(map(plain, paths[:_MAX_NAMED]), more=len(paths) - _MAX_NAMED)
        hint = " (--files DIR names it)" if files is None else ""
        err().print(Text(f"benson: not attested: {told}: {plain(why)}{hint}"))


def _write(envelope: bytes, output: Path | None) -> None:
    if output is None or str(output) == "-":
        with reader_may_leave():
            sys.stdout.buffer.write(envelope)
        return
    with output_file(output) as file:
        file.write(envelope)


def _verify(
    file: str, content: bytes, trusted: Sequence[Any], files: Path | None, as_json: bool
) -> int:
    """Say whether an attestation is one, and what it attests; returns the exit code."""
    from benson_execution.interchange.envelope import verify as verify_envelope

    name = "standard input" if file == "-" else plain(file, 500)
    try:
        statement, key_id = verify_envelope(content, trusted)
    except BadInput as error:
        raise located(error, file) from None
    except NotVerified as error:
        return _tell_verdict(name, None, [_sentence(error)], as_json)
    findings: list[str] = []
    if files is not None:
        with _reading(files) as (folder, progress):
            assert folder is not None
            findings = differing_files(statement, folder, progress)
    told = {"key_id": key_id, **_members(statement), "files_compared": files is not None}
    return _tell_verdict(name, told, findings, as_json)


def _sentence(error: BensonError) -> str:
    return error.message if error.hint is None else f"{error.message} ({error.hint})"


def _members(statement: Mapping[str, Any]) -> dict[str, Any]:
    about, predicate = statement["subject"][0]["annotations"], statement["predicate"]
    return {
        "trail_id": about["trail_id"],
        "dispatch_id": about["dispatch_id"],
        "pac_id": about["pac_id"],
        "result": predicate["result"],
        "passed_tests": predicate["passedTests"],
        "failed_tests": predicate["failedTests"],
        "subjects": [
            {"name": one["name"], "sha256": one["digest"]["sha256"]} for one in statement["subject"]
        ],
    }


def _tell_verdict(
    name: str, told: Mapping[str, Any] | None, findings: Sequence[str], as_json: bool
) -> int:
    with reader_may_leave():
        if as_json:
            verdict = {"verified": not findings, "file": name, "findings": list(findings)}
            print_json({**verdict, **(told or {})})
        else:
            _print_verdict(name, told, findings)
    return NotVerified.exit_code if findings else 0


def _print_verdict(name: str, told: Mapping[str, Any] | None, findings: Sequence[str]) -> None:
    console = out()
    word = ("NOT VERIFIED", "bold red") if findings else ("VERIFIED", "bold green")
    console.print(Text.assemble(word, f"  {name}"))
    for finding in findings[:_MAX_TOLD]:
        console.print(Text(f"  {plain(finding, MAX_LINE)}"))
    if len(findings) > _MAX_TOLD:
        console.print(Text(f"  and {len(findings) - _MAX_TOLD} more"))
    if told is None:
        return
    pac = f"  {plain(told['pac_id'])}, dispatch {plain(told['dispatch_id'])}"
    console.print(Text.assemble("  ", styled(told["result"]), pac))
    for what, names in (("passed", told["passed_tests"]), ("failed", told["failed_tests"])):
        if names:
            console.print(Text(f"  {what}  {enumerate_some(map(plain, names), most=_MAX_TOLD)}"))
    for one in told["subjects"][:_MAX_TOLD]:
        console.print(Text(f"  {plain(one['sha256'])}  {plain(one['name'], MAX_LINE)}"))
    rest = len(told["subjects"]) - 1
    if rest >= _MAX_TOLD:
        console.print(Text(f"  and {rest + 1 - _MAX_TOLD} more"))
    if rest and not told["files_compared"]:
        console.print(Text("  the files were not compared: --files DIR names where they lie"))
    console.print(Text(f"  by key {plain(told['key_id'])}"))


_MAX_TOLD = 50
_MAX_NAMED = 5
