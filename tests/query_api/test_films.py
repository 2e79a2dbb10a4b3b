"""Films among photos: found by what is in them and by their kind, with what is seen when."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from contract.films import Frame, film_answer
from contract.photos import PhotoFacts
from contract.policy import Policy
from contract.records import Findings
from contract.results import Result, ResultName
from tests.query_api.photos import commit, photo, write_result
from tests.query_api.site import Site

FACTS = PhotoFacts(
    "MP4",
    640,
    480,
    is_direct=False,
    renditions="t",
    has_view=True,
    duration_seconds=30.0,
    slice_seconds=300.0,
)
SEEN = [{"Cat": 97.0}, {"Cat": 99.0, "Weapon": 80.0}, {"Dog": 88.0}]


def site_of(policy: Policy | None = None) -> Site:
    site = Site(policy=policy)
    film = photo(
        "a/film.mp4",
        labels={"Cat": 99.0, "Weapon": 80.0, "Dog": 88.0},
        words=("<sale>",),
        detectors={"labels": "1", "text": "1"},
        file=FACTS,
    )
    commit(site.table, film)
    commit(site.table, photo("a/cat.jpg", second=1))
    spans = [Frame(place, place + 10_000, place + 1_000, f"f{place}") for place in (0, 10_000, 20_000)]
    for detector, found in {
        "labels": [Findings(labels=labels) for labels in SEEN],
        "text": [Findings(), Findings(words=("<sale>",)), Findings()],
    }.items():
        answer = film_answer(
            (span, f"c/t/{span.name}.jpg", each) for span, each in zip(spans, found, strict=True)
        )
        write_result(site.table, Result(ResultName(film.content_id, detector, "1"), answer, ""))
    return site


def spans_of(answer: Any) -> list[tuple[str, str, float, float, float]]:
    return [
        (each["kind"], each["name"], each["start_seconds"], each["end_seconds"], each["best_seconds"])
        for each in answer["intervals"]
    ]


ALL = [
    ("label", "Cat", 0.0, 20.0, 11.0),
    ("label", "Weapon", 10.0, 20.0, 11.0),
    ("text", "<sale>", 10.0, 20.0, 11.0),
    ("label", "Dog", 20.0, 30.0, 21.0),
]


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({}, ["a/cat.jpg", "a/film.mp4"]),
        ({"label": "cat"}, ["a/cat.jpg", "a/film.mp4"]),
        ({"label": "cat", "kind": "video"}, ["a/film.mp4"]),
        ({"label": "cat", "kind": "photo"}, ["a/cat.jpg"]),
        ({"kind": "video"}, ["a/film.mp4"]),
        ({"label": "dog", "kind": "photo"}, []),
    ],
)
def test_films_are_found_by_the_same_questions_and_by_their_kind(
    asked: dict[str, str], keys: list[str]
) -> None:
    answer = site_of().list(**asked)

    assert answer.keys == keys
    assert {image["kind"] for image in answer.json["images"]} <= {"photo", "video"}


def test_what_is_known_of_a_film_says_when_and_of_a_photo_nothing_of_it() -> None:
    site = site_of()

    film, still = (site.get(f"/images/a/{name}").json for name in ("film.mp4", "cat.jpg"))

    assert spans_of(film) == ALL
    assert [label["name"] for label in film["labels"]] == ["Cat", "Dog", "Weapon"]
    assert (film["photo"]["duration_seconds"], film["kind"], still["kind"]) == (30, "video", "photo")
    assert film["intervals"][0]["frame_url"] == "https://renditions/c/t/f10000.jpg?signed"
    assert "intervals" not in still


def test_intervals_are_answered_by_themselves_and_as_web_vtt() -> None:
    site = site_of()

    assert spans_of(site.get("/images/a/film.mp4/intervals").json) == ALL
    assert site.get("/images/a/cat.jpg/intervals").json["intervals"] == []
    assert site.get("/images/a/none.mp4/intervals").status == 404
    told = site.get("/images/a/film.mp4/intervals?format=vtt")

    assert told.headers["content-type"].startswith("text/vtt")
    assert told.json.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:20.000\nlabel: Cat\n\n")
    assert "text: &lt;sale&gt;\n" in told.json, "a player must not take words for tags"


def test_what_a_policy_hides_is_in_no_interval() -> None:
    policy = Policy.of(tomllib.loads('hidden = ["Weapon"]\n[labels]\nDog = 90\n[aliases]\nPet = ["Cat"]\n'))
    site = site_of(policy)

    told = site.get("/images/a/film.mp4").json

    assert spans_of(told) == [("label", "Pet", 0.0, 20.0, 11.0), ("text", "<sale>", 10.0, 20.0, 11.0)]
    assert "Weapon" not in str(site.get("/images/a/film.mp4/raw").json)


def test_a_blocked_film_has_no_frames_where_blocked_objects_are_tagged() -> None:
    site = site_of(Policy.of({}))
    film = site.table.records(["a/film.mp4"])["a/film.mp4"]
    commit(site.table, replace(film, decision="block"))

    def frames() -> set[bool]:
        one = site.get("/images/a/film.mp4").json["intervals"]
        apart = site.get("/images/a/film.mp4/intervals").json["intervals"]
        return {each["frame_url"] is None for each in (*one, *apart)}

    assert frames() == {False}
    site.block_tag = True
    assert frames() == {True}
