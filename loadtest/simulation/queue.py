"""An SQS queue on the virtual clock, the photos in it, and the dead letters, whoever made them.

Visibility timeouts, receive counts, delays, redrive, retention; not the rare second delivery of SQS.
"""

import hashlib
import heapq
import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

from contract.errors import FAILURE_ATTRIBUTE, Failure
from contract.moments import to_text
from contract.notifications import look_again
from contract.timing import QUEUE_MAX_RECEIVES, QUEUE_RETENTION_DAYS, VISIBILITY_SECONDS
from loadtest.simulation.clock import START

RETENTION_SECONDS = QUEUE_RETENTION_DAYS * 86_400.0


@dataclass(eq=False)
class QueuedMessage:
    """One message. Times are seconds since 1970; `receipt` is that of its latest receive, None if it lies
    there to be received, or was deleted. `lineage` counts the invocations of the function that led to it."""

    id: str
    body: str
    sent_at: float
    key: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    lineage: int = 0
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


class VirtualQueue:
    """One queue. `stocked` is a backlog whose messages are made only when they are received.

    SQS itself moves a message that was received more often than the redrive policy has it to the dead letters
    (`buried`, with the time, in seconds since 1970), and drops one that is older than the retention
    (`expired`): neither has a reason with it. `changed` is called when something may be visible earlier than
    it seemed.
    """

    def __init__(
        self,
        name: str,
        now: Callable[[], float],
        *,
        most_receives: int = QUEUE_MAX_RECEIVES,
        retention_seconds: float = RETENTION_SECONDS,
    ) -> None:
        self.name = name
        self.buried: list[tuple[float, QueuedMessage]] = []
        self.expired: list[QueuedMessage] = []
        self.in_flight: dict[str, QueuedMessage] = {}
        self.stocked_count = 0
        self.most_received = 0
        self.changed: Callable[[], object] = lambda: None
        self._stocked: Iterator[VirtualPhoto] = iter(())
        self._visible: deque[QueuedMessage] = deque()
        self._hidden: list[tuple[float, int, QueuedMessage, str | None]] = []
        self._now, self._numbers = now, count()
        self._most_receives, self._retention_seconds = most_receives, retention_seconds

    def stock(self, photos: "Iterator[VirtualPhoto]", number: int) -> None:
        """Put a backlog into the empty queue."""
        self._stocked, self.stocked_count = photos, number

    def put(self, photo: "VirtualPhoto") -> None:
        self._visible.append(self._message(photo))
        self.changed()

    def send(self, body: str, attributes: Mapping[str, str], delay_seconds: float, lineage: int = 0) -> None:
        message = QueuedMessage(f"m{next(self._numbers)}", body, self._now(), _key(body), attributes, lineage)
        heapq.heappush(self._hidden, (self._now() + delay_seconds, next(self._numbers), message, None))
        self.changed()

    def visible(self) -> int:
        while self._hidden and self._hidden[0][0] <= self._now():
            due, _, message, receipt = heapq.heappop(self._hidden)
            if receipt is None or (message.receipt == receipt and message.hidden_until == due):
                self.in_flight.pop(receipt or "", None)
                message.receipt = None
                self._visible.append(message)
        return len(self._visible) + self.stocked_count

    def next_visible_at(self) -> float:
        """Return when a hidden message may become visible, in seconds since 1970; infinity for never."""
        return self._hidden[0][0] if self._hidden else math.inf

    def empty(self) -> bool:
        return not self.visible() and not self.in_flight and not self._hidden_unreceived()

    def receive(self, most: int) -> list[QueuedMessage]:
        """Return visible messages, hidden from now on for the visibility timeout."""
        received: list[QueuedMessage] = []
        while len(received) < most and self.visible():
            message = self._visible.popleft() if self._visible else self._from_stock()
            if self._now() - message.sent_at > self._retention_seconds:
                self.expired.append(message)
                continue
            message.receives += 1
            if message.receives > self._most_receives:
                self.buried.append((self._now(), message))
                continue
            self.most_received = max(self.most_received, message.receives)
            message.receipt = f"r{next(self._numbers)}"
            self.in_flight[message.receipt] = message
            self.hide(message.receipt, VISIBILITY_SECONDS)
            received.append(message)
        return received

    def messages(self) -> list[QueuedMessage]:
        """Return all messages that were made and are still there, visible or not."""
        unreceived = [message for _, _, message, receipt in self._hidden if receipt is None]
        return [*unreceived, *self._visible, *self.in_flight.values()]

    def hide(self, receipt: str, seconds: float) -> None:
        """Keep a received message away for so many seconds from now."""
        if (message := self.in_flight.get(receipt)) is not None:
            message.hidden_until = self._now() + seconds
            heapq.heappush(self._hidden, (message.hidden_until, next(self._numbers), message, receipt))
            self.changed()

    def delete(self, message: QueuedMessage) -> None:
        if message.receipt is not None:
            self.in_flight.pop(message.receipt, None)
            message.receipt = None

    def _hidden_unreceived(self) -> bool:
        return any(receipt is None for _, _, _, receipt in self._hidden)

    def _from_stock(self) -> QueuedMessage:
        self.stocked_count -= 1
        return self._message(next(iter(islice(self._stocked, 1))))

    def _message(self, photo: "VirtualPhoto") -> QueuedMessage:
        return QueuedMessage(f"m{next(self._numbers)}", photo.notification(), photo.uploaded, photo.key)


