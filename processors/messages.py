"""A queue message, as Lambda hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contract.failures import HISTORY_ATTRIBUTE, History


@dataclass(frozen=True)
class Message:
    """One SQS message. `receive_count` is 1 the first time; `history` counts forerunners too."""

    id: str
    body: str
    receive_count: int
    receipt_handle: str
    queue_name: str
    history: History

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Message:
        """Read one record of a Lambda event.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        """
        receive_count = int(record["attributes"]["ApproximateReceiveCount"])
        return cls(
            id=record["messageId"],
            body=record["body"],
            receive_count=receive_count,
            receipt_handle=record["receiptHandle"],
            queue_name=record["eventSourceARN"].rsplit(":", 1)[1],
            history=_history(record, receive_count),
        )


def _history(record: Mapping[str, Any], receive_count: int) -> History:
    carried = record.get("messageAttributes", {}).get(HISTORY_ATTRIBUTE)
    if carried is not None:
        before = History.from_json(carried["stringValue"])
        return History(before.attempts + receive_count, before.first_sent_at)
    sent = datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)
    return History(receive_count, sent.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
