"""Persons in films, by jobs: found as long as they agree, paid for once, and gone when they are forgotten."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract import film_persons
from contract.edits import Edit
from contract.face_search import UNREADABLE_NOW, WANTED_KEY, revision_at
from contract.film_jobs import MOST_STEPS
from contract.films import MOST_ANSWER_BYTES, Frame
from contract.items import from_wire, to_wire
from contract.people import Person, PersonStatus
from contract.records import PersonMatch, Status
from contract.results import pack, unpack
from contract.said_of_persons import PersonsEdit
from contract.settings import ProcessorSettings
from contract.table import result_key
from processors.film_jobs.persons import PersonsFound
from processors.pipeline.frame_persons import FACES_AT_ONCE
from tests.fakes.film_jobs import FakeJob
from tests.processors.jobs_world import WITH_JOBS, WITH_PERSONS, JobsWorld
from tests.processors.test_film_jobs import Play
from tests.processors.test_people import ANN, enrol

SEARCH, SEARCH_BY_FRAMES = "StartFaceSearch", "SearchUsersByImage"
BY_FRAMES: dict[str, Any] = {"film_jobs": 0}
# Ann is in the first and the second frame, together with somebody, and in the last one less like herself.
FILM = b"film cat 97 face:p1 99|dog 88 face:p1 95 face:p9 97|cat 91|owl 80 face:p1 82"
BEN = replace(ANN, id="p2", name="Ben", faces_at="2026-01-02T00:00:00.000Z")
FIRST, SECOND = revision_at(ANN.faces_at), revision_at(BEN.faces_at)


@pytest.fixture
def world() -> JobsWorld:
    made = JobsWorld(settings=WITH_PERSONS)
    enrol(made, ANN)
    return made


def forget(world: JobsWorld, person: Person) -> None:
    enrol(world, replace(person, status=PersonStatus.FORGETTING))


def want(world: JobsWorld, revision: int) -> None:
    world.table.items[WANTED_KEY] = to_wire({**WANTED_KEY._asdict(), "revision": revision})


def searches(world: JobsWorld) -> list[FakeJob]:
    return [job for job in world.jobs.jobs.values() if job.operation == SEARCH]


def end_all(world: JobsWorld) -> None:
    """End what is open, and deliver what follows, until nothing is open."""
    for _ in range(6):
        for job in world.jobs.open:
            world.tell(world.jobs.end(job.id))
        world.work()


def begin_search(world: JobsWorld, key: str = "a.mp4", film: bytes = FILM) -> FakeJob:
    """Put a film, and let all go on until persons are looked for in it."""
    world.arrive(world.s3.put(key, film))
    world.work()
    for job in world.jobs.open:
        world.tell(world.jobs.end(job.id))
    world.work()
    (job,) = (job for job in searches(world) if job.status == "IN_PROGRESS")
    return job


def found(world: JobsWorld, key: str = "a.mp4") -> tuple[dict[str, PersonMatch], int]:
    record = world.record(key)
    assert record is not None
    assert record.status is Status.RECOGNIZED
    return dict(record.findings.persons), record.findings.searched


def answer_of(world: JobsWorld, key: str = "a.mp4") -> dict[str, Any]:
    record = world.record(key)
    assert record is not None
    at = result_key(film_persons.answer_name(record.content_id, record.findings.searched))
    return unpack(from_wire(world.table.items[at])["answer"])


def kept(world: JobsWorld) -> str:
    """Return all that stands in the table, answers unpacked."""
    items = (from_wire(item) for item in world.table.items.values())
    return "\n".join(json.dumps(unpack(item["answer"])) if "answer" in item else repr(item) for item in items)


def test_who_is_enrolled_is_found_and_of_others_nothing_is_kept(world: JobsWorld) -> None:
    job = begin_search(world)
    asked = {name: job.asked[name] for name in ("CollectionId", "FaceMatchThreshold")}
    assert asked == {"CollectionId": "imagepipe-people", "FaceMatchThreshold": 70.0}
    assert world.record("a.mp4") is None
    raw = len(world.pictures.renditions)

    end_all(world)

    assert found(world) == ({"p1": PersonMatch(99.0, None)}, FIRST)
    assert {"person:p1", "label:cat", "kind:video"} <= world.visible_terms("a.mp4")
    shown = film_persons.person_intervals(answer_of(world), {"p1"}, 90)
    assert [(each.first, each.end, each.confidence) for each in shown] == [(0, 19_500, 99.0)]
    assert "p9" not in kept(world)
    assert "id-p1" not in kept(world), "no id of a face is kept"
    assert len(world.pictures.renditions) == raw
    assert (len(searches(world)), world.leases().jobs, world.waiting) == (1, (), [])


def test_a_film_without_faces_or_with_nobody_enrolled_costs_no_search(world: JobsWorld) -> None:
    world.arrive(world.s3.put("a.mp4", b"film cat 97"))
    end_all(world)
    forget(world, ANN)
    world.arrive(world.s3.put("b.mp4", FILM))
    end_all(world)

    assert searches(world) == []
    assert found(world) == ({}, FIRST)
    assert found(world, "b.mp4") == ({}, 0)


@pytest.mark.parametrize("given", [{}, BY_FRAMES])
def test_without_the_setting_nobody_is_looked_for_in_films(given: dict[str, Any]) -> None:
    world = JobsWorld(settings=replace(WITH_PERSONS, people_in_films="", **given))
    enrol(world, ANN)
    want(world, FIRST)
    world.arrive(world.s3.put("a.mp4", FILM))
    end_all(world)

    assert found(world) == ({}, 0)
    assert (searches(world), world.waiting) == ([], [])
    assert world.rekognition.asked[SEARCH_BY_FRAMES] == 0


def test_what_was_not_searched_while_it_was_off_is_searched_when_an_operator_says_so() -> None:
    world = JobsWorld(settings=replace(WITH_PERSONS, people_in_films=""))
    enrol(world, ANN)
    world.arrive(world.s3.put("a.mp4", FILM))
    end_all(world)
    world.use(WITH_PERSONS)
    world.look_again("a.mp4")
    end_all(world)
    assert searches(world) == [], "nothing is paid for that nobody has asked for"

    want(world, FIRST)
    world.look_again("a.mp4")
    end_all(world)

    assert found(world) == ({"p1": PersonMatch(99.0, None)}, FIRST)
    assert len(world.jobs.jobs) == 2


def test_who_is_enrolled_while_a_job_runs_costs_no_other_before_an_operator_wants_it(
    world: JobsWorld,
) -> None:
    job = begin_search(world)
    enrol(world, BEN)
    world.work()
    world.work()
    assert searches(world) == [job]

    end_all(world)
    assert found(world)[1] == FIRST

    want(world, SECOND)
    world.look_again("a.mp4")
    end_all(world)
    assert found(world)[1] == SECOND
    assert len(searches(world)) == 2


def test_a_copy_and_a_film_that_comes_again_cost_nothing(world: JobsWorld) -> None:
    begin_search(world)
    end_all(world)

    copy = world.s3.copy("a.mp4", "b.mp4")
    assert world.deliver(copy) == []
    world.arrive(world.s3.put("a.mp4", FILM))
    end_all(world)

    assert found(world, "b.mp4") == found(world)
    assert len(searches(world)) == 1


def test_a_film_that_comes_live_and_is_to_be_searched_goes_on_in_the_bulk_lane(world: JobsWorld) -> None:
    begin_search(world)
    end_all(world)
    want(world, SECOND)
    enrol(world, BEN)

    assert world.deliver(world.s3.copy("a.mp4", "b.mp4")) == []
    assert len(searches(world)) == 1
    end_all(world)

    assert found(world, "b.mp4")[1] == SECOND
    assert len(searches(world)) == 2


def test_who_is_forgotten_while_a_job_runs_is_in_no_answer_and_on_no_record(world: JobsWorld) -> None:
    enrol(world, BEN)
    job = begin_search(world, film=b"film cat 97 face:p1 99 face:p2 98")
    forget(world, ANN)

    world.tell(world.jobs.end(job.id))
    assert "p1'" not in kept(world).replace(repr(from_wire(world.table.items[ANN.at])), "")
    end_all(world)

    assert found(world)[0] == {"p2": PersonMatch(98.0, None)}


def test_who_is_marked_between_looking_and_keeping_is_taken_out_again(world: JobsWorld) -> None:
    job = begin_search(world)

    def mark_first(operation: str) -> None:
        if operation == "BatchWriteItem":
            world.calls.before = lambda _: None
            forget(world, ANN)

    world.calls.before = mark_first
    world.tell(world.jobs.end(job.id))
    end_all(world)

    (answer,) = (item for (_, sk), item in world.table.items.items() if sk.startswith("people#film"))
    assert film_persons.persons_in(unpack(from_wire(answer)["answer"])) == set()


def test_a_record_that_names_who_is_forgotten_is_made_anew_without_a_job(world: JobsWorld) -> None:
    begin_search(world)
    end_all(world)
    forget(world, ANN)

    world.look_again("a.mp4")
    end_all(world)

    assert found(world)[0] == {}
    assert "person:p1" not in world.visible_terms("a.mp4")
    assert len(searches(world)) == 1


def test_what_no_job_can_read_is_searched_by_frames_after_one_attempt(world: JobsWorld) -> None:
    job = begin_search(world)
    world.tell(world.jobs.end(job.id, "FAILED", "Unsupported codec/format."))
    end_all(world)
    enrol(world, BEN)
    world.look_again("a.mp4")
    world.arrive(world.s3.copy("a.mp4", "b.mp4"))
    end_all(world)

    assert found(world) == found(world, "b.mp4") == ({"p1": PersonMatch(99.0, None)}, FIRST)
    assert len(searches(world)) == 1
    assert world.rekognition.asked[SEARCH_BY_FRAMES] == 4


def test_by_frames_each_face_of_a_film_is_searched_once_and_shown_by_its_frame() -> None:
    world = JobsWorld(settings=replace(WITH_PERSONS, **BY_FRAMES))
    enrol(world, ANN)
    again = FILM + b"|cat 97 face:p1 99"
    world.arrive(world.s3.put("a.mp4", again))
    end_all(world)
    world.arrive(world.s3.copy("a.mp4", "b.mp4"), world.s3.put("a.mp4", again))
    end_all(world)

    assert found(world) == found(world, "b.mp4") == ({"p1": PersonMatch(99.0, None)}, FIRST)
    assert world.rekognition.asked[SEARCH_BY_FRAMES] == 4, "the last frame came before"
    assert searches(world) == []
    shown = film_persons.person_intervals(answer_of(world), {"p1"}, 90)
    assert [(each.first, each.end, each.best) for each in shown] == [(0, 20_000, 0), (40_000, 50_000, 40_000)]
    assert {world.pictures.renditions[each.frame] for each in shown} == {b"cat 97 face:p1 99"}
    assert "p9" not in json.dumps(answer_of(world)), "who is not looked for"

    enrol(world, BEN)
    want(world, SECOND)
    world.look_again("a.mp4")
    end_all(world)
    assert found(world)[1] == SECOND
    assert world.rekognition.asked[SEARCH_BY_FRAMES] == 8


def test_by_frames_no_more_faces_of_a_crowd_are_searched_than_a_job_would_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(film_persons, "SEARCHES_A_MINUTE", 30)
    world = JobsWorld(settings=replace(WITH_PERSONS, **BY_FRAMES))
    enrol(world, ANN)
    crowd = " ".join(f"face:s{number} 71" for number in range(11))

    world.arrive(world.s3.put("a.mp4", f"film cat 97 {crowd}|cat 98 face:p1 99".encode()))
    end_all(world)

    assert found(world) == ({"p1": PersonMatch(99.0, None)}, FIRST)
    assert world.rekognition.asked[SEARCH_BY_FRAMES] == 6, "five of the crowd, in ten seconds"


@pytest.mark.parametrize(("milliseconds", "most"), [(500, 1), (1_000, 1), (3_000, 5), (3_600_000, 6_000)])
def test_a_frame_is_searched_for_as_many_faces_as_a_job_would_cost(milliseconds: int, most: int) -> None:
    assert film_persons.most_searched(Frame(1_000, 1_000 + milliseconds, 1_000, "name")) == most


def test_by_frames_a_film_with_many_faces_comes_again_until_all_are_searched() -> None:
    world = JobsWorld(settings=replace(WITH_PERSONS, **BY_FRAMES))
    enrol(world, ANN)
    faces = 2 * FACES_AT_ONCE + 50
    frames = (
        b"cat 97 face:other%d 99 face:p1 %d" % (number, 71 + number % 29) for number in range(faces // 2)
    )
    world.arrive(world.s3.put("a.mp4", b"film " + b"|".join(frames)))
    asked = []
    for _ in range(12):
        world.work()
        asked.append(world.rekognition.asked[SEARCH_BY_FRAMES])

    rounds = sorted({each for each in asked if each})
    assert rounds == [FACES_AT_ONCE, 2 * FACES_AT_ONCE, faces]
    assert found(world)[0] == {"p1": PersonMatch(99.0, None)}
    assert world.waiting == []


def test_a_persons_word_is_above_what_a_job_has_found(world: JobsWorld) -> None:
    world.use(replace(WITH_PERSONS, corrections="yes"))
    enrol(world, BEN)
    begin_search(world)
    end_all(world)
    record = world.record("a.mp4")
    assert record is not None

    world.correct(record.content_id, Edit(persons=PersonsEdit({"p2": None}, not_there=("p1",))))
    world.look_again("a.mp4")
    end_all(world)

    assert found(world)[0] == {"p2": PersonMatch(100.0, None)}
    assert {"person:p2"} == {term for term in world.visible_terms("a.mp4") if term.startswith("person:")}
    assert len(searches(world)) == 1


def test_an_archived_film_is_searched_once_it_is_restored(world: JobsWorld) -> None:
    begin_search(world)
    world.s3.archive("a.mp4")
    forget(world, ANN)
    end_all(world)
    enrol(world, BEN)
    want(world, SECOND)
    world.look_again("a.mp4")
    end_all(world)
    assert found(world) == ({}, UNREADABLE_NOW)

    world.arrive(world.s3.restore("a.mp4"))
    end_all(world)

    assert found(world)[1] == SECOND


def test_a_lease_of_the_time_when_persons_were_looked_for_is_given_back(world: JobsWorld) -> None:
    begin_search(world)
    world.use(WITH_JOBS)

    assert world.sweep() == 1

    assert world.leases().jobs == ()
    end_all(world)
    assert world.status("a.mp4") is Status.RECOGNIZED


def test_an_answer_about_persons_that_cannot_be_read_costs_no_other_job(
    world: JobsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not begun again: frames are asked."""
    job = begin_search(world)

    def strange(*_: object) -> Any:
        raise KeyError("Person")

    monkeypatch.setattr(PersonsFound, "read", strange)
    world.tell(world.jobs.end(job.id))
    end_all(world)

    assert found(world)[0].keys() == {"p1"}
    assert len(searches(world)) == 1


