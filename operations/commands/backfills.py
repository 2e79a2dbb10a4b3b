"""Backfills for people and machines: the question, the progress, the end."""

from __future__ import annotations

from collections.abc import Callable

from rich.progress import Progress as Display

from contract.detectors import OPERATIONS
from operations.backfilling.bookmarks import Progress
from operations.backfilling.bounds import Ended
from operations.backfilling.feeding import Backfill
from operations.commands.plans import duration
from operations.costing.page import money
from operations.planning.objects import Place
from operations.planning.pricing import Pricing
from operations.planning.summing import hours
from operations.terminal import printable, results

_GOES_ON = "the same command goes on from there"
ENDINGS = {
    Ended.ALL: "That is all.",
    Ended.STOPPED: f"Stopped: {_GOES_ON}.",
    Ended.LIMIT: f"That is --limit; {_GOES_ON}.",
    Ended.MAX_COST: f"The next one would cost more than --max-cost; with a higher one, {_GOES_ON}.",
    Ended.QUEUE_FULL: (
        "The queue holds as much as is done in half the time that messages are kept; "
        f"in some days, {_GOES_ON}."
    ),
}


class Watch:
    """Shows how a run goes, and how long the workers will be at it."""

    def __init__(self, display: Display, pricing: Pricing, clock: Callable[[], float]) -> None:
        self._display, self._pricing, self._clock = display, pricing, clock
        self._task, self._began = display.add_task("listing", total=None), clock()

    def tell(self, run: Backfill) -> None:
        """Show how far it is."""
        elapsed = max(self._clock() - self._began, 0.001)
        work = duration(self._pricing.seconds(run.progress.calls))
        self._display.update(
            self._task,
            completed=run.queued,
            description=(
                f"{run.totals.objects:,} looked at, {run.queued:,} queued, {run.queued / elapsed:,.0f}/s; "
                f"work for {work} at the quota"
            ),
        )


def question(place: Place, pricing: Pricing, before: Progress, max_cost: float | None) -> str:
    """Write what is asked before anything is queued."""
    most = f"for at most ${money(max_cost)}" if max_cost is not None else "whatever they cost"
    asked = ", ".join(f"{operation} at {quota:g} a second" for operation, quota in pricing.quotas.items())
    going_on = f", going on after {before.queued:,} queued before" if before.after else ""
    return (
        f"Queue what has no current record under {printable(place.uri)} for {asked}, {most}{going_on}? "
        "(imagepipe plan says what it takes)"
    )


def show(run: Backfill, ended: Ended, pricing: Pricing, place: Place) -> None:
    """Write the end of a run to stdout."""
    totals, out = run.totals, results()
    left_out = f", {totals.left_out:,} left out" if totals.left_out else ""
    archived = f", {totals.archived:,} are archived and were left alone" if totals.archived else ""
    calls = ", ".join(f"{count:,} {OPERATIONS[name]}" for name, count in run.progress.calls.items())
    takes = (
        f"{calls} calls, {duration(pricing.seconds(run.progress.calls))} at the quota" if calls else "no call"
    )
    before = run.progress.queued - run.queued
    runs = f" ({before:,} in earlier runs)" if before else ""
    out.print(
        f"{run.progress.queued:,} queued{runs} under {printable(place.uri)}; this run looked at "
        f"{totals.objects:,}, of which {totals.current:,} have their record{archived}{left_out}.\n"
        f"They need {takes}; about ${money(run.dollars)}.\n{ENDINGS[ended]}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def document(run: Backfill, ended: Ended, pricing: Pricing, place: Place) -> dict[str, object]:
    """Write the end of a run for machines. What is `in_all` adds up over the runs since the beginning."""
    return {
        "place": place.uri,
        "ended": str(ended),
        "queued": run.queued,
        "looked_at": run.totals.objects,
        "current": run.totals.current,
        "left_out": run.totals.left_out,
        "archived": run.totals.archived,
        "in_all": {
            "queued": run.progress.queued,
            "calls": dict(run.progress.calls),
            "hours": hours(pricing.seconds(run.progress.calls)),
            "dollars": round(run.dollars, 4),
        },
    }
