"""`imagepipe quotas`: how fast each operation may be called, and changing it."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from contract.detectors import HOURLY
from contract.errors import ImagepipeError
from contract.pipeline_status import QuotaInUse
from contract.regions import split_line
from operations import terminal
from operations.adapters.account import AccountQuota, DeployedProcessor, find_quota
from operations.adapters.dynamodb import OperatedTable
from operations.commands import options
from operations.wiring import DeployedPipeline, connect

# What is typed to take an operator's limit away.
NO_LIMIT = "none"


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
        shown = in_use(pipeline.deployed, pipeline.table, account, time.time())
    if silence and not json:
        terminal.remark(f"The account's quotas are not known: {silence}")
    limits = read_daily_limits(daily or [], pipeline.deployed.operations)
    changed = _change(pipeline, shown, apply=apply, settings=setting or [], unset=unset or [])
    for operation, limit in limits.items():
        pipeline.table.set_daily_limit(operation, limit)
    if changed or limits:
        shown = in_use(pipeline.deployed, pipeline.table, account, time.time())
    if json:
        terminal.print_json(
            {"operations": {quota.operation: quota.to_json() for quota in shown}, "unknown_because": silence}
        )
    else:
        _print(shown)


AccountQuotas = Mapping[str, Sequence[AccountQuota]]


def _account(pipeline: DeployedPipeline) -> tuple[AccountQuotas, str | None]:
    """Return by region what Service Quotas knows; where it does not answer, as on a local cloud, why.

    The deployment's own region is the empty one.
    """
    if pipeline.is_local:
        return {}, "the local cloud has no Service Quotas; --set takes any number"
    abroad = (split_line(line)[0] for line in pipeline.deployed.lines_abroad)
    known, silence = {}, None
    for region in dict.fromkeys(("", *abroad)):
        try:
            known[region] = pipeline.account_quotas(region)
        except ImagepipeError as error:
            silence = f"{error.code}: {error.message}"
    return known, silence


def _change(
    pipeline: DeployedPipeline,
    shown: list[QuotaInUse],
    *,
    apply: bool,
    settings: list[str],
    unset: list[str],
) -> bool:
    """Write what was asked for; return whether that was anything. If any is wrong, nothing is written."""
    operations = [quota.operation for quota in shown]
    changes: dict[str, float | None] = {require_known(operation, operations): None for operation in unset}
    if apply:
        metered = [quota for quota in shown if split_line(quota.operation)[1] not in HOURLY]
        unknown = [quota.operation for quota in metered if quota.account is None]
        if unknown:
            raise terminal.OperatorError(
                f"the account's quota of {', '.join(unknown)} is not known; set it: --set {unknown[0]}=50"
            )
        changes |= {quota.operation: quota.account for quota in metered}
    changes |= read_settings(settings, operations)
    for operation, quota in changes.items():
        pipeline.table.set_quota(operation, quota)
    return bool(changes)


def _print(shown: list[QuotaInUse]) -> None:
    rows = []
    for quota in shown:
        cells = (quota.deployed, quota.chosen, quota.account, quota.in_use)
        shown_as = ("-" if number is None else f"{number:g}" for number in cells)
        rows.append((quota.operation, *shown_as, f"{quota.rate:.1f}"))
    terminal.print_table(("Calls a second", "#Deployed", "#Set", "#Account", "#In use", "#Now"), rows)
    _print_daily(shown)
    lower = [quota for quota in shown if quota.account is not None and quota.account < quota.in_use]
    higher = [quota for quota in shown if quota.account is not None and quota.account > quota.in_use]
    if lower or higher:
        why = "calls will be throttled" if lower else "more would be possible"
        typer.echo(f"\nThe account has other quotas ({why}): imagepipe quotas --apply")


def _print_daily(shown: list[QuotaInUse]) -> None:
    rows = []
    for quota in shown:
        daily = quota.daily
        cells = (daily.deployed, daily.chosen, daily.in_use, daily.today)
        rows.append((quota.operation, *("-" if number is None else f"{number:,}" for number in cells)))
    typer.echo()
    terminal.print_table(("Calls a day (UTC)", "#Deployed", "#Set", "#In use", "#Today"), rows)
    reached = [quota.operation for quota in shown if quota.daily.is_reached]
    if reached:
        typer.echo(
            f"\nNo call is left for today of {', '.join(reached)}: photos wait until midnight (UTC). "
            f"To allow more: imagepipe quotas --daily {reached[0]}=…"
        )


def in_use(
    deployed: DeployedProcessor, table: OperatedTable, account: AccountQuotas, now: float
) -> list[QuotaInUse]:
    """Return the quotas of the deployed lines, in use now. `now` is in seconds since 1970."""
    quotas, limits = {**deployed.quotas, **deployed.lines_abroad}, deployed.daily_limits
    return [
        QuotaInUse.of(
            line,
            quotas[line],
            limits.get(line),
            budget,
            now=now,
            account=find_quota(split_line(line)[1], account.get(split_line(line)[0], ())),
        )
        for line, budget in table.budgets(list(quotas)).items()
    ]


def read_settings(typed: Sequence[str], operations: Sequence[str]) -> dict[str, float]:
    """Read `DetectLabels=80` and the like. Raise OperatorError."""
    settings: dict[str, float] = {}
    for text in typed:
        operation, _, number = text.partition("=")
        try:
            settings[require_known(operation, operations)] = quota = float(number)
        except ValueError:
            quota = 0.0
        if not 0 < quota < float("inf"):
            raise terminal.OperatorError(
                f"--set {text!r}: write it like DetectLabels=80, calls a second above 0"
            )
    return settings


def read_daily_limits(typed: Sequence[str], operations: Sequence[str]) -> dict[str, int | None]:
    """Read `DetectLabels=20000` and the like; `none` is None. Raise OperatorError."""
    limits: dict[str, int | None] = {}
    for text in typed:
        operation, _, number = (part.strip() for part in text.partition("="))
        if number.lower() != NO_LIMIT and not re.fullmatch(r"[0-9]{1,15}", number):
            raise terminal.OperatorError(
                f"--daily {text!r}: write it like DetectLabels=20000, calls a day (0 allows none), or like "
                f"DetectLabels={NO_LIMIT} to go back to the deployment's"
            )
        limits[require_known(operation, operations)] = None if number.lower() == NO_LIMIT else int(number)
    return limits


def require_known(operation: str, operations: Sequence[str]) -> str:
    """Return an operation that is deployed. Raise OperatorError."""
    if operation not in operations:
        raise terminal.OperatorError(
            f"{operation!r} is not an operation in use; choose of {', '.join(operations)}"
        )
    return operation
