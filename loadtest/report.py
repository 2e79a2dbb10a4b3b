"""What a load test has found: rows of text, each with what was aimed at, and how a terminal shows them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loadtest.gauges import Sample
from loadtest.outcome import LoadtestOutcome
from loadtest.photos import PhotoTracker
from loadtest.scenario import Scenario

LEAST_USE = 0.95
MOST_THROTTLED = 0.01
MOST_SECONDS_UNTIL_BACK = 15.0
MOST_DOLLARS_BESIDE = 15.0


@dataclass(frozen=True)
class Row:
    """One figure. `reached` is None where nothing was aimed at."""

    what: str
    value: str
    aim: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        return f"{self.aim} {'reached' if self.reached else 'missed'}" if self.aim else ""


def what_was_run(outcome: LoadtestOutcome) -> str:
    """Describe plainly where it ran and what was not real."""
    parts = [
        f"Run on {outcome.where}: real uploads, queues, functions, table, topic and API; nothing simulated."
    ]
    if outcome.is_canned:
        parts.append(
            "Rekognition was CANNED: a server that keeps the quota, takes as long as calls take (log-normal, "
            f"median {outcome.canned_latency_seconds:g} s) and answers without looking at the picture."
        )
    elif "AWS" not in outcome.where:
        parts.append("Rekognition was the local one, which really looks.")
    if "local" in outcome.where:
        parts.append(
            "The cloud was MiniStack; it, the functions, Rekognition and the load test shared the same cores."
        )
    return " ".join(parts)


def rows(outcome: LoadtestOutcome) -> list[Row]:
    return [*_photos(outcome), *_calls(outcome), *_trouble(outcome), *_costs(outcome), *_machine(outcome)]


def _photos(outcome: LoadtestOutcome) -> Iterator[Row]:
    ended = ", ".join(f"{count} {status}" for status, count in outcome.statuses.items()) or "none"
    yield Row("photos", f"{outcome.sent} put in: {ended}")
    if outcome.gave_up:
        yield Row("given up", "nothing ended any more, though photos were on their way", "never", False)
    yield Row("first photo put in to last one ended", f"{outcome.images_a_second:.2f} images/s")
    if outcome.steady is not None and outcome.steady_images_a_second is not None:
        span = f"from {outcome.steady.begin:.0f} s to {outcome.steady.end:.0f} s"
        yield Row(f"in steady state ({span})", f"{outcome.steady_images_a_second:.2f} images/s")
    for latency in outcome.latencies:
        if latency.p50 is not None and latency.p95 is not None and latency.p99 is not None:
            text = f"p50 {latency.p50:.2f} s, p95 {latency.p95:.2f} s, p99 {latency.p99:.2f} s"
            yield Row(f"put in to searchable: {latency.phase} ({latency.photos})", text)
    # The photos that came during a backlog beside those that came alone, by the phases' names.
    by_name = {latency.phase: latency.p95 for latency in outcome.latencies}
    if (idle := by_name.get("idle")) and (during := by_name.get("during")):
        ratio = during / idle
        yield Row("p95 during the backlog over p95 alone", f"{ratio:.2f}", "≤ 3", ratio <= 3)  # noqa: PLR2004


def _calls(outcome: LoadtestOutcome) -> Iterator[Row]:
    for call in outcome.operations:
        yield Row(f"{call.name}: calls", f"{call.accepted} made, {call.throttled} throttled")
        if call.use is not None and call.quota is not None:
            what = f"{call.name}: accepted / quota ({call.quota:g} a second) in steady state"
            yield Row(what, f"{call.use:.3f}", f"≥ {LEAST_USE}", call.use >= LEAST_USE)
        for seconds in call.seconds_until_back:
            what = f"{call.name}: back at 0.9 of the restored quota"
            value = "never" if seconds is None else f"in the five seconds until {seconds:.1f} s after"
            reached = seconds is not None and seconds <= MOST_SECONDS_UNTIL_BACK
            yield Row(what, value, f"≤ {MOST_SECONDS_UNTIL_BACK:.0f} s", reached)
    share = outcome.throttled_share
    yield Row("throttled / all calls", f"{share:.4f}", f"≤ {MOST_THROTTLED}", share <= MOST_THROTTLED)


def _trouble(outcome: LoadtestOutcome) -> Iterator[Row]:
    wanted_none = {
        "lost: neither record nor dead letter": outcome.unheard.lost,
        "recorded, but no completion came": outcome.unheard.silent,
        "dead letters": outcome.dead_letters,
        "duplicates: calls beyond one a content": outcome.calls_too_many,
    }
    for what, count in wanted_none.items():
        if count is not None:
            yield Row(what, str(count), "0", count == 0)
    asked, found = outcome.searchable.asked, outcome.searchable.found
    what = "found by the API, by key and in the list of a label"
    yield Row(what, f"{found} of {asked} asked for", "all", found == asked)


def _costs(outcome: LoadtestOutcome) -> Iterator[Row]:
    if outcome.dollars is None:
        return
    yield Row("Rekognition, by the calls made", f"${outcome.dollars.rekognition:,.0f} a million photos")
    beside = outcome.dollars.everything_else
    if beside is not None:
        what, value = "everything else, by the cost model", f"${beside:,.2f} a million photos"
        if len(outcome.operations) == 1:
            yield Row(what, value, f"≤ ${MOST_DOLLARS_BESIDE:.0f}", beside <= MOST_DOLLARS_BESIDE)
        else:
            yield Row(what, value)


def _machine(outcome: LoadtestOutcome) -> Iterator[Row]:
    if (alone := outcome.baseline) is not None:
        for what, rate in {
            "the local cloud alone: uploads, and nothing else": "uploads_a_second",
            "… its queue through a function that does nothing": "messages_a_second",
            "… one after the other": "both_a_second",
        }.items():
            yield Row(what, f"{alone[rate]:.0f} images/s")
    if (cores := outcome.cores) is not None:
        value = f"{cores.busy:.0%} busy, {cores.by_this_run:.0%} with this run (place and load test)"
        yield Row("this machine's cores meanwhile", value)


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
