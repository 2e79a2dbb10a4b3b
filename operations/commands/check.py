"""`imagepipe check`: whether account and region can take a deployment. Changes nothing, costs nothing."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from contract.moments import day_of
from contract.picture_usage import PictureAssumptions, PictureWork
from contract.usage import Work
from operations import terminal
from operations.adapters.account import AwsAccount
from operations.checking.account import account_findings, is_updatable, stack_findings
from operations.checking.existing_bucket import bucket_findings
from operations.checking.findings import Finding, Fit
from operations.checking.meaning import meaning_findings
from operations.checking.wanted import Wanted, read_wanted
from operations.checking.watched import watched_findings
from operations.commands import options
from operations.costs import bill, bridged_events, standing_a_month
from operations.filling_spaces import filling_of
from operations.wiring import connect, connect_account

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
    """Check whether this account and region can take what is to be deployed; exit code 1 if not.

    Then say what that costs.
    """
    typed = context or []
    wanted = read_wanted(CDK_FILE, typed)
    with terminal.progress() as display:
        display.add_task("asking", total=None)
        account = connect_account()
        found = [*findings(wanted, account), *_switch(wanted, account)]
    fits = not any(finding.verdict is Fit.NO for finding in found)
    if json:
        terminal.print_json({"fits": fits, "findings": [finding.to_json() for finding in found]})
    else:
        _print(found, typed, fits=fits)
        if fits:
            _print_costs(wanted)
    return 0 if fits else DOES_NOT_FIT


def _print(found: list[Finding], typed: list[str], *, fits: bool) -> None:
    terminal.print_table(
        ("", "Checked", "Found", "What to do"),
        [(finding.verdict.value, finding.subject, finding.found, finding.advice) for finding in found],
    )
    for finding in found:
        if finding.command:
            typer.echo(f"\n{finding.subject}:\n  {finding.command}")
    proposed = _proposed(found)
    if proposed:
        kept = [setting for setting in typed if setting.partition("=")[0] not in proposed]
        settings = [*kept, *(f"{name}={value}" for name, value in proposed.items())]
        line = " ".join(f"-c {setting}" for setting in settings)
        typer.echo(f'\nProposed: make deploy SETTINGS="{line}"')
    if not fits:
        typer.echo("\nThis deployment would not work here. Nothing was made.")


def _proposed(found: list[Finding]) -> dict[str, int | str]:
    """Return the settings that would do, those of several findings together."""
    settings: dict[str, int | str] = {}
    for name, value in (each for finding in found for each in (finding.settings or {}).items()):
        settings[name] = f"{settings[name]},{value}" if name in settings else value
    return settings


def _print_costs(wanted: Wanted) -> None:
    typer.echo()
    terminal.print_table(("What it costs", "#Dollars", "Of this"), costs_of(wanted))
    typer.echo("\nPrices of us-east-1; how it is reckoned: docs/cost.md")


def findings(wanted: Wanted, account: AwsAccount) -> Iterator[Finding]:
    """Look at all that a deployment needs, one thing after the other. Nothing is made or changed."""
    yield Finding("account", f"{account.identity()} in {account.region}", Fit.YES)
    yield from stack_findings(wanted, account)
    yield from bucket_findings(wanted, account)
    yield from account_findings(wanted, account)
    yield from watched_findings(wanted, account, day_of(time.time()))


def _switch(wanted: Wanted, account: AwsAccount) -> Iterator[Finding]:
    """Look at the vectors of the stack that is there, if others are to be asked."""
    state = account.stack_state(wanted.stack) if wanted.meaning else None
    if state is None or not is_updatable(state):
        return
    pipeline = connect(wanted.stack, None, None)
    yield from meaning_findings(wanted, pipeline.names.meaning_asked, partial(filling_of, pipeline.vectors))


def costs_of(wanted: Wanted) -> list[tuple[str, str, str]]:
    """Return what is to be paid with these settings: for what, dollars, and what that is made of."""
    standing = standing_a_month(is_bridged=bool(wanted.bucket))
    rows = [
        (
            "every month, with or without photos",
            terminal.money(sum(standing.values())),
            ", ".join(f"{name} {terminal.money(dollars)}" for name, dollars in standing.items()),
        )
    ]
    for photos in (1_000, 1_000_000):
        files = PictureWork.of_new_photos(photos, PictureAssumptions.converted_share)
        costs = bill(
            Work.of_new_photos(photos, wanted.calls), pictures=files if wanted.has_pictures else None
        )
        bridged = bridged_events(photos) if wanted.bucket else 0.0
        made_of = f"Rekognition {terminal.money(costs.by_service['Rekognition'])}, and then "
        made_of += f"{terminal.money(costs.storage_a_month)} a month to keep what is found"
        rows.append((f"{photos:,} new photos", terminal.money(costs.total + bridged), made_of))
    return rows
