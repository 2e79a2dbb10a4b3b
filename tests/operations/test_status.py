"""What `imagepipe status` reports."""

from types import SimpleNamespace
from typing import Any

import pytest

from aws.queue_depths import QueueDepth
from contract.items import to_wire
from contract.pipeline_status import Calls
from contract.prices import DOLLARS_A_CALL
from contract.records import Status
from contract.table import counts_key
from contract.tallies import STATUS_COUNTS
from operations.commands.status import Report, report
from operations.inventory import RecordCount
from operations.wiring import QueuePair
from tests.fakes.sqs import DEAD_LETTERS, IMAGES
from tests.operations.test_reconciling import recognized
from tests.operations.world import NAMES, OperatedWorld, queue


def counted_on(operated: OperatedWorld, day: str, **counts: int) -> None:
    at = counts_key(day)
    operated.world.table.items[at.pk, at.sk] = to_wire({"pk": at.pk, "sk": at.sk, **counts})


def reported(operated: OperatedWorld, *, exact: bool = False) -> Report:
    lane = QueuePair("images", queue(operated.queues, IMAGES), queue(operated.queues, DEAD_LETTERS))
    pipeline: Any = SimpleNamespace(
        names=NAMES,
        lanes=(lane,),
        table=operated.table,
        deployed=SimpleNamespace(quotas={}, lines_abroad={}, daily_limits={}),
    )
    return report(pipeline, operated.now, days=7, exact=exact)


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

    made = reported(operated)

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


def kept(operated: OperatedWorld, **counts: object) -> None:
    item = {f"={status}": count for status, count in counts.items()}
    operated.world.table.items[STATUS_COUNTS] = to_wire({**STATUS_COUNTS._asdict(), **item})


def test_records_are_as_many_as_is_kept_without_counting_them() -> None:
    operated = recognized("a", "b")
    kept(operated, recognized=1_000_000)

    records = reported(operated).records

    assert records == {Status.RECOGNIZED: RecordCount(1_000_000, True), Status.REJECTED: RecordCount(0, True)}


@pytest.mark.parametrize("count", [1_000_000, "many"])
def test_records_are_counted_where_it_is_asked_for_or_what_is_kept_cannot_be_read(count: object) -> None:
    operated = recognized("a", "b")
    kept(operated, recognized=count)

    assert reported(operated, exact=count != "many").records[Status.RECOGNIZED] == RecordCount(2, True)
