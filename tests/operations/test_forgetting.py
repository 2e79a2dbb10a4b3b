"""What forgetting does with what it shares with others, without a place."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contract.items import ItemKey
from contract.moments import to_seconds, to_text
from contract.notifications import look_again, parse
from contract.table import CONTENT_PREFIX, record_key
from contract.tallies import counted_key
from operations.adapters.s3 import ObjectVersion
from operations.commands.forget import Chosen, Forgetting
from operations.inventory import ResultTrace, Trace, TraceKind
from operations.terminal import Steps, Value
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, FakeQueue, FakeSQS
from tests.operations.world import NAMES, queue

AT = "2026-11-23T12:00:00.000Z"
STARTED = to_seconds(AT)
ALERTS = "https://sqs.us-east-1.amazonaws.com/123456789012/alerts"
RESULT = ResultTrace(ItemKey("content#e1-7", "labels#f1"))
PICTURE_PLACE = ItemKey("content#e1-7", "picture#f1")


def waiting(*bodies: str) -> FakeSQS:
    """Make a bulk queue whose messages nobody else takes, and one of alerts."""
    queues = FakeSQS()
    queues.queues[ALERTS] = FakeQueue(ALERTS)
    for body in bodies:
        queues.put(BULK, body)
    return queues


def keys_in(queues: FakeSQS) -> list[str]:
    return sorted(event.key for body in queues.bodies(BULK) for event in parse(body, BUCKET))


class Table:
    """Traces in memory. A record whose object is gone is alive until somebody asks to look."""

    def __init__(self, *traces: Trace, complete: bool = True, shared: bool = False) -> None:
        self.traces, self.complete, self.shared = list(traces), complete, shared
        self.places = [RESULT]

    def find(self, prefix: str) -> Iterator[Trace]:
        return iter([trace for trace in self.traces if trace.key.startswith(prefix)])

    def remove(self, trace: Trace) -> None:
        assert not trace.is_alive
        self.traces.remove(trace)

    def results(self, content_id: str) -> list[ResultTrace] | None:
        mine = [place for place in self.places if place.at.pk == f"{CONTENT_PREFIX}{content_id}"]
        return None if self.shared else mine

    def remove_result(self, result: ResultTrace) -> None:
        self.places.remove(result)

    def names_are_complete(self) -> bool:
        return self.complete


class Bucket:
    def __init__(self, *keys: str) -> None:
        self.there = [ObjectVersion(key, "v1", "e1", 7) for key in keys]

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        return iter([version for version in self.there if version.key.startswith(prefix)])

    def remove(self, version: ObjectVersion) -> None:
        self.there.remove(version)


def note(key: str, kind: TraceKind = TraceKind.RECORD, *, is_alive: bool = False) -> Trace:
    at = record_key(key) if kind is TraceKind.RECORD else counted_key(key)
    return Trace(kind, at, key, is_alive, "e1-7" if is_alive else None)


def forgetting(
    chosen: Chosen, table: Table, bucket: Bucket, queues: FakeSQS, renditions: Bucket | None = None
) -> Forgetting:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        queues.now += seconds
        if any(trace.is_alive for trace in table.traces):
            asked = keys_in(queues)
            table.traces = [note(trace.key) if trace.key in asked else trace for trace in table.traces]

    bulk = SimpleNamespace(
        name="bulk", queue=queue(queues, BULK), dead_letters=queue(queues, BULK_DEAD_LETTERS)
    )
    pipeline: Any = SimpleNamespace(
        names=NAMES,
        bucket=bucket,
        traces=table,
        renditions=renditions,
        bulk=bulk,
        lanes=(bulk,),
        completion_queues={"alerts": queue(queues, ALERTS)},
        executor=ThreadPoolExecutor(2),
    )
    return Forgetting(pipeline, chosen, 120.0, lambda: now[0], lambda: to_text(STARTED + now[0]), sleep)


def finished(steps: Steps[Value]) -> Value:
    """Go through all steps, and return what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(Value, end.value)


def test_a_key_that_only_begins_like_it_is_left_alone() -> None:
    table = Table(note("a.jpg"), note("a.jpg.bak"), note("a.jpg", TraceKind.SHARE))
    bucket = Bucket("a.jpg", "a.jpg.bak")

    assert finished(forgetting(Chosen("a.jpg", False), table, bucket, waiting()).run()) == []

    assert [trace.key for trace in table.traces] == ["a.jpg.bak"]
    assert [version.key for version in bucket.there] == ["a.jpg.bak"]
    assert table.places == []


def test_a_message_of_others_too_is_sent_without_the_key() -> None:
    queues = waiting(
        look_again(BUCKET, ["a.jpg", "b.jpg", "c.jpg"], AT), look_again(BUCKET, ["a.jpg"], AT), "{}"
    )

    work = forgetting(Chosen("a.jpg", False), Table(), Bucket(), queues)
    assert finished(work.look()).counts()["messages"] == 2
    left = [body for body in queues.bodies(BULK) if body != "{}"]
    assert len(left) == 2, "looking changes nothing"
    assert finished(work.run()) == []

    assert "{}" in queues.bodies(BULK)
    rest = [body for body in queues.bodies(BULK) if body != "{}"]
    assert [event.key for body in rest for event in parse(body, BUCKET)] == ["b.jpg", "c.jpg"]
    assert "a.jpg" not in json.dumps(queues.bodies(BULK))


