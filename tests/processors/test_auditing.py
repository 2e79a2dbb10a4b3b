"""A lost event is found within a day, what is under way is not taken for one, and large buckets get done."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from aws.calls import TableBatches
from contract.items import key_to_wire, to_wire
from contract.key_filter import EVERY_KEY, KeyFilter
from contract.metrics import Metric, TallyMetric
from contract.records import Status
from contract.table import counts_key
from contract.tallies import AUDIT, NOW, STATUS_COUNTS, WHEN_DUE, AuditRound
from contract.timing import AUDIT_SECONDS, DAY_SECONDS, SETTLED_SECONDS
from processors.adapters.audits import DynamoDBAudits, listed_photos, photos_waiting
from processors.adapters.calls import retry_policy, translated
from processors.counting.auditing import MOST_NAMED, RESERVE_SECONDS, Audit
from tests.fakes.dynamodb import TABLE
from tests.fakes.s3 import BUCKET, START
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, DEAD_LETTERS, IMAGES
from tests.processors.world import InlineExecutor, World


class Errors:
    """A log that keeps what needs somebody."""

    def __init__(self) -> None:
        self.facts: list[dict[str, Any]] = []

    def warning(self, message: str, **facts: object) -> None: ...

    def error(self, message: str, **facts: object) -> None:
        self.facts.append(facts)

    def exception(self, message: str, **facts: object) -> None: ...


class AuditedWorld(World):
    """A world with an audit. `answers` are the rounds' answers, `metrics` the values that were written."""

    def __init__(self, keys: KeyFilter = EVERY_KEY) -> None:
        super().__init__()
        self.metrics: list[int] = []
        self.log = Errors()
        self.seconds_left = 120.0
        self.now = START.timestamp() + DAY_SECONDS / 2
        retry = retry_policy(sleep=lambda _seconds: None)
        batches = TableBatches(self.table, TABLE, translated, retry, InlineExecutor())  # type: ignore[arg-type]
        live, bulk = (IMAGES, DEAD_LETTERS), (f"{IMAGES}-bulk", f"{DEAD_LETTERS}-bulk")
        self.audit = Audit(
            page=partial(listed_photos, self.s3, BUCKET, keys=keys),  # type: ignore[arg-type]
            store=DynamoDBAudits(batches),
            waiting=partial(photos_waiting, self.queues, live, bulk),  # type: ignore[arg-type]
            retry=retry,
            count=self._count,
            log=self.log,
            clock=lambda: self.now,
        )

    def _count(self, what: TallyMetric, by: int) -> None:
        assert what is TallyMetric.DIFFERENCES_FOUND
        self.metrics.append(by)

    def upload(self, *keys: str) -> list[Any]:
        return [self.s3.put(key, f"JPEG {key}".encode()) for key in keys]

    def tallied(self) -> None:
        """Have the counts be those of the records."""
        counted = Counter(record.status for record in self.records() if record.status is not Status.DELETED)
        counts = {f"={status}": count for status, count in counted.items()}
        self.table.items[STATUS_COUNTS.pk, STATUS_COUNTS.sk] = to_wire(counts) | key_to_wire(STATUS_COUNTS)

    def deleted(self, count: int, days_later: int = 0) -> None:
        """Have so many deletions be on the counts of a day."""
        at = counts_key((START + timedelta(days=days_later)).date().isoformat())
        self.table.items[at.pk, at.sk] = to_wire({str(Metric.IMAGES_DELETED): count}) | key_to_wire(at)

    def when_listing_after(self, key: str, step_in: Callable[[], None]) -> None:
        """Have something happen once, before the page behind a key is listed; pages have one key."""
        self.s3.page = 1
        listing = self.s3.list_objects_v2

        def stepping_in(**asked: Any) -> dict[str, Any]:
            if asked.get("StartAfter") == key:
                self.s3.list_objects_v2 = listing  # type: ignore[method-assign]
                step_in()
            return listing(**asked)

        self.s3.list_objects_v2 = stepping_in  # type: ignore[method-assign]

    def ask(self, wanted: str = WHEN_DUE) -> dict[str, object]:
        self.table.items.settle()
        return self.audit.answer(wanted, lambda: self.seconds_left)


@pytest.fixture
def world() -> AuditedWorld:
    """A bucket with a photo, a text and a folder's marker, all of which have their records."""
    world = AuditedWorld()
    world.deliver(*world.upload("a.jpg", "folder/", "notes.txt"))
    world.tallied()
    return world


