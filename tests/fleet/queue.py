"""An SQS queue on the virtual clock: visibility time-outs, receive counts, delays, the move to dead letters.

Not simulated: SQS's own rare second delivery of a message.
"""

from __future__ import annotations

import heapq
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

from contract.timing import QUEUE_MAX_RECEIVES, VISIBILITY_SECONDS
from tests.fleet.photos import Photo


@dataclass(eq=False)
class Message:
    """One message. Times are seconds since 1970; `receipt` is that of its latest receive, None if it lies
    there to be received, or was deleted."""

    id: str
    body: str
    sent_at: float
    key: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    receives: int = 0
    receipt: str | None = None
    hidden_until: float = 0.0

    def record(self, queue_name: str) -> dict[str, Any]:
        """Write the message as Lambda hands it over."""
        return {
            "messageId": self.id,
            "receiptHandle": self.receipt,
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": str(self.receives),
                "SentTimestamp": str(int(self.sent_at * 1000)),
            },
            "messageAttributes": {
                name: {"stringValue": text, "dataType": "String"} for name, text in self.attributes.items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue_name}",
            "awsRegion": "us-east-1",
        }


class Queue:
    """One queue. `stocked` is a backlog whose messages are made only when they are received."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self.name = name
        self.dead: list[tuple[str, Mapping[str, str]]] = []
        self.in_flight: dict[str, Message] = {}
        self.stocked_count = 0
        self._stocked: Iterator[Photo] = iter(())
        self._visible: deque[Message] = deque()
        self._hidden: list[tuple[float, int, Message, str | None]] = []
        self._now, self._numbers = now, count()

    def stock(self, photos: Iterator[Photo], number: int) -> None:
        """Put a backlog into the empty queue."""
        self._stocked, self.stocked_count = photos, number

    def put(self, photo: Photo) -> None:
        """Take S3's notification of a photo."""
        self._visible.append(self._message(photo))

    def send(self, body: str, attributes: Mapping[str, str], delay_seconds: float) -> None:
        """Take a message that somebody sends."""
        message = Message(f"m{next(self._numbers)}", body, self._now(), _key(body), attributes)
        heapq.heappush(self._hidden, (self._now() + delay_seconds, next(self._numbers), message, None))

    def visible(self) -> int:
        """Count what could be received now."""
        while self._hidden and self._hidden[0][0] <= self._now():
            due, _, message, receipt = heapq.heappop(self._hidden)
            if receipt is None or (message.receipt == receipt and message.hidden_until == due):
                self.in_flight.pop(receipt or "", None)
                message.receipt = None
                self._visible.append(message)
        return len(self._visible) + self.stocked_count

    def empty(self) -> bool:
        """Tell whether no message is left, visible or not."""
        return not self.visible() and not self.in_flight and not self._hidden_unreceived()

    def receive(self, most: int) -> list[Message]:
        """Give visible messages; what was received too often goes to the dead letters instead."""
        received: list[Message] = []
        while len(received) < most and self.visible():
            message = self._visible.popleft() if self._visible else self._from_stock()
            message.receives += 1
            if message.receives > QUEUE_MAX_RECEIVES:
                self.dead.append((message.body, {}))
                continue
            message.receipt = f"r{next(self._numbers)}"
            self.in_flight[message.receipt] = message
            self.hide(message.receipt, VISIBILITY_SECONDS)
            received.append(message)
        return received

    def hide(self, receipt: str, seconds: float) -> None:
        """Keep a received message away for so many seconds from now."""
        if (message := self.in_flight.get(receipt)) is not None:
            message.hidden_until = self._now() + seconds
            heapq.heappush(self._hidden, (message.hidden_until, next(self._numbers), message, receipt))

    def delete(self, message: Message) -> None:
        """Let go of a received message."""
        if message.receipt is not None:
            self.in_flight.pop(message.receipt, None)
            message.receipt = None

    def _hidden_unreceived(self) -> bool:
        return any(receipt is None for _, _, _, receipt in self._hidden)

    def _from_stock(self) -> Message:
        self.stocked_count -= 1
        return self._message(next(iter(islice(self._stocked, 1))))

    def _message(self, photo: Photo) -> Message:
        return Message(f"m{next(self._numbers)}", photo.notification(), photo.uploaded, photo.key)


def _key(body: str) -> str:
    """Read the key from a notification of one photo."""
    return str(json.loads(body)["Records"][0]["s3"]["object"]["key"])
