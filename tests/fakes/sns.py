"""A topic in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.calls import Calls, client_error

# Of one message and of a batch, bodies and attributes together, unless the topic says otherwise:
# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
MAX_BYTES = 256 * 1024
MAX_ENTRIES = 10


@dataclass
class FakeSNS:
    """Keeps what was published. `refuse` counts how many entries are still to be refused."""

    calls: Calls = field(default_factory=Calls)
    published: list[dict[str, Any]] = field(default_factory=list)
    batch_sizes: list[int] = field(default_factory=list)
    refuse: int = 0

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Take a batch as SNS does: 200 even if some entries are refused."""
        with self.calls.of("PublishBatch"):
            _check(PublishBatchRequestEntries)
            self.batch_sizes.append(len(PublishBatchRequestEntries))
            failed = PublishBatchRequestEntries[: self.refuse]
            self.refuse -= len(failed)
            taken = PublishBatchRequestEntries[len(failed) :]
            self.published += [json.loads(entry["Message"]) for entry in taken]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in failed
            ],
        }


def _check(entries: list[dict[str, Any]]) -> None:
    """Refuse what SNS refuses as a whole."""
    if not entries:
        raise client_error("EmptyBatchRequest", "PublishBatch")
    if len(entries) > MAX_ENTRIES:
        raise client_error("TooManyEntriesInBatchRequest", "PublishBatch")
    if len({entry["Id"] for entry in entries}) != len(entries):
        raise client_error("BatchEntryIdsNotDistinct", "PublishBatch")
    if sum(map(_size_bytes, entries)) > MAX_BYTES:
        raise client_error("BatchRequestTooLong", "PublishBatch")


def _size_bytes(entry: dict[str, Any]) -> int:
    attributes = entry.get("MessageAttributes", {})
    return len(entry["Message"].encode()) + sum(
        len((name + value["DataType"] + value["StringValue"]).encode()) for name, value in attributes.items()
    )
