"""A backfill queues exactly what has no current record, and goes on where it was ended."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.meaning import MEANING, MEANING_SEEN
from contract.metrics import Metric
from contract.moments import to_text
from contract.notifications import parse
from contract.photos import PICTURE
from contract.questions import questions
from contract.records import Status
from contract.results import ResultName
from operations.adapters.account import DeployedProcessor
from operations.adapters.sqs import Pace
from operations.backfilling import Backfill, BackfillCheckpoint, Bounds, Ended, Progress, state_directory
from operations.planning import Assessor, ObjectFilter
from operations.temporary_database import SeenContents
from operations.terminal import OperatorError
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import BULK
from tests.operations.deployments import deployed
from tests.operations.test_reconciling import recognized
from tests.operations.world import OperatedWorld
from tests.processors.world import SETTINGS, WITH_BOTH, WITH_PICTURES

FINGERPRINTS = {name: question.fingerprint for name, question in questions(SETTINGS).items()}
PRICE_A_CALL = 0.001


class Killed(BaseException):
    """The program is no more."""


@dataclass
class Runs:
    """Runs of one backfill, one after the other."""

    operated: OperatedWorld
    kept: Progress = field(default_factory=Progress)
    is_interrupted: Callable[[], bool] = lambda: False
    slept: list[float] = field(default_factory=list)
    fingerprints: Mapping[str, str] = field(default_factory=lambda: FINGERPRINTS)

    def run(
        self,
        prefix: str = "",
        *,
        rate: float | None = None,
        everything: bool = False,
        metadata: bool = False,
        **bounds: Any,
    ) -> tuple[Ended, Backfill]:
        with SeenContents() as contents:
            operated = self.operated
            made = Backfill(
                operated.pipeline,
                operated.pipeline.bulk.queue,
                Assessor(
                    deployed(self.fingerprints),
                    operated.table,
                    contents,
                    has_records=True,
                ),
                price=price,
                pace=Pace(rate, lambda: sum(self.slept), self.slept.append),
                bounds=Bounds(**bounds),
                now=lambda: to_text(operated.now),
                progress=self.kept,
                everything=everything,
                metadata=metadata,
            )
            pages = operated.bucket.pages(prefix, self.kept.after)
            for self.kept in made.run(pages, ObjectFilter()):
                if self.is_interrupted():
                    break
            return made.ended, made

    def queued(self) -> list[str]:
        bodies = self.operated.queues.bodies(BULK)
        return [event.key for body in bodies for event in parse(body, BUCKET)]


def price(queued: Progress) -> float:
    return PRICE_A_CALL * sum(queued.calls.values())


def with_new(count: int) -> OperatedWorld:
    operated = recognized("old.jpg")
    for number in range(count):
        operated.world.s3.put(f"new/{number:03}.jpg", f"dog {number}".encode())
    return operated


def keys(count: int) -> list[str]:
    return [f"new/{number:03}.jpg" for number in range(count)]


def test_what_has_its_record_is_left_alone_and_the_rest_becomes_records() -> None:
    runs = Runs(with_new(14))

    ended, run = runs.run()

    assert (ended, run.queued, run.totals.current) == (Ended.ALL, 14, 1)
    assert runs.queued() == keys(14)
    runs.operated.work_off_bulk()
    assert all(runs.operated.world.status(key) is Status.RECOGNIZED for key in keys(14))
    assert runs.run()[1].queued == 0


def test_one_key_goes_into_a_message_and_ten_into_a_request() -> None:
    operated = with_new(25)
    operated.s3.page = 1000
    runs = Runs(operated)

    runs.run()

    assert len(operated.queues.bodies(BULK)) == 25
    assert operated.queues.calls.made["SendMessageBatch"] == 3


def test_everything_queues_what_has_its_record_too() -> None:
    runs = Runs(with_new(1))

    _, run = runs.run(everything=True)

    assert sorted(runs.queued()) == ["new/000.jpg", "old.jpg"]
    assert (run.progress.queued, run.progress.records) == (2, 1)
    assert run.progress.calls == {"labels": 1, "faces": 1}


WITH_PICTURE = {**FINGERPRINTS, PICTURE: "read"}


def test_for_metadata_only_what_costs_no_call_is_queued() -> None:
    operated = with_new(3)
    operated.world.s3.copy("old.jpg", "copy.jpg")
    operated.world.deliver(
        operated.world.s3.put("again.jpg", b"cat 97"), operated.world.s3.put("empty.jpg", b"")
    )
    operated.world.deliver(operated.world.s3.put("over.jpg", b"cat 80"))
    operated.world.s3.put("over.jpg", b"cat 81")
    runs = Runs(operated, fingerprints=WITH_PICTURE)

    ended, run = runs.run(metadata=True)

    assert ended is Ended.ALL
    assert sorted(runs.queued()) == ["again.jpg", "old.jpg"]
    assert (run.progress.calls, run.dollars, run.totals.current) == ({}, 0, 0)
    # Three new ones, a copy without a record, one whose record is of the bytes before, and one that was
    # rejected before pictures were read: it may be recognized now.
    assert run.would_cost == 6


def test_metadata_is_filled_in_and_no_detector_is_called() -> None:
    operated = recognized("old.jpg", "two.jpg")
    operated.world.use(WITH_PICTURES)
    calls = operated.world.tally[Metric.CALLS_MADE]
    fingerprints = DeployedProcessor(WITH_PICTURES, 512).fingerprints
    runs = Runs(operated, fingerprints=fingerprints)

    assert runs.run(metadata=True)[1].queued == 2
    operated.work_off_bulk()

    for key in ("old.jpg", "two.jpg"):
        record = operated.world.record(key)
        assert record is not None
        assert record.findings.photo is not None
        assert record.detectors == fingerprints
    assert operated.world.tally[Metric.CALLS_MADE] == calls
    assert Runs(operated, fingerprints=fingerprints).run(metadata=True)[1].queued == 0


def test_for_metadata_another_version_of_the_same_bytes_is_left_alone() -> None:
    operated = recognized("old.jpg")
    for _ in range(5):
        operated.world.s3.put("z", b"time goes by")
    operated.world.s3.put("old.jpg", b"cat 97")
    runs = Runs(operated, fingerprints=WITH_PICTURE)

    _, run = runs.run(metadata=True)

    assert (runs.queued(), run.would_cost) == ([], 2)


def test_for_metadata_what_has_lost_an_answer_is_left_alone() -> None:
    operated = recognized("old.jpg", "two.jpg")
    record = operated.world.record("old.jpg")
    assert record is not None
    operated.table.forget_answers([ResultName(record.content_id, "faces", FINGERPRINTS["faces"])])

    _, run = Runs(operated, fingerprints=WITH_PICTURE).run(metadata=True)

    assert (run.queued, run.would_cost) == (0, 2)


@pytest.mark.parametrize(("lost", "queued"), [(MEANING_SEEN, 0), (MEANING, 2)])
def test_for_metadata_a_photo_that_has_lost_a_vector_of_bedrock_is_left_alone(lost: str, queued: int) -> None:
    """Both photos have these bytes: that one would be paid for, and one of labels is not."""
    operated = recognized("old.jpg", "two.jpg", by=WITH_BOTH)
    record = operated.world.record("old.jpg")
    assert record is not None
    operated.table.forget_answers([ResultName(record.content_id, lost, record.detectors[lost])])
    located = {**record.detectors, PICTURE: "as photos are looked at now"}

    assert Runs(operated, fingerprints=located).run(metadata=True)[1].queued == queued


def test_a_limit_ends_a_run_and_the_next_goes_on_with_as_many() -> None:
    runs = Runs(with_new(12))

    assert runs.run(limit=5)[0] is Ended.LIMIT
    assert runs.queued() == keys(5)
    assert runs.run(limit=5)[0] is Ended.LIMIT
    assert runs.run(limit=5)[0] is Ended.ALL
    assert runs.queued() == keys(12)


def test_dollars_add_up_over_runs_until_they_would_be_too_many() -> None:
    runs = Runs(with_new(12))
    a_photo = 2 * PRICE_A_CALL

    ended, run = runs.run(max_dollars=5.5 * a_photo)
    assert (ended, run.queued) == (Ended.MAX_COST, 5)
    assert run.dollars == pytest.approx(5 * a_photo)
    assert runs.run(max_dollars=5.5 * a_photo)[1].queued == 0
    assert runs.run(max_dollars=8 * a_photo)[1].queued == 3
    assert runs.run(max_dollars=1000)[0] is Ended.ALL
    assert runs.queued() == keys(12)


def test_copies_cost_nothing_and_go_past_a_bound_of_dollars() -> None:
    operated = recognized("old.jpg")
    for number in range(5):
        operated.world.s3.copy("old.jpg", f"copy{number}.jpg")

    assert Runs(operated).run(max_dollars=0)[1].queued == 5


def test_ctrl_c_ends_a_run_between_two_requests_and_nothing_is_queued_twice() -> None:
    operated = with_new(30)
    operated.s3.page = 1000
    runs = Runs(operated)
    runs.is_interrupted = lambda: operated.queues.calls.made["SendMessageBatch"] >= 1

    ended, run = runs.run(rate=1000)

    assert (ended, run.queued) == (Ended.STOPPED, 10)
    runs.is_interrupted = lambda: False
    assert runs.run()[0] is Ended.ALL
    assert runs.queued() == keys(30)


def test_what_sqs_refuses_ends_the_run_and_is_queued_by_the_next() -> None:
    operated = with_new(5)
    operated.queues.refuse["send"], operated.queues.sender_fault = 1, True
    runs = Runs(operated)

    with pytest.raises(OperatorError, match="goes on from there"):
        runs.run()

    operated.queues.sender_fault = False
    assert runs.run()[0] is Ended.ALL
    assert set(runs.queued()) == set(keys(5))


def test_no_more_is_queued_than_the_queue_keeps() -> None:
    runs = Runs(with_new(10))

    assert runs.run(most_waiting=4)[0] is Ended.QUEUE_FULL
    assert 4 <= len(runs.queued()) < 10
    waiting = len(runs.queued())
    assert runs.run(most_waiting=4)[1].queued == 0
    runs.operated.work_off_bulk()
    assert runs.run(most_waiting=100)[1].queued == 10 - waiting


def test_a_rate_is_kept() -> None:
    runs = Runs(with_new(12))

    runs.run(rate=4)

    assert sum(runs.slept) == pytest.approx(12 / 4, abs=0.6)


@settings(max_examples=40)
@given(kills=st.lists(st.integers(1, 4), max_size=4), page=st.integers(1, 7))
def test_killed_at_any_time_it_queues_everything_in_the_end(kills: list[int], page: int) -> None:
    operated = with_new(15)
    operated.s3.page = page
    runs = Runs(operated)
    for kill in kills:
        calls_left = iter(range(kill))

        def die(operation: str, calls_left: Any = calls_left) -> None:
            if operation == "SendMessageBatch" and next(calls_left, None) is None:
                raise Killed

        operated.queues.calls.after = die
        with contextlib.suppress(Killed):
            runs.run()
    operated.queues.calls.after = lambda _: None

    assert runs.run()[0] is Ended.ALL
    assert set(runs.queued()) == set(keys(15))
    operated.work_off_bulk()
    assert all(operated.world.status(key) is Status.RECOGNIZED for key in keys(15))


def test_a_checkpoint_is_of_the_same_arguments(tmp_path: Path) -> None:
    names = {"bucket": "b", "prefix": "p", "since": None}
    checkpoint = BackfillCheckpoint.of(tmp_path / "new" / "place", names)
    progress = Progress("ünï+%\n.jpg", 1.5, 7, 6, {"labels": 3})

    assert checkpoint.read() is None
    checkpoint.write(progress)

    assert BackfillCheckpoint.of(tmp_path / "new" / "place", dict(reversed(names.items()))).read() == progress
    assert BackfillCheckpoint.of(tmp_path / "new" / "place", {**names, "since": "7d"}).read() is None
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.read() is None


@pytest.mark.parametrize("written", ["", "{", '{"other": 1}', "[]"])
def test_a_checkpoint_that_is_spoilt_says_what_to_do(tmp_path: Path, written: str) -> None:
    checkpoint = BackfillCheckpoint(tmp_path / "spoilt.json")
    checkpoint.file.write_text(written)

    with pytest.raises(OperatorError, match="--restart"):
        checkpoint.read()


def test_checkpoints_are_kept_where_state_belongs() -> None:
    assert state_directory({"XDG_STATE_HOME": "/state"}) == Path("/state/imagepipe/backfill")
    assert state_directory({}).parts[-4:] == (".local", "state", "imagepipe", "backfill")


def test_of_what_is_queued_for_metadata_no_vector_is_told() -> None:
    located = {**WITH_PICTURE, PICTURE: "as photos are looked at now"}

    told = [
        Runs(recognized("old.jpg"), fingerprints=located).run(metadata=metadata)[1].most_vectors
        for metadata in (True, False)
    ]

    assert told == [0, 1]
