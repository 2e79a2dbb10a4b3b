"""Films for the fault run are films, and what their frames are called is what the pipeline keeps them by."""

import itertools
from dataclasses import replace

from contract.films import Frame, film_answer, frame_key, of_frame
from contract.photos import PhotoFacts
from contract.records import Findings
from contract.results import Result, ResultName
from contract.table import index_rows, result_key
from loadtest.faults.calls import SavedAnswer, part_of
from loadtest.faults.films import films, frame_at
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
