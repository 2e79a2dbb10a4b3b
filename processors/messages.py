"""A queue message, as Lambda hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """One SQS message. `receive_count` is 1 the first time."""

    id: str
    body: str
    receive_count: int = 1
    receipt_handle: str = ""
    queue_arn: str = ""

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
            queue_arn=record["eventSourceARN"],
        )
