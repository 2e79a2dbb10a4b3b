"""`imagepipe check`: whether account and region can take a deployment. Changes nothing, costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from operations import terminal
from operations.checking import Finding, Fit, findings, read_wanted
from operations.commands import options
from operations.wiring import connect_account

CDK_FILE = Path(__file__).resolve().parents[2] / "cdk.json"
DOES_NOT_FIT = 1


def check(
    *,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "-c", "--context", help="A setting of the deployment, NAME=VALUE, as `cdk deploy` takes it."
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Check whether this account and region can take what is to be deployed; exit code 1 if not."""
    typed = context or []
    wanted = read_wanted(CDK_FILE, typed)
    with terminal.progress() as display:
        display.add_task("asking", total=None)
        found = list(findings(wanted, connect_account()))
    fits = not any(finding.verdict is Fit.NO for finding in found)
    if json:
        terminal.print_json({"fits": fits, "findings": [finding.to_json() for finding in found]})
    else:
        _print(found, typed, fits=fits)
    return 0 if fits else DOES_NOT_FIT


def _print(found: list[Finding], typed: list[str], *, fits: bool) -> None:
    laid_out = terminal.table("", "Checked", "Found", "What to do")
    for finding in found:
        laid_out.add_row(finding.verdict.value, finding.subject, finding.found, finding.advice)
    terminal.results().print(laid_out)
    proposed = {name: number for finding in found for name, number in (finding.settings or {}).items()}
    if proposed:
        kept = [setting for setting in typed if setting.partition("=")[0] not in proposed]
        settings = [*kept, *(f"{name}={number}" for name, number in proposed.items())]
        line = " ".join(f"-c {setting}" for setting in settings)
        typer.echo(f'\nProposed: make deploy SETTINGS="{line}"')
    if not fits:
        typer.echo("\nThis deployment would not work here.")
