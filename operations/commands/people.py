"""`imagepipe people`: who agreed to be looked for, taken in, shown and forgotten."""

import time
import uuid
from collections.abc import Sequence
from typing import Annotated

import typer

from contract.moments import day_of, to_text
from contract.people import (
    Consent,
    Person,
    consent_of,
    faults_of_name,
)
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from operations import terminal
from operations.commands import options
from operations.people.enrolment import Enrolment
from operations.people.photos import shown_photos
from operations.people.searching import PersonSearch
from operations.wiring import DeployedPipeline, connect
from people.collection import FaceCollection
from people.forgetting import WHAT_REMAINS, PersonRemoval, Receipt
from people.mentions import LOCAL_SETTLING_SECONDS, MentionRemoval

app = typer.Typer(help="Look after the persons who agreed to be looked for.", no_args_is_help=True)
LEFT = 1
_AGAIN = "not all is done; run the command again to finish"

NameArgument = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]
PhotosArgument = Annotated[
    list[str],
    typer.Argument(metavar="PHOTO...", help="Files, or s3://BUCKET/KEY of the bucket.", show_default=False),
]
KeysArgument = Annotated[
    list[str],
    typer.Argument(metavar="PHOTO...", help="As `people show` names them.", show_default=False),
]


@app.command("add")
def add(
    name: NameArgument,
    photos: PhotosArgument,
    *,
    agreed: Annotated[
        str,
        typer.Option("--agreed", metavar="DAY", help="When the person agreed to the purpose: 2026-01-31."),
    ],
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="DAY", help="The last day of the consent; else as long as is allowed."
        ),
    ] = None,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Take in a person, or more photos of one: each shows the person alone.

    One DetectFaces and one IndexFaces is paid for each photo, $0.002.
    """
    if faults := faults_of_name(name):
        raise terminal.OperatorError(faults[0])
    terminal.require_consent_possible(yes, "people add")
    pipeline = connect(stack, local, directory)
    collection = _collection(pipeline)
    consent = _consent(pipeline, agreed, until)
    shown = shown_photos(photos, pipeline.names.bucket)
    question = f"Has {name} agreed on {consent.agreed_on} to this purpose: {consent.purpose}?"
    if not terminal.consents(yes, question, "nothing was changed"):
        return LEFT
    enrolment = Enrolment(pipeline.people, collection, lambda: f"p{uuid.uuid4().hex[:16]}", _now)
    with terminal.stepwise("adding") as display:
        enrolled = display.follow(enrolment.add(name, consent, shown), _AGAIN)
    if json:
        terminal.print_json(_to_json(enrolled.person, enrolled.faces))
    else:
        typer.echo(f"{name} is known by {enrolled.faces:,} faces, until {consent.ends_on}.")
    return 0


@app.command("list")
def list_people(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    json: options.Json = False,
) -> None:
    """List the persons, with the end of each consent."""
    pipeline = connect(stack, local, directory)
    removal, today = _removal(pipeline), day_of(time.time())
    faces, everybody = removal.faces_by_person(), removal.people.everybody()
    if json:
        terminal.print_json([_to_json(person, faces.get(person.id, 0)) for person in everybody])
        return
    rows = [
        (
            person.name,
            _standing(person, today),
            f"{faces.get(person.id, 0):,}",
            person.consent.agreed_on,
            person.consent.ends_on,
        )
        for person in everybody
    ]
    terminal.print_table(("Name", "State", "#Faces", "Agreed on", "Until"), rows)


@app.command("show")
def show(
    name: NameArgument,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    json: options.Json = False,
) -> None:
    """Show all that is kept of a person, but for what makes up the face."""
    pipeline = connect(stack, local, directory)
    removal = _removal(pipeline)
    person = _person(removal, name)
    faces = removal.faces_by_person().get(person.id, 0)
    if json:
        terminal.print_json(_to_json(person, faces))
        return
    rows = [
        ("Name", person.name),
        ("State", _standing(person, day_of(time.time()))),
        ("Id", person.id),
        ("Faces", f"{faces:,}"),
        ("Agreed on", person.consent.agreed_on),
        ("Purpose", person.consent.purpose),
        ("Until", person.consent.ends_on),
        ("Contact", pipeline.names.people_contact),
        *(("Photo", photo) for photo in person.photos.values()),
    ]
    terminal.print_table(("", ""), rows)


@app.command("search")
def search(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Look on photos that are there already for who was added since. Says first what that costs.

    Each face is paid for once for each time that somebody was added; so is each minute of the films with
    faces, where jobs look for persons in them.
    """
    terminal.require_consent_possible(yes, "people search")
    pipeline = connect(stack, local, directory)
    _collection(pipeline)
    settings = pipeline.deployed.settings
    in_films, by_jobs = bool(settings.people_in_films), bool(settings.film_jobs)
    queue, bucket = pipeline.bulk.queue, pipeline.names.bucket
    searching = PersonSearch(pipeline.searches, queue, bucket, _now, in_films, by_jobs)
    with terminal.stepwise("counting") as display:
        plan = display.follow(searching.plan(), "nothing was changed")
    films = f" and {plan.film_minutes:,.1f} minutes of {plan.films:,} films" if plan.films else ""
    if plan.keys:
        most = (
            f"{plan.faces:,} faces on {plan.photos:,} photos{films}, {terminal.money(plan.dollars)} at most"
        )
        if not terminal.consents(yes, f"Search {most}?", "nothing was changed"):
            return LEFT
        with terminal.stepwise("queueing") as display:
            display.follow(searching.ask(plan), _AGAIN)
    if json:
        of_films = {"films": plan.films, "film_minutes": round(plan.film_minutes, 1)} if plan.films else {}
        said = {"photos": plan.photos, "faces": plan.faces, **of_films}
        terminal.print_json({**said, "most_dollars": round(plan.dollars, 4)})
    else:
        typer.echo(f"{plan.photos:,} photos{films} are looked at again, {plan.faces:,} faces at most.")
    return 0


