"""`imagepipe plan`: what photos would take, before anything is spent on them."""

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from contract.detectors import operation_of
from contract.film_usage import FilmAssumptions
from contract.meaning import INVOKE_MODEL, MEANING, MEANING_SEEN
from contract.moments import to_text
from contract.photos import MAX_PHOTO_BYTES
from operations import terminal
from operations.commands import options
from operations.commands.backfill import NOT_COUNTED
from operations.commands.cost import files_in_words, show_dollars
from operations.costs import Bill
from operations.estimating import Assessment, Estimate
from operations.film_hours import CALLS_KEPT
from operations.meaning_choice import MeaningChoice, with_meaning
from operations.planning import Assessor, ObjectKind, Place
from operations.pricing import Pricing
from operations.scenes import BEGINNING_BYTES, KnownScenes, SampledScenes, SceneBasis, SceneEstimate
from operations.temporary_database import SeenContents
from operations.wiring import connect

KINDS = {
    ObjectKind.OTHER_BY_NAME: (
        "likely not JPEG or PNG, by their names: reckoned with, as only the bytes decide"
    ),
    ObjectKind.EMPTY: "cannot be recognized: empty",
    ObjectKind.TOO_LARGE: "cannot be recognized: more than the 15 MiB that Rekognition takes",
}
# Where what Rekognition cannot read is converted.
CONVERTED_KINDS = {
    **KINDS,
    ObjectKind.OTHER_BY_NAME: "likely no photos, by their names: reckoned with, as only the bytes decide",
    ObjectKind.TOO_LARGE: f"cannot be recognized: more than {MAX_PHOTO_BYTES // 2**20} MiB",
}
ARCHIVED = "are archived (GLACIER, DEEP_ARCHIVE) and cannot be read: not reckoned with; restore them first"
TIERED = (
    "to do are in INTELLIGENT_TIERING: reckoned with, although those in its archive tiers cannot be read; "
    "a listing does not tell"
)
OF_CAMERAS = (
    "to do are of cameras: reckoned as if each was asked about, although those that show nothing new are not "
    "(docs/cameras.md)"
)
FILMS = "to do are films, by what was read or by their names; only their bytes decide"
OF_UNKNOWN_LENGTH = (
    "to do are films that nobody has opened, so how long they last is not known: "
    f"reckoned by their bytes, {FilmAssumptions.film_bytes_an_hour / 1e9:g} GB an hour"
)

VECTORS = ((MEANING, ", which calls no detector"), (MEANING_SEEN, ", a call of Bedrock each"))
NOT_KNOWN = (
    "What the setting scenes would save is not known: no file of a photo here was looked at before. "
    "--look-at 1000 reads the beginnings of that many."
)


