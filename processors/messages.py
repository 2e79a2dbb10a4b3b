"""A queue message, as Lambda hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.moments import to_text


@dataclass(frozen=True)
class Message:
    """One SQS message. `receive_count` is 1 the first time; `sent_at` is in seconds since 1970."""

    id: str
    body: str
    receive_count: int
    receipt_handle: str
    queue_name: str
    sent_at: float

    @property
    def first_sent_at(self) -> str:
        """The time of sending: ISO 8601, UTC, milliseconds."""
        return to_text(self.sent_at)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Message:
        """Read one record of a Lambda event.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        """
        return cls(
            id=record["messageId"],
            body=record["body"],
            receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
            receipt_handle=record["receiptHandle"],
            queue_name=record["eventSourceARN"].rsplit(":", 1)[1],
            sent_at=int(record["attributes"]["SentTimestamp"]) / 1000,
        )
