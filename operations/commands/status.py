"""`imagepipe status`: how the pipeline does."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

import typer

from contract.errors import ImagepipeError
from operations import terminal
from operations.commands import options
from operations.faults import OperatorError
from operations.inventory import RecordCount
from operations.quotas import QuotaInUse, in_use
from operations.status import Calls, Report, report
from operations.wiring import DeployedPipeline, connect


def status(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="How many days to add up.")] = 30,
    exact: Annotated[
        bool, typer.Option("--exact", help="Count all records: half a cent and some seconds a million.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Print what waits, what was given up, what there is, and what it has cost and saved."""
    pipeline = connect(stack, local, directory)
    with terminal.progress() as display:
        display.add_task("asking", total=None)
        made = report(
            {lane.name: lane.queue for lane in pipeline.lanes},
            {lane.name: lane.dead_letters for lane in pipeline.lanes},
            pipeline.record_counts,
            time.time,
            days=days,
            exact=exact,
        )
        made = replace(made, quotas=_quotas(pipeline))
    if json:
        terminal.print_json(made.to_json())
    else:
        _print(made)


def _quotas(pipeline: DeployedPipeline) -> list[QuotaInUse]:
    """Return how fast operations are called; empty, with a remark, where nobody may know what is deployed."""
    try:
        deployed = pipeline.deployed
        return in_use(deployed.quotas, pipeline.budgets, (), time.time(), deployed.daily_limits)
    except (OperatorError, ImagepipeError) as error:
        typer.echo(f"The quotas are not known: {terminal.printable(str(error))}", err=True)
        return []


def _print(report: Report) -> None:
    out = terminal.results()
    queues = terminal.table("Queue", "#Waiting", "#At work", "#Delayed", "#Dead letters")
    for name, depth in report.queues.items():
        dead = report.dead_letters[name]
        counts = (f"{count:,}" for count in (depth.visible, depth.in_flight, depth.delayed))
        queues.add_row(name, *counts, f"[red]{dead:,}[/]" if dead else "0")
    out.print(queues)
    records = ", ".join(f"{_number(counted)} {state}" for state, counted in report.records.items())
    typer.echo(f"\nRecords: {records}")
    calls = terminal.table("Detector calls", "#Made", "#Avoided", "#Throttled", "#Hit ratio", "#Saved")
    calls.add_row("today", *_cells(report.today))
    calls.add_row(f"{report.days} days", *_cells(report.calls))
    typer.echo()
    out.print(calls)
    if report.quotas:
        rates = ", ".join(
            f"{quota.operation} {quota.rate:.1f} of {quota.in_use:g}" for quota in report.quotas
        )
        typer.echo(f"\nCalls a second, at most: {rates}")
    limited = [quota for quota in report.quotas if quota.daily.in_use is not None]
    if limited:
        days = ", ".join(
            f"{quota.operation} {quota.daily.today:,} of {quota.daily.in_use:,}" for quota in limited
        )
        typer.echo(f"Calls today (UTC), of those allowed: {days}")
    if any(report.dead_letters.values()):
        typer.echo("\nWhy there are dead letters: imagepipe dlq summary")


def _number(counted: RecordCount) -> str:
    return f"{counted.count:,}" if counted.is_all else f"more than {counted.count:,} (--exact counts all)"


def _cells(calls: Calls) -> tuple[str, ...]:
    ratio = "-" if calls.hit_ratio is None else f"{calls.hit_ratio:.1%}"
    counts = (f"{count:,}" for count in (calls.made, calls.avoided, calls.throttled))
    return (*counts, ratio, f"${calls.dollars_saved:,.2f}")
