"""`imagepipe status`: what waits, what was given up, what there is, what detectors have cost and saved."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.text import Text

from aws.queue_depths import QueueDepth
from contract.errors import ImagepipeError
from contract.moments import day_of
from contract.prices import DOLLARS_A_CALL
from contract.records import Status
from contract.timing import DAY_SECONDS
from operations import terminal
from operations.adapters.dynamodb import OperatedTable
from operations.commands import options
from operations.commands.quotas import QuotaInUse, in_use
from operations.inventory import CALL_COUNTS, RecordCount
from operations.wiring import DeployedPipeline, connect

COUNTED = (Status.RECOGNIZED, Status.REJECTED)
# A page is a megabyte, some four thousand index rows: a quarter of a million records of a state, in seconds.
PAGES_A_PARTITION = 16


def status(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="How many days to add up.")] = 30,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Count the records themselves, and all of them: half a cent and some seconds a million.",
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """Print what waits, what was given up, what there is, and what it has cost and saved."""
    pipeline = connect(stack, local, directory)
    with terminal.progress() as display:
        display.add_task("asking", total=None)
        made = report(pipeline, time.time(), days=days, exact=exact)
    if json:
        terminal.print_json(made.to_json())
    else:
        _print(made)


def _quotas(pipeline: DeployedPipeline, now: float) -> list[QuotaInUse]:
    """Return how fast operations are called; empty, with a remark, where nobody may know what is deployed."""
    try:
        return in_use(pipeline.deployed, pipeline.table, {}, now)
    except (terminal.OperatorError, ImagepipeError) as error:
        terminal.remark(f"The quotas are not known: {error}")
        return []


def _print(report: "Report") -> None:
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


def _cells(calls: "Calls") -> tuple[str, ...]:
    ratio = "-" if calls.hit_ratio is None else f"{calls.hit_ratio:.1%}"
    counts = (f"{count:,}" for count in (calls.made, calls.avoided, calls.throttled))
    return (*counts, ratio, f"${calls.dollars_saved:,.2f}")


@dataclass(frozen=True)
class Calls:
    """Detector calls of a span of time. An aid: a batch that crashed is not in it."""

    made: int = 0
    avoided: int = 0
    throttled: int = 0

    @classmethod
    def of(cls, days: Iterable[Mapping[str, int]]) -> "Calls":
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
    quotas: Sequence[QuotaInUse]

    def to_json(self) -> dict[str, object]:
        return {
            "queues": {name: depth._asdict() for name, depth in self.queues.items()},
            "dead_letters": dict(self.dead_letters),
            "records": {str(status): asdict(counted) for status, counted in self.records.items()},
            "today": self.today.to_json(),
            f"last_{self.days}_days": self.calls.to_json(),
            "quotas": {quota.operation: quota.to_json() for quota in self.quotas},
        }


def report(pipeline: DeployedPipeline, now: float, *, days: int, exact: bool) -> Report:
    """Read everything. `now` is in seconds since 1970; the last `days` days end with today, by UTC."""
    wanted = [day_of(now - back * DAY_SECONDS) for back in range(days)]
    counts = pipeline.table.calls_by_day(wanted)
    return Report(
        queues={lane.name: lane.queue.depth() for lane in pipeline.lanes},
        dead_letters={lane.name: lane.dead_letters.depth().total for lane in pipeline.lanes},
        records=_records(pipeline.table, exact=exact),
        today=Calls.of([counts.get(wanted[0], {})]),
        calls=Calls.of(counts.values()),
        days=days,
        quotas=_quotas(pipeline, now),
    )


def _records(table: OperatedTable, *, exact: bool) -> Mapping[Status, RecordCount]:
    """Return the counts that are kept; where there are none, or `exact`, count."""
    kept = None if exact else table.kept_counts()
    if kept is not None:
        return {status: RecordCount(kept.get(status, 0), is_all=True) for status in COUNTED}
    most = None if exact else PAGES_A_PARTITION
    return {status: table.count_rows(status, most) for status in COUNTED}
