"""`imagepipe backfill`: queueing photos that are in the bucket and have no current record, or lack facts."""

import time
from typing import Annotated

import typer

from contract.detectors import SEARCH
from contract.meaning import INVOKE_MODEL, detector_by
from contract.moments import to_text
from contract.quotas import BACKFILL_DAYS
from contract.timing import DAY_SECONDS
from operations import terminal
from operations.adapters.sqs import Pace
from operations.backfilling import Backfill, BackfillCheckpoint, Bounds, Ended, Progress, state_directory
from operations.commands import options
from operations.estimating import Totals
from operations.film_hours import CALLS_KEPT, FilmHours
from operations.people.faces_to_search import MOST_FACES, RECKONED_FACES
from operations.planning import Assessor, ObjectFilter, Place
from operations.pricing import Pricing, hours
from operations.temporary_database import SeenContents
from operations.wiring import DeployedPipeline, connect

NOT_ALL = 1
# Messages expire: no more is queued than is done in half of their time.
_MOST_WAITING_SECONDS = BACKFILL_DAYS * DAY_SECONDS
_GOES_ON = "the same command goes on from there"
NOT_COUNTED = (
    f"have faces that nobody has counted, reckoned with {RECKONED_FACES} search for a person each: a photo "
    f"has up to {MOST_FACES}, and imagepipe quotas --daily {SEARCH.operation}=N is a bound that holds"
)
ENDINGS = {
    Ended.ALL: "That is all.",
    Ended.STOPPED: f"Stopped: {_GOES_ON}.",
    Ended.LIMIT: f"That is --limit; {_GOES_ON}.",
    Ended.MAX_COST: f"The next one would cost more than --max-cost; with a higher one, {_GOES_ON}.",
    Ended.QUEUE_FULL: f"The queue holds as much as is done in half the time that messages are kept; in some "
    f"days, {_GOES_ON}.",
}


