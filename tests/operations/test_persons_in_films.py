"""What plans and `people search` say of jobs that look for persons in films, before one is begun."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from contract.film_usage import FilmAssumptions
from contract.notifications import parse
from contract.settings import ProcessorSettings
from operations.commands import people, plan
from operations.film_hours import FilmHours, FilmLength
from operations.wiring import DeployedPipeline
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import BULK
from tests.operations.test_command_line import Run, Session, run  # noqa: F401
from tests.operations.test_faces_to_search import ANN
from tests.operations.world import AT_ONCE, NAMES, OperatedWorld
from tests.processors.jobs_world import WITH_PERSONS, JobsWorld
from tests.processors.test_film_persons import BEN, FILM, end_all, searches
from tests.processors.test_people import enrol

NAMED = replace(
    NAMES,
    people_collection="imagepipe-people",
    people_purpose="family",
    people_contact="me@people.example",
    people_retention_days="365",
)
LATER = replace(BEN, consent=ANN.consent)


@pytest.fixture
def operated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OperatedWorld]:
    """A pipeline in memory whose jobs look for Ann in films, and that commands find."""
    operated = OperatedWorld(JobsWorld(settings=WITH_PERSONS))
    operated.functions.settings = WITH_PERSONS
    enrol(operated.world, ANN)
    session: Any = Session(operated)
    pipeline = DeployedPipeline(NAMED, session)
    pipeline._retry = AT_ONCE
    # It is not asked anything.
    vars(pipeline)["face_collection"] = object()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for commands in (people, plan):
        monkeypatch.setattr(commands, "connect", lambda *_: pipeline)
    yield operated
    pipeline.executor.shutdown()


def jobs(operated: OperatedWorld) -> JobsWorld:
    return cast("JobsWorld", operated.world)


def searched(run: Run) -> dict[str, Any]:  # noqa: F811
    code, out, err = run("people", "search", "--yes", "--json")
    assert code == 0, err
    said: dict[str, Any] = json.loads(out)
    return said


def planned(run: Run) -> dict[str, Any]:  # noqa: F811
    code, out, err = run("plan", "s3://photos/", "--json")
    assert code == 0, err
    told: dict[str, Any] = json.loads(out)["films"]
    return told


def test_films_with_faces_are_priced_by_the_minute_before_they_are_searched(
    operated: OperatedWorld, run: Run  # noqa: F811
) -> None:  # fmt: skip
    world = jobs(operated)
    world.arrive(world.s3.put("a.mp4", FILM), world.s3.put("none.mp4", b"film cat 97"))
    world.arrive(world.s3.put("a.jpg", b"cat 97 face:p1 99"))
    end_all(world)
    assert searched(run) == {"photos": 0, "faces": 0, "most_dollars": 0}

    enrol(world, LATER)
    said = searched(run)

    assert said == {"photos": 1, "faces": 1, "films": 1, "film_minutes": 0.7, "most_dollars": 0.0677}
    asked = {event.key for body in operated.queues.bodies(BULK) for event in parse(body, BUCKET)}
    assert asked == {"a.mp4", "a.jpg"}
    world.waiting += operated.queues.bodies(BULK)
    end_all(world)
    assert len(searches(world)) == 2
    assert searched(run) == {"photos": 0, "faces": 0, "most_dollars": 0}


def test_by_frames_the_faces_of_films_are_counted_each_frame_once(
    operated: OperatedWorld, run: Run  # noqa: F811
) -> None:  # fmt: skip
    by_frames = replace(WITH_PERSONS, film_jobs=0)
    operated.functions.settings = by_frames
    operated.world.use(by_frames)
    world = jobs(operated)
    world.arrive(world.s3.put("a.mp4", FILM + b"|cat 97 face:p1 99"))
    end_all(world)
    before = world.rekognition.asked["SearchUsersByImage"]
    enrol(world, LATER)

    assert searched(run) == {"photos": 0, "faces": 4, "films": 1, "film_minutes": 0.0, "most_dollars": 0.004}
    world.waiting += operated.queues.bodies(BULK)
    end_all(world)
    assert world.rekognition.asked["SearchUsersByImage"] == before + 4


def test_where_nobody_is_looked_for_in_films_these_are_neither_priced_nor_looked_at_again(
    operated: OperatedWorld, run: Run  # noqa: F811
) -> None:  # fmt: skip
    without = replace(WITH_PERSONS, people_in_films="")
    operated.functions.settings = without
    operated.world.use(without)
    world = jobs(operated)
    world.arrive(world.s3.put("a.mp4", FILM))
    end_all(world)
    enrol(world, LATER)

    assert searched(run) == {"photos": 0, "faces": 0, "most_dollars": 0}
    assert operated.queues.bodies(BULK) == []


def test_a_plan_counts_minutes_of_persons_of_films_that_have_no_answer(
    operated: OperatedWorld, run: Run  # noqa: F811
) -> None:  # fmt: skip
    world = jobs(operated)
    world.arrive(world.s3.put("a.mp4", FILM))
    end_all(world)
    world.s3.put("copy.mp4", FILM)
    assert planned(run)["job_minutes"] == 0

    world.s3.put("b.mp4", FILM + b"|cow 80")
    new = planned(run)["job_minutes"]

    def other(settings: ProcessorSettings) -> float:
        operated.functions.settings = settings
        del operated.world.table.items[ANN.at]
        minutes: float = planned(run)["job_minutes"]
        return minutes

    assert new == pytest.approx(2 * other(WITH_PERSONS), abs=0.2), "labels, and persons where there are some"


def test_an_hour_of_persons_is_six_dollars_more_by_jobs_and_a_search_a_frame_by_frames() -> None:
    film = FilmLength(3600, True, "MP4")
    plain, persons = (FilmHours().plus(film, names) for names in (("labels",), ("labels", "people")))

    assert persons.bill(by_jobs=True).total == pytest.approx(plain.bill(by_jobs=True).total + 6)
    more = persons.bill(by_jobs=False).total - plain.bill(by_jobs=False).total
    assert more == pytest.approx(FilmAssumptions.frames_an_hour / 1000, rel=0.02)
    assert (plain.job_minutes(), persons.job_minutes()) == (60, 120)
    frames = round(FilmAssumptions.frames_an_hour)
    assert persons.frames(by_jobs=False) == {"labels": frames, "people": frames}
    assert persons.frames(by_jobs=True) == {}
