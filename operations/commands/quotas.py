"""`imagepipe quotas`: how fast each operation may be called, and changing it."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from contract.errors import ImagepipeError
from operations.budgets.quotas import (
    AccountQuota,
    QuotaInUse,
    in_use,
    read_settings,
    require_known,
)
from operations.commands.options import Directory, Json, Local, Stack
from operations.faults import OperatorError
from operations.terminal import print_json, printable, progress, remarks, results, table
from operations.wiring import Pipeline, connect


def quotas(
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Let workers go by the account's quotas from now on.")
    ] = False,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="Let workers go by this: DetectLabels=80.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", help="Let them go by the deployment's again: DetectLabels.")
    ] = None,
    json: Json = False,
) -> None:
    """Show how many calls a second each operation may take: deployed, set, the account's, and in use now."""
    pipeline = connect(stack, local, directory)
    with progress() as display:
        display.add_task("asking", total=None)
        account, silence = _account(pipeline)
        shown = in_use(pipeline.deployed.quotas, pipeline.budgets, account, time.time())
    if silence and not json:
        remarks().print(
            f"The account's quotas are not known: {printable(silence)}", highlight=False, markup=False
        )
    if _change(pipeline, shown, apply=apply, settings=setting or [], unset=unset or []):
        shown = in_use(pipeline.deployed.quotas, pipeline.budgets, account, time.time())
    if json:
        print_json(
            {"operations": {quota.operation: quota.to_json() for quota in shown}, "unknown_because": silence}
        )
    else:
        _print(shown)


def _account(pipeline: Pipeline) -> tuple[list[AccountQuota], str | None]:
    """Ask Service Quotas; where it does not answer, as on a local cloud, say why."""
    if pipeline.is_local:
        return [], "the local cloud has no Service Quotas; --set takes any number"
    try:
        return pipeline.account.per_second(), None
    except ImagepipeError as failure:
        return [], f"{failure.code}: {failure.message}"


def _change(
    pipeline: Pipeline, shown: list[QuotaInUse], *, apply: bool, settings: list[str], unset: list[str]
) -> bool:
    """Write what was asked for; say whether that was anything. Nothing is written if any of it is wrong."""
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
    laid_out = table("Calls a second", "#Deployed", "#Set", "#Account", "#In use", "#Now")
    for quota in shown:
        cells = (quota.deployed, quota.chosen, quota.account, quota.in_use)
        laid_out.add_row(
            quota.operation,
            *("-" if number is None else f"{number:g}" for number in cells),
            f"{quota.rate:.1f}",
        )
    results().print(laid_out)
    lower = [quota for quota in shown if quota.account is not None and quota.account < quota.in_use]
    higher = [quota for quota in shown if quota.account is not None and quota.account > quota.in_use]
    if lower or higher:
        why = "calls will be throttled" if lower else "more would be possible"
        results().print(f"\nThe account has other quotas ({why}): imagepipe quotas --apply", highlight=False)