@dataclass(frozen=True)
class SparedCalls:
    """What the setting `scenes` would save of a plan, or saves where it is on, by an estimate."""

    estimate: SceneEstimate
    calls: Mapping[str, int]
    dollars: float
    is_on: bool

    def in_words(self) -> str:
        found = self.estimate
        calls = ", ".join(f"{count:,} {CALLS_KEPT[name]}" for name, count in self.calls.items())
        what = f"{found.share:.0%} of the calls ({calls}), ${terminal.money(self.dollars)}"
        if found.basis is SceneBasis.FACTS:
            how = (
                f"so it is with {found.photos:,} photos here whose files were looked at before, by camera, "
                "time and picture; the others were not looked at"
            )
        else:
            how = (
                f"so it is with {found.photos:,} photos that were drawn and whose beginnings were read, by "
                f"camera and time alone ({found.dated:,} say both). Pictures were not compared, so it is the "
                "most that there can be"
            )
        begins = (
            "The setting scenes, which is on, makes that" if self.is_on else "The setting scenes would save"
        )
        less = " less" if self.is_on else ""
        return f"{begins} {what}{less}, as an estimate: {how}."

    def to_json(self) -> dict[str, object]:
        found = self.estimate
        return {
            "basis": str(found.basis),
            "photos": found.photos,
            "with_camera_and_time": found.dated,
            "spared_share": round(found.share, 4),
            "calls": dict(self.calls),
            "dollars": round(self.dollars, 4),
            "is_on": self.is_on,
        }


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
    look_at: Annotated[
        int | None,
        typer.Option(
            "--look-at",
            min=1,
            help="Read the beginnings of up to this many photos, to tell what the setting scenes would save.",
        ),
    ] = None,
    meaning: Annotated[
        MeaningChoice | None,
        typer.Option(
            "--meaning",
            help="As if deployed with that: labels_anew asks for all labels once more; bedrock, a model.",
        ),
    ] = None,
    meaning_next: Annotated[
        MeaningChoice | None,
        typer.Option("--meaning-next", help="As if that were filled beside what is searched now."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Print how many calls, hours and dollars photos would take, in our bucket or in any other.

    It lists the bucket and reads what is known of each object; nothing is changed. Without --look-at, no
    photo is read.
    """
    meant, chosen = Place.read(place), options.object_filter(since, suffix)
    pipeline = connect(stack, local, directory)
    is_ours = meant.bucket == pipeline.names.bucket
    with terminal.stepwise("listing") as display, SeenContents() as contents:
        deployed = pipeline.deployed
        for chosen_meaning, beside in ((meaning, False), (meaning_next, True)):
            if chosen_meaning is not None:
                as_if = with_meaning(deployed.settings, chosen_meaning, beside=beside)
                deployed = replace(deployed, settings=as_if)
        assessor = Assessor(
            deployed,
            pipeline.table,
            contents,
            has_records=is_ours,
            reads_facts=is_ours and deployed.reads_pictures,
            faces=pipeline.faces_to_search(to_text(time.time())),
        )
        known = KnownScenes(deployed.batch_size)
        sampled = SampledScenes(deployed.batch_size, look_at or 0, random.Random())  # noqa: S311
        onlooker = known.add if look_at is None else sampled.add
        assessment = Assessment(assessor, chosen, limit, [onlooker])
        bucket = pipeline.bucket if is_ours else pipeline.any_bucket(meant.bucket)
        pages = bucket.pages(meant.prefix)
        for now in display.until_interrupted(assessment.run(pages)):
            display.show(f"{now.objects:,} objects, {now.to_do:,} to do", done=now.objects)
        if look_at is not None:
            read = sampled.read(
                lambda listed: bucket.beginning(listed.key, BEGINNING_BYTES), pipeline.executor
            )
            for count in display.until_interrupted(read):
                display.show(f"{count:,} beginnings of photos read", done=count)
    estimate = known.estimate() if look_at is None else sampled.estimate()
    totals, pricing = assessment.totals, Pricing.of(deployed, pipeline.table)

    def priced(calls: Mapping[str, int]) -> Bill:
        read, converted = totals.read, totals.converted
        return pricing.bill(
            totals.to_do,
            calls,
            is_bulk=is_ours,
            read=read,
            converted=converted,
            meant=totals.meant,
            films=totals.films,
        )

    made = Estimate(totals, pricing, priced(totals.calls), assessment.is_all)
    spared = None
    if estimate is not None and totals.calls:
        calls = estimate.spared_calls(totals.calls)
        saved = made.bill.total - priced({name: totals.calls[name] - calls[name] for name in calls}).total
        spared = SparedCalls(estimate, calls, saved, is_on=deployed.settings.scenes == "yes")
    if json:
        terminal.print_json({"place": meant.uri, **made.to_json(), "scenes": spared and spared.to_json()})
    else:
        kinds = CONVERTED_KINDS if deployed.reads_pictures else KINDS
        show(made, meant, None if is_ours else pipeline.names.bucket, kinds)
        if totals.calls and (deployed.reads_pictures or spared):
            typer.echo(f"\n{NOT_KNOWN if spared is None else spared.in_words()}")
    display.raise_if_interrupted(f"{totals.objects:,} objects were looked at, not all")


def show(
    plan: Estimate, place: Place, to_bucket: str | None, meanings: Mapping[ObjectKind, str] = KINDS
) -> None:
    """Write a plan to stdout. `to_bucket` is where the photos have to be moved, if they are not there."""
    totals = plan.totals
    counted = (
        (totals.left_out, "others left out by --since or --suffix"),
        *((totals.kinds[kind], meaning) for kind, meaning in meanings.items()),
        (totals.archived, ARCHIVED),
        (totals.current, "have their record"),
        (totals.repeated, "have the same bytes as one listed before"),
        (totals.known, "have bytes that were paid for before"),
    )
    shown = [
        (totals.objects, f"objects under {place.uri}, {terminal.size(totals.size_bytes)}"),
        *((count, meaning) for count, meaning in counted if count),
        (totals.to_do, "to do"),
        *([(totals.read, "to do have files to be read, which calls no detector")] if totals.read else []),
        *((totals.meant[name], f"to do get a vector{made}") for name, made in VECTORS if totals.meant[name]),
        *([(totals.not_counted, f"to do {NOT_COUNTED}")] if totals.not_counted else []),
        *([(totals.tiered, TIERED)] if totals.tiered else []),
        *([(totals.of_cameras, OF_CAMERAS)] if totals.of_cameras else []),
        *([(totals.films_to_do, FILMS)] if totals.films_to_do else []),
        *([(totals.of_unknown_length, OF_UNKNOWN_LENGTH)] if totals.of_unknown_length else []),
    ]
    terminal.print_table(("#", ""), [(f"{count:,}", meaning) for count, meaning in shown])
    _show_calls(plan)
    _show_dollars(plan)
    if not plan.is_all:
        typer.echo("\nNot all was looked at: there is more under this place.")
    if to_bucket is not None:
        typer.echo(
            f"\nTo have them recognized: {terminal.printable(place.sync_command(to_bucket))}\n"
            "Copies of more than 8 MB are made in parts and get another ETag, by which answers that were "
            "paid for before are not found."
        )


def films_in_words(plan: Estimate) -> str:
    films = plan.totals.films
    by_frames, by_jobs = map(terminal.money, plan.dollars_of_films)
    frames = sum(films.frames(by_jobs=False).values())
    way = "jobs" if plan.pricing.begins_jobs else "frames"
    return (
        f"{films.hours:,.1f} hours of film: ${by_frames} by frames ({frames:,} calls, if they have cuts), "
        f"${by_jobs} by jobs ({films.job_minutes():,.0f} minutes of MP4 and MOV; all else by frames). "
        f"This deployment asks by {way}: that is in the sum."
    )


def _show_calls(plan: Estimate) -> None:
    rows = []
    by_operation: Counter[str] = Counter()
    for name, count in plan.calls.items():
        by_operation[operation_of(CALLS_KEPT[name])] += count
    if plan.pricing.sees_meaning:
        by_operation[INVOKE_MODEL] = plan.totals.meant[MEANING_SEEN]
    for operation, quota in plan.pricing.quotas.items():
        needed, limit = by_operation[operation], plan.pricing.daily_limits.get(operation)
        takes = terminal.duration(plan.pricing.seconds_of(operation, needed))
        a_day = "-" if limit is None else f"{limit:,}"
        rows.append((operation, f"{needed:,}", f"{quota:g}", a_day, takes))
    typer.echo()
    terminal.print_table(("Calls", "#Needed", "#A second", "#A day", "#Takes"), rows)


def _show_dollars(plan: Estimate) -> None:
    typer.echo()
    show_dollars("Dollars", "#", plan.bill)
    if (work := plan.picture_work) is not None:
        typer.echo(f"\n{files_in_words(work)}")
    if plan.totals.films.seconds:
        typer.echo(f"\n{films_in_words(plan)}")
    takes, storage = terminal.duration(plan.seconds), terminal.money(plan.bill.storage_a_month)
    typer.echo(
        f"\n{takes} at the quota, and ${storage} a month to keep what is found. "
        "How it is reckoned: docs/cost.md"
    )
