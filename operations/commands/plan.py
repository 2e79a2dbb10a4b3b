"""`imagepipe plan`: what photos would take, before anything is spent on them."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.commands import plans
from operations.commands.options import (
    Directory,
    Json,
    Local,
    ModifiedSince,
    PlaceArgument,
    Stack,
    Suffix,
    objects_chosen,
)
from operations.faults import StoppedError
from operations.interrupting import Stopping, orderly
from operations.planning.assessing import Assessor
from operations.planning.contents import Contents
from operations.planning.objects import Choice, Place
from operations.planning.pricing import Pricing
from operations.planning.summing import Plan, Totals, sum_up
from operations.terminal import print_json, progress, remarks
from operations.wiring import Pipeline, connect


def plan(
    place: PlaceArgument,
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    since: ModifiedSince = None,
    suffix: Suffix = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Look at so many objects only, the first by key.")
    ] = None,
    json: Json = False,
) -> None:
    """Print how many calls, hours and dollars photos would take, in our bucket or in any other.

    It lists the bucket and reads what is known of each object; nothing is changed.
    """
    meant, choice = Place.read(place), objects_chosen(since, suffix)
    pipeline = connect(stack, local, directory)
    is_ours = meant.bucket == pipeline.names.bucket
    totals = Totals()
    with orderly(remarks().print) as stopping:
        is_all = _look(pipeline, meant, choice, totals, limit=limit, stopping=stopping)
    pricing = Pricing.of(pipeline.deployed, pipeline.budgets)
    made = Plan(
        totals,
        pricing,
        pricing.bill(totals.to_do, totals.calls, is_bulk=is_ours),
        is_all,
    )
    if json:
        print_json({"place": meant.uri, **made.to_json()})
    else:
        plans.show(made, meant, None if is_ours else pipeline.names.bucket)
    if stopping():
        raise StoppedError(f"{totals.objects:,} objects were looked at, not all")


def _look(
    pipeline: Pipeline, place: Place, choice: Choice, totals: Totals, *, limit: int | None, stopping: Stopping
) -> bool:
    with progress() as display, Contents() as contents:
        task = display.add_task("listing", total=None)
        return sum_up(
            pipeline.any_bucket(place.bucket).pages(place.prefix),
            choice,
            Assessor(
                pipeline.known,
                contents,
                pipeline.deployed.fingerprints,
                has_records=place.bucket == pipeline.names.bucket,
                shares_answers=pipeline.deployed.settings.answers_are_shared,
            ),
            totals,
            limit=limit,
            stopping=stopping,
            tell=lambda now: display.update(
                task, completed=now.objects, description=f"{now.objects:,} objects, {now.to_do:,} to do"
            ),
        )
