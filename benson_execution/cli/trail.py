"""`benson head`, `benson keys`, `benson trail` and `benson recover`: keeping the trail."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from benson_execution.cli.inputs import require_kept
from benson_execution.cli.output import MAX_LINE, err, out, print_json, reader_may_leave
from benson_execution.errors import (
    ArtifactNotWritten,
    BadInput,
    ExecutionFailed,
    NotVerified,
    TrailUnavailable,
)
from benson_execution.prefect_environment import prepare_embedded
from benson_execution.proof.heads import Rotation
from benson_execution.proof.heads_file import append_head
from benson_execution.proof.keyring import KeyFile, Keyring, retire, retired_keys
from benson_execution.proof.keys import SigningKey
from benson_execution.recovery import Action, Recovered
from benson_execution.recovery import recover as recover_trail
from benson_execution.settings import Settings
from benson_execution.text import plain
from benson_execution.tracing import export_dispatch
from benson_execution.trail import open_trail
from benson_execution.trail.opening import keyring_of, lasting_trail_url
from benson_execution.trail.sql import open_database
from benson_execution.trail.version import upgrade as upgrade_tables

keys = typer.Typer(help="The keys that sign the trail.", no_args_is_help=True)
trail = typer.Typer(help="The trail's database.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def head(as_json: AsJson = False) -> None:
    """Print the newest signed head: keep it elsewhere, and hold the trail against it later.

    [dim]benson head --json > head.json[/]
    [dim]benson verify --head head.json[/]
    """
    settings = Settings.load()
    require_kept(settings)
    newest = open_trail(settings, read_only=True).head()
    if newest is None:
        raise NotVerified("the trail has no head: it was emptied", "`benson verify` says more")
    # Whatever stands behind the signature was read by nobody yet.
    if not all(line.isprintable() for line in newest.note.decode().split("\n")):
        raise NotVerified("the newest head was changed", "`benson verify` says more")
    with reader_may_leave():
        if as_json:
            print_json(newest.to_dict())
        else:
            sys.stdout.buffer.write(newest.note)


@keys.command("public")
def public(as_json: AsJson = False) -> None:
    """Print the public half of the signing key, and of those before it: what others verify with.

    [dim]benson keys public > public.pem[/]
    """
    settings = Settings.load()
    keyring = keyring_of(settings)
    if isinstance(keyring, KeyFile) and not keyring.path.exists():
        raise BadInput(f"there is no key at {keyring.path} yet", "the first run makes one")
    key = keyring.key(None).public
    # What a key signed before it was handed over is verified with it.
    pem = b"".join(one.pem for one in (*retired_keys(settings.home), key)).decode()
    with reader_may_leave():
        if as_json:
            print_json({"key_id": key.key_id, "pem": pem})
        else:
            sys.stdout.write(pem)


@keys.command("rotate")
def rotate(
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="The new key, where the old one was given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hand the trail over to a new signing key; the old one signs that.

    A key of our own, under BENSON_HOME, is replaced. For one that BENSON_SIGNING_KEY names, make
    the new one yourself, name it with --to, and set BENSON_SIGNING_KEY to it afterwards.

    [dim]benson keys rotate[/]
    [dim]benson keys rotate --to new-key.pem[/]
    """
    settings = Settings.load()
    require_kept(settings)
    keyring = keyring_of(settings)
    if isinstance(keyring, KeyFile) and to is not None:
        raise BadInput("--to goes with a key that BENSON_SIGNING_KEY names")
    if not isinstance(keyring, KeyFile) and to is None:
        raise BadInput("name the new key with --to", "`openssl genpkey -algorithm ed25519`")
    rotation, where = _rotate(settings, keyring, to)
    try:
        append_head(settings.heads_file, rotation, where)
    except OSError as error:
        raise ArtifactNotWritten(
            f"the trail is handed over to {rotation.new_key.key_id}, but the heads file "
            f"{settings.heads_file} can't be written: {error.strerror or error}"
        ) from error
    members = {"old_key_id": rotation.key_id, "new_key_id": rotation.new_key.key_id}
    if as_json:
        print_json({**members, "size": rotation.size, "note": rotation.note.decode()})
        return
    out().print(
        Text(f"heads of more than {rotation.size} entries are signed by {members['new_key_id']}")
    )


def _rotate(settings: Settings, keyring: Keyring, to: Path | None) -> tuple[Rotation, str]:
    """Hand over, and say where the trail is that was handed over."""
    opened = open_trail(settings)
    if isinstance(keyring, KeyFile):
        with keyring.rotating():
            new = keyring.prepare_rotation(opened.key_id())
            rotation = opened.rotate(new)
            keyring.key(new.key_id, rotation)  # puts it into its place
        return rotation, opened.where
    assert to is not None
    new, old = SigningKey.read(to), keyring.key(None).public
    rotation = opened.rotate(new)
    retire(settings.home, old)
    err().print(Text(f"benson: set BENSON_SIGNING_KEY to {plain(str(to))} from now on"))
    return rotation, opened.where


@trail.command("upgrade")
def upgrade(as_json: AsJson = False) -> None:
    """Bring the trail's tables to this program's version; nothing that is recorded changes.

    [dim]benson trail upgrade[/]
    """
    settings = Settings.load()
    url = require_kept(settings)
    before, after = upgrade_tables(open_database(url))
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        out().print(Text(f"the trail has version {after} already"))
    else:
        out().print(Text(f"the trail had version {before or 'none'}, and has {after}"))


def recover(as_json: AsJson = False) -> None:
    """Close what was killed, and write the artifacts that are missing.

    A dispatch is closed as FAILED once its process is dead: on this machine at once, on another
    one when its lease has run out. Where PREFECT_API_URL is set, Prefect is asked as well.
    The exit code is 3 when something could not be recovered.

    [dim]benson recover[/]
    [dim]benson recover --json[/]
    """
    settings = Settings.load()
    lasting_trail_url(settings)
    if os.environ.get("PREFECT_API_URL"):
        found = _recover_with_prefect(settings)
    else:
        opened = open_trail(settings)
        found = list(recover_trail(opened, settings))
        for one in found:
            if one.action in (Action.CLOSED, Action.COMPLETED):
                export_dispatch(opened, one.dispatch_id, settings)
    with reader_may_leave():
        for one in found:
            if as_json:
                print_json(one.to_dict())
            else:
                about = (
                    f"{plain(one.dispatch_id)}  {plain(one.pac_id)}: {plain(one.because, MAX_LINE)}"
                )
                out().print(Text(f"{one.action.value:<17} {about}"))
        if not found and not as_json:
            out().print(Text("nothing is unfinished"))
    if any(one.action is Action.FAILED for one in found):
        raise typer.Exit(ExecutionFailed.exit_code)


def _recover_with_prefect(settings: Settings) -> list[Recovered]:
    err().print(Text(f"benson: asking {prepare_embedded(settings.home)}"))
    from flows.trail_recovery import recover_with_prefect  # imports Prefect

    try:
        return asyncio.run(recover_with_prefect(settings))
    except TrailUnavailable:
        raise
    except Exception as error:
        raise ExecutionFailed(
            f"Prefect could not be asked: {plain(str(error)) or type(error).__name__}",
            "unset PREFECT_API_URL to go by the processes and their leases alone",
        ) from error
