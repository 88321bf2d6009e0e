"""The command's frame: its subcommands, its version, and how every error ends it."""

from __future__ import annotations

import gc
import sys
from typing import Annotated, Final

import typer

from benson_execution.cli import (
    archive,
    attest,
    automations,
    events,
    export,
    judge,
    metrics,
    refusals,
    rejudge,
    report,
    review,
    run,
    schema,
    show,
    submit,
    trail,
    up,
    validate,
    verify,
)
from benson_execution.cli.output import defect
from benson_execution.cli.output import report as report_error
from benson_execution.errors import BadInput, BensonError, ExecutionFailed
from benson_execution.prefect_environment import password_hint
from benson_execution.version import __version__

_REFUSED: Final = "Prefect refused to answer"

app = typer.Typer(
    name="benson",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 completed, 1 blocked, 2 bad usage or unreadable input, 3 failed, "
    "4 not verified, 5 trail unavailable. BENSON_HOME (default ~/.benson) holds the trail, its "
    "key and the artifacts.",
)
app.command("run")(run.run)
app.command("judge")(judge.judge)
app.command("events")(events.events)
app.command("show")(show.show)
app.command("report")(report.report)
app.command("refusals")(refusals.refusals)
app.command("verify")(verify.verify)
app.command("rejudge")(rejudge.rejudge)
app.command("head")(trail.head)
app.command("attest")(attest.attest)
app.command("export")(export.export)
app.command("metrics")(metrics.metrics)
app.command("submit")(submit.submit)
app.command("up")(up.up)
app.command("review")(review.review)
app.command("validate")(validate.validate)
app.command("schema")(schema.schema)
app.command("recover")(trail.recover)
app.command("archive")(archive.archive)
app.command("automations")(automations.automations)
app.add_typer(trail.keys, name="keys")
app.add_typer(trail.trail, name="trail")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"benson {__version__}")
        raise typer.Exit


@app.callback()
def benson(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Judge what agents hand over, phase by phase, and keep an audit trail that proves it."""


def main() -> None:
    """Run the command; every error of ours is one sentence and an exit code."""
    if not gc.get_freeze_count():
        # What was imported stays until the process ends. Full collections, of which there are
        # several at the end, would go through it all to find nothing: a fifth of a short command.
        gc.freeze()
    try:
        app()
    except BensonError as error:
        report_error(error)
        sys.exit(error.exit_code)
    except UnicodeEncodeError:  # an argument that is no text reached a place where only text can be
        report_error(BadInput("an argument is not valid text"))
        sys.exit(BadInput.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        report_error(ExecutionFailed(f"the answer could not be given: {error.strerror or error}"))
        sys.exit(ExecutionFailed.exit_code)
    except Exception as error:
        hint = password_hint(error)  # any command that asks Prefect may meet one that is protected
        report_error(ExecutionFailed(_REFUSED, hint) if hint else defect(error))
        sys.exit(ExecutionFailed.exit_code)
    except BaseException as error:
        if type(error).__name__ != "TerminationSignal":  # Prefect's, which only `run` imports
            raise
        sys.exit(143)
