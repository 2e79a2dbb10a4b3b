"""`imagepipe plan`: what photos would take, before anything is spent on them."""

from __future__ import annotations

from typing import Annotated

import typer

from operations import terminal
from operations.commands import options, plan_view
from operations.planning.assessment import Place, SeenContents
from operations.planning.estimate import Assessment, Estimate, Pricing
from operations.wiring import connect


def plan(
    place: options.PlaceArgument,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    since: options.ModifiedSince = None,
    suffix: options.Suffix = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Stop after this many objects, in key order.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Print how many calls, hours and dollars photos would take, in our bucket or in any other.

    It lists the bucket and reads what is known of each object; nothing is changed.
    """
    meant, chosen = Place.read(place), options.object_filter(since, suffix)
    pipeline = connect(stack, local, directory)
    is_ours = meant.bucket == pipeline.names.bucket
    with terminal.stepwise("listing") as display, SeenContents() as contents:
        assessment = Assessment(pipeline.assessor(contents, has_records=is_ours), chosen, limit)
        pages = pipeline.any_bucket(meant.bucket).pages(meant.prefix)
        for now in display.until_interrupted(assessment.run(pages)):
            display.show(f"{now.objects:,} objects, {now.to_do:,} to do", done=now.objects)
    totals, pricing = assessment.totals, Pricing.of(pipeline.deployed, pipeline.budgets)
    bill = pricing.bill(totals.to_do, totals.calls, is_bulk=is_ours)
    made = Estimate(totals, pricing, bill, assessment.is_all)
    if json:
        terminal.print_json({"place": meant.uri, **made.to_json()})
    else:
        plan_view.show(made, meant, None if is_ours else pipeline.names.bucket)
    display.raise_if_interrupted(f"{totals.objects:,} objects were looked at, not all")
