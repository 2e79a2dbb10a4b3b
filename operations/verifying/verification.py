"""One run of the checks: a prefix, a queue and a subscription of its own, and afterwards nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import StrEnum

from contract.errors import ImagepipeError
from contract.records import Status
from contract.results import ResultName
from operations.adapters.dynamodb import OperatedTable
from operations.adapters.s3 import S3Bucket
from operations.adapters.sqs import Subscriptions
from operations.terminal import Steps, first_of
from operations.verifying.checks import Check
from operations.verifying.target import CheckFailedError, CheckLeftOutError, TargetPipeline, named

PREFIX = "imagepipe-verify/"
QUEUE_PREFIX = "imagepipe-verify-"
# SQS takes up to a minute to forget a queue, and until then its list may still name it.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 1


class CheckStatus(StrEnum):
    """How a check has ended."""

    HELD = "held"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class CheckResult:
    """What came of a check. `said` is the reason, or a remark."""

    check: Check
    status: CheckStatus
    seconds: float
    said: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.check.name,
            "sentence": self.check.sentence,
            "verdict": str(self.status),
            "seconds": round(self.seconds, 1),
            "said": self.said,
        }


def run_all(
    checks: Sequence[Check], target: TargetPipeline
) -> Generator[Check | str | CheckResult, None, None]:
    """Make all checks in their order, whatever comes of each; yield what is being done, and each result.

    What AWS refuses to one check is its failure: others may not need it.
    """
    needed_failed = ""
    for check in checks:
        if needed_failed:
            yield CheckResult(check, CheckStatus.LEFT_OUT, 0.0, f"{needed_failed} has failed")
            continue
        yield check
        start = target.clock()
        status, said = yield from _run(check, target)
        if status is not CheckStatus.HELD and check.others_need:
            needed_failed = check.name
        yield CheckResult(check, status, target.clock() - start, said)


def _run(check: Check, target: TargetPipeline) -> Steps[tuple[CheckStatus, str]]:
    try:
        return CheckStatus.HELD, (yield from check.run(target)) or ""
    except CheckFailedError as error:
        return CheckStatus.FAILED, str(error)
    except CheckLeftOutError as error:
        return CheckStatus.LEFT_OUT, str(error)
    except ImagepipeError as error:
        return CheckStatus.FAILED, f"{error.code}: {error.message}"


@dataclass
class Cleaning:
    """Leaves nothing behind of what begins with a prefix (objects, with all versions) and a name (queues).

    What is to be removed is found by listing, so it does not matter who made it, or how that ended. `keys`
    and `contents` are those that are known beside what a listing shows.
    """

    prefix: str
    queue_name: str
    objects: S3Bucket
    table: OperatedTable
    subscriptions: Subscriptions
    fingerprints: Mapping[str, str]
    executor: Executor
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

    def run(self) -> Steps[list[str]]:
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
        for arn in self.subscriptions.subscriptions(self.queue_name):
            self.subscriptions.unsubscribe(arn)
        for url in self.queues | set(self.subscriptions.queues(self.queue_name)):
            self.subscriptions.delete_queue(url)

    def _remove_objects(self) -> None:
        while versions := list(self.objects.versions(self.prefix)):
            self.keys |= {version.key for version in versions}
            self.contents |= {content for version in versions for content in version.content_ids}
            # Looked at once more: what was being put while this began.
            list(self.executor.map(self.objects.remove, versions))

    def _forget_answers(self) -> None:
        self.table.forget_answers(
            ResultName(content, detector, fingerprint)
            for content in sorted(self.contents)
            for detector, fingerprint in self.fingerprints.items()
        )

    def _wait(self) -> Steps[list[str]]:
        began = self.clock()
        while left := list(self._left()):
            if self.clock() - began >= PATIENCE_SECONDS:
                return left
            yield f"waiting until these are gone: {first_of(left)}"
            self.sleep(PAUSE_SECONDS)
        return []

    def _left(self) -> Iterator[str]:
        yield from (f"object {named(version.key)}" for version in self.objects.versions(self.prefix))
        yield from (f"subscription {arn}" for arn in self.subscriptions.subscriptions(self.queue_name))
        yield from (f"queue {url}" for url in self.subscriptions.queues(self.queue_name))
        records = self.table.records(sorted(self.keys))
        yield from (
            f"the record of {named(key)}"
            for key, record in records.items()
            if record.status is not Status.DELETED
        )
