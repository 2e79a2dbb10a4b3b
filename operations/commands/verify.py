"""`imagepipe verify`: whether a deployed pipeline keeps its promises, tried with some photos."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from contract.errors import ImagepipeError
from contract.records import Status
from contract.results import ResultName
from contract.timing import TOMBSTONE_DAYS
from operations import terminal
from operations.commands import options
from operations.film_hours import films_are_taken
from operations.pricing import Pricing
from operations.verifying.checks import Check, CheckResult, CheckStatus, checks_of, run_all
from operations.verifying.target import MarkedPhotos, TargetPipeline, find_photos, named
from operations.wiring import DeployedPipeline, connect

FAILED = 1
PREFIX = "imagepipe-verify/"
QUEUE_PREFIX = "imagepipe-verify-"
# SQS takes up to a minute to forget a queue, and until then its list may still name it.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 1
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
    checks = checks_of(takes_films=films_are_taken(pipeline.deployed.settings))
    calls, dollars = _price(pipeline, pricing, checks)
    uploads = sum(check.uploads for check in checks)
    terminal.remark(_intention(pipeline, f"{_prefix(pipeline)}{run}/", uploads, calls, dollars))
    if not terminal.consents(yes, "Begin?", "nothing was uploaded"):
        return FAILED
    pictures_of_run = MarkedPhotos(pictures, run)
    target = TargetPipeline(pipeline, f"{_prefix(pipeline)}{run}/", pictures_of_run, patience, time.monotonic)
    cleaning = Cleaning(pipeline, target.prefix, f"{QUEUE_PREFIX}{run}", time.monotonic, time.sleep)
    checked: list[CheckResult] = []
    ended: terminal.StoppedError | ImagepipeError | None = None
    with terminal.stepwise("subscribing", len(checks)) as display:
        try:
            target.inbox.subscribe(cleaning.queue_name)
            _check(checks, target, display, checked)
        except (terminal.StoppedError, ImagepipeError) as error:
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


def _check(
    checks: Sequence[Check],
    target: TargetPipeline,
    display: terminal.StepDisplay,
    checked: list[CheckResult],
) -> None:
    """Make all checks, and add what comes of each. Raise StoppedError on Ctrl-C."""
    doing = ""
    for step in display.until_interrupted(run_all(checks, target)):
        if isinstance(step, CheckResult):
            checked.append(step)
        elif isinstance(step, Check):
            doing = step.name
            display.show(doing, done=len(checked))
        else:
            display.show(f"{doing}: {step}")
    if len(checked) < len(checks):
        display.raise_if_interrupted("the checks were not all made")


def _clean(pipeline: DeployedPipeline, yes: bool, json: bool) -> int:
    question = f"Remove everything under s3://{pipeline.names.bucket}/{_prefix(pipeline)}?"
    if not terminal.consents(yes, question, "nothing was removed"):
        return FAILED
    with terminal.stepwise("removing") as display:
        cleaning = Cleaning(pipeline, _prefix(pipeline), QUEUE_PREFIX, time.monotonic, time.sleep)
        left = display.follow(cleaning.run(), "not all was removed: imagepipe verify --clean")
    if json:
        terminal.print_json({"left": left})
    _tell_left(left)
    return FAILED if left else 0


def _prefix(pipeline: DeployedPipeline) -> str:
    """Return where in the bucket photos are tried: among those that are meant."""
    return f"{pipeline.names.keys.prefix}{PREFIX}"


def _price(pipeline: DeployedPipeline, pricing: Pricing, checks: Sequence[Check]) -> tuple[int, float]:
    contents, uploads = (sum(getattr(check, name) for check in checks) for name in ("contents", "uploads"))
    settings = pipeline.deployed.settings
    asked = contents if settings.answers_are_shared else uploads
    by_detector = dict.fromkeys(settings.every_detector, asked)
    return sum(by_detector.values()), pricing.bill(uploads, by_detector, is_bulk=False, read=asked).total


def _intention(pipeline: DeployedPipeline, prefix: str, uploads: int, calls: int, dollars: float) -> str:
    where = f"s3://{pipeline.names.bucket}/{prefix}"
    price = (
        "which cost nothing on this machine"
        if pipeline.is_local
        else f"and about ${terminal.money(dollars)} in all"
    )
    return (
        f"{uploads} small objects are put to {where}, and removed "
        f"again. Rekognition is called {calls} times at most, {price}."
    )


def _cleaned(cleaning: "Cleaning", display: terminal.StepDisplay) -> list[str]:
    try:
        return display.follow(cleaning.run(), None)
    except KeyboardInterrupt:
        terminal.remark(f"not all of {cleaning.prefix} was removed: imagepipe verify --clean")
        raise


def _print(checked: list[CheckResult]) -> None:
    rows = [
        (
            result.check.name,
            Text(str(result.status), style=_COLOUR[result.status]),
            f"{result.seconds:.1f}",
            result.check.sentence + (f" ({result.said})" if result.said else ""),
        )
        for result in checked
    ]
    terminal.print_table(("Check", "Verdict", "#Seconds", "What was checked"), rows)


def _tell_left(left: list[str]) -> None:
    for what in left:
        terminal.remark(f"Left: {what}")
    again = "To try to remove it again: imagepipe verify --clean"
    terminal.remark(again if left else f"Everything was removed. {_TOMBSTONES}")


@dataclass
class Cleaning:
    """Leaves nothing behind of what begins with a prefix (objects, with all versions) and a name (queues).

    What is to be removed is found by listing, so it does not matter who made it, or how that ended. `keys`
    and `contents` are those that are known beside what a listing shows.
    """

    pipeline: DeployedPipeline
    prefix: str
    queue_name: str
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    keys: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)

    def include(self, target: TargetPipeline) -> None:
        """Take note of what was made there beside what a listing shows."""
        self.keys |= set(target.expected)
        self.contents |= target.contents
        self.queues |= {target.inbox.queue_url} - {""}

    def run(self) -> terminal.Steps[list[str]]:
        """Remove everything and look whether it is gone; return what is left, in words."""
        troubles: list[str] = []
        for doing, step in (
            ("removing the subscription and its queue", self._unsubscribe),
            ("removing objects and their versions", self._remove_objects),
            ("removing the answers that were paid for", self._forget_answers),
        ):
            yield doing
            try:
                step()
            except ImagepipeError as error:
                troubles.append(f"{error.message} ({error.code})")
        try:
            return [*troubles, *(yield from self._wait())]
        except ImagepipeError as error:
            return [*troubles, f"whether all of it is gone ({error.message})"]

    def _unsubscribe(self) -> None:
        for arn in self.pipeline.subscriptions.subscriptions(self.queue_name):
            self.pipeline.subscriptions.unsubscribe(arn)
        for url in self.queues | set(self.pipeline.subscriptions.queues(self.queue_name)):
            self.pipeline.subscriptions.delete_queue(url)

    def _remove_objects(self) -> None:
        while versions := list(self.pipeline.bucket.versions(self.prefix)):
            self.keys |= {version.key for version in versions}
            self.contents |= {content for version in versions for content in version.content_ids}
            # Looked at once more: what was being put while this began.
            list(self.pipeline.executor.map(self.pipeline.bucket.remove, versions))

    def _forget_answers(self) -> None:
        self.pipeline.table.forget_answers(
            ResultName(content, detector, fingerprint)
            for content in sorted(self.contents)
            for detector, fingerprint in self.pipeline.deployed.fingerprints.items()
        )

    def _wait(self) -> terminal.Steps[list[str]]:
        began = self.clock()
        while left := list(self._left()):
            if self.clock() - began >= PATIENCE_SECONDS:
                return left
            yield f"waiting until these are gone: {terminal.first_of(left)}"
            self.sleep(PAUSE_SECONDS)
        return []

    def _left(self) -> Iterator[str]:
        yield from (f"object {named(version.key)}" for version in self.pipeline.bucket.versions(self.prefix))
        yield from (
            f"subscription {arn}" for arn in self.pipeline.subscriptions.subscriptions(self.queue_name)
        )
        yield from (f"queue {url}" for url in self.pipeline.subscriptions.queues(self.queue_name))
        records = self.pipeline.table.records(sorted(self.keys))
        yield from (
            f"the record of {named(key)}"
            for key, record in records.items()
            if record.status is not Status.DELETED
        )
