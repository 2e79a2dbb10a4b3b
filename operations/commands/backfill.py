"""`imagepipe backfill`: queueing photos that are in the bucket and have no current record."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from contract.moments import to_text
from contract.quotas import BACKFILL_DAYS
from contract.timing import DAY_SECONDS
from operations import terminal
from operations.backfilling import Backfill, BackfillCheckpoint, Bounds, Ended, Progress, state_directory
from operations.commands import backfill_view, options
from operations.faults import OperatorError, StoppedError
from operations.messages import Pace
from operations.planning.assessment import ObjectFilter, Place, SeenContents
from operations.planning.estimate import Pricing
from operations.wiring import DeployedPipeline, connect

NOT_ALL = 1
# Messages expire: no more is queued than is done in half of their time.
_MOST_WAITING_SECONDS = BACKFILL_DAYS * DAY_SECONDS


def backfill(
    place: options.PlaceArgument,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    since: options.ModifiedSince = None,
    suffix: options.Suffix = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Queue at most this many in this run.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0, help="Stop before this many dollars, over all runs.")
    ] = None,
    rate: options.Rate = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also photos that have their record; it is announced again.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start over, not where the last run ended.")
    ] = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Queue photos of our bucket that have no current record, behind all that is uploaded now.

    A run that was ended goes on where it was, with the same place, --since, --suffix and --all.
    """
    meant, chosen = Place.read(place), options.object_filter(since, suffix)
    terminal.require_consent_possible(yes, "backfill")
    pipeline = connect(stack, local, directory)
    _require_ours(meant, pipeline)
    arguments = {"since": since, "suffixes": chosen.suffixes, "everything": everything}
    names = {"bucket": meant.bucket, "table": pipeline.names.table, "prefix": meant.prefix, **arguments}
    checkpoint = BackfillCheckpoint.of(state_directory(), names)
    before = (None if restart else checkpoint.read()) or Progress(since=chosen.since)
    pricing = Pricing.of(pipeline.deployed, pipeline.budgets)
    question = backfill_view.question(meant, pricing, before, max_cost)
    if not terminal.consents(yes, question, "nothing was queued"):
        return NOT_ALL
    if restart:
        checkpoint.remove()
    with terminal.stepwise("listing") as display, SeenContents() as contents:
        run = Backfill(
            bucket_name=pipeline.names.bucket,
            bucket=pipeline.bucket,
            assessor=pipeline.assessor(contents, has_records=True),
            queue=pipeline.bulk.queue,
            executor=pipeline.executor,
            price=lambda records, calls: pricing.bill(records, calls, is_bulk=True).total,
            pace=Pace(rate, time.monotonic, time.sleep),
            bounds=Bounds(limit, max_cost, int(pricing.slowest() * _MOST_WAITING_SECONDS)),
            now=lambda: to_text(time.time()),
            progress=before,
            everything=everything,
        )
        began = time.monotonic()
        steps = run.run(meant.prefix, ObjectFilter(before.since, chosen.suffixes))
        for reached in display.until_interrupted(steps):
            checkpoint.write(reached)
            display.show(backfill_view.progress(run, pricing, time.monotonic() - began), done=run.queued)
    if json:
        terminal.print_json(backfill_view.document(run, pricing, meant))
    else:
        backfill_view.show(run, pricing, meant)
    if run.ended is Ended.ALL:
        checkpoint.remove()
        return 0
    typer.echo(f"How far it is: {terminal.printable(str(checkpoint.file))}", err=True)
    if run.ended is Ended.STOPPED:
        raise StoppedError(f"{run.queued:,} were queued; the same command goes on from there")
    return 0 if run.ended is Ended.LIMIT else NOT_ALL


def _require_ours(place: Place, pipeline: DeployedPipeline) -> None:
    ours = pipeline.names.bucket
    if place.bucket != ours:
        raise OperatorError(
            f"s3://{place.bucket} is not the bucket of this pipeline, which recognizes only what is in "
            f"s3://{ours}; copy the photos there: {place.sync_command(ours)} "
            f"(what that takes: imagepipe plan {place.uri})"
        )
