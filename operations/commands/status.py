"""`imagepipe status`: what waits, what was given up, what there is, what detectors have cost and saved."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.text import Text

from aws.queue_depths import QueueDepth
from contract.moments import day_of
from contract.pipeline_status import Calls, QuotaInUse, Spent, days_of_month
from contract.records import Status
from contract.timing import DAY_SECONDS
from operations import terminal
from operations.adapters.dynamodb import OperatedTable
from operations.commands import options
from operations.commands.standing import quotas_in_use
from operations.commands.watching import watch
from operations.filling_spaces import MOST_ROWS_A_SHARD, SpaceFilling, filling_of
from operations.inventory import RecordCount
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
    watched: Annotated[
        bool, typer.Option("--watch", help="Go on showing how things stand, until Ctrl-C.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", min=1, max=3600, help="With --watch: how many seconds apart.")
    ] = 3.0,
    json: options.Json = False,
) -> None:
    """Print what waits, what was given up, what there is, and what it has cost and saved."""
    pipeline = connect(stack, local, directory)
    if watched:
        watch(pipeline, every, json=json)
        return
    with terminal.progress() as display:
        display.add_task("asking", total=None)
        made = report(pipeline, time.time(), days=days, exact=exact)
    if json:
        terminal.print_json(made.to_json())
    else:
        _print(made)


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
    spent = report.spent
    typer.echo(f"\nRekognition, by UTC: ${spent.today:,.2f} today, ${spent.month:,.2f} this month")
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
    if report.filling is not None:
        typer.echo(f"\nSearch by meaning: {filling_in_words(report.filling)}")
    if any(report.dead_letters.values()):
        typer.echo("\nWhy there are dead letters: imagepipe dlq summary")


def filling_in_words(filling: SpaceFilling) -> str:
    """Return how far a space is filled, and what to do next."""
    if filling.is_complete:
        return (
            f"{filling.in_words()}: -c meaning={filling.following} -c meaning_next={filling.asked} asks "
            "those; without meaning_next, only those of meaning are made"
        )
    if not filling.is_all:
        return f"{filling.in_words()} (--exact counts all)"
    return f"{filling.in_words()}; imagepipe backfill makes them, and this goes down as they are made"


def _number(counted: RecordCount) -> str:
    return f"{counted.count:,}" if counted.is_all else f"more than {counted.count:,} (--exact counts all)"


def _cells(calls: "Calls") -> tuple[str, ...]:
    ratio = "-" if calls.hit_ratio is None else f"{calls.hit_ratio:.1%}"
    counts = (f"{count:,}" for count in (calls.made, calls.avoided, calls.throttled))
    return (*counts, ratio, f"${calls.dollars_saved:,.2f}")


@dataclass(frozen=True)
class Report:
    """The answer of `imagepipe status`. `calls` covers `days` days, today included.

    `quotas` is empty where it is not known what is deployed. `spent` is on Rekognition. `filling` is None
    where no space of vectors is filled while another is searched.
    """

    queues: Mapping[str, QueueDepth]
    dead_letters: Mapping[str, int]
    records: Mapping[Status, RecordCount]
    today: Calls
    calls: Calls
    days: int
    quotas: Sequence[QuotaInUse]
    spent: Spent
    filling: SpaceFilling | None = None

    def to_json(self) -> dict[str, object]:
        return {
            "queues": {name: depth._asdict() for name, depth in self.queues.items()},
            "dead_letters": dict(self.dead_letters),
            "records": {str(status): asdict(counted) for status, counted in self.records.items()},
            "today": self.today.to_json(),
            f"last_{self.days}_days": self.calls.to_json(),
            "quotas": {quota.operation: quota.to_json() for quota in self.quotas},
            "dollars": self.spent.to_json(),
            **({"meaning": self.filling.to_json()} if self.filling else {}),
        }


def report(pipeline: DeployedPipeline, now: float, *, days: int, exact: bool) -> Report:
    """Read everything. `now` is in seconds since 1970; the last `days` days end with today, by UTC."""
    wanted = [day_of(now - back * DAY_SECONDS) for back in range(days)]
    counts = pipeline.table.counts_by_day(list(dict.fromkeys([*wanted, *days_of_month(now)])))
    return Report(
        queues={lane.name: lane.queue.depth() for lane in pipeline.lanes},
        dead_letters={lane.name: lane.dead_letters.depth().total for lane in pipeline.lanes},
        records=_records(pipeline.table, exact=exact),
        today=Calls.of([counts.get(wanted[0], {})]),
        calls=Calls.of(counts[day] for day in wanted if day in counts),
        days=days,
        quotas=quotas_in_use(pipeline, now),
        spent=Spent.of(counts, wanted[0]),
        filling=_filling(pipeline, exact=exact),
    )


def _filling(pipeline: DeployedPipeline, *, exact: bool) -> SpaceFilling | None:
    asked, following = pipeline.names.meaning_asked, pipeline.names.meaning_next
    if not following:
        return None
    return filling_of(pipeline.vectors, asked, following, None if exact else MOST_ROWS_A_SHARD)


def _records(table: OperatedTable, *, exact: bool) -> Mapping[Status, RecordCount]:
    """Return the counts that are kept; where there are none, or `exact`, count."""
    kept = None if exact else table.kept_counts()
    if kept is not None:
        return {status: RecordCount(kept.get(status, 0), is_all=True) for status in COUNTED}
    most = None if exact else PAGES_A_PARTITION
    return {status: table.count_rows(status, most) for status in COUNTED}