def backfill(
    place: options.PlaceArgument,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    since: options.ModifiedSince = None,
    suffix: options.Suffix = None,
    limit: options.QueueLimit = None,
    max_cost: options.MaxCost = None,
    rate: options.Rate = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also photos that have their record; it is announced again.")
    ] = False,
    metadata: Annotated[
        bool,
        typer.Option(
            "--metadata",
            help="Only photos whose record lacks nothing but what their file says (format, time, camera): "
            "no detector is called.",
        ),
    ] = False,
    restart: options.Restart = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Queue photos of our bucket that have no current record, behind all that is uploaded now.

    A run that was ended goes on where it was, with the same place, --since, --suffix, --all and --metadata.
    """
    if everything and metadata:
        raise terminal.OperatorError("--all and --metadata exclude each other: --metadata calls no detector")
    meant, chosen = Place.read(place), options.object_filter(since, suffix)
    terminal.require_consent_possible(yes, "backfill")
    pipeline = connect(stack, local, directory)
    _require_ours(meant, pipeline)
    if metadata and not pipeline.deployed.reads_pictures:
        raise terminal.OperatorError(
            "this deployment does not read what photos' files say (its setting pictures is false), so there "
            "is nothing to fill in; deploy it with -c pictures=true first"
        )
    arguments: dict[str, object] = {"since": since, "suffixes": chosen.suffixes, "everything": everything}
    if metadata:
        arguments["metadata"] = True
    names = {"bucket": meant.bucket, "table": pipeline.names.table, "prefix": meant.prefix, **arguments}
    checkpoint = BackfillCheckpoint.of(state_directory(), names)
    before = (None if restart else checkpoint.read()) or Progress(since=chosen.since)
    pricing = Pricing.of(pipeline.deployed, pipeline.table)
    asked = question(meant, pricing, before, max_cost, metadata=metadata)
    if not terminal.consents(yes, asked, "nothing was queued"):
        return NOT_ALL
    if restart:
        checkpoint.remove()
    to_search = pipeline.faces_to_search(to_text(time.time()))
    with terminal.stepwise("listing") as display, SeenContents() as contents:
        run = Backfill(
            pipeline,
            pipeline.bulk.queue,
            Assessor(pipeline.deployed, pipeline.table, contents, has_records=True, faces=to_search),
            price=lambda queued: dollars(pricing, queued),
            pace=Pace(rate, time.monotonic, time.sleep),
            bounds=Bounds(limit, max_cost, most_waiting(pricing)),
            now=lambda: to_text(time.time()),
            progress=before,
            everything=everything,
            metadata=metadata,
        )
        began = time.monotonic()
        pages = pipeline.bucket.pages(meant.prefix, before.after)
        steps = run.run(pages, ObjectFilter(before.since, chosen.suffixes))
        for reached in display.until_interrupted(steps):
            checkpoint.write(reached)
            display.show(progress(run, pricing, time.monotonic() - began), done=run.queued)
    if json:
        terminal.print_json(document(run, pricing, meant))
    else:
        show(run, pricing, meant)
    if run.ended is Ended.ALL:
        checkpoint.remove()
        return 0
    terminal.remark(f"How far it is: {checkpoint.file}")
    if run.ended is Ended.STOPPED:
        raise terminal.StoppedError(f"{run.queued:,} were queued; {_GOES_ON}")
    return 0 if run.ended is Ended.LIMIT else NOT_ALL


def _require_ours(place: Place, pipeline: DeployedPipeline) -> None:
    ours = pipeline.names.bucket
    if place.bucket != ours:
        raise terminal.OperatorError(
            f"s3://{place.bucket} is not the bucket of this pipeline, which recognizes only what is in "
            f"s3://{ours}; copy the photos there: {place.sync_command(ours)} "
            f"(what that takes: imagepipe plan {place.uri})"
        )


def most_waiting(pricing: Pricing) -> int:
    """Return how many messages a queue may hold."""
    return int(pricing.slowest() * _MOST_WAITING_SECONDS)


def progress(run: Backfill, pricing: Pricing, elapsed_seconds: float) -> str:
    """Return how far a run is, and how long the workers will be at it."""
    work = terminal.duration(pricing.seconds(run.progress.calls, run.most_vectors, films=run.progress.films))
    rate = run.queued / max(elapsed_seconds, 0.001)
    done = f"{run.totals.objects:,} looked at, {run.queued:,} queued, {rate:,.0f}/s"
    return f"{done}; work for {work} at the quota"


def question(
    place: Place, pricing: Pricing, before: Progress, max_cost: float | None, *, metadata: bool
) -> str:
    most = f"for at most ${terminal.money(max_cost)}" if max_cost is not None else "whatever they cost"
    asked = ", ".join(f"{operation} at {quota:g} a second" for operation, quota in pricing.quotas.items())
    going_on = f", going on after {before.queued:,} queued before" if before.after else ""
    if metadata:
        return (
            f"Queue what lacks nothing but what its file says under {place.uri}, {most}{going_on}? "
            "No detector is called."
        )
    return (
        f"Queue what has no current record under {place.uri} for {asked}, {most}{going_on}? "
        "(imagepipe plan says what it takes)"
    )


def dollars(pricing: Pricing, queued: Progress) -> float:
    read, converted = queued.read, queued.converted
    return pricing.bill(
        queued.records, queued.calls, is_bulk=True, read=read, converted=converted, films=queued.films
    ).total


def show(run: Backfill, pricing: Pricing, place: Place) -> None:
    totals = run.totals
    left_out = f", {totals.left_out:,} left out" if totals.left_out else ""
    archived = f", {totals.archived:,} are archived and were left alone" if totals.archived else ""
    needed, films = pricing.calls_of(run.progress.calls, run.progress.films), run.progress.films
    asked = [f"{count:,} {CALLS_KEPT[name]}" for name, count in needed.items()]
    if pricing.sees_meaning and run.most_vectors:
        asked.append(f"at most {run.most_vectors:,} {INVOKE_MODEL}")
    calls = ", ".join(asked)
    seconds = pricing.seconds(run.progress.calls, run.most_vectors, films=films)
    takes = (
        f"{calls} calls, {terminal.duration(seconds)} at the quota" if calls else "no call"
    ) + _hours_in_words(films, totals.of_unknown_length)
    before = run.progress.queued - run.queued
    runs = f" ({before:,} in earlier runs)" if before else ""
    costly = (
        f", {run.would_cost:,} have no current record and were left alone, as they would cost calls"
        if run.would_cost
        else ""
    )
    typer.echo(
        f"{run.progress.queued:,} queued{runs} under {terminal.printable(place.uri)}; this run looked at "
        f"{totals.objects:,}, of which {totals.current:,} have their record{costly}{archived}{left_out}.\n"
        f"They need {takes}; about ${terminal.money(run.dollars)}.\n"
        f"{faces_in_words(run.totals)}{vectors_in_words(run.totals, pricing)}{ENDINGS[run.ended]}"
    )


def faces_in_words(totals: Totals) -> str:
    """Return a line on photos whose faces nobody has counted; nothing where there are none."""
    if not totals.not_counted:
        return ""
    return f"{totals.not_counted:,} photos {NOT_COUNTED}.\n"


def vectors_in_words(totals: Totals, pricing: Pricing) -> str:
    """Return a line on how far a space is filled while another is searched; else nothing."""
    if not pricing.fills_a_space:
        return ""
    lacking = (f"{totals.without_vector[detector_by(each)]:,} none of {each}" for each in pricing.meanings)
    return (
        f"Of {totals.recorded:,} photos with a record, {', '.join(lacking)} when this run looked at them; "
        "imagepipe status says how many have none by now, and when to switch.\n"
    )


def _hours_in_words(films: FilmHours, of_unknown_length: int) -> str:
    if not films.seconds:
        return ""
    by_bytes = (
        f", by the bytes of {of_unknown_length:,} films that nobody has opened" if of_unknown_length else ""
    )
    return f", with {films.hours:,.1f} hours of film{by_bytes}"


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
        **({"without_vector": dict(run.totals.without_vector)} if pricing.fills_a_space else {}),
        **({"would_cost": run.would_cost} if run.metadata else {}),
        "in_all": {
            "queued": run.progress.queued,
            "calls": pricing.calls_of(run.progress.calls, run.progress.films),
            "hours": hours(pricing.seconds(run.progress.calls, run.most_vectors, films=run.progress.films)),
            **({"film_hours": round(films.hours, 3)} if (films := run.progress.films).seconds else {}),
            "dollars": round(run.dollars, 4),
        },
    }