def matched(at: int, index: int, person: str, similarity: float) -> dict[str, Any]:
    face = {"FaceId": "f", "ExternalImageId": f"{person}:file:1"}
    return {
        "Timestamp": at,
        "Person": {"Index": index},
        "FaceMatches": [{"Similarity": similarity, "Face": face}],
    }


def test_a_face_is_one_persons_and_short_gaps_break_no_interval() -> None:
    results = [
        matched(0, 0, "p1", 91),
        matched(200, 0, "p2", 95),
        matched(1400, 0, "p2", 92),
        matched(5000, 0, "p2", 80),
        {"Timestamp": 6000, "Person": {"Index": 3}},
    ]
    answer = film_persons.persons_answer(results, 10_000, "poster")

    assert film_persons.persons_seen(answer, {"p1", "p2"}) == {"p2": PersonMatch(95, None)}
    assert film_persons.persons_seen(answer, {"p1"}) == {"p1": PersonMatch(91, None)}
    (only,) = film_persons.person_intervals(answer, {"p1", "p2"}, 90)
    assert (only.name, only.first, only.end, only.best, only.frame) == ("p2", 0, 1500, 0, "poster")
    assert len(film_persons.person_intervals(answer, {"p1", "p2"}, 75)) == 2


def test_what_is_kept_of_a_long_film_with_many_faces_fits_into_an_item() -> None:
    hours = 6 * 3_600_000
    results = (
        matched(at, index, f"p{at * 31 % 997:016}", 70 + at * index % 29.97)
        for at in range(0, hours, hours // MOST_STEPS)
        for index in range(30)
    )

    answer = film_persons.persons_answer(results, hours, "poster")

    assert len(pack(answer)) <= MOST_ANSWER_BYTES
    assert len(answer[film_persons.IN_FILM]) >= MOST_STEPS - 1


PEOPLE = {"p1": ANN, "p2": BEN}
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("work", "end", "tell", "late", "sweep", "fail", "wait"),
                *("copy", "delete", "throttle", "time_out", "overtake"),
                *("enrol", "forget", "want"),
            ]
        ),
        st.integers(0, 3),
        st.none() | st.integers(1, 30),
    ),
    max_size=16,
)
CAT, OWL = b"film cat 97 face:p1 99|dog 88 face:p2 97", b"film owl 91 face:p2 93"


