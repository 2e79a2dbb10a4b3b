"""Leaving nothing behind: objects with all their versions, answers, queues and subscriptions.

What is to be removed is found by listing, so it does not matter who made it, or how that ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from contract.errors import ImagepipeError
from contract.records import Status
from contract.results import ResultName
from operations.adapters.dynamodb_image_records import DynamoDBImageRecords
from operations.adapters.s3_objects import ObjectVersion, S3Objects
from operations.adapters.subscriptions import Subscriptions
from operations.verifying.site import in_words, named

# SQS takes up to a minute to forget a queue, and until then its list may still name it.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 1


@dataclass
class Cleaning:
    """Removes what begins with a prefix (objects) and a name (queues).

    `keys` and `contents` are those that are known beside what a listing shows.
    """

    prefix: str
    queue_name: str
    objects: S3Objects
    table: DynamoDBImageRecords
    subscriptions: Subscriptions
    fingerprints: Mapping[str, str]
    executor: Executor
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    tell: Callable[[str], None]
    keys: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)

    def run(self) -> list[str]:
        """Remove everything and look whether it is gone; return what is left, in words."""
        steps = (self._unsubscribe, self._remove_objects, self._forget_answers)
        troubles = [trouble for step in steps if (trouble := _trouble(step))]
        try:
            return [*troubles, *self._wait()]
        except ImagepipeError as failure:
            return [*troubles, f"whether all of it is gone ({failure.message})"]

    def _unsubscribe(self) -> None:
        self.tell("removing the subscription and its queue")
        for arn in self.subscriptions.subscriptions(self.queue_name):
            self.subscriptions.unsubscribe(arn)
        for url in self.queues | set(self.subscriptions.queues(self.queue_name)):
            self.subscriptions.delete_queue(url)

    def _remove_objects(self) -> None:
        self.tell("removing objects and their versions")
        while versions := list(self.objects.versions(self.prefix)):
            self.keys |= {version.key for version in versions}
            self.contents |= {content for version in versions for content in version.content_ids}
            # Looked at once more: what was being put while this began.
            list(self.executor.map(self._remove, versions))

    def _remove(self, version: ObjectVersion) -> None:
        self.objects.remove(version)

    def _forget_answers(self) -> None:
        self.tell("removing the answers that were paid for")
        self.table.forget(
            ResultName(content, detector, fingerprint)
            for content in sorted(self.contents)
            for detector, fingerprint in self.fingerprints.items()
        )

    def _wait(self) -> list[str]:
        began = self.clock()
        while left := list(self._left()):
            if self.clock() - began >= PATIENCE_SECONDS:
                return left
            self.tell(f"waiting until these are gone: {in_words(left)}")
            self.sleep(PAUSE_SECONDS)
        return []

    def _left(self) -> Iterator[str]:
        yield from (f"object {named(version.key)}" for version in self.objects.versions(self.prefix))
        yield from (f"subscription {arn}" for arn in self.subscriptions.subscriptions(self.queue_name))
        yield from (f"queue {url}" for url in self.subscriptions.queues(self.queue_name))
        yield from self._records_left(self.keys)

    def _records_left(self, keys: Iterable[str]) -> Iterator[str]:
        records = self.table.read(sorted(keys))
        for key, record in records.items():
            if record.status is not Status.DELETED:
                yield f"the record of {named(key)}"


def _trouble(step: Callable[[], None]) -> str | None:
    try:
        step()
    except ImagepipeError as failure:
        return f"{failure.message} ({failure.code})"
    return None
