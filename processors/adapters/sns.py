"""The topic's port on SNS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from contract.completions import Completion
from contract.errors import ImagepipeError, NotReadyError
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
MAX_ENTRIES = 10
MAX_BATCH_BYTES = 256 * 1024
# Names and types of the attributes, and the entry's own frame, count too.
ENTRY_OVERHEAD_BYTES = 512


@dataclass(frozen=True)
class SnsTopic:
    """Publishes in batches of at most ten entries and 256 KiB, and tries again what was not taken."""

    client: SNSClient
    topic_arn: str
    retry: RetryPolicy

    def publish(self, completions: Sequence[Completion]) -> Mapping[str, ImagepipeError]:
        """Publish all; give the ids of those that were not taken, with the reason."""
        refused: dict[str, ImagepipeError] = {}
        for batch in _batches(completions):
            waiting = {str(place): (entry, identifier) for place, (identifier, entry) in enumerate(batch)}
            refused.update(self._publish_batch(waiting))
        return refused

    def _publish_batch(self, waiting: dict[str, tuple[dict[str, Any], str]]) -> dict[str, ImagepipeError]:
        faults: dict[str, ImagepipeError] = {}

        def attempt() -> None:
            with translated(f"PublishBatch to {self.topic_arn}"):
                answer = self.client.publish_batch(
                    TopicArn=self.topic_arn,
                    PublishBatchRequestEntries=[
                        _entry(place, entry) for place, (entry, _) in waiting.items()
                    ],
                )
            faults.clear()
            for failed in answer.get("Failed", []):
                faults[failed["Id"]] = translated.word_for_entry(failed, f"PublishBatch to {self.topic_arn}")
            for place in [place for place in waiting if place not in faults]:
                del waiting[place]
            if waiting:
                raise NotReadyError("PublishFailed", f"{len(waiting)} completions were not taken by SNS")

        try:
            self.retry(attempt)
        except ImagepipeError as failure:
            return {identifier: faults.get(place, failure) for place, (_, identifier) in waiting.items()}
        return {}


def _entry(place: str, entry: Mapping[str, Any]) -> Any:
    return {"Id": place, **entry}


def _batches(completions: Sequence[Completion]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    batch: list[tuple[str, dict[str, Any]]] = []
    size_bytes = 0
    for announced in completions:
        message = json.dumps(announced.body, ensure_ascii=False, separators=(",", ":"))
        entry = {"Message": message, "MessageAttributes": _attributes(announced)}
        entry_bytes = len(message.encode()) + ENTRY_OVERHEAD_BYTES
        if batch and (len(batch) == MAX_ENTRIES or size_bytes + entry_bytes > MAX_BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append((announced.id, entry))
        size_bytes += entry_bytes
    if batch:
        yield batch


def _attributes(announced: Completion) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": "String.Array", "StringValue": json.dumps(value)}
        if isinstance(value, list)
        else {"DataType": "String", "StringValue": value}
        for name, value in announced.attributes.items()
    }
