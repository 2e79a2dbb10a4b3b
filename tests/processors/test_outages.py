"""Hours without a service, a permission or a quota: nothing buried, nothing paid twice, done soon after.

The real handler code on a virtual clock, and a queue that does to messages what SQS and Lambda do: it counts
receives, hides, moves to the dead letters, deletes for age, and refuses chains of function and queue.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from contract.metrics import Metric
from contract.records import Status
from contract.timing import QUEUE_MAX_RECEIVES, QUEUE_RETENTION_DAYS, VISIBILITY_SECONDS
from loadtest.simulation.outages import client_error
from tests.fakes.calls import nothing
from tests.fakes.sqs import IMAGES
from tests.processors.world import Delivery, World

HOUR = 3600.0
DAY = 24 * HOUR
BATCH = 10
# Lambda refuses the sixteenth: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
LONGEST_CHAIN = 16


@dataclass(eq=False)
class Queued:
    """A message; `chain` counts the invocations that it came through."""

    id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0
    chain: int = 1


class Site:
    """A world with its queue, worked by one function at a time."""

    def __init__(self, *, batch: int = BATCH) -> None:
        self.world = World()
        self.batch = batch
        self.queue: list[Queued] = []
        self.moved: list[Queued] = []
        self.vanished: list[Queued] = []
        self.sent_taken = 0

    def upload(self, key: str, body: bytes) -> None:
        self._send(json.dumps({"Records": [self.world.s3.put(key, body)]}), 0.0, chain=1)

    def run(self, until: float) -> None:
        """Work until that time, or until the queue is empty."""
        while self.queue:
            self._tidy()
            due = [message for message in self.queue if message.visible_at <= self.world.now][: self.batch]
            if due:
                self._invoke(due)
                self.world.now += 0.1
                continue
            next_at = min(message.visible_at for message in self.queue)
            if next_at >= until:
                break
            self.world.now = next_at
        self.world.now = max(self.world.now, until) if self.queue else self.world.now

    def _tidy(self) -> None:
        """Do what SQS does by itself."""
        old = self.world.now - QUEUE_RETENTION_DAYS * DAY
        self.vanished += [message for message in self.queue if message.sent_at < old]
        self.moved += [message for message in self.queue if message.receives >= QUEUE_MAX_RECEIVES]
        gone = {*self.vanished, *self.moved}
        self.queue = [message for message in self.queue if message not in gone]

    def _invoke(self, batch: list[Queued]) -> None:
        for message in batch:
            message.receives += 1
            message.visible_at = self.world.now + VISIBILITY_SECONDS
        if max(message.chain for message in batch) >= LONGEST_CHAIN:
            return
        first = self.world.messages + 1
        failed = self.world.deliver_messages(
            [Delivery(message.id, message.body, message.receives, message.sent_at) for message in batch]
        )
        for place, message in enumerate(batch):
            wait = self.world.queues.delays.get(f"receipt-{first + place}")
            if message.id in failed and wait is not None:
                message.visible_at = self.world.now + wait
        self.queue = [message for message in self.queue if message not in batch or message.id in failed]
        for sent in self.world.queues.sent[self.sent_taken :]:
            if sent.queue_url == IMAGES:
                self._send(sent.body, sent.delay_seconds, chain=max(message.chain for message in batch) + 1)
        self.sent_taken = len(self.world.queues.sent)

    def _send(self, body: str, delay_seconds: float, chain: int) -> None:
        now = self.world.now
        identifier = f"m{len(self.queue)}-{now}-{len(self.world.queues.sent)}"
        self.queue.append(Queued(identifier, body, now, now + delay_seconds, chain=chain))


def site_with_photos(count: int, *, batch: int = BATCH) -> Site:
    site = Site(batch=batch)
    for number in range(count):
        site.upload(f"{number}.jpg", f"cat {number + 1}".encode())
    return site


def require_all_well(site: Site, photos: int, seconds_after: float) -> None:
    """Check that all are recognized, once paid, and that no message was buried, moved, lost or sent anew."""
    statuses = [site.world.status(f"{number}.jpg") for number in range(photos)]
    assert statuses == [Status.RECOGNIZED] * photos
    assert site.queue == site.moved == site.vanished == []
    assert site.world.queues.sent == []
    assert set(site.world.rekognition.paid.values()) == {1}
    assert seconds_after < 15 * 60


DYNAMODB = ("BatchGetItem", "BatchWriteItem", "BatchExecuteStatement", "PutItem", "UpdateItem", "DeleteItem")
SERVICES = {
    "DynamoDB": DYNAMODB,
    "S3": ("HeadObject",),
    "SNS": ("PublishBatch",),
    "Rekognition": ("DetectLabels", "DetectFaces"),
}


def away(operations: tuple[str, ...], code: str) -> Callable[[str], None]:
    def fail(operation: str) -> None:
        if operation in operations:
            raise client_error(code, operation)

    return fail


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("code", "hours", "batch"),
    [("InternalServerError", 3, BATCH), ("ServiceUnavailable", 3, 1), ("AccessDeniedException", 12, BATCH)],
)
def test_what_is_away_for_hours_costs_nothing_but_time(
    service: str, code: str, hours: int, batch: int
) -> None:
    """Traps 27 and 28."""
    site = site_with_photos(5, batch=batch)
    site.upload("3.jpg", b"cat 4")
    began = site.world.now
    site.world.calls.before = away(SERVICES[service], code)

    site.run(until=began + hours * HOUR)
    back = site.world.now = began + hours * HOUR
    site.world.calls.before = nothing
    site.run(until=back + HOUR)

    require_all_well(site, 5, site.world.now - back)


def test_a_queue_that_is_away_leaves_messages_where_they_are() -> None:
    site = site_with_photos(5)
    began = site.world.now
    site.world.calls.before = away(
        ("DetectLabels", "SendMessage", "ChangeMessageVisibilityBatch"), "Throttling"
    )

    site.run(until=began + 3 * HOUR)
    site.world.calls.before = nothing
    site.run(until=began + 4 * HOUR)

    require_all_well(site, 5, site.world.now - began - 3 * HOUR)


@pytest.mark.nightly
def test_a_quota_that_is_used_up_for_days_buries_nothing() -> None:
    site = site_with_photos(2)
    began = site.world.now
    site.world.calls.before = away(("DetectLabels",), "ProvisionedThroughputExceededException")

    site.run(until=began + 2 * DAY)
    back = site.world.now = began + 2 * DAY
    site.world.calls.before = nothing
    site.run(until=back + HOUR)

    require_all_well(site, 2, site.world.now - back)


@pytest.mark.nightly
def test_what_is_missing_for_weeks_is_waited_for_longer_than_messages_are_kept() -> None:
    """Trap 30: a message is sent anew before its time is over, long before Lambda sees a loop in that."""
    site = site_with_photos(1)
    began = site.world.now
    site.world.calls.before = away(("DetectLabels",), "AccessDeniedException")

    site.run(until=began + 30 * DAY)
    site.world.calls.before = nothing
    site.run(until=began + 31 * DAY)

    assert site.world.status("0.jpg") is Status.RECOGNIZED
    assert site.moved == site.vanished == []
    assert {sent.queue_url for sent in site.world.queues.sent} == {IMAGES}
    assert len(site.world.queues.sent) == 2, "on the 12th and on the 24th day"


def test_nothing_is_a_dead_letter_because_rekognition_fails_now_and_then_for_hours() -> None:
    """Nine calls of ten fail: an image is not at fault because one of its neighbours was answered."""
    site = site_with_photos(30)
    began, calls = site.world.now, iter(range(10**9))

    def mostly_fail(operation: str) -> None:
        if operation.startswith("Detect") and next(calls) % 10:
            raise client_error("InternalServerError", operation)

    site.world.calls.before = mostly_fail
    site.run(until=began + 3 * HOUR)
    site.world.calls.before = nothing
    site.run(until=began + 4 * HOUR)

    assert site.world.tally[Metric.DEAD_LETTERS] == 0
    assert {site.world.status(f"{number}.jpg") for number in range(30)} == {Status.RECOGNIZED}