class PlayWithPersons(Play):
    """`wanted` says how often an operator has asked that all be searched."""

    wanted = 0

    def act(self, action: str, place: int) -> None:
        person = (ANN, BEN)[place % 2]
        if action == "enrol":
            enrol(self.world, person)
        elif action == "forget":
            forget(self.world, person)
        elif action == "want":
            self.wanted += 1
            want(self.world, (FIRST, SECOND)[place % 2])
        else:
            super().act(action, place)


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(
    actions=ACTIONS,
    films=st.lists(st.sampled_from([CAT, OWL]), min_size=1, max_size=3),
    versioned=st.booleans(),
    by=st.sampled_from([WITH_PERSONS, replace(WITH_PERSONS, **BY_FRAMES)]),
)
# Another is enrolled while the job runs, and its worker is killed.
@example(
    actions=[("work", 1, None), ("tell", 0, None), ("work", 1, None), ("enrol", 1, None), ("work", 1, 9)],
    films=[CAT],
    versioned=True,
    by=WITH_PERSONS,
)
# By frames, killed between the faces of one.
@example(
    actions=[("work", 0, None), ("enrol", 1, None), ("work", 0, 22), ("forget", 0, None), ("work", 0, 30)],
    films=[CAT],
    versioned=True,
    by=replace(WITH_PERSONS, **BY_FRAMES),
)
def test_whatever_becomes_of_completions_and_persons_records_name_who_is_looked_for(
    actions: list[tuple[str, int, int | None]], films: list[bytes], versioned: bool, by: ProcessorSettings
) -> None:
    play = PlayWithPersons(JobsWorld(versioned=versioned, settings=by), list(films))
    enrol(play.world, ANN)
    play.put("b.mp4", OWL)
    for action, place, kill in actions:
        if play.uploads and place == 0:
            play.put("a.mp4", play.uploads.pop(0))
        play.killed_at(kill, partial(play.act, action, place))
    for body in play.uploads:
        play.put("a.mp4", body)
    world = play.finished()
    # As `people forget` has it: whom photos name is asked for once more.
    world.look_again(*(key for key, stands in play.bucket.items() if stands))
    play.finished()

    assert (world.waiting, world.leases().jobs) == ([], ())
    gone = {name for name, person in PEOPLE.items() if _is_gone(world, person)}
    for key in [key for key, stands in play.bucket.items() if stands is not None]:
        persons, searched = found(world, key)
        assert not gone & persons.keys()
        stands = play.bucket[key] or b""
        there = {name for name in PEOPLE if f"face:{name} ".encode() in stands}
        assert persons.keys() <= there
        if searched >= SECOND:
            assert persons.keys() == there - gone
    if not play.is_unclear:
        assert world.rekognition.asked[SEARCH_BY_FRAMES] <= 3 * (1 + play.wanted)
    times = len(films) + play.wanted
    if versioned and not play.is_deleted and not play.has_failed:
        begun = world.jobs.begun()
        assert all(count <= times for (what, _), count in begun.items() if what == SEARCH), begun


def _is_gone(world: JobsWorld, person: Person) -> bool:
    item = world.table.items.get(person.at)
    return item is None or Person.from_item(from_wire(item)).status is not PersonStatus.ENROLLED


@pytest.mark.parametrize("calls", range(1, 11))
def test_killed_after_any_call_the_end_of_a_search_is_taken_by_the_next(calls: int, world: JobsWorld) -> None:
    job = begin_search(world)
    world.jobs.end(job.id)

    _killed(world, calls, partial(world.tell, job))
    world.now += 300
    world.sweep()
    world.work()
    world.work()

    assert found(world) == ({"p1": PersonMatch(99.0, None)}, FIRST)
    assert len(searches(world)) == 1


def _killed(world: JobsWorld, calls: int, act: Callable[[], object]) -> None:
    Play(world, []).killed_at(calls, act)
