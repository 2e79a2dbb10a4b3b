"""`imagepipe verify`: whether a deployed pipeline keeps its promises, tried with some photos."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.text import Text

from contract.errors import ImagepipeError
from contract.timing import TOMBSTONE_DAYS
from operations.commands.options import Directory, Json, Local, Patience, Stack, Yes
from operations.costing.page import money
from operations.faults import StoppedError
from operations.interrupting import Stopping, orderly
from operations.planning.pricing import Pricing
from operations.terminal import (
    consents,
    print_json,
    printable,
    progress,
    remarks,
    require_consent_possible,
    results,
    table,
)
from operations.verifying.checking import Check, Outcome, Verdict
from operations.verifying.checks import CHECKS
from operations.verifying.cleaning import Cleaning
from operations.verifying.photos import MarkedPhotos, find_photos
from operations.verifying.site import Inbox, Site
from operations.verifying.verification import PREFIX, QUEUE_PREFIX, Verification
from operations.wiring import Pipeline, connect

FAILED = 1
_COLOUR = {Verdict.HELD: "green", Verdict.FAILED: "red", Verdict.LEFT_OUT: "yellow"}
_TOMBSTONES = (
    "The records of its photos are notes of deleted ones now, which DynamoDB removes by itself after "
    f"{TOMBSTONE_DAYS} days."
)


def verify(
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    photos: Annotated[
        Path | None,
        typer.Option("--photos", help="A folder with JPEGs.", show_default="images/ of the checkout"),
    ] = None,
    patience: Patience = 300.0,
    clean: Annotated[
        bool, typer.Option("--clean", help="Only remove what runs that were killed have left.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> int:
    """Upload some photos to a deployed pipeline, see whether all comes of them that should, and clean up.

    Exit code 1 if something does not hold, or something could not be removed.
    """
    pictures = [] if clean else find_photos(photos)
    require_consent_possible(yes, "verify")
    pipeline = connect(stack, local, directory)
    if clean:
        return _clean(pipeline, yes, json)
    run = secrets.token_hex(4)
    pricing = Pricing.of(pipeline.deployed, pipeline.budgets)
    calls, dollars = _price(pipeline, pricing)
    remarks().print(_intention(pipeline, f"{PREFIX}{run}/", calls, dollars), highlight=False, markup=False)
    if not consents(yes, "Begin?"):
        remarks().print("nothing was uploaded")
        return FAILED
    outcomes: list[Outcome] = []
    ended: StoppedError | ImagepipeError | None = None
    with progress() as display, orderly(remarks().print) as stopping:
        made = _verification(
            pipeline, run, MarkedPhotos(pictures, run), Watch(display), stopping, patience=patience
        )
        try:
            for outcome in made.run():
                outcomes.append(outcome)
        except (StoppedError, ImagepipeError) as reason:
            ended = reason
        finally:
            left = _cleaned(made)
    if json:
        print_json(_document(made.site.prefix, outcomes, calls, dollars, left))
    elif outcomes:
        _print(outcomes)
    _tell_left(left)
    if ended is not None:
        raise ended
    failed = any(outcome.verdict is Verdict.FAILED for outcome in outcomes)
    return FAILED if failed or left else 0


class Watch:
    """Shows which check is made, and what it waits for."""

    def __init__(self, display: Progress) -> None:
        self._display, self._check = display, ""
        self._task = display.add_task("subscribing", total=len(CHECKS))

    def began(self, check: Check) -> None:
        """Show that a check begins."""
        self._check = f"{check.name}: "
        self._display.update(self._task, description=check.name, completed=CHECKS.index(check))

    def tell(self, what: str) -> None:
        """Show what is being done or waited for."""
        self._display.update(self._task, description=escape(f"{self._check}{what}"))

    def cleaning(self) -> None:
        """Show that no check is made any more."""
        self._check = ""


def _clean(pipeline: Pipeline, yes: bool, json: bool) -> int:
    if not consents(yes, f"Remove everything under s3://{pipeline.names.bucket}/{PREFIX}?"):
        remarks().print("nothing was removed")
        return FAILED
    with progress() as display:
        left = _cleaning(pipeline, PREFIX, QUEUE_PREFIX, Watch(display)).run()
    if json:
        print_json({"left": left})
    _tell_left(left)
    return FAILED if left else 0


def _price(pipeline: Pipeline, pricing: Pricing) -> tuple[int, float]:
    contents, uploads = (sum(getattr(check, name) for check in CHECKS) for name in ("contents", "uploads"))
    settings = pipeline.deployed.settings
    by_detector = dict.fromkeys(settings.detectors, contents if settings.answers_are_shared else uploads)
    return sum(by_detector.values()), pricing.bill(uploads, by_detector, is_bulk=False).total


def _intention(pipeline: Pipeline, prefix: str, calls: int, dollars: float) -> str:
    where = f"s3://{pipeline.names.bucket}/{prefix}"
    price = (
        "which cost nothing on this machine" if pipeline.is_local else f"and about ${money(dollars)} in all"
    )
    return (
        f"{sum(check.uploads for check in CHECKS)} small objects are put to {printable(where)}, and removed "
        f"again. Rekognition is called {calls} times at most, {price}."
    )


def _verification(
    pipeline: Pipeline,
    run: str,
    photos: MarkedPhotos,
    watch: Watch,
    stopping: Stopping,
    *,
    patience: float,
) -> Verification:
    prefix = f"{PREFIX}{run}/"
    site = Site(
        bucket_name=pipeline.names.bucket,
        prefix=prefix,
        objects=pipeline.objects,
        table=pipeline.records,
        inbox=Inbox(pipeline.subscriptions, prefix),
        api=pipeline.api,
        photos=photos,
        fingerprints=pipeline.deployed.fingerprints,
        clock=time.monotonic,
        stopping=stopping,
        tell=watch.tell,
        patience_seconds=patience,
        shares_answers=pipeline.deployed.settings.answers_are_shared,
    )
    cleaning = _cleaning(pipeline, prefix, f"{QUEUE_PREFIX}{run}", watch)
    return Verification(CHECKS, site, cleaning, watch)


def _cleaning(pipeline: Pipeline, prefix: str, queue_name: str, watch: Watch) -> Cleaning:
    return Cleaning(
        prefix=prefix,
        queue_name=queue_name,
        objects=pipeline.objects,
        table=pipeline.records,
        subscriptions=pipeline.subscriptions,
        fingerprints=pipeline.deployed.fingerprints,
        executor=pipeline.executor,
        clock=time.monotonic,
        sleep=time.sleep,
        tell=watch.tell,
    )


def _cleaned(made: Verification) -> list[str]:
    try:
        return made.clean()
    except KeyboardInterrupt:
        remarks().print(
            f"not all of {made.site.prefix} was removed: imagepipe verify --clean", highlight=False
        )
        raise


def _print(outcomes: list[Outcome]) -> None:
    laid_out = table("Check", "Verdict", "#Seconds", "What was checked")
    for outcome in outcomes:
        laid_out.add_row(
            outcome.check.name,
            Text(str(outcome.verdict), style=_COLOUR[outcome.verdict]),
            f"{outcome.seconds:.1f}",
            Text(outcome.check.sentence + (f" ({printable(outcome.said)})" if outcome.said else "")),
        )
    results().print(laid_out)


def _tell_left(left: list[str]) -> None:
    if not left:
        remarks().print(f"Everything was removed. {_TOMBSTONES}", highlight=False)
        return
    for what in left:
        remarks().print(f"Left: {printable(what)}", highlight=False, markup=False)
    remarks().print("To try to remove it again: imagepipe verify --clean", highlight=False)


def _document(
    prefix: str, outcomes: list[Outcome], calls: int, dollars: float, left: list[str]
) -> dict[str, object]:
    return {
        "prefix": prefix,
        "checks": [outcome.to_json() for outcome in outcomes],
        "calls_at_most": calls,
        "dollars_at_most": round(dollars, 4),
        "left": left,
    }
