"""Films for the fault run are films, and what their frames are called is what the pipeline keeps them by."""

import itertools
from dataclasses import replace

from contract.films import Frame, film_answer, frame_key, of_frame
from contract.photos import PhotoFacts
from contract.records import Findings
from contract.results import Result, ResultName
from contract.table import index_rows, result_key
from loadtest.faults.calls import SavedAnswer, part_of
from loadtest.faults.films import films, frame_at, is_h264, jobs_by_content, wrong_jobs
from loadtest.faults.script import Act, script_of
from loadtest.faults.verdict import Evidence
from tests.loadtest.faults.test_persons import saved_in
from tests.loadtest.faults.test_verdict import RECORD, VERSION, verdict

FRAME = Frame(0, 1000, 500, "abc")


def test_a_frame_has_one_name_where_it_is_shown_and_where_its_answer_is_kept() -> None:
    name = of_frame(ResultName("bytes", "labels", "f"), FRAME)
    assert frame_at(frame_key("bytes", "maker", FRAME.name)) == part_of("bytes", FRAME.name)
    assert saved_in(result_key(name)) == SavedAnswer(part_of("bytes", FRAME.name), "labels")
    assert frame_at("bytes/maker/thumbnail.jpg") is None


def test_films_of_one_seed_are_the_same_and_no_two_are_alike() -> None:
    first, second = itertools.islice(films(7), 2)
    assert first != second
    assert next(films(7)) == first


def test_some_films_are_put_copied_and_deleted() -> None:
    steps = [step for wave in script_of(7, 100) for step in wave if step.key.endswith(".mp4")]
    assert [step.act for step in steps].count(Act.FILM) == 3
    assert {step.act for step in steps} == {Act.FILM, Act.COPY, Act.DELETE}


def test_a_record_of_a_film_says_what_was_found_in_its_frames() -> None:
    seen = Findings({"Cat": 97.5}, 1)
    size = {"format": "MP4", "width": 320, "height": 240}
    facts = PhotoFacts.from_json({**size, "duration_seconds": 4.0, "slice_seconds": 60.0})
    film = replace(RECORD, version=replace(VERSION, key="films/0.mp4"), findings=replace(seen, photo=facts))
    answer = film_answer([(FRAME, "key", seen)])
    names = [ResultName(VERSION.content_id, name, of) for name, of in film.detectors.items()]
    pictured = ResultName(VERSION.content_id, "picture", "p")
    film = replace(film, detectors={**film.detectors, "picture": "p"})
    evidence = Evidence(
        {film.key: ("etag", "v1")},
        {film.key: film},
        index_rows(film),
        {
            **{name: Result(name, answer, "") for name in names},
            pictured: Result(pictured, facts.to_json(), ""),
        },
        (),
        {"Cat": 1, "recognized": 1},
    )
    assert verdict(evidence).kept
    photo = replace(evidence, records={film.key: replace(film, findings=replace(seen, photo=None))})
    assert verdict(photo).lost == {film.key: "it was taken for a photo"}


def of_a_film(response: dict[str, object], begun: dict[tuple[str, str], int]) -> dict[str, str]:
    film = replace(RECORD, version=replace(VERSION, key="films/0.mp4"), detectors={"labels": "f"})
    name = ResultName(VERSION.content_id, "labels", "f")
    results = {name: Result(name, response, "")}
    return wrong_jobs({film.key: film}, results, begun, {VERSION.content_id: True})


def test_a_job_is_begun_once_and_its_answer_is_the_films() -> None:
    by_steps = film_answer([(Frame(0, 500, 0, ""), "", Findings({"Cat": 97.5}, 1))])
    by_frames = film_answer([(FRAME, "key", Findings({"Cat": 97.5}, 1))])
    once = {("StartLabelDetection", VERSION.content_id): 1}
    assert of_a_film(by_steps, once) == {}
    assert of_a_film(by_steps, dict.fromkeys(once, 2)) == {
        f"StartLabelDetection of {VERSION.content_id}": "was begun 2 times"
    }
    assert of_a_film(by_frames, once) == {"films/0.mp4": "its labels are by frames"}
    assert of_a_film(by_steps, {}) == {"films/0.mp4": "no job looked for labels"}


def test_copies_of_a_film_are_one_to_jobs_and_every_other_film_is_read_by_them() -> None:
    begun = {"StartLabelDetection": {"bucket/films/0.mp4": 1, "bucket/copies/film.mp4": 1}, "DetectText": {}}
    same = {"films/0.mp4": "bytes", "copies/film.mp4": "bytes"}
    assert jobs_by_content(begun, same) == {("StartLabelDetection", "bytes"): 2}
    assert [is_h264(film) for film in itertools.islice(films(7), 4)] == [True, False, True, False]
