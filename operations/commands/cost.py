"""`imagepipe cost`: what photos cost, by the model; with --markdown, docs/cost.md. It asks no pipeline."""

import sys
from typing import Annotated

import typer

from contract.detectors import CALLS, DEFAULT_DETECTORS, SEARCH
from contract.film_usage import FilmAssumptions
from contract.meaning import VECTORS_A_SECOND
from contract.picture_usage import PictureAssumptions, PictureWork
from contract.usage import Assumptions, Work, seconds_at_quota
from operations import terminal
from operations.camera_costs import ASKED_SHARE, camera_day
from operations.commands import options
from operations.cost_page import page
from operations.costs import (
    Bill,
    bill,
    dollars_of_files,
    film_bill,
    film_jobs_bill,
    pictures_bills,
)
from operations.meaning_choice import MeaningChoice
from operations.meaning_costs import meaning_bill
from operations.terminal import money


def cost(
    *,
    photos: Annotated[int, typer.Option("--photos", min=1, help="How many new photos.")] = 1_000_000,
    detectors: Annotated[
        str, typer.Option("--detectors", help="Which detectors, comma-separated.")
    ] = ",".join(DEFAULT_DETECTORS),
    bulk: Annotated[bool, typer.Option("--bulk", help="Price a backfill, not uploads.")] = False,
    labels: Annotated[
        float, typer.Option("--labels", min=0, help="Labels per photo.")
    ] = Assumptions.labels_a_photo,
    pictures: Annotated[
        bool,
        typer.Option("--pictures/--no-pictures", help="With photos looked at as files, as is usual, or not."),
    ] = True,
    film_hours: Annotated[
        float, typer.Option("--film-hours", min=0, help="Price so many hours of film, and no photos.")
    ] = 0.0,
    camera_every: Annotated[
        float, typer.Option("--camera-every", min=0, help="A camera's day: seconds from picture to picture.")
    ] = 0.0,
    asked_share: Annotated[
        float, typer.Option("--asked-share", min=0, max=1, help="Of a camera: how many are asked about.")
    ] = ASKED_SHARE,
    meaning: Annotated[
        MeaningChoice | None,
        typer.Option("--meaning", help="With vectors, by which photos are found by meaning, made so."),
    ] = None,
    meaning_next: Annotated[
        MeaningChoice | None,
        typer.Option("--meaning-next", help="With vectors made so, too, as while another space is filled."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write docs/cost.md to stdout.")] = False,
    json: options.Json = False,
) -> None:
    """Print what new photos cost by service, and how long they take at the usual quotas."""
    if markdown:
        sys.stdout.write(page())
        return
    if film_hours:
        _cost_of_films(film_hours, _calls(detectors), json=json)
        return
    if camera_every:
        _show_camera_day(camera_every, asked_share, _calls(detectors), as_json=json)
        return
    assumed = Assumptions(labels_a_photo=labels)
    work = Work.of_new_photos(photos, _calls(detectors), is_bulk=bulk)
    files = PictureWork.of_new_photos(photos, PictureAssumptions.converted_share) if pictures else None
    costs, hours = bill(work, assumed, pictures=files), seconds_at_quota(work.calls, assumed.quotas) / 3600
    for made_by in filter(None, (meaning, meaning_next)):
        costs = costs.plus(meaning_bill(photos, made_by=made_by))
    if MeaningChoice.BEDROCK in (meaning, meaning_next):
        hours = max(hours, photos / VECTORS_A_SECOND / 3600)
    if json:
        said = {"photos": photos, "hours": round(hours, 2), "dollars": costs.to_json()}
        terminal.print_json(said | ({"dollars_of_files": dollars_of_files(files)} if files else {}))
        return
    show_dollars("Service", "#Dollars", costs)
    if files is not None:
        typer.echo(f"\n{files_in_words(files)}")
    typer.echo(
        f"\n{photos:,} photos take {hours:,.1f} hours at the usual quotas; keeping what is found costs "
        f"${money(costs.storage_a_month)} a month. Assumptions: docs/cost.md"
    )


def _cost_of_films(hours: float, operations: tuple[str, ...], *, json: bool) -> None:
    costs, frames = film_bill(hours, operations), hours * FilmAssumptions.frames_an_hour
    by_jobs = film_jobs_bill(hours, operations).total
    persons, persons_by_jobs = (
        of(hours, (*operations, SEARCH.call)).total - of(hours, operations).total
        for of in (film_bill, film_jobs_bill)
    )
    if json:
        said = {"film_hours": hours, "frames": round(frames), "dollars": costs.to_json()}
        more = {
            "dollars_of_persons": round(persons, 2),
            "dollars_of_persons_by_jobs": round(persons_by_jobs, 2),
        }
        terminal.print_json({**said, "dollars_by_jobs": round(by_jobs, 2), **more})
        return
    show_dollars("Service", "#Dollars", costs)
    typer.echo(
        f"\n{hours:g} hours of film have some {frames:,.0f} frames that are asked about, and keeping what is "
        f"found costs ${money(costs.storage_a_month)} a month. With video=jobs it would be "
        f"${money(by_jobs)}. With people_in_films, and a face on each of these frames, it is "
        f"${money(persons)} more, and by jobs ${money(persons_by_jobs)}. Assumptions: docs/cost.md"
    )


def _show_camera_day(
    every_seconds: float, asked_share: float, calls: tuple[str, ...], *, as_json: bool
) -> None:
    """Print what a camera costs a day, beside asking about each of its pictures."""
    gated = camera_day(every_seconds, asked_share, calls)
    everything = camera_day(every_seconds, 1.0, calls)
    if as_json:
        terminal.print_json({"dollars": gated.to_json(), "dollars_if_all_asked": everything.to_json()})
        return
    show_dollars("Service", "#Dollars a day", gated)
    typer.echo(
        f"\nOne camera, a picture every {every_seconds:g} s, {asked_share:.1%} of them asked about: "
        f"${money(gated.total / 24)} an hour. Asking about each of them would be "
        f"${money(everything.total)} a day. "
        "docs/cameras.md"
    )


def files_in_words(work: PictureWork) -> str:
    """Return what looking at photos as files costs, of all that is printed above it."""
    parts = ", ".join(f"{part} ${money(costs.total)}" for part, costs in pictures_bills(work).items())
    return (
        f"Of this, for what {work.files:,.0f} files say of themselves, for their thumbnails, and to convert "
        f"{work.converted:,.0f}: {parts}."
    )


def _calls(detectors: str) -> tuple[str, ...]:
    names = [name.strip() for name in detectors.split(",") if name.strip()]
    unknown = [name for name in names if name not in CALLS]
    if unknown or not names:
        raise terminal.OperatorError(f"--detectors {detectors!r}: choose one or more of {', '.join(CALLS)}")
    return tuple(dict.fromkeys(CALLS[name] for name in names))


def show_dollars(services: str, dollars: str, costs: Bill) -> None:
    amounts = {**costs.by_service, "all": costs.total}
    terminal.print_table((services, dollars), [(name, money(amount)) for name, amount in amounts.items()])
