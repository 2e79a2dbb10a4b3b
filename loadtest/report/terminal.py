"""On the terminal: what happens now, and what it amounted to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loadtest.gauges import Sample
from loadtest.outcome import LoadtestOutcome
from loadtest.photos import PhotoTracker
from loadtest.report.rows import rows, what_was_run
from loadtest.scenario import Scenario

_RATE_SECONDS = 10.0


def listed(scenarios: Iterable[Scenario]) -> Table:
    table = Table("scenario", "what it does", "photos", "where", box=None, pad_edge=False)
    for scenario in scenarios:
        where = "a place of its own" if scenario.needs_own_place else "whatever runs"
        table.add_row(scenario.name, scenario.about, str(scenario.photos), where)
    return table


@contextmanager
def live(
    console: Console, scenario: Scenario
) -> Iterator[tuple[Callable[[str], None], Callable[[float, PhotoTracker, list[Sample]], None]]]:
    """Show a run while the block lasts: give what says a sentence, and what shows how far it is."""
    with Live(console=console, refresh_per_second=4, transient=True) as shown:

        def say(doing: str) -> None:
            console.print(f"· {doing}", highlight=False)

        def show(seconds: float, tracker: PhotoTracker, samples: list[Sample]) -> None:
            if console.is_terminal:
                shown.update(_progress(scenario, seconds, tracker, samples))

        yield say, show


def summary(outcome: LoadtestOutcome) -> Group:
    table = Table(box=None, pad_edge=False, show_header=False)
    for row in rows(outcome):
        style = "" if row.reached is None else "green" if row.reached else "red"
        table.add_row(row.what, row.value, Text(row.verdict, style))
    for asked in outcome.api:
        p50, p99 = ("?" if value is None else f"{value:.0f}" for value in (asked.p50_ms, asked.p99_ms))
        text = f"{asked.requests} requests, {asked.a_second:.1f}/s, p50 {p50} ms, p99 {p99} ms"
        failed = Text(f"{asked.failures} failed", "red" if asked.failures else "green")
        table.add_row(f"API: {asked.what}", text, failed)
    title = Text(f"{outcome.scenario}: {outcome.about}", "bold")
    return Group(title, Text(what_was_run(outcome)), Text(outcome.circumstances, "dim"), table)


def _progress(scenario: Scenario, seconds: float, tracker: PhotoTracker, samples: list[Sample]) -> Table:
    sent, ended = tracker.counts()
    table = Table.grid(padding=(0, 1))
    table.add_row("put in", ProgressBar(scenario.photos, sent, 40), f"{sent} of {scenario.photos}")
    table.add_row("ended", ProgressBar(scenario.photos, ended, 40), f"{ended}, {seconds:.0f} s")
    if samples:
        last = samples[-1]
        table.add_row(
            "queues", "", f"{sum(last.waiting.values())} waiting, {sum(last.in_flight.values())} out"
        )
        for operation, count in last.calls.accepted.items():
            throttled = last.calls.throttled.get(operation, 0)
            rate = _rate(samples, operation)
            table.add_row(operation, "", f"{count} calls, {rate:.1f}/s lately, {throttled} throttled")
    return table


def _rate(samples: list[Sample], operation: str) -> float:
    last = samples[-1]
    recent = [sample for sample in samples if sample.at_seconds >= last.at_seconds - _RATE_SECONDS]
    span = last.at_seconds - recent[0].at_seconds
    more = last.calls.accepted.get(operation, 0) - recent[0].calls.accepted.get(operation, 0)
    return more / span if span else 0.0