@app.command("remove")
def remove(
    name: NameArgument,
    photos: KeysArgument,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    yes: options.Yes = False,
) -> int:
    """Remove from a person the faces that were taken from these photos. The photos stay."""
    terminal.require_consent_possible(yes, "people remove")
    pipeline = connect(stack, local, directory)
    removal = _removal(pipeline)
    person = _person(removal, name)
    sources = _sources(person, photos)
    if sources == frozenset(person.photos):
        raise terminal.OperatorError(
            f"these are all photos of {name}; to remove the person: imagepipe people forget"
        )
    question = f"Remove the faces of {len(sources)} photos from {name}?"
    if not terminal.consents(yes, question, "nothing was removed"):
        return LEFT
    with terminal.stepwise("removing") as display:
        count = display.follow(removal.remove_photos(person, sources), _AGAIN)
    typer.echo(f"{count:,} faces of {name} are removed.")
    return 0


@app.command("forget")
def forget_person(
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)] = None,
    ended: Annotated[bool, typer.Option("--ended", help="All whose consent is over.")] = False,
    everybody: Annotated[
        bool, typer.Option("--all", help="All persons, and the collection: before `destroy`.")
    ] = False,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Remove persons for good: faces, users, names and consents. It cannot be undone.

    It ends in searches that find nothing, and a receipt for each person, without name and biometrics.
    """
    if (name is not None) + ended + everybody != 1:
        raise terminal.OperatorError("name one NAME, or persons by --ended or --all")
    terminal.require_consent_possible(yes, "people forget")
    pipeline = connect(stack, local, directory)
    removal = _removal(pipeline)
    if name is not None:
        chosen = [_person(removal, name)]
    else:
        chosen = removal.ended(day_of(time.time())) if ended else removal.people.everybody()
    if chosen:
        names = terminal.first_of([person.name for person in chosen], 5)
        if not terminal.consents(yes, f"Forget {names} for good?", "nothing was removed"):
            return LEFT
    receipts: list[Receipt] = []
    try:
        with terminal.stepwise("forgetting") as display:
            display.follow(removal.forget(chosen, receipts.append), _AGAIN)
    finally:
        if receipts:
            _print(receipts, as_json=json)
    if everybody:
        removal.remove_collection()
    if not receipts:
        _print(receipts, as_json=json)
    return 0


def _print(receipts: Sequence[Receipt], *, as_json: bool) -> None:
    if as_json:
        terminal.print_json([receipt.to_json() for receipt in receipts])
        return
    if not receipts:
        typer.echo("There is nobody to forget.")
        return
    for receipt in receipts:
        typer.echo(
            f"{receipt.person} is forgotten at {receipt.forgotten_at}: {receipt.faces_removed:,} faces and "
            f"the user are removed; a search of the collection and by {receipt.photos_searched_by:,} photos "
            f"found nothing, {receipt.photos_gone:,} photos are gone or show no face, and "
            f"{receipt.photos_freed:,} photos name the person no more."
        )
    terminal.remark("What no command can reach:")
    for what in WHAT_REMAINS:
        terminal.remark(f"- {what}")


def _collection(pipeline: DeployedPipeline) -> FaceCollection:
    """Return the collection. Raise OperatorError where people are off."""
    if pipeline.face_collection is None:
        raise terminal.OperatorError(
            "people are off in this deployment; deploy it with -c people=true, and with people_purpose, "
            "people_contact and people_retention_days (docs/people.md)"
        )
    return pipeline.face_collection


def _removal(pipeline: DeployedPipeline) -> PersonRemoval:
    return removal_of(pipeline, _collection(pipeline))


def removal_of(pipeline: DeployedPipeline, collection: FaceCollection) -> PersonRemoval:
    """Return what removes persons from a collection, and from what is kept of photos."""
    bucket = pipeline.names.bucket
    settling = LOCAL_SETTLING_SECONDS if pipeline.is_local else PROCESSOR_TIMEOUT_SECONDS
    mentions = MentionRemoval(pipeline.mentions, pipeline.images.queue, bucket, _now, time.sleep, settling)
    return PersonRemoval(pipeline.people, collection, bucket, _now, mentions)


def _consent(pipeline: DeployedPipeline, agreed: str, until: str | None) -> Consent:
    names = pipeline.names
    try:
        days = int(names.people_retention_days)
        return consent_of(agreed, until, day_of(time.time()), names.people_purpose, days)
    except ValueError as error:
        raise terminal.OperatorError(str(error)) from error


def _person(removal: PersonRemoval, name: str) -> Person:
    person = removal.people.find(name)
    if person is None:
        raise terminal.OperatorError(f"nobody is called {name}; who there is: imagepipe people list")
    return person


def _sources(person: Person, names: Sequence[str]) -> frozenset[str]:
    """Return the photos that are meant. Raise OperatorError for one that the person was not enrolled by."""
    sources = {source for source, name in person.photos.items() if name in names}
    strange = [name for name in names if name not in person.photos.values()]
    if strange:
        raise terminal.OperatorError(
            f"{person.name} was not enrolled by {terminal.first_of(strange)}; which photos there are: "
            "imagepipe people show"
        )
    return frozenset(sources)


def _standing(person: Person, today: str) -> str:
    return "consent is over" if person.consent.has_ended(today) else str(person.status)


def _to_json(person: Person, faces: int) -> dict[str, object]:
    item = person.to_item()
    shown = {name: value for name, value in item.items() if name not in ("pk", "sk", "photos")}
    return {**shown, "faces": faces, "photos": sorted(person.photos.values())}


def _now() -> str:
    return to_text(time.time())
