"""What `imagepipe status` reports."""

from __future__ import annotations

from aws.queue_depths import QueueDepth
from contract.prices import DOLLARS_A_CALL
from contract.records import Status
from contract.table import counts_key, to_wire
from operations.commands.status import Calls, report
from operations.inventory import RecordCount
from tests.fakes.sqs import DEAD_LETTERS, IMAGES
from tests.operations.test_reconciling import recognized
from tests.operations.world import OperatedWorld, queue


def counted_on(operated: OperatedWorld, day: str, **counts: int) -> None:
    at = counts_key(day)
    operated.world.table.items[at.pk, at.sk] = to_wire({"pk": at.pk, "sk": at.sk, **counts})


def test_what_was_saved_is_what_was_avoided() -> None:
    spent = Calls(made=100, avoided=300, throttled=2)

    assert (spent.hit_ratio, spent.dollars_saved) == (0.75, 300 * DOLLARS_A_CALL)
    assert Calls().hit_ratio is None


def test_a_report_adds_up_days_and_counts_records_and_queues() -> None:
    operated = recognized("a", "b", "c")
    operated.world.deliver(operated.world.s3.put("empty", b""))
    operated.world.deliver(operated.world.s3.delete("a"))
    operated.queues.put(DEAD_LETTERS, "x")
    operated.queues.put(IMAGES, "y")
    # now is 2027-01-15 in UTC
    counted_on(operated, "2027-01-15", CallsMade=1, CallsAvoided=3)
    counted_on(operated, "2027-01-14", CallsMade=10)
    counted_on(operated, "2027-01-08", CallsMade=100)

    made = report(
        {"images": queue(operated.queues, IMAGES)},
        {"images": queue(operated.queues, DEAD_LETTERS)},
        operated.table,
        operated.clock,
        days=7,
        exact=False,
    )

    assert made.queues == {"images": QueueDepth(1, 0, 0)}
    assert made.dead_letters == {"images": 1}
    assert made.records == {Status.RECOGNIZED: RecordCount(2, True), Status.REJECTED: RecordCount(1, True)}
    assert made.today == Calls(made=1, avoided=3)
    assert made.calls == Calls(made=11, avoided=3)
    assert made.to_json()["today"] == {
        "calls_made": 1,
        "calls_avoided": 3,
        "calls_throttled": 0,
        "hit_ratio": 0.75,
        "dollars_saved": 0.003,
    }
