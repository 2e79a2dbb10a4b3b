"""Backfills for people and machines: the question, the progress, the end."""

from __future__ import annotations

import typer

from contract.detectors import OPERATIONS
from operations.backfilling import Backfill, Ended, Progress
from operations.commands.plan_view import duration
from operations.cost_page import money
from operations.planning.assessment import Place
from operations.planning.estimate import Pricing, hours
from operations.terminal import printable

_GOES_ON = "the same command goes on from there"
ENDINGS = {
    Ended.ALL: "That is all.",
    Ended.STOPPED: f"Stopped: {_GOES_ON}.",
    Ended.LIMIT: f"That is --limit; {_GOES_ON}.",
    Ended.MAX_COST: f"The next one would cost more than --max-cost; with a higher one, {_GOES_ON}.",
    Ended.QUEUE_FULL: f"The queue holds as much as is done in half the time that messages are kept; in some "
    f"days, {_GOES_ON}.",
}


def progress(run: Backfill, pricing: Pricing, elapsed_seconds: float) -> str:
    """Return how far a run is, and how long the workers will be at it."""
    work = duration(pricing.seconds(run.progress.calls))
    rate = run.queued / max(elapsed_seconds, 0.001)
    done = f"{run.totals.objects:,} looked at, {run.queued:,} queued, {rate:,.0f}/s"
    return f"{done}; work for {work} at the quota"


def question(place: Place, pricing: Pricing, before: Progress, max_cost: float | None) -> str:
    most = f"for at most ${money(max_cost)}" if max_cost is not None else "whatever they cost"
    asked = ", ".join(f"{operation} at {quota:g} a second" for operation, quota in pricing.quotas.items())
    going_on = f", going on after {before.queued:,} queued before" if before.after else ""
    return (
        f"Queue what has no current record under {printable(place.uri)} for {asked}, {most}{going_on}? "
        "(imagepipe plan says what it takes)"
    )


def show(run: Backfill, pricing: Pricing, place: Place) -> None:
    totals = run.totals
    left_out = f", {totals.left_out:,} left out" if totals.left_out else ""
    archived = f", {totals.archived:,} are archived and were left alone" if totals.archived else ""
    calls = ", ".join(f"{count:,} {OPERATIONS[name]}" for name, count in run.progress.calls.items())
    takes = (
        f"{calls} calls, {duration(pricing.seconds(run.progress.calls))} at the quota" if calls else "no call"
    )
    before = run.progress.queued - run.queued
    runs = f" ({before:,} in earlier runs)" if before else ""
    typer.echo(
        f"{run.progress.queued:,} queued{runs} under {printable(place.uri)}; this run looked at "
        f"{totals.objects:,}, of which {totals.current:,} have their record{archived}{left_out}.\n"
        f"They need {takes}; about ${money(run.dollars)}.\n{ENDINGS[run.ended]}"
    )


def document(run: Backfill, pricing: Pricing, place: Place) -> dict[str, object]:
    """Return the end of a run as JSON. What is `in_all` adds up over the runs since the beginning."""
    return {
        "place": place.uri,
        "ended": str(run.ended),
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
