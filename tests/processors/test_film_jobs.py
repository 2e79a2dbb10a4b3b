"""Jobs on films: paid for once, within the leases and the day's minutes, whatever becomes of completions."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract.film_jobs import JOBS, MOST_STEPS, OpenJob, OpenJobs, by_steps
from contract.moments import day_of
from contract.records import Status
from contract.results import ResultName
from loadtest.simulation.outages import client_error
from processors.adapters.calls import retry_policy
from processors.adapters.film_jobs import DynamoDBOpenJobs
from processors.pipeline.film_jobs import RUNNING_SECONDS
from tests.fakes.calls import nothing
from tests.fakes.dynamodb import TABLE
from tests.fakes.film_jobs import FakeJob
from tests.processors.jobs_world import BULK, WITH_JOBS, JobsWorld

FILM = b"film cat 97|cat 99|dog 88|cat 91"
INTERVALS = [("Cat", 0, 20_000, 99.0), ("Dog", 20_000, 30_000, 88.0), ("Cat", 30_000, 40_000, 91.0)]


@pytest.fixture
def world() -> JobsWorld:
    return JobsWorld()


def test_a_film_is_one_record_of_what_its_job_has_found(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open
    assert job.asked["NotificationChannel"] == {"SNSTopicArn": "topic", "RoleArn": "role"}
    assert world.record("a.mp4") is None

    assert world.tell(world.jobs.end(job.id)) == []
    world.work()

    record = world.record("a.mp4")
    assert record is not None
    assert record.findings.labels == {"Cat": 99.0, "Dog": 88.0}
    assert {"label:cat", "label:dog", "kind:video"} <= world.visible_terms("a.mp4")
    assert world.intervals("a.mp4") == INTERVALS
    assert world.jobs.paid.total() == 0, "no frame was asked about"
    assert world.leases().jobs == ()
    assert any(key.endswith(".json.gz") for key in world.pictures.renditions)


def test_an_end_that_is_told_twice_late_or_never_is_one_end(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM), world.s3.put("b.mp4", b"film owl 91"))
    world.work()
    first, second = world.jobs.open

    assert world.tell(world.jobs.end(first.id), first) == []
    world.jobs.end(second.id)
    assert world.sweep() == 0, "it is too early to ask"
    world.now += 300
    assert world.sweep() == 1
    assert world.tell(first, second, second) == []
    world.work()
    world.work()

    assert world.intervals("a.mp4") == INTERVALS
    assert world.status("b.mp4") is Status.RECOGNIZED
    assert world.waiting == []
    assert set(world.jobs.begun().values()) == {1}


def test_a_completion_that_is_too_early_changes_nothing(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()

    assert world.tell(world.jobs.open[0]) == []

    assert len(world.leases().jobs) == 1


def test_no_more_jobs_are_open_than_are_ours(world: JobsWorld) -> None:
    world.arrive(*(world.s3.put(f"{number}.mp4", b"film cat %d" % (50 + number)) for number in range(5)))
    world.work()
    assert len(world.jobs.open) == 2

    for _ in range(5):
        for job in world.jobs.open:
            world.tell(world.jobs.end(job.id))
        assert len(world.leases().jobs) == 0
        world.work()
        assert len(world.jobs.open) <= 2

    assert all(world.status(f"{number}.mp4") is Status.RECOGNIZED for number in range(5))


def test_others_of_the_account_may_have_all_jobs_and_the_lease_is_given_back(world: JobsWorld) -> None:
    world.jobs.others = 20
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    assert (world.leases().jobs, len(world.waiting)) == ((), 1)

    world.jobs.others = 0
    world.work()

    assert len(world.jobs.open) == 1


def test_the_same_film_twice_is_paid_for_once_and_both_are_looked_at(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM), world.s3.copy("a.mp4", "b.mp4"))
    world.work()
    (job,) = world.jobs.open
    world.s3.delete("a.mp4")  # its event is still on its way

    world.tell(world.jobs.end(job.id))
    world.work()

    assert world.intervals("b.mp4") == INTERVALS
    assert world.jobs.begun().total() == 1


@pytest.mark.parametrize("versioned", [True, False])
def test_a_film_that_is_deleted_while_its_job_runs_leaves_nothing(versioned: bool) -> None:
    world = JobsWorld(versioned=versioned)
    created = world.s3.put("a.mp4", FILM)
    world.arrive(created)
    world.work()
    world.arrive(world.s3.delete("a.mp4"))
    (job,) = world.jobs.open

    world.tell(world.jobs.end(job.id))
    world.work()

    assert world.status("a.mp4") is Status.DELETED
    assert [sk for pk, sk in world.table.items if pk.startswith("content#") and "labels" in sk] == []
    assert world.leases().jobs == ()


def test_what_was_put_in_its_place_without_versions_is_not_told_of_the_old_film() -> None:
    world = JobsWorld(versioned=False)
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open
    world.arrive(world.s3.put("a.mp4", b"film owl 91"))
    world.tell(world.jobs.end(job.id))
    for _ in range(3):
        world.work()
        for each in world.jobs.open:
            world.tell(world.jobs.end(each.id))
    world.work()

    record = world.record("a.mp4")
    assert record is not None
    assert record.findings.labels == {"Owl": 91.0}


def test_what_no_job_can_read_is_asked_by_frames_after_one_attempt(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open

    world.tell(world.jobs.end(job.id, "FAILED", "Unsupported codec/format."))
    world.work()

    assert world.jobs.begun().total() == 1
    assert world.intervals("a.mp4") == INTERVALS


def test_a_job_that_rekognition_has_lost_is_begun_anew_a_few_times_and_then_asked_by_frames(
    world: JobsWorld,
) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))
    for _ in range(5):
        world.work()
        world.jobs.jobs.clear()
        world.now += 300
        world.sweep()
    world.work()

    assert world.jobs.calls.made["StartLabelDetection"] == 3
    assert world.intervals("a.mp4") == INTERVALS


def test_a_lease_of_a_worker_that_died_before_it_began_is_begun_with_the_same_token(world: JobsWorld) -> None:
    def kill(operation: str) -> None:
        if operation == "StartLabelDetection":
            raise KilledError

    world.arrive(world.s3.put("a.mp4", FILM))
    world.calls.after = kill
    with pytest.raises(KilledError):
        world.work()
    world.calls.after = nothing
    world.use(WITH_JOBS)
    (lease,) = world.leases().jobs
    world.now += 61
    world.work()

    (begun,) = world.leases().jobs
    assert (begun.token, lease.id) == (lease.token, "")
    assert begun.id in world.jobs.jobs
    assert world.jobs.begun().total() == 1


def test_an_end_that_comes_while_another_worker_takes_a_lease_is_not_paid_for_again(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open
    world.jobs.end(job.id)

    def end_first(operation: str) -> None:
        if operation == "GetItem":  # of the open jobs, after what is kept was read
            world.calls.before = nothing
            world.tell(job)

    world.calls.before = end_first
    world.work()

    assert world.calls.before is nothing
    assert world.jobs.begun().total() == 1
    assert (world.leases().jobs, world.leases().day_seconds) == ((), 40)
    assert world.intervals("a.mp4") == INTERVALS


def test_a_failure_that_comes_while_another_worker_takes_a_lease_is_heeded(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open
    world.jobs.end(job.id, "FAILED", "Unsupported codec/format.")

    def end_first(operation: str) -> None:
        if operation == "GetItem":
            world.calls.before = nothing
            world.tell(job)

    world.calls.before = end_first
    world.work()

    assert world.jobs.begun().total() == 1
    assert world.leases().jobs == ()
    assert world.intervals("a.mp4") == INTERVALS


def _lose_a_lease(world: JobsWorld, *, is_begun: bool) -> None:
    """Kill the worker that has leased a job on a.mp4, before or after it has begun it."""

    def kill(operation: str) -> None:
        if operation == "StartLabelDetection":
            raise KilledError

    world.arrive(world.s3.put("a.mp4", FILM))
    if is_begun:
        world.calls.after = kill
    else:
        world.calls.before = kill
    with pytest.raises(KilledError):
        world.work()
    world.calls.before = world.calls.after = nothing
    world.use(WITH_JOBS)
    world.now += 61


def _refuse(world: JobsWorld, code: str) -> None:
    def refuse(operation: str) -> None:
        if operation == "StartLabelDetection":
            raise client_error(code, operation, code)

    world.calls.before = refuse


@pytest.mark.parametrize("code", ["ThrottlingException", "LimitExceededException", "AccessDeniedException"])
def test_a_lost_lease_that_is_refused_a_second_beginning_stays(world: JobsWorld, code: str) -> None:
    _lose_a_lease(world, is_begun=True)
    _refuse(world, code)
    world.work()

    world.calls.before = nothing
    world.work()

    assert world.jobs.begun().total() == 1
    assert world.leases().jobs[0].id in world.jobs.jobs


def test_an_answer_that_is_lost_is_not_followed_by_a_throttle_that_gives_the_lease_back(
    world: JobsWorld,
) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))

    def lose_the_answer(operation: str) -> None:
        if operation == "StartLabelDetection":
            _refuse(world, "ThrottlingException")
            raise ReadTimeoutError(endpoint_url="rekognition")

    world.calls.after = lose_the_answer
    world.work()
    assert world.calls.before is not nothing
    world.calls.before = world.calls.after = nothing
    world.now += 61
    world.work()

    assert world.jobs.begun().total() == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "LimitExceededException", "AccessDeniedException"])
def test_minutes_are_spent_by_jobs_that_were_begun_alone(world: JobsWorld, code: str) -> None:
    world.use(replace(WITH_JOBS, film_job_minutes_a_day=1))
    world.arrive(world.s3.put("a.mp4", FILM))
    _refuse(world, code)
    for _ in range(3):
        world.work()
        assert (world.leases().jobs, world.leases().day_seconds) == ((), 0)

    world.calls.before = nothing
    world.work()

    assert (world.jobs.begun().total(), world.leases().day_seconds) == (1, 40)


def test_a_lease_of_yesterday_gives_no_minutes_of_today_back() -> None:
    noon = 1_000_000_000
    name = ResultName("content", "labels", "f")
    job = OpenJob(name, 0, "a.mp4", "etag", 1, None, "poster", 40_000, noon)
    leased = OpenJobs().leased(job, 2, day_of(noon), None)
    other = replace(job, name=replace(name, detector="text"), started=noon + 86_400)
    both = leased.leased(other, 2, day_of(noon + 86_400), None)

    assert both.given_back(job.token).day_seconds == 40
    assert both.given_back(both.jobs[1].token).day_seconds == 0
    begun = leased.begun(job.token, "id")
    assert begun.given_back(job.token) == begun


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("is_begun", [True, False])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_copy_of_a_film_whose_lease_was_lost_and_that_is_gone_is_recognized(
    versioned: bool, is_begun: bool, is_told: bool
) -> None:
    world = JobsWorld(versioned=versioned)
    _lose_a_lease(world, is_begun=is_begun)
    world.arrive(world.s3.copy("a.mp4", "b.mp4"), world.s3.delete("a.mp4"))
    world.work()
    assert len(world.waiting) == 1, "b.mp4 waits"

    for _ in range(4):
        world.now += 300
        for job in world.jobs.open:
            world.jobs.end(job.id)
        if is_told:
            world.tell(*world.jobs.jobs.values())
        world.sweep()
        world.work()
    for job in world.jobs.open:
        world.tell(world.jobs.end(job.id))
    world.work()

    assert world.waiting == []
    assert world.leases().jobs == ()
    assert (world.status("a.mp4"), world.status("b.mp4")) == (Status.DELETED, Status.RECOGNIZED)
    assert world.intervals("b.mp4") == INTERVALS
    if is_told and versioned:
        assert world.jobs.begun().total() == 1


def test_a_copy_waits_for_the_end_of_what_may_have_begun_on_a_film_that_is_gone(world: JobsWorld) -> None:
    _lose_a_lease(world, is_begun=True)
    world.arrive(world.s3.copy("a.mp4", "b.mp4"), world.s3.delete("a.mp4"))
    world.work()
    world.now += 860  # it was begun 921 seconds ago, and is of 40
    world.sweep()
    world.work()
    (job,) = world.jobs.open

    world.tell(world.jobs.end(job.id))
    world.work()

    assert world.intervals("b.mp4") == INTERVALS
    assert world.jobs.begun().total() == 1


def test_a_day_has_its_minutes_and_the_next_one_too() -> None:
    world = JobsWorld(settings=replace(WITH_JOBS, film_job_minutes_a_day=1))
    world.arrive(world.s3.put("a.mp4", FILM), world.s3.put("b.mp4", FILM.replace(b"dog", b"owl")))
    world.work()
    (job,) = world.jobs.open
    world.tell(world.jobs.end(job.id))
    world.work()
    assert world.jobs.begun().total() == 1
    assert world.leases().day_seconds == 40

    world.now += 86_400
    world.work()

    assert world.jobs.begun().total() == 2


def test_a_film_that_is_longer_than_a_days_minutes_is_asked_by_frames() -> None:
    world = JobsWorld(settings=replace(WITH_JOBS, film_job_minutes_a_day=1))
    world.arrive(world.s3.put("a.mp4", b"film " + b"|".join([b"cat 97"] * 7)))

    world.work()

    assert world.jobs.begun().total() == 0
    assert world.status("a.mp4") is Status.RECOGNIZED


def test_detectors_without_jobs_are_asked_by_frames_beside_those_with() -> None:
    world = JobsWorld(settings=replace(WITH_JOBS, detectors=("labels", "faces")))
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open
    world.tell(world.jobs.end(job.id))
    world.work()

    record = world.record("a.mp4")
    assert record is not None
    assert (record.findings.labels, record.findings.faces) == ({"Cat": 99.0, "Dog": 88.0}, 0)


def test_an_answer_that_cannot_be_read_is_asked_by_frames_and_keeps_no_other_from_the_sweep(
    world: JobsWorld,
) -> None:
    world.arrive(world.s3.put("a.mp4", b"film strange 97"), world.s3.put("b.mp4", b"film owl 91"))
    world.work()
    for job in world.jobs.open:
        world.jobs.end(job.id)
    world.now += 300

    assert world.sweep() == 2
    world.work()

    assert world.leases().jobs == ()
    assert (world.status("a.mp4"), world.status("b.mp4")) == (Status.RECOGNIZED, Status.RECOGNIZED)


@pytest.mark.parametrize("versioned", [True, False])
def test_a_film_that_is_deleted_while_its_pages_are_read_leaves_nothing(versioned: bool) -> None:
    world = JobsWorld(versioned=versioned)
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open

    def delete(operation: str) -> None:
        if operation == "GetLabelDetection" and world.jobs.calls.made[operation] == 2:
            world.arrive(world.s3.delete("a.mp4"))

    world.calls.after = delete
    world.tell(world.jobs.end(job.id))
    world.calls.after = nothing
    world.work()

    assert world.status("a.mp4") is Status.DELETED
    assert [sk for pk, sk in world.table.items if pk.startswith("content#") and "labels" in sk] == []
    assert not any(key.endswith(".json.gz") for key in world.pictures.renditions)
    assert world.leases().jobs == ()


def test_what_a_job_has_said_is_packed_as_it_comes(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open
    world.tell(world.jobs.end(job.id))

    (key,) = [key for key in world.pictures.renditions if key.endswith(".json.gz")]
    said = json.loads(gzip.decompress(world.pictures.renditions[key]))
    names = [each["Label"]["Name"] for each in said]
    assert names == ["Cat", "Cat", "Dog", "Cat"]


def test_of_a_text_that_a_job_has_read_no_places_are_held() -> None:
    place = {"Polygon": [{"X": 0.25, "Y": 0.5}] * 4}
    results: list[dict[str, Any]] = [
        {"Timestamp": at, "TextDetection": {"DetectedText": "EXIT", "Type": "WORD", "Geometry": place}}
        for at in (0, 500)
    ]

    ((_, answer),) = by_steps(JOBS["text"], results, 1000)

    assert answer == {"TextDetections": [{"DetectedText": "EXIT", "Type": "WORD"}]}


def test_while_a_job_runs_frames_for_other_detectors_are_asked_without_a_wait() -> None:
    world = JobsWorld(settings=replace(WITH_JOBS, detectors=("labels", "faces")))
    film = b"film " + b"|".join(b"cat %d" % (40 + number % 50) for number in range(60))

    event, delays = world.s3.put("a.mp4", film), []
    for _ in range(6):
        assert world.deliver(event, receive_count=12, queue_name=BULK) == ["0"]
        delays.append(list(world.queues.delays.values())[-1])

    assert delays[0] == 1
    assert delays == sorted(delays)
    assert delays[-1] == RUNNING_SECONDS / 2, "only the job is waited for"
    assert world.rekognition.paid.total() == 50, "of 60 frames ten came again"


@given(
    st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 40_000), st.sampled_from("abc")), max_size=12),
    st.integers(100_001, 150_000),
)
def test_steps_cover_the_film_and_hold_each_segment(
    segments: list[tuple[int, int, str]], duration: int
) -> None:
    results: list[dict[str, Any]] = [
        {
            "Timestamp": first,
            "StartTimestampMillis": first,
            "EndTimestampMillis": min(first + length, duration),
            "Label": {"Name": name},
        }
        for first, length, name in segments
    ]

    steps = list(by_steps(JOBS["labels"], results, duration))

    assert (steps[0][0].first, steps[-1][0].end) == (0, duration)
    assert all(one[0].end == other[0].first for one, other in pairwise(steps))
    assert len(steps) <= MOST_STEPS
    for result in results:
        for frame, answer in steps:
            is_in = frame.first < result["EndTimestampMillis"] and result["Timestamp"] < frame.end
            if is_in:
                assert result["Label"] in answer["Labels"]


class KilledError(BaseException):
    """The function was killed."""


# Of the last, `throttle` and `time_out` are of the next beginning of a job; `overtake` has all jobs end and
# be told of when the open ones are read next.
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("work", "end", "tell", "late", "sweep", "fail", "wait"),
                *("copy", "delete", "throttle", "time_out", "overtake"),
            ]
        ),
        st.integers(0, 3),
        st.none() | st.integers(1, 30),
    ),
    max_size=14,
)
OWL, CAT = b"film owl 91", b"film cat 97|dog 88"


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    actions=ACTIONS,
    films=st.lists(st.sampled_from([CAT, OWL]), min_size=1, max_size=3),
    versioned=st.booleans(),
)
# Killed when a job has begun, and before that is noted.
@example(actions=[("work", 0, 27)], films=[CAT], versioned=True)
# Then thrown back when it is begun again.
@example(actions=[("work", 0, 27), ("throttle", 1, None), ("work", 1, None)], films=[CAT], versioned=True)
# Overtaken by its end, when what is kept was read and its lease was not.
@example(actions=[("work", 0, None), ("overtake", 1, None), ("work", 1, None)], films=[CAT], versioned=True)
# So, and killed before that is found out.
@example(actions=[("work", 0, None), ("overtake", 1, None), ("work", 0, 23)], films=[CAT], versioned=True)
# Killed when it has begun, and then the film is gone, of which there is a copy.
@example(
    actions=[("work", 0, 27), ("copy", 1, None), ("delete", 1, None), ("wait", 1, None), ("work", 1, None)],
    films=[CAT],
    versioned=False,
)
def test_whatever_becomes_of_completions_the_table_ends_as_the_bucket_is(
    actions: list[tuple[str, int, int | None]], films: list[bytes], versioned: bool
) -> None:
    play = Play(JobsWorld(versioned=versioned), list(films))
    play.put("b.mp4", OWL)
    for action, place, kill in actions:
        if play.uploads and place == 0:
            play.put("a.mp4", play.uploads.pop(0))
        play.killed_at(kill, partial(play.act, action, place))
    for body in play.uploads:
        play.put("a.mp4", body)
    world = play.finished()

    assert world.waiting == []
    assert world.leases().jobs == ()
    for key, stands in play.bucket.items():
        if stands is None:
            assert world.status(key) is Status.DELETED
            continue
        record = world.record(key)
        assert record is not None
        shown = {frame.split()[0].decode().title() for frame in stands.removeprefix(b"film ").split(b"|")}
        assert set(record.findings.labels) == shown
    paid = world.jobs.begun()
    spent = sum(10 * times * (body.count(b"|") + 1) for (_, body), times in paid.items())
    assert world.leases().day_seconds >= spent, "nothing is given back that was begun"
    if not play.is_unclear:
        assert world.leases().day_seconds == spent
    if versioned and not play.is_deleted and not play.has_failed:
        assert all(times <= len(films) for times in paid.values())


class Play:
    """What is done to a bucket, and what is in it by now: None where a key was deleted."""

    def __init__(self, world: JobsWorld, uploads: list[bytes]) -> None:
        self.world, self.uploads = world, uploads
        self.bucket: dict[str, bytes | None] = {}
        self.is_deleted = self.has_failed = self.is_unclear = False
        self._kill = 0
        self._faults: list[str] = []
        world.calls.before, world.calls.after = self._before, self._after

    def put(self, key: str, body: bytes) -> None:
        self.world.arrive(self.world.s3.put(key, body))
        self.bucket[key] = body

    def act(self, action: str, place: int) -> None:
        jobs = list(self.world.jobs.jobs.values())
        if action == "work":
            self.world.work()
        elif action == "sweep":
            self.world.sweep()
        elif action == "wait":
            self.world.now += 400
        elif action in {"throttle", "time_out", "overtake"}:
            self._faults.append(action)
        elif action in {"copy", "delete"}:
            self._change(action)
        elif jobs:
            self._of_a_job(action, jobs[place % len(jobs)])

    def killed_at(self, kill: int | None, act: Callable[[], object]) -> None:
        """Do it, killed after so many calls."""
        self._kill = kill or 0
        try:
            act()
        except KilledError:
            self.is_unclear = True
            self.world.use(self.world.settings)
            self.world.now += 61
        finally:
            self._kill = 0

    def finished(self) -> JobsWorld:
        """Let all come to its end, whatever is told of jobs."""
        self._faults.clear()
        for _ in range(12):
            for job in self.world.jobs.open:
                self.world.jobs.end(job.id)
            self.world.now += 1000
            self.world.sweep()
            self.world.work()
        return self.world

    def _change(self, action: str) -> None:
        body = self.bucket.get("a.mp4")
        if body is None:
            return
        if action == "copy":
            self.world.arrive(self.world.s3.copy("a.mp4", "c.mp4"))
            self.bucket["c.mp4"] = body
        else:
            self.world.arrive(self.world.s3.delete("a.mp4"))
            self.bucket["a.mp4"], self.is_deleted = None, True

    def _of_a_job(self, action: str, job: FakeJob) -> None:
        if action == "tell":
            self.world.tell(self.world.jobs.end(job.id) if job.status == "IN_PROGRESS" else job)
        elif action == "end" and job.status == "IN_PROGRESS":
            self.world.jobs.end(job.id)
        elif action == "fail" and job.status == "IN_PROGRESS":
            self.has_failed = True
            self.world.tell(self.world.jobs.end(job.id, "FAILED", "Internal error"))
        elif action == "late":
            self.world.tell(job, job)

    def _before(self, operation: str) -> None:
        if operation.startswith("Start") and self._faults[:1] == ["throttle"]:
            self._faults.pop(0)
            raise client_error("ThrottlingException", operation, "Slow down")
        if operation == "GetItem" and self._faults[:1] == ["overtake"]:
            self._faults.pop(0)
            self.world.tell(*(self.world.jobs.end(job.id) for job in self.world.jobs.open))

    def _after(self, operation: str) -> None:
        self._kill -= 1
        if self._kill == 0:
            raise KilledError
        if operation.startswith("Start") and self._faults[:1] == ["time_out"]:
            self._faults.pop(0)
            self.is_unclear = True
            raise ReadTimeoutError(endpoint_url="rekognition")


def test_the_open_jobs_are_never_written_over_what_another_worker_wrote(world: JobsWorld) -> None:
    store = DynamoDBOpenJobs(cast("Any", world.table), TABLE, retry_policy())
    mine, others = store.read(), store.read()

    assert store.write(replace(others, day="2026-01-01"))

    assert not store.write(replace(mine, day="2026-01-02"))
    assert store.read().day == "2026-01-01"


@pytest.mark.parametrize("calls", range(1, 9))
def test_killed_after_any_call_an_end_is_taken_by_the_next_and_the_film_paid_for_once(calls: int) -> None:
    world = JobsWorld()
    world.arrive(world.s3.put("a.mp4", FILM))
    world.work()
    (job,) = world.jobs.open
    world.jobs.end(job.id)

    Play(world, []).killed_at(calls, partial(world.tell, job))
    world.now += 300
    world.work()
    world.sweep()
    world.work()
    world.work()

    assert world.jobs.begun().total() == 1
    assert world.intervals("a.mp4") == INTERVALS


def test_what_takes_ends_imports_nothing_that_its_zip_lacks() -> None:
    lacking = ("processors.pictures", "processors.films", "PIL")
    code = (
        "import sys, processors.film_jobs_wiring; "
        f"print([name for name in sys.modules if name.startswith({lacking})])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert finished.stdout.strip() == "[]"
