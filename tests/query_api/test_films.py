"""Films among photos: found by what is in them and by their kind, with what is seen when."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from contract.film_persons import answer_name, persons_answer
from contract.films import Frame, film_answer
from contract.photos import PhotoFacts
from contract.policy import Policy
from contract.records import Findings, PersonMatch
from contract.results import Result, ResultName
from contract.table import result_key
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


def person_film(site: Site, **persons: PersonMatch) -> Site:
    """Add a film in which Ann is seen twice, once less like herself, and Ben once."""
    plain = photo("a/party.mp4", labels={}, file=FACTS, faces=2)
    film = replace(plain, findings=replace(plain.findings, persons=persons, searched=7))
    commit(site.table, film)
    results = [
        {
            "Timestamp": at,
            "Person": {"Index": index},
            "FaceMatches": [
                {"Similarity": alike, "Face": {"FaceId": "f", "ExternalImageId": f"{who}:file:1"}}
            ],
        }
        for at, index, who, alike in (
            *((500, 0, "p1", 97.0), (1000, 0, "p1", 99.0), (1000, 1, "p2", 95.0)),
            *((9000, 0, "p1", 80.0), (9000, 1, "p3", 99.0)),
        )
    ]
    name = answer_name(film.content_id, 7)
    write_result(site.table, Result(name, persons_answer(results, 30_000, "c/t/poster.jpg"), ""))
    return site


ANN_IS_SEEN = ("person", "Ann", 0.5, 1.5, 1.0)
FOUND = {"p1": PersonMatch(99.0, None), "p2": PersonMatch(95.0, None)}


def test_a_film_says_when_persons_are_seen_and_who_is_in_it() -> None:
    site = person_film(Site(people={"p1": "Ann", "p2": "Ben"}), **FOUND)

    told = site.get("/images/a/party.mp4")

    assert site.list(person="ann", kind="video").keys == ["a/party.mp4"]
    assert spans_of(told.json) == [ANN_IS_SEEN, ("person", "Ben", 1.0, 1.5, 1.0)]
    assert [(each["name"], each["face"], each["box"]) for each in told.json["persons"]] == [
        ("Ann", None, None),
        ("Ben", None, None),
    ]
    assert told.json["intervals"][0]["frame_url"] == "https://renditions/c/t/poster.jpg?signed"
    assert "person: Ann" in site.get("/images/a/party.mp4/intervals?format=vtt").json
    assert "p1" not in str(site.get("/images/a/party.mp4/raw").json)


@pytest.mark.parametrize(
    ("names", "persons"),
    [
        ({"p1": "Ann"}, FOUND),  # Ben is forgotten, or his consent is over
        ({"p1": "Ann", "p2": "Ben"}, {"p1": FOUND["p1"]}),  # people say that Ben is not there
    ],
)
def test_who_is_not_looked_for_or_said_not_to_be_there_is_seen_at_no_time(
    names: dict[str, str], persons: dict[str, PersonMatch]
) -> None:
    site = person_film(Site(people=names, policy=Policy.of({})), **persons)

    assert spans_of(site.get("/images/a/party.mp4/intervals").json) == [ANN_IS_SEEN]


def test_without_people_a_film_says_nothing_of_persons_and_without_the_answer_not_when() -> None:
    site = person_film(Site(), **FOUND)
    assert spans_of(site.get("/images/a/party.mp4/intervals").json) == []

    site = person_film(Site(people={"p1": "Ann"}), p1=PersonMatch(100.0, None))
    film = site.table.records(["a/party.mp4"])["a/party.mp4"]
    del site.table.items[result_key(answer_name(film.content_id, 7))]
    told = site.get("/images/a/party.mp4").json
    assert (spans_of(told), [each["name"] for each in told["persons"]]) == ([], ["Ann"])
