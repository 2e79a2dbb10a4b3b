"""Who agreed is taken in by all photos or by none, and forgotten so that no search finds anybody."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.face_search import WANTED_KEY, SearchScope, revision_at
from contract.items import from_wire, to_wire
from contract.people import (
    MAX_NAME_CHARACTERS,
    Consent,
    PersonStatus,
    consent_of,
    faults_of_name,
    object_source,
)
from operations.commands.forget import Chosen
from operations.people.enrolment import Enrolled
from operations.people.photos import MAX_FILE_BYTES
from operations.terminal import OperatorError
from people import collection
from people.progress import UnfinishedError
from tests.fakes.s3 import BUCKET
from tests.local.rekognition.faces.conftest import face
from tests.operations.test_forgetting import Bucket, Table, finished, forgetting, note, waiting
from tests.people.conftest import Pipeline, forget

CONSENT = Consent("2026-11-01", "the family album", "2027-11-01")


def add(pipeline: Pipeline, name: str, *photos: str, consent: Consent = CONSENT) -> Enrolled:
    return finished(pipeline.enrolment.add(name, consent, pipeline.shown(*photos)))


def refused(do: Callable[[], Any]) -> str:
    with pytest.raises((OperatorError, UnfinishedError)) as refusal:
        do()
    error = refusal.value
    return error.message if isinstance(error, UnfinishedError) else str(error)


def searched(pipeline: Pipeline, *faces: Any) -> tuple[set[str], set[str]]:
    return pipeline.collection.search({"Bytes": pipeline.album.photo(*faces)})


def ann(pipeline: Pipeline, *photos: int) -> list[str]:
    return [pipeline.album.put(f"ann {photo}.jpg", face("ann", photo)) for photo in photos]


def test_a_person_is_known_by_photos_of_the_bucket_and_files(pipeline: Pipeline) -> None:
    photos = [*ann(pipeline, 1, 2), pipeline.album.save("ann 3.jpg", face("ann", 3))]

    enrolled = add(pipeline, "Ann", *photos)

    pipeline.clock.now += 5
    assert enrolled.faces == 3
    assert searched(pipeline, face("ann", 9))[1] == {"p1"}
    person = pipeline.people.find("ANN")
    assert person == enrolled.person
    assert (person.status, person.consent) == (PersonStatus.ENROLLED, CONSENT)
    assert sorted(person.photos.values()) == ["ann 1.jpg", "ann 2.jpg", "ann 3.jpg"]


def test_what_is_kept_in_the_table_has_no_biometrics_and_the_collection_no_name(pipeline: Pipeline) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1))

    ((place, item),) = pipeline.items.items()
    assert place == ("people", "person#ann")
    named = "pk sk id name agreed_on purpose ends_on status added_at photos faces_at"
    assert set(item) == set(named.split())
    ((one,), users, _) = pipeline.state()
    assert one == (f"p1:{object_source('ann 1.jpg')}", "p1")
    assert users == ["p1"]


@pytest.mark.parametrize(
    ("faces", "words"),
    [
        ([], "party.jpg shows no face; nothing was changed"),
        (
            [face("ben"), face("cem", side=0.1)],
            "party.jpg shows 2 faces; cut out the one that is meant; nothing was changed",
        ),
    ],
)
def test_a_photo_of_nobody_or_of_two_is_refused(pipeline: Pipeline, faces: list[Any], words: str) -> None:
    photos = [*ann(pipeline, 1), pipeline.album.put("party.jpg", *faces)]

    assert refused(lambda: add(pipeline, "Ann", *photos)) == words
    assert set(pipeline.calls) == {"DetectFaces"}
    assert pipeline.state() == ([], [], [])


def test_each_photo_that_is_wrong_is_told(pipeline: Pipeline) -> None:
    empty, gone = pipeline.album.put("empty.jpg"), f"s3://{BUCKET}/gone.jpg"

    assert refused(lambda: add(pipeline, "Ann", empty, gone)) == (
        "empty.jpg shows no face; gone.jpg is not in the bucket, or Rekognition may not read it; nothing was "
        "changed"
    )


def test_photos_that_cannot_be_meant_are_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(b" " * (MAX_FILE_BYTES + 1))

    assert refused(lambda: pipeline.shown("s3://other/a.jpg", "/nowhere.jpg", str(large))) == (
        f"s3://other/a.jpg is no photo of the pipeline's bucket; write s3://{BUCKET}/KEY; "
        f"/nowhere.jpg cannot be read (No such file or directory); a photo of the bucket is s3://{BUCKET}/KEY"
        f"; {large} has 5,242,881 bytes and Rekognition takes 5,242,880 of a file; put it into the bucket "
        f"and write s3://{BUCKET}/KEY; nothing was changed"
    )


def test_a_photo_named_twice_counts_once(pipeline: Pipeline) -> None:
    (photo,) = ann(pipeline, 1)

    assert add(pipeline, "Ann", photo, photo).faces == 1


def test_a_face_of_bad_quality_is_refused_and_nothing_stays(pipeline: Pipeline) -> None:
    dark = face("ann", 2, Quality={"Brightness": 1.0, "Sharpness": 1.0})
    photos = [*ann(pipeline, 1), pipeline.album.put("dark.jpg", dark)]

    words = refused(lambda: add(pipeline, "Ann", *photos))

    assert re.fullmatch(
        r"dark.jpg shows a face that Rekognition does not keep \([A-Z_, ]+\); nothing was changed", words
    )
    assert pipeline.state() == ([], [], [])


def test_another_persons_face_is_refused_and_nothing_stays(pipeline: Pipeline) -> None:
    photos = [*ann(pipeline, 1, 2), pipeline.album.put("ben.jpg", face("ben"))]

    words = refused(lambda: add(pipeline, "Ann", *photos))

    assert re.fullmatch(
        r"the face on ben.jpg is not like the others of Ann: \d+ of 100, and 75 are needed; nothing was "
        r"changed",
        words,
    )
    assert pipeline.state() == ([], [], [])


def test_what_is_refused_is_taken_back_though_the_list_of_faces_is_behind(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [*ann(pipeline, 1, 2), pipeline.album.put("ben.jpg", face("ben"))]
    with monkeypatch.context() as behind:
        behind.setattr(type(pipeline.collection), "faces", lambda *_: [])
        refused(lambda: add(pipeline, "Ann", *photos))

    assert pipeline.state() == ([], [], [])


def test_what_was_there_stays_when_more_is_refused(pipeline: Pipeline) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1, 2))
    before = pipeline.state()
    later = replace(CONSENT, agreed_on="2026-11-20")
    photos = [*ann(pipeline, 3), pipeline.album.put("ben.jpg", face("ben"))]

    refused(lambda: add(pipeline, "Ann", *photos, consent=later))

    assert pipeline.state() == before
    assert add(pipeline, "ann", *ann(pipeline, 3), consent=later).faces == 3
    assert pipeline.people.everybody()[0].consent == later


def test_a_person_of_a_hundred_photos_takes_no_more(pipeline: Pipeline, monkeypatch: Any) -> None:
    monkeypatch.setattr("operations.people.enrolment.MOST_FACES_A_PERSON", 2)

    words = refused(lambda: add(pipeline, "Ann", *ann(pipeline, 1, 2, 3)))

    assert words == "Ann would have 3 photos, and a person has 2 at most; nothing was changed"
    assert pipeline.state() == ([], [], [])


def test_searches_know_the_faces_when_the_person_is_there(pipeline: Pipeline) -> None:
    begun = pipeline.now()

    person = add(pipeline, "Ann", *ann(pipeline, 1, 2)).person

    assert person.faces_at > begun
    assert searched(pipeline, face("ann", 9))[1] == {"p1"}


def test_who_is_added_by_a_clock_that_is_behind_is_looked_for_after_all_others(pipeline: Pipeline) -> None:
    ann_at = add(pipeline, "Ann", *ann(pipeline, 1)).person.faces_at
    pipeline.clock.now -= 3600
    ben_at = add(pipeline, "Ben", pipeline.album.put("ben.jpg", face("ben"))).person.faces_at
    wanted = revision_at("2030-12-31T23:59:59.999Z")
    pipeline.items[WANTED_KEY] = to_wire({**WANTED_KEY._asdict(), "revision": wanted})
    cem_at = add(pipeline, "Cem", pipeline.album.put("cem.jpg", face("cem"))).person.faces_at

    assert revision_at(ben_at) == revision_at(ann_at) + 1
    assert cem_at == "2031-01-01T00:00:00.000Z"


def stopped_adding(pipeline: Pipeline, photos: list[str], after: int) -> bool:
    """Stop after so many steps; say whether it was through by then."""
    steps = pipeline.enrolment.add("Ann", CONSENT, pipeline.shown(*photos))
    try:
        for _ in range(after):
            next(steps)
    except StopIteration:
        return True
    steps.close()
    return False


@pytest.mark.parametrize("after", range(1, 10))
def test_stopped_anywhere_the_same_command_goes_on(pipeline: Pipeline, after: int) -> None:
    photos = ann(pipeline, 1, 2)
    stopped_adding(pipeline, photos, after)

    assert add(pipeline, "Ann", *photos).faces == 2

    (person,) = pipeline.people.everybody()
    faces, users, _ = pipeline.state()
    assert users == [person.id]
    assert {user for _, user in faces} == {person.id}
    assert len(faces) == 2


@pytest.mark.parametrize("after", range(1, 10))
def test_stopped_anywhere_the_person_can_be_forgotten(pipeline: Pipeline, after: int) -> None:
    stopped_adding(pipeline, ann(pipeline, 1, 2), after)
    for person in pipeline.people.everybody():
        forget(pipeline, [person])

    assert pipeline.state() == ([], [], [])


def test_what_a_stopped_run_has_left_is_taken_in_with_other_photos(pipeline: Pipeline) -> None:
    stopped_adding(pipeline, ann(pipeline, 1, 2), 6)
    assert {user for _, user in pipeline.state()[0]} == {""}

    assert add(pipeline, "Ann", *ann(pipeline, 3)).faces == 3
    assert {user for _, user in pipeline.state()[0]} == {"p1"}


def forgotten_while_adding(pipeline: Pipeline, after: int) -> str:
    """Have another command forget the person after so many steps of adding; return what is said."""
    steps = pipeline.enrolment.add("Ann", CONSENT, pipeline.shown(*ann(pipeline, 1, 2)))
    for _ in range(after):
        next(steps)
    (person,) = pipeline.people.everybody()
    forget(pipeline, [person])
    return refused(lambda: finished(steps))


@pytest.mark.parametrize("after", range(3, 8))
def test_who_is_forgotten_while_being_added_is_forgotten(pipeline: Pipeline, after: int) -> None:
    assert forgotten_while_adding(pipeline, after) == (
        "Ann was forgotten by somebody else meanwhile; no face was added"
    )
    assert pipeline.state() == ([], [], [])


def test_who_is_changed_while_being_added_is_told(pipeline: Pipeline) -> None:
    steps = pipeline.enrolment.add("Ann", CONSENT, pipeline.shown(*ann(pipeline, 1)))
    for _ in range(4):
        next(steps)
    add(pipeline, "Ann", *ann(pipeline, 2))

    assert refused(lambda: finished(steps)) == (
        "Ann was changed by somebody else meanwhile; look: imagepipe people show"
    )


def test_every_step_of_adding_is_among_those_stopped_at(pipeline: Pipeline) -> None:
    assert stopped_adding(pipeline, ann(pipeline, 1, 2), 10)


def test_who_is_forgotten_is_found_no_more(pipeline: Pipeline) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1, 2)).person
    add(pipeline, "Ben", pipeline.album.put("ben.jpg", face("ben")))
    del pipeline.album.objects["ann 2.jpg"]

    (receipt,) = forget(pipeline, [person])

    assert searched(pipeline, face("ann", 9)) == (set(), set())
    assert [each.name for each in pipeline.people.everybody()] == ["Ben"]
    assert (receipt.faces_removed, receipt.photos_searched_by, receipt.photos_gone) == (2, 1, 1)
    told = json.dumps(receipt.to_json())
    assert "Ann" not in told
    assert "ann 1.jpg" not in told
    pipeline.clock.now += 5
    assert searched(pipeline, face("ben", 2))[1] == {"p2"}


def test_forgetting_frees_the_faces_removes_them_and_then_the_user(pipeline: Pipeline) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    pipeline.calls.clear()

    forget(pipeline, [person])

    changes = [call for call in dict.fromkeys(pipeline.calls) if call.startswith(("D", "Search"))]
    assert changes == [
        "DisassociateFaces",
        "DeleteFaces",
        "DeleteUser",
        "SearchFacesByImage",
        "SearchUsersByImage",
    ]


@pytest.mark.parametrize("after", range(1, 8))
def test_forgetting_stopped_anywhere_goes_on(pipeline: Pipeline, after: int) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    steps = pipeline.removal.forget([person], lambda _: None)
    try:
        for _ in range(after):
            next(steps)
    except StopIteration:
        assert after == 7
    steps.close()

    if after < 7:
        (marked,) = pipeline.people.everybody()
        assert marked.status is PersonStatus.FORGETTING
        assert pipeline.removal.ended("2026-11-02") == [marked]
        assert refused(lambda: add(pipeline, "Ann", *ann(pipeline, 1))) == (
            "Ann is being forgotten; finish that first: imagepipe people forget"
        )
        forget(pipeline, [marked])
    assert pipeline.state() == ([], [], [])


def test_faces_that_are_left_keep_the_person_in_the_table(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    monkeypatch.setattr(type(pipeline.collection), "delete_faces", lambda *_: None)

    words = refused(lambda: forget(pipeline, [person]))

    assert words == "Ann is still in imagepipe-people; run the command again"
    assert [each.status for each in pipeline.people.everybody()] == [PersonStatus.FORGETTING]


def test_a_search_that_finds_somebody_keeps_the_person_in_the_table(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    monkeypatch.setattr(type(pipeline.collection), "search", lambda *_: ({person.external_id("x")}, set()))

    words = refused(lambda: forget(pipeline, [person]))

    assert words == "Ann is still found by ann 1.jpg; run the command again"
    assert [each.status for each in pipeline.people.everybody()] == [PersonStatus.FORGETTING]


def test_a_face_that_rekognition_leaves_is_told(pipeline: Pipeline) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1))
    (one,) = pipeline.collection.faces()

    words = refused(lambda: pipeline.collection.delete_faces([one.face_id]))

    assert words == (
        f"Rekognition left 1 faces in imagepipe-people, {one.face_id} first (ASSOCIATED_TO_AN_EXISTING_USER)"
        "; run the command again"
    )


def test_a_user_that_never_settles_is_told(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "LOOK_SECONDS", 0.0)

    assert refused(lambda: add(pipeline, "Ann", *ann(pipeline, 1, 2))) == (
        "Rekognition is still busy with the last change of user p1 of imagepipe-people; run the command "
        "again in a minute"
    )


def test_a_photo_that_is_removed_takes_its_face_along(pipeline: Pipeline) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1, 2))

    ((person, sources),) = pipeline.removal.shown_on(lambda key: key == "ann 1.jpg")
    assert finished(pipeline.removal.remove_photos(person, sources)) == 1

    assert [external for external, _ in pipeline.state()[0]] == [f"p1:{object_source('ann 2.jpg')}"]
    (left,) = pipeline.people.everybody()
    assert left.photos == {object_source("ann 2.jpg"): "ann 2.jpg"}
    assert left.faces_at > person.faces_at
    assert pipeline.removal.shown_on(lambda key: key == "ann 1.jpg") == []


def test_who_has_no_photo_left_is_not_looked_for_until_there_is_one(pipeline: Pipeline) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person

    finished(pipeline.removal.remove_photos(person, frozenset(person.photos)))

    (left,) = pipeline.people.everybody()
    items = [from_wire(item) for item in pipeline.items.values()]
    assert (left.status, left.has_faces, left.photos) == (PersonStatus.ENROLLED, False, {})
    assert SearchScope.of(items, "2027-01-15").persons.keys() == set()
    again = add(pipeline, "Ann", *ann(pipeline, 2)).person
    assert SearchScope.of([again.to_item()], "2027-01-15").persons.keys() == {"p1"}


def test_a_photo_that_is_forgotten_takes_its_face_along(pipeline: Pipeline) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1, 2))
    add(pipeline, "Ben", pipeline.album.put("ben.jpg", face("ben")))
    table = Table(note("ann 1.jpg"), note("ann 2.jpg"))
    work = forgetting(Chosen("ann 1.jpg", False), table, Bucket("ann 1.jpg", "ann 2.jpg"), waiting())
    work.people = pipeline.removal

    assert finished(work.look()).counts()["faces that persons were enrolled by"] == 1
    assert len(pipeline.collection.faces()) == 3, "looking changes nothing"
    assert finished(work.run()) == []

    left = {external for external, _ in pipeline.state()[0]}
    assert left == {f"p1:{object_source('ann 2.jpg')}", f"p2:{object_source('ben.jpg')}"}


def test_whose_consent_is_over_is_to_be_forgotten(pipeline: Pipeline) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1))

    assert pipeline.removal.ended("2027-11-01") == []
    assert [person.name for person in pipeline.removal.ended("2027-11-02")] == ["Ann"]


def test_a_consent_holds_as_long_as_is_allowed_or_less() -> None:
    def consent(until: str | None) -> str:
        return consent_of("2026-11-01", until, "2026-11-27", "the family album", 365).ends_on

    assert consent(None) == "2027-11-01"
    assert consent("2026-12-31") == "2026-12-31"


@pytest.mark.parametrize(
    ("agreed", "until", "words"),
    [
        ("1.11.2026", None, "--agreed '1.11.2026' is no day; write it like 2026-01-31"),
        ("2026-11-01", "soon", "--until 'soon' is no day; write it like 2026-01-31"),
        (
            "2026-11-28",
            None,
            "--agreed 2026-11-28 is still to come; it is the day on which the person agreed",
        ),
        (
            "2026-11-01",
            "2027-11-02",
            "--until 2027-11-02 is later than people_retention_days allows, 365 days after --agreed: "
            "2027-11-01 at the latest",
        ),
        ("2025-11-01", None, "the consent ended on 2026-11-01; ask the person again"),
    ],
)
def test_a_consent_that_means_nothing_is_refused(agreed: str, until: str | None, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as refusal:
        consent_of(agreed, until, "2026-11-27", "the family album", 365)
    assert str(refusal.value) == words


@pytest.mark.parametrize("name", ["", " Ann", "Ann\n", "a" * (MAX_NAME_CHARACTERS + 1)])
def test_a_name_that_cannot_be_kept_is_refused(name: str) -> None:
    assert faults_of_name(name) == [
        f"the name {name!r} cannot be kept; it is 1 to 100 characters on one line, without spaces at its ends"
    ]
    assert faults_of_name("Ann Müller") == []