def test_a_bucket_that_is_in_its_table_raises_nothing(world: AuditedWorld) -> None:
    answer = world.ask()

    assert (answer["audited"], answer["is_done"]) == (3, True)
    assert world.metrics == [0]
    assert world.log.facts == []


def test_a_photo_whose_event_was_dropped_is_found_and_named(world: AuditedWorld) -> None:
    world.upload("dropped.jpg")

    assert world.ask()["photos_without_their_record"] == 1
    assert world.metrics == [1]
    assert world.log.facts[0]["some_keys"] == ["dropped.jpg"]


def test_an_overwrite_whose_event_was_dropped_is_found(world: AuditedWorld) -> None:
    world.s3.put("a.jpg", b"JPEG other bytes")

    assert world.ask()["photos_without_their_record"] == 1


def test_a_photo_that_came_back_without_an_event_is_found_under_its_tombstone(world: AuditedWorld) -> None:
    world.deliver(world.s3.delete("a.jpg"))
    world.upload("a.jpg")
    world.tallied()

    assert world.ask()["photos_without_their_record"] == 1


def test_a_record_that_cannot_be_read_is_found(world: AuditedWorld) -> None:
    world.table.items["image#a.jpg", "record"]["size_bytes"] = {"S": "large"}

    assert world.ask()["photos_without_their_record"] == 1


def test_records_are_read_at_half_price_so_that_what_was_written_a_moment_ago_may_be_missed(
    world: AuditedWorld,
) -> None:
    answer = world.audit.answer(WHEN_DUE, lambda: 120)

    assert answer["photos_without_their_record"] == 3


def test_a_deletion_whose_event_was_dropped_is_found(world: AuditedWorld) -> None:
    world.s3.delete("a.jpg")

    assert world.ask()["records_without_photo"] == 1
    assert world.metrics == [1]


def test_photos_of_the_last_hour_are_in_flight(world: AuditedWorld) -> None:
    world.upload("new.jpg")
    world.now = world.s3.objects["new.jpg"][-1].at.timestamp() + SETTLED_SECONDS - 1

    world.ask()

    assert world.metrics == [0]


@pytest.mark.parametrize(
    ("queue_url", "photos"),
    [(IMAGES, 1), (DEAD_LETTERS, 1), (BULK, 10), (BULK_DEAD_LETTERS, 10)],
)
def test_photos_that_messages_wait_for_are_in_flight_and_no_more_than_those(
    world: AuditedWorld, queue_url: str, photos: int
) -> None:
    world.queues.send_message(QueueUrl=queue_url, MessageBody="a photo")

    world.upload(*(f"waiting {number}.jpg" for number in range(photos)))
    world.ask()
    world.upload("dropped.jpg")
    world.ask(NOW)

    assert world.metrics == [0, 1]


def test_a_deletion_that_waits_is_in_flight(world: AuditedWorld) -> None:
    world.s3.delete("a.jpg")
    world.queues.send_message(QueueUrl=IMAGES, MessageBody="a photo")

    world.ask()

    assert world.metrics == [0]


def test_uploads_and_deletions_of_the_same_minutes_are_no_difference(world: AuditedWorld) -> None:
    """One photo goes before its key is listed, another comes behind the place where the listing is."""
    world.deleted(5)

    def meanwhile() -> None:
        world.deliver(world.s3.delete("notes.txt"), *world.upload("aa.jpg"))
        world.tallied()
        world.deleted(6)

    world.when_listing_after("folder/", meanwhile)
    world.ask()

    assert world.s3.present().keys() == {"a.jpg", "aa.jpg", "folder/"}
    assert world.metrics == [0]


def test_a_photo_that_came_behind_the_listing_is_no_difference(world: AuditedWorld) -> None:
    def meanwhile() -> None:
        world.deliver(*world.upload("aa.jpg"))
        world.tallied()

    world.when_listing_after("folder/", meanwhile)
    world.ask()

    assert world.metrics == [0]


def test_a_photo_that_went_before_it_was_listed_is_no_difference_whoever_forgot_to_count_it(
    world: AuditedWorld,
) -> None:
    """The counts of the day are an aid: a batch that crashed is not in them."""

    def meanwhile() -> None:
        world.deliver(world.s3.delete("notes.txt"))
        world.tallied()

    world.when_listing_after("folder/", meanwhile)
    world.ask()

    assert world.metrics == [0]


