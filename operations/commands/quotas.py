"""`imagepipe quotas`: how fast each operation may be called, and changing it."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from contract.errors import ImagepipeError
from operations import terminal
from operations.commands import options
from operations.deployed import AccountQuota
from operations.faults import OperatorError
from operations.quotas import QuotaInUse, in_use, read_daily_limits, read_settings, require_known
from operations.wiring import DeployedPipeline, connect


def quotas(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    apply: Annotated[bool, typer.Option("--apply", help="Use the account's quotas from now on.")] = False,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="Use this quota, in calls a second: DetectLabels=80.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", help="Use the deployment's quota again: DetectLabels.")
    ] = None,
    daily: Annotated[
        list[str] | None,
        typer.Option(
            "--daily",
            help="Allow this many calls a day (UTC): DetectLabels=20000; =0 for none at all, "
            "=none for the deployment's limit again.",
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show how many calls each operation may take, a second and a day: deployed, set, and in use now."""
    pipeline = connect(stack, local, directory)
    with terminal.progress() as display:
        display.add_task("asking", total=None)
        account, silence = _account(pipeline)
        shown = _in_use(pipeline, account)
    if silence and not json:
        typer.echo(f"The account's quotas are not known: {terminal.printable(silence)}", err=True)
    operations = [quota.operation for quota in shown]
    limits = read_daily_limits(daily or [], operations)
    changed = _change(pipeline, shown, apply=apply, settings=setting or [], unset=unset or [])
    for operation, limit in limits.items():
        pipeline.budgets.set_daily_limit(operation, limit)
    if changed or limits:
        shown = _in_use(pipeline, account)
    if json:
        terminal.print_json(
            {"operations": {quota.operation: quota.to_json() for quota in shown}, "unknown_because": silence}
        )
    else:
        _print(shown)


def _in_use(pipeline: DeployedPipeline, account: list[AccountQuota]) -> list[QuotaInUse]:
    deployed = pipeline.deployed
    return in_use(deployed.quotas, pipeline.budgets, account, time.time(), deployed.daily_limits)


def _account(pipeline: DeployedPipeline) -> tuple[list[AccountQuota], str | None]:
    """Return what Service Quotas knows; where it does not answer, as on a local cloud, why."""
    if pipeline.is_local:
        return [], "the local cloud has no Service Quotas; --set takes any number"
    try:
        return pipeline.account.per_second(), None
    except ImagepipeError as error:
        return [], f"{error.code}: {error.message}"


def _change(
    pipeline: DeployedPipeline, shown: list[QuotaInUse], *, apply: bool, settings: list[str], unset: list[str]
) -> bool:
    """Write what was asked for; return whether that was anything. If any is wrong, nothing is written."""
    operations = [quota.operation for quota in shown]
    changes: dict[str, float | None] = {require_known(operation, operations): None for operation in unset}
    if apply:
        unknown = [quota.operation for quota in shown if quota.account is None]
        if unknown:
            raise OperatorError(
                f"the account's quota of {', '.join(unknown)} is not known; set it: --set {unknown[0]}=50"
            )
        changes |= {quota.operation: quota.account for quota in shown}
    changes |= read_settings(settings, operations)
    for operation, quota in changes.items():
        pipeline.budgets.set_quota(operation, quota)
    return bool(changes)


def _print(shown: list[QuotaInUse]) -> None:
    laid_out = terminal.table("Calls a second", "#Deployed", "#Set", "#Account", "#In use", "#Now")
    for quota in shown:
        cells = (quota.deployed, quota.chosen, quota.account, quota.in_use)
        shown_as = ("-" if number is None else f"{number:g}" for number in cells)
        laid_out.add_row(quota.operation, *shown_as, f"{quota.rate:.1f}")
    terminal.results().print(laid_out)
    _print_daily(shown)
    lower = [quota for quota in shown if quota.account is not None and quota.account < quota.in_use]
    higher = [quota for quota in shown if quota.account is not None and quota.account > quota.in_use]
    if lower or higher:
        why = "calls will be throttled" if lower else "more would be possible"
        typer.echo(f"\nThe account has other quotas ({why}): imagepipe quotas --apply")


def _print_daily(shown: list[QuotaInUse]) -> None:
    laid_out = terminal.table("Calls a day (UTC)", "#Deployed", "#Set", "#In use", "#Today")
    for quota in shown:
        daily = quota.daily
        cells = (daily.deployed, daily.chosen, daily.in_use, daily.today)
        laid_out.add_row(quota.operation, *("-" if number is None else f"{number:,}" for number in cells))
    typer.echo()
    terminal.results().print(laid_out)
    reached = [quota.operation for quota in shown if quota.daily.is_reached]
    if reached:
        typer.echo(
            f"\nNo call is left for today of {', '.join(reached)}: photos wait until midnight (UTC). "
            f"To allow more: imagepipe quotas --daily {reached[0]}=…"
        )
