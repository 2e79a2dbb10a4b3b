"""The answer of `imagepipe plan` for people."""

from __future__ import annotations

import math

import typer

from contract.detectors import OPERATIONS
from contract.timing import DAY_SECONDS
from operations.cost_page import money
from operations.planning.assessment import ObjectKind, Place
from operations.planning.estimate import Estimate
from operations.terminal import printable, results, table

MEANING = {
    ObjectKind.OTHER_BY_NAME: (
        "likely not JPEG or PNG, by their names: reckoned with, as only the bytes decide"
    ),
    ObjectKind.EMPTY: "cannot be recognized: empty",
    ObjectKind.TOO_LARGE: "cannot be recognized: more than the 15 MiB that Rekognition takes",
}
ARCHIVED = "are archived (GLACIER, DEEP_ARCHIVE) and cannot be read: not reckoned with; restore them first"
TIERED = (
    "to do are in INTELLIGENT_TIERING: reckoned with, although those in its archive tiers cannot be read; "
    "a listing does not tell"
)
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")
_STEP = 1000


def show(plan: Estimate, place: Place, to_bucket: str | None) -> None:
    """Write a plan to stdout. `to_bucket` is where the photos have to be moved, if they are not there."""
    out, totals = results(), plan.totals
    counts = table("#", "")
    counts.show_header = False
    counts.add_row(f"{totals.objects:,}", f"objects under {printable(place.uri)}, {size(totals.size_bytes)}")
    for count, meaning in (
        (totals.left_out, "others left out by --since or --suffix"),
        *((totals.kinds[kind], meaning) for kind, meaning in MEANING.items()),
        (totals.archived, ARCHIVED),
        (totals.current, "have their record"),
        (totals.repeated, "have the same bytes as one listed before"),
        (totals.known, "have bytes that were paid for before"),
    ):
        if count:
            counts.add_row(f"{count:,}", meaning)
    counts.add_row(f"{totals.to_do:,}", "to do")
    if totals.tiered:
        counts.add_row(f"{totals.tiered:,}", TIERED)
    out.print(counts, highlight=False)
    _show_calls(plan)
    _show_dollars(plan)
    if not plan.is_all:
        typer.echo("\nNot all was looked at: there is more under this place.")
    if to_bucket is not None:
        typer.echo(
            f"\nTo have them recognized: {printable(place.sync_command(to_bucket))}\n"
            "Copies of more than 8 MB are made in parts and get another ETag, by which answers that were "
            "paid for before are not found."
        )


def duration(seconds: float) -> str:
    """Return a span of time in its largest unit."""
    if math.isinf(seconds):
        return "for ever, as no calls are allowed"
    for length, unit in ((DAY_SECONDS, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:,.0f} seconds"


def size(count: float) -> str:
    """Return a number of bytes in its largest unit."""
    for unit in _UNITS[:-1]:
        if count < _STEP:
            return f"{count:,.0f} {unit}" if unit == _UNITS[0] else f"{count:,.1f} {unit}"
        count /= _STEP
    return f"{count:,.1f} {_UNITS[-1]}"


def _show_calls(plan: Estimate) -> None:
    calls = table("Calls", "#Needed", "#A second", "#A day", "#Takes")
    by_operation = {OPERATIONS[name]: count for name, count in plan.totals.calls.items()}
    for operation, quota in plan.pricing.quotas.items():
        needed, limit = by_operation.get(operation, 0), plan.pricing.daily_limits.get(operation)
        calls.add_row(
            operation,
            f"{needed:,}",
            f"{quota:g}",
            "-" if limit is None else f"{limit:,}",
            duration(plan.pricing.seconds_of(operation, needed)),
        )
    typer.echo()
    results().print(calls)


def _show_dollars(plan: Estimate) -> None:
    dollars = table("Dollars", "#")
    for service, amount in {**plan.bill.by_service, "all": plan.bill.total}.items():
        dollars.add_row(service, money(amount))
    typer.echo()
    results().print(dollars)
    typer.echo(
        f"\n{duration(plan.seconds)} at the quota, and ${money(plan.bill.storage_a_month)} a month to keep "
        "what is found. How it is reckoned: docs/cost.md"
    )