def test_what_waits_for_alerts_goes_too_and_what_is_about_others_stays() -> None:
    queues = waiting()
    for body in ('{"id": "1", "key": "a.jpg"}', '{"id": "2", "key": "a.jpg.bak"}', "no completion", "[]"):
        queues.put(ALERTS, body)

    work = forgetting(Chosen("a.jpg", False), Table(), Bucket(), queues)
    (named,) = finished(work.look()).messages
    assert named.endswith("in the queue alerts")
    assert len(queues.bodies(ALERTS)) == 4, "looking changes nothing"

    assert finished(work.run()) == []
    assert sorted(queues.bodies(ALERTS)) == ["[]", "no completion", '{"id": "2", "key": "a.jpg.bak"}']
    assert queues.bodies(BULK) == []


def test_a_record_whose_event_was_lost_is_asked_about() -> None:
    table, queues = Table(note("a.jpg", is_alive=True)), waiting()

    assert finished(forgetting(Chosen("a.jpg", False), table, Bucket("a.jpg"), queues).run()) == []
    assert table.traces == []
    assert keys_in(queues) == []


def test_results_that_are_kept_by_the_version_alone_go_too() -> None:
    table, bucket = Table(note("a.jpg")), Bucket("a.jpg")
    table.places = [ResultTrace(ItemKey(f"{CONTENT_PREFIX}{bucket.there[0].content_ids[1]}", "labels#f1"))]

    assert finished(forgetting(Chosen("a.jpg", False), table, bucket, waiting()).run()) == []
    assert table.places == []


def test_results_of_others_stay() -> None:
    table = Table(note("a.jpg"), shared=True)

    assert finished(forgetting(Chosen("a.jpg", False), table, Bucket("a.jpg"), waiting()).run()) == []
    assert table.places == [RESULT]


def rendition_keys(bucket: Bucket) -> list[str]:
    return [version.key for version in bucket.there]


def test_renditions_go_at_once_whether_or_not_an_answer_names_them() -> None:
    table, bucket = Table(note("a.jpg")), Bucket("a.jpg")
    own = bucket.there[0].content_ids[1]
    renditions = Bucket(
        "e1-7/t1/view.jpg", "e1-7/t0/thumbnail.webp", f"{own}/t2/view.jpg", "e1-77/t1/view.jpg"
    )
    work = forgetting(Chosen("a.jpg", False), table, bucket, waiting(), renditions)

    assert finished(work.look()).counts()["renditions"] == 3
    assert len(renditions.there) == 4, "looking changes nothing"
    assert finished(work.run()) == []
    assert rendition_keys(renditions) == ["e1-77/t1/view.jpg"]


def test_renditions_that_cannot_be_removed_are_told() -> None:
    class Kept(Bucket):
        def remove(self, version: ObjectVersion) -> None:
            """Say yes, and do nothing."""

    renditions = Kept("e1-7/t1/view.jpg")
    work = forgetting(Chosen("a.jpg", False), Table(note("a.jpg")), Bucket("a.jpg"), waiting(), renditions)

    assert finished(work.run()) == ["rendition e1-7/t1/view.jpg"]


@pytest.mark.parametrize(("shared", "complete"), [(True, True), (False, False)])
def test_renditions_of_others_and_of_who_knows_whom_stay(shared: bool, complete: bool) -> None:
    table = Table(note("a.jpg"), complete=complete, shared=shared)
    renditions = Bucket("e1-7/t1/view.jpg")

    finished(forgetting(Chosen("a.jpg", False), table, Bucket("a.jpg"), waiting(), renditions).run())
    assert rendition_keys(renditions) == ["e1-7/t1/view.jpg"]


def test_what_somebody_is_making_of_the_same_bytes_stays_until_it_is_known_whose_it_is() -> None:
    table, renditions = Table(note("a.jpg")), Bucket("e1-7/t1/view.jpg", "e1-7/t2/view.jpg")
    table.places = [RESULT, ResultTrace(PICTURE_PLACE, "t2", int(STARTED) + 30)]
    work = forgetting(Chosen("a.jpg", False), table, Bucket("a.jpg"), waiting(), renditions)
    steps = work.run()
    while len(renditions.there) > 1:
        next(steps)

    table.places = [ResultTrace(PICTURE_PLACE)]
    table.shared = True
    assert finished(steps) == []
    assert rendition_keys(renditions) == ["e1-7/t2/view.jpg"]


def test_what_somebody_left_who_is_no_more_goes_after_a_while() -> None:
    table, renditions = Table(note("a.jpg")), Bucket("e1-7/t2/view.jpg")
    table.places = [ResultTrace(PICTURE_PLACE, "t2", int(STARTED) + 30)]
    work = forgetting(Chosen("a.jpg", False), table, Bucket("a.jpg"), waiting(), renditions)

    told = list(work.run())
    assert any("a call under way, about content#e1-7 picture#f1" in step for step in told)
    assert (table.places, renditions.there) == ([], [])


def test_while_nobody_knows_whose_results_they_are_they_stay_and_are_told() -> None:
    table = Table(note("a.jpg"), complete=False)

    (left,) = finished(forgetting(Chosen("a.jpg", False), table, Bucket("a.jpg"), waiting()).run())
    assert "recount" in left
    assert table.places == [RESULT]


def test_it_stops_between_two_steps_and_changes_nothing_more() -> None:
    bucket = Bucket("a")
    steps = forgetting(Chosen("a", True), Table(), bucket, waiting(look_again(BUCKET, ["a"], AT))).run()

    assert [next(steps) for _ in range(4)] == [
        "looking into the bucket",
        "looking through the table",
        "looking at what is kept by content",
        "looking through the queue bulk",
    ]
    steps.close()

    assert [version.key for version in bucket.there] == ["a"]
