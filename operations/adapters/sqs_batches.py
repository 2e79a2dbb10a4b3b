"""SQS's batch calls, complete: full batches, and whatever failed for the moment is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aws.retries import RetryPolicy
from contract.errors import ConfigurationError, ImagepipeError, TransientError
from operations.adapters.aws_errors import translated
from operations.messages import Outgoing

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_ENTRIES = 10
MAX_BATCH_BYTES = 256 * 1024
# Names and types of the attributes count too.
ENTRY_OVERHEAD_BYTES = 256

Entry = dict[str, Any]
Element = TypeVar("Element")


@dataclass(frozen=True)
class BatchCalls:
    """Batch calls on one queue."""

    url: str
    retry: RetryPolicy

    def complete(
        self, operation: str, call: Callable[..., Any], entries: Mapping[str, Entry]
    ) -> Mapping[str, ImagepipeError]:
        """Do a batch call, and again for what SQS reports in `Failed`; give what is undone after all.

        An answer of 200 says nothing about the entries.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
        """
        waiting = {str(place): identifier for place, identifier in enumerate(entries)}
        undone: dict[str, ImagepipeError] = {}

        def attempt() -> None:
            with translated(f"{operation} on {self.url}"):
                answer = call(
                    QueueUrl=self.url,
                    Entries=[{"Id": place, **entries[identifier]} for place, identifier in waiting.items()],
                )
            for done in answer.get("Successful", []):
                undone.pop(waiting.pop(done["Id"]), None)
            for failed in answer.get("Failed", []):
                undone[waiting[failed["Id"]]] = _fault(failed, operation)
            for place, identifier in list(waiting.items()):
                if isinstance(undone.get(identifier), ConfigurationError):
                    del waiting[place]
            if waiting:
                raise TransientError("BatchFailed", f"{operation}: SQS left {len(waiting)} entries undone")

        try:
            self.retry(attempt)
        except TransientError as failure:
            for identifier in waiting.values():
                undone.setdefault(identifier, failure)
        return undone


def by_size(messages: Iterable[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """Part messages into batches of at most ten and 256 KiB."""
    batch: list[Outgoing] = []
    size_bytes = 0
    for message in messages:
        message_bytes = ENTRY_OVERHEAD_BYTES + len(message.body.encode())
        if batch and (len(batch) == MAX_ENTRIES or size_bytes + message_bytes > MAX_BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(message)
        size_bytes += message_bytes
    if batch:
        yield batch


def in_tens(elements: Iterable[Element]) -> Iterator[list[Element]]:
    """Part anything into tens."""
    waiting: list[Element] = []
    for element in elements:
        waiting.append(element)
        if len(waiting) == MAX_ENTRIES:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _fault(failed: Mapping[str, Any], operation: str) -> ImagepipeError:
    if failed["SenderFault"]:
        message = f"{failed.get('Message', 'no reason given')} ({operation})"
        return ConfigurationError(failed["Code"], message)
    return translated.word_for_entry(failed, operation)