def _key(body: str) -> str:
    return str(json.loads(body)["Records"][0]["s3"]["object"]["key"])


UNEXPLAINED = "moved by SQS, unexplained"


@dataclass(frozen=True)
class VirtualDeadLetter:
    """When it was made, in seconds since the start, about which key, and why."""

    at: float
    key: str
    cause: str


def dead_letters(sources: Iterable[VirtualQueue], queues: Iterable[VirtualQueue]) -> list[VirtualDeadLetter]:
    """Return what SQS buried of the source queues and what the processor sent to the dead-letter queues."""
    buried = [
        VirtualDeadLetter(at - START, message.key, UNEXPLAINED)
        for queue in sources
        for at, message in queue.buried
    ]
    sent = [
        VirtualDeadLetter(message.sent_at - START, message.key, _cause(message))
        for queue in queues
        for message in queue.messages()
    ]
    return sorted([*buried, *sent], key=lambda letter: letter.at)


def _cause(message: QueuedMessage) -> str:
    failure = Failure.from_json(message.attributes[FAILURE_ATTRIBUTE])
    return f"{failure.kind}: {failure.code}"


SIZE_BYTES = 250_000

BUCKET = "photos"


@dataclass(frozen=True)
class VirtualPhoto:
    """One photo: its lane, its place among those of that lane, when it was uploaded (seconds since 1970).

    What is `asked_for` comes by a request to look at the bucket, as `backfill` sends it, not by S3's event.
    """

    lane: str
    number: int
    uploaded: float
    asked_for: bool = False

    @property
    def key(self) -> str:
        return f"{self.lane}/{self.number:07}.jpg"

    @classmethod
    def named(cls, key: str) -> "VirtualPhoto":
        """Return the photo of a key, without knowing when it was uploaded."""
        lane, _, name = key.partition("/")
        return cls(lane, int(name.removesuffix(".jpg")), 0.0)

    @property
    def content_id(self) -> str:
        return f"{etag(self.key)}-{SIZE_BYTES}"

    @property
    def version_id(self) -> str:
        return f"v{self.number}"

    def notification(self) -> str:
        moment = to_text(self.uploaded)
        if self.asked_for:
            return look_again(BUCKET, [self.key], moment)
        photo = (self.key, SIZE_BYTES, etag(self.key), self.version_id, f"{self.number + 1:016X}")
        return notification(BUCKET, photo, moment)


def notification(bucket: str, photo: tuple[str, int, str, str, str], moment: str) -> str:
    """Write the message of S3 that a photo was put: its key, size, ETag, version and sequencer."""
    described = dict(zip(("key", "size", "eTag", "versionId", "sequencer"), photo, strict=True))
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": moment,
        "s3": {"bucket": {"name": bucket}, "object": described},
    }
    return json.dumps({"Records": [record]})


def etag(key: str) -> str:
    return hashlib.md5(key.encode()).hexdigest()
