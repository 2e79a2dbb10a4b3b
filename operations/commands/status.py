"""`imagepipe status`: what waits, what was given up, what there is, what detectors have cost and saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from aws.queue_depths import QueueDepth
from contract.errors import ImagepipeError
from contract.prices import DOLLARS_A_CALL
from contract.records import Status
from operations import terminal
from operations.adapters.dynamodb import OperatedTable
from operations.adapters.sqs import SqsQueue
from operations.commands import options
from operations.commands.quotas import QuotaInUse, in_use
from operations.inventory import CALL_COUNTS, RecordCount
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
            pipeline.table,
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
        return in_use(deployed.quotas, pipeline.table, (), time.time(), deployed.daily_limits)
    except (terminal.OperatorError, ImagepipeError) as error:
        terminal.remark(f"The quotas are not known: {error}")
        return []


def _print(report: Report) -> None:
    rows: list[tuple[str | Text, ...]] = []
    for name, depth in report.queues.items():
        dead = report.dead_letters[name]
        counts = (f"{count:,}" for count in (depth.visible, depth.in_flight, depth.delayed))
        rows.append((name, *counts, Text(f"{dead:,}", style="red" if dead else "")))
    terminal.print_table(("Queue", "#Waiting", "#At work", "#Delayed", "#Dead letters"), rows)
    records = ", ".join(f"{_number(counted)} {state}" for state, counted in report.records.items())
    typer.echo(f"\nRecords: {records}")
    typer.echo()
    terminal.print_table(
        ("Detector calls", "#Made", "#Avoided", "#Throttled", "#Hit ratio", "#Saved"),
        [("today", *_cells(report.today)), (f"{report.days} days", *_cells(report.calls))],
    )
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


COUNTED = (Status.RECOGNIZED, Status.REJECTED)
# A page is a megabyte, some four thousand index rows: a quarter of a million records of a state, in seconds.
PAGES_A_PARTITION = 16


@dataclass(frozen=True)
class Calls:
    """Detector calls of a span of time. An aid: a batch that crashed is not in it."""

    made: int = 0
    avoided: int = 0
    throttled: int = 0

    @classmethod
    def of(cls, days: Iterable[Mapping[str, int]]) -> Calls:
        added = list(days)
        return cls(*(sum(counts.get(name, 0) for counts in added) for name in CALL_COUNTS))

    @property
    def hit_ratio(self) -> float | None:
        """Which part of the answers needed no call, 0 to 1; None where there was nothing to answer."""
        wanted = self.made + self.avoided
        return self.avoided / wanted if wanted else None

    @property
    def dollars_saved(self) -> float:
        """What the avoided calls would have cost, in US dollars."""
        return self.avoided * DOLLARS_A_CALL

    def to_json(self) -> dict[str, object]:
        return {
            "calls_made": self.made,
            "calls_avoided": self.avoided,
            "calls_throttled": self.throttled,
            "hit_ratio": None if self.hit_ratio is None else round(self.hit_ratio, 4),
            "dollars_saved": round(self.dollars_saved, 4),
        }


@dataclass(frozen=True)
class Report:
    """The answer of `imagepipe status`. `calls` covers `days` days, today included.

    `quotas` is empty where it is not known what is deployed.
    """

    queues: Mapping[str, QueueDepth]
    dead_letters: Mapping[str, int]
    records: Mapping[Status, RecordCount]
    today: Calls
    calls: Calls
    days: int
    quotas: Sequence[QuotaInUse] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "queues": {name: depth._asdict() for name, depth in self.queues.items()},
            "dead_letters": dict(self.dead_letters),
            "records": {str(status): asdict(counted) for status, counted in self.records.items()},
            "today": self.today.to_json(),
            f"last_{self.days}_days": self.calls.to_json(),
            "quotas": {quota.operation: quota.to_json() for quota in self.quotas},
        }


def report(
    queues: Mapping[str, SqsQueue],
    dead_letters: Mapping[str, SqsQueue],
    table: OperatedTable,
    clock: Callable[[], float],
    *,
    days: int,
    exact: bool,
) -> Report:
    """Read everything but the quotas. The last `days` days end with today, by UTC."""
    today = datetime.fromtimestamp(clock(), UTC).date()
    wanted = [(today - timedelta(days=back)).isoformat() for back in range(days)]
    counts = table.calls_by_day(wanted)
    return Report(
        queues={name: queue.depth() for name, queue in queues.items()},
        dead_letters={name: queue.depth().total for name, queue in dead_letters.items()},
        records={
            status: table.count_rows(status, None if exact else PAGES_A_PARTITION) for status in COUNTED
        },
        today=Calls.of([counts.get(wanted[0], {})]),
        calls=Calls.of(counts.values()),
        days=days,
    )