def test_deletions_are_known_of_every_day_that_a_round_takes(world: AuditedWorld) -> None:
    """As many photos came as went, so that the sums of both ends are alike."""
    world.deleted(5)

    def meanwhile() -> None:
        world.now += DAY_SECONDS
        world.deliver(world.s3.delete("notes.txt"), *world.upload("aa.jpg"))
        world.tallied()
        world.deleted(1, days_later=1)

    world.when_listing_after("folder/", meanwhile)
    world.ask()

    assert world.metrics == [0]


def test_a_day_without_deletions_has_none(world: AuditedWorld) -> None:
    at = counts_key(START.date().isoformat())
    world.table.items[at.pk, at.sk] = to_wire({str(Metric.IMAGES_RECOGNIZED): 5}) | key_to_wire(at)

    assert world.audit.store.deletions(START.timestamp(), START.timestamp()) == 0


def test_a_deleted_photo_has_no_content(world: AuditedWorld) -> None:
    world.deliver(world.s3.delete("a.jpg"))
    world.table.items.settle()

    assert world.audit.store.contents(["a.jpg", "notes.txt"]).keys() == {"notes.txt"}


def test_counts_that_were_not_made_yet_say_nothing_of_records(world: AuditedWorld) -> None:
    del world.table.items[STATUS_COUNTS.pk, STATUS_COUNTS.sk]

    world.ask()

    assert world.metrics == [0]


def test_a_round_a_day_however_often_it_is_asked_for(world: AuditedWorld) -> None:
    world.ask()
    world.now += AUDIT_SECONDS - 1
    assert world.ask() == {"audited": 0}

    world.now += 1
    assert world.ask()["is_done"] is True
    assert len(world.metrics) == 2


def test_somebody_who_asks_now_is_answered_now_and_sees_that_it_was_put_right(world: AuditedWorld) -> None:
    (event,) = world.upload("dropped.jpg")
    world.ask()
    world.deliver(event)
    world.tallied()

    assert world.ask(NOW)["photos_without_their_record"] == 0
    assert world.metrics == [1, 0]


def test_a_large_bucket_is_gone_through_in_several_invocations(world: AuditedWorld) -> None:
    """What was found early is told at once, and not forgotten at the end."""
    world.s3.page = 1
    world.upload("0 dropped.jpg")

    def listing_one(**asked: Any) -> dict[str, Any]:
        world.seconds_left = RESERVE_SECONDS
        return one_page(**asked)

    one_page = world.s3.list_objects_v2
    world.s3.list_objects_v2 = listing_one  # type: ignore[method-assign]
    answers: list[dict[str, object]] = []
    while not answers or not answers[-1]["is_done"]:
        world.seconds_left = 120
        answers.append(world.ask())

    assert [answer["audited"] for answer in answers] == [1, 1, 1, 1, 0]
    assert world.metrics == [1] * 5


def test_a_round_that_cannot_be_read_is_begun_anew(world: AuditedWorld) -> None:
    world.table.items[AUDIT.pk, AUDIT.sk] = key_to_wire(AUDIT) | to_wire({"began_at": "yesterday"})

    assert world.ask()["is_done"] is True


def test_a_log_line_names_some_keys_and_not_a_million(world: AuditedWorld) -> None:
    world.upload(*(f"dropped {number}.jpg" for number in range(MOST_NAMED + 1)))
    world.ask()

    assert world.metrics == [MOST_NAMED + 1]
    assert len(world.log.facts[0]["some_keys"]) == MOST_NAMED


def test_a_round_is_read_back_as_it_was_written() -> None:
    written = AuditRound(
        began_at=1, images=2, deletions=3, after="ä/ +%.jpg", listed=4, differing=5, is_done=True
    )

    assert AuditRound.from_item(written.to_item()) == written


def test_what_is_not_meant_is_not_missing_and_ends_no_round() -> None:
    """Of a bucket that is not ours: whole pages may hold nothing that is meant."""
    world = AuditedWorld(KeyFilter("b/", (".jpg",)))
    world.deliver(*world.upload("b/1.jpg", "b/9.jpg"))
    world.upload("a.jpg", "b/2.txt", "b/3.txt", "c.jpg")
    world.tallied()
    world.s3.page = 1

    answer = world.ask()

    assert (answer["audited"], answer["photos_without_their_record"], answer["is_done"]) == (2, 0, True)
    world.upload("b/5.jpg")
    assert world.ask(NOW)["photos_without_their_record"] == 1
