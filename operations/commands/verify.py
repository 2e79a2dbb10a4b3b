"""`imagepipe verify`: whether a deployed pipeline keeps its promises, tried with some photos."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from contract.errors import ImagepipeError
from contract.timing import TOMBSTONE_DAYS
from operations import terminal
from operations.commands import options
from operations.commands.cost import money
from operations.planning import Pricing
from operations.terminal import StoppedError
from operations.verifying.checks import CHECKS, Check
from operations.verifying.photos import MarkedPhotos, find_photos
from operations.verifying.target import Inbox, TargetPipeline
from operations.verifying.verification import (
    PREFIX,
    QUEUE_PREFIX,
    CheckResult,
    CheckStatus,
    Cleaning,
    run_all,
)
from operations.wiring import DeployedPipeline, connect

FAILED = 1
_COLOUR = {CheckStatus.HELD: "green", CheckStatus.FAILED: "red", CheckStatus.LEFT_OUT: "yellow"}
_TOMBSTONES = (
    "The records of its photos are notes of deleted ones now, which DynamoDB removes by itself after "
    f"{TOMBSTONE_DAYS} days."
)


def verify(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    photos: Annotated[
        Path | None,
        typer.Option("--photos", help="A folder with JPEGs.", show_default="images/ of the checkout"),
    ] = None,
    patience: options.Patience = 300.0,
    clean: Annotated[bool, typer.Option("--clean", help="Only remove what killed runs have left.")] = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Upload some photos to a deployed pipeline, see whether all comes of them that should, and clean up.

    Exit code 1 if something does not hold, or something could not be removed.
    """
    pictures = [] if clean else find_photos(photos)
    terminal.require_consent_possible(yes, "verify")
    pipeline = connect(stack, local, directory)
    if clean:
        return _clean(pipeline, yes, json)
    run = secrets.token_hex(4)
    pricing = Pricing.of(pipeline.deployed, pipeline.table)
    calls, dollars = _price(pipeline, pricing)
    typer.echo(_intention(pipeline, f"{PREFIX}{run}/", calls, dollars), err=True)
    if not terminal.consents(yes, "Begin?", "nothing was uploaded"):
        return FAILED
    target = _target(pipeline, run, MarkedPhotos(pictures, run), patience)
    cleaning = _cleaning(pipeline, target.prefix, f"{QUEUE_PREFIX}{run}")
    checked: list[CheckResult] = []
    ended: StoppedError | ImagepipeError | None = None
    with terminal.stepwise("subscribing", len(CHECKS)) as display:
        try:
            target.inbox.subscribe(cleaning.queue_name)
            _check(target, display, checked)
        except (StoppedError, ImagepipeError) as error:
            ended = error
        finally:
            cleaning.include(target)
            left = _cleaned(cleaning, display)
    if json:
        terminal.print_json(
            {
                "prefix": target.prefix,
                "checks": [result.to_json() for result in checked],
                "calls_at_most": calls,
                "dollars_at_most": round(dollars, 4),
                "left": left,
            }
        )
    elif checked:
        _print(checked)
    _tell_left(left)
    if ended is not None:
        raise ended
    failed = any(result.status is CheckStatus.FAILED for result in checked)
    return FAILED if failed or left else 0


def _check(target: TargetPipeline, display: terminal.StepDisplay, checked: list[CheckResult]) -> None:
    """Make all checks, and add what comes of each. Raise StoppedError on Ctrl-C."""
    doing = ""
    for step in display.until_interrupted(run_all(CHECKS, target)):
        if isinstance(step, CheckResult):
            checked.append(step)
        elif isinstance(step, Check):
            doing = step.name
            display.show(doing, done=len(checked))
        else:
            display.show(f"{doing}: {step}")
    if len(checked) < len(CHECKS):
        display.raise_if_interrupted("the checks were not all made")


def _clean(pipeline: DeployedPipeline, yes: bool, json: bool) -> int:
    question = f"Remove everything under s3://{pipeline.names.bucket}/{PREFIX}?"
    if not terminal.consents(yes, question, "nothing was removed"):
        return FAILED
    with terminal.stepwise("removing") as display:
        steps = _cleaning(pipeline, PREFIX, QUEUE_PREFIX).run()
        left = display.follow(steps, "not all was removed: imagepipe verify --clean")
    if json:
        terminal.print_json({"left": left})
    _tell_left(left)
    return FAILED if left else 0


def _price(pipeline: DeployedPipeline, pricing: Pricing) -> tuple[int, float]:
    contents, uploads = (sum(getattr(check, name) for check in CHECKS) for name in ("contents", "uploads"))
    settings = pipeline.deployed.settings
    by_detector = dict.fromkeys(settings.detectors, contents if settings.answers_are_shared else uploads)
    return sum(by_detector.values()), pricing.bill(uploads, by_detector, is_bulk=False).total


def _intention(pipeline: DeployedPipeline, prefix: str, calls: int, dollars: float) -> str:
    where = terminal.printable(f"s3://{pipeline.names.bucket}/{prefix}")
    price = (
        "which cost nothing on this machine" if pipeline.is_local else f"and about ${money(dollars)} in all"
    )
    return (
        f"{sum(check.uploads for check in CHECKS)} small objects are put to {where}, and removed "
        f"again. Rekognition is called {calls} times at most, {price}."
    )


def _target(pipeline: DeployedPipeline, run: str, photos: MarkedPhotos, patience: float) -> TargetPipeline:
    prefix = f"{PREFIX}{run}/"
    return TargetPipeline(
        bucket_name=pipeline.names.bucket,
        prefix=prefix,
        objects=pipeline.bucket,
        table=pipeline.table,
        inbox=Inbox(pipeline.subscriptions, prefix),
        api=pipeline.api,
        photos=photos,
        fingerprints=pipeline.deployed.fingerprints,
        clock=time.monotonic,
        patience_seconds=patience,
        shares_answers=pipeline.deployed.settings.answers_are_shared,
    )


def _cleaning(pipeline: DeployedPipeline, prefix: str, queue_name: str) -> Cleaning:
    return Cleaning(
        prefix=prefix,
        queue_name=queue_name,
        objects=pipeline.bucket,
        table=pipeline.table,
        subscriptions=pipeline.subscriptions,
        fingerprints=pipeline.deployed.fingerprints,
        executor=pipeline.executor,
        clock=time.monotonic,
        sleep=time.sleep,
    )


def _cleaned(cleaning: Cleaning, display: terminal.StepDisplay) -> list[str]:
    try:
        return display.follow(cleaning.run(), None)
    except KeyboardInterrupt:
        typer.echo(f"not all of {cleaning.prefix} was removed: imagepipe verify --clean", err=True)
        raise


def _print(checked: list[CheckResult]) -> None:
    rows = [
        (
            result.check.name,
            Text(str(result.status), style=_COLOUR[result.status]),
            f"{result.seconds:.1f}",
            result.check.sentence + (f" ({terminal.printable(result.said)})" if result.said else ""),
        )
        for result in checked
    ]
    terminal.print_table(("Check", "Verdict", "#Seconds", "What was checked"), rows)


def _tell_left(left: list[str]) -> None:
    for what in left:
        typer.echo(f"Left: {terminal.printable(what)}", err=True)
    again = "To try to remove it again: imagepipe verify --clean"
    typer.echo(again if left else f"Everything was removed. {_TOMBSTONES}", err=True)
