"""`imagepipe backfill`: queueing photos that are in the bucket and have no current record."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

import typer

from contract.capacity import BACKFILL_DAYS
from contract.timing import DAY_SECONDS
from operations.backfilling import bookmarks
from operations.backfilling.bookmarks import Bookmark, Progress
from operations.backfilling.bounds import Bounds, Ended
from operations.backfilling.feeding import Backfill
from operations.commands import backfills, options
from operations.commands.options import (
    Directory,
    Json,
    Local,
    ModifiedSince,
    PlaceArgument,
    Stack,
    Suffix,
    Yes,
)
from operations.faults import OperatorError, StoppedError
from operations.interrupting import orderly
from operations.moments import to_text
from operations.pacing import Pace
from operations.planning.assessing import Assessor
from operations.planning.contents import Contents
from operations.planning.objects import Choice, Place
from operations.planning.pricing import Pricing
from operations.terminal import (
    consents,
    print_json,
    printable,
    progress,
    remarks,
    require_consent_possible,
)
from operations.wiring import Pipeline, connect

NOT_ALL = 1
# Messages expire: no more is queued than is done in half of their time.
_MOST_WAITING_SECONDS = BACKFILL_DAYS * DAY_SECONDS


def backfill(
    place: PlaceArgument,
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    since: ModifiedSince = None,
    suffix: Suffix = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Queue at most so many in this run.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0, help="Stop before so many dollars, over all runs.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.01, help="At most so many a second; else as fast as it goes."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that have their record: it is announced again.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, not where the last run was ended.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> int:
    """Queue photos of our bucket that have no current record, behind all that is uploaded now.

    A run that was ended goes on where it was, with the same place, --since, --suffix and --all.
    """
    meant, choice = Place.read(place), options.objects_chosen(since, suffix)
    require_consent_possible(yes, "backfill")
    pipeline = connect(stack, local, directory)
    _require_ours(meant, pipeline)
    bookmark = _bookmark(pipeline, meant, since=since, suffixes=choice.suffixes, everything=everything)
    before = (None if restart else bookmark.read()) or Progress(since=choice.since)
    pricing = Pricing.of(pipeline.deployed, pipeline.budgets)
    if not consents(yes, backfills.question(meant, pricing, before, max_cost)):
        remarks().print("nothing was queued")
        return NOT_ALL
    if restart:
        bookmark.remove()
    bounds = Bounds(limit, max_cost, int(pricing.slowest() * _MOST_WAITING_SECONDS))
    pace = Pace(rate, time.monotonic, time.sleep)
    feed = _Feed(pipeline, pricing, bookmark, before, bounds, pace, everything)
    run, ended = feed.run(meant, Choice(before.since, choice.suffixes))
    if json:
        print_json(backfills.document(run, ended, pricing, meant))
    else:
        backfills.show(run, ended, pricing, meant)
    if ended is Ended.ALL:
        bookmark.remove()
        return 0
    remarks().print(f"How far it is: {printable(str(bookmark.file))}", highlight=False, markup=False)
    if ended is Ended.STOPPED:
        raise StoppedError(f"{run.queued:,} were queued; the same command goes on from there")
    return 0 if ended is Ended.LIMIT else NOT_ALL


@dataclass(frozen=True)
class _Feed:
    """The parts of a run, with somebody watching."""

    pipeline: Pipeline
    pricing: Pricing
    bookmark: Bookmark
    before: Progress
    bounds: Bounds
    pace: Pace
    everything: bool

    def run(self, place: Place, choice: Choice) -> tuple[Backfill, Ended]:
        parts = self.pipeline
        with progress() as display, orderly(remarks().print) as stopping, Contents() as contents:
            made = Backfill(
                bucket_name=parts.names.bucket,
                bucket=parts.bucket,
                assessor=Assessor(
                    parts.known,
                    contents,
                    parts.deployed.fingerprints,
                    has_records=True,
                    shares_answers=parts.deployed.settings.answers_are_shared,
                ),
                queue=parts.bulk.queue,
                executor=parts.executor,
                notes=self.bookmark,
                price=lambda records, calls: self.pricing.bill(records, calls, is_bulk=True).total,
                pace=self.pace,
                bounds=self.bounds,
                now=lambda: to_text(time.time()),
                stopping=stopping,
                tell=backfills.Watch(display, self.pricing, time.monotonic).tell,
                progress=self.before,
                everything=self.everything,
            )
            return made, made.run(place.prefix, choice)


def _require_ours(place: Place, pipeline: Pipeline) -> None:
    ours = pipeline.names.bucket
    if place.bucket != ours:
        raise OperatorError(
            f"s3://{place.bucket} is not the bucket of this pipeline, which recognizes only what is in "
            f"s3://{ours}; copy the photos there: {place.sync_command(ours)} "
            f"(what that takes: imagepipe plan {place.uri})"
        )


def _bookmark(pipeline: Pipeline, place: Place, **arguments: object) -> Bookmark:
    names = {"bucket": place.bucket, "table": pipeline.names.table, "prefix": place.prefix, **arguments}
    return Bookmark.of(bookmarks.directory(), names)
