"""The topic's port on SNS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import MAX_BATCH_BYTES, MAX_ENTRIES, Entry, EntryBatch, by_size
from aws.retries import RetryPolicy
from contract.errors import ImagepipeError
from contract.notifications import Completion
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

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
        for batch in by_size(map(_entry, completions), _entry_bytes, MAX_ENTRIES, MAX_BATCH_BYTES):
            refused |= self._publish_batch(dict(batch))
        return refused

    def _publish_batch(self, entries: Mapping[str, Entry]) -> Mapping[str, ImagepipeError]:
        def publish(batch: list[Any]) -> Any:
            return self.client.publish_batch(TopicArn=self.topic_arn, PublishBatchRequestEntries=batch)

        what = f"PublishBatch to {self.topic_arn}"
        batch = EntryBatch(what, publish, entries, translated, sender_faults_are_final=False)
        try:
            self.retry(batch.attempt)
        except ImagepipeError as error:
            return batch.undone(error)
        return {}


def _entry(announced: Completion) -> tuple[str, Entry]:
    message = json.dumps(announced.body, ensure_ascii=False, separators=(",", ":"))
    return announced.id, {"Message": message, "MessageAttributes": _attributes(announced)}


def _entry_bytes(identified: tuple[str, Entry]) -> int:
    return len(identified[1]["Message"].encode()) + ENTRY_OVERHEAD_BYTES


def _attributes(announced: Completion) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": "String.Array", "StringValue": json.dumps(value)}
        if isinstance(value, list)
        else {"DataType": "String", "StringValue": value}
        for name, value in announced.attributes.items()
    }
