"""What is done about persons by itself: consents that are over, and photos that are gone, killed anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.people import PEOPLE_DUE, PHOTOS_DUE, PersonStatus, object_source
from operations.terminal import OperatorError
from people.progress import UnfinishedError
from people.upkeep import PersonUpkeep
from tests.fakes.calls import Calls
from tests.local.rekognition.faces.conftest import face
from tests.operations.test_forgetting import finished
from tests.people.conftest import Pipeline, forget
from tests.people.test_people import CONSENT, add, ann

LAST_DAY, DAY_AFTER = CONSENT.ends_on, "2027-11-02"


class KilledError(BaseException):
    """The function was stopped between two calls."""


@dataclass
class Upkeep:
    """What looks after persons, on some day, and what it told."""

    pipeline: Pipeline
    day: str = DAY_AFTER
    told: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def is_gone(self, key: str) -> bool:
        if key.startswith("secret"):
            raise ConfigurationError("403", "HeadObject of a photo")
        return key not in self.pipeline.album.objects

    def run(self, due: str) -> Any:
        return PersonUpkeep(
            self.pipeline.removal,
            self.is_gone,
            lambda: self.day,
            lambda message, **facts: self.told.append({"message": message, **facts}),
            lambda message, **facts: self.failures.append({"message": message, **facts}),
        ).carry_out(due)


@pytest.fixture
def upkeep(pipeline: Pipeline) -> Upkeep:
    return Upkeep(pipeline)


def table_calls(pipeline: Pipeline) -> Calls:
    client: Any = pipeline.people.batches.client
    calls: Calls = client.table.calls
    return calls


def kill_at(pipeline: Pipeline, call: int) -> Callable[[], None]:
    """Have the function stopped before a call to Rekognition or the table; return what ends that."""
    made = 0

    def count(*_: Any, **__: Any) -> None:
        nonlocal made
        made += 1
        if made == call:
            raise KilledError

    events, calls = pipeline.rekognition.meta.events, table_calls(pipeline)
    events.register("before-call.rekognition", count)
    calls.before = count

    def end() -> None:
        events.unregister("before-call.rekognition", count)
        calls.before = lambda _: None

    return end


def test_a_consent_is_carried_out_on_the_day_after_its_last(pipeline: Pipeline, upkeep: Upkeep) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1, 2))
    later = replace(CONSENT, ends_on="2028-01-01")
    add(pipeline, "Ben", pipeline.album.put("ben.jpg", face("ben")), consent=later)

    assert replace(upkeep, day=LAST_DAY).run(PEOPLE_DUE) == {PEOPLE_DUE: 0}
    assert upkeep.run(PEOPLE_DUE) == {PEOPLE_DUE: 1}

    faces, users, (left,) = pipeline.state()
    assert ([user for _, user in faces], users, left.name) == (["p2"], ["p2"], "Ben")
    (told,) = upkeep.told
    assert told["receipt"]["faces_removed"] == 2
    assert "Ann" not in repr(told)
    assert "ann 1.jpg" not in repr(told)


def test_where_nothing_is_due_the_table_is_not_read_through(pipeline: Pipeline, upkeep: Upkeep) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1))
    calls = table_calls(pipeline)
    calls.made.clear()

    replace(upkeep, day=LAST_DAY).run(PEOPLE_DUE)

    assert calls.made["Scan"] == 0


@pytest.mark.parametrize("first", range(1, 4))
def test_killed_at_any_call_and_again_no_face_is_left(pipeline: Pipeline, upkeep: Upkeep, first: int) -> None:
    """Every third call, so that each test is short; the second run is killed too, wherever it is."""
    killed = 0
    for call in range(first, 60, 3):
        add(pipeline, "Ann", *ann(pipeline, 1, 2))
        runs = 0
        for at in (call, call // 2 + 1):
            end = kill_at(pipeline, at)
            try:
                upkeep.run(PEOPLE_DUE)
            except KilledError:
                runs += 1
            finally:
                end()
        upkeep.run(PEOPLE_DUE)
        assert pipeline.state() == ([], [], []), call
        killed += runs
        if not runs:
            break
    assert killed >= 8


@pytest.mark.parametrize("after", range(3, 8))
def test_what_a_command_leaves_that_is_killed_while_adding_is_removed(
    pipeline: Pipeline, upkeep: Upkeep, after: int
) -> None:
    """The person is forgotten while being added, and the command never gets to take its faces back."""
    steps = pipeline.enrolment.add("Ann", CONSENT, pipeline.shown(*ann(pipeline, 1, 2)))
    for _ in range(after):
        next(steps)
    forget(pipeline, pipeline.people.everybody())
    end = kill_at(pipeline, 3)
    with pytest.raises((KilledError, OperatorError)):
        finished(steps)
    end()

    upkeep.run(PEOPLE_DUE)

    assert pipeline.state() == ([], [], [])


def test_faces_that_others_have_put_there_are_left_alone(pipeline: Pipeline, upkeep: Upkeep) -> None:
    pipeline.collection.create()
    photo = {"Bytes": pipeline.album.photo(face("ben"))}
    pipeline.rekognition.index_faces(CollectionId=pipeline.collection.collection_id, Image=photo)

    upkeep.run(PEOPLE_DUE)

    assert len(pipeline.collection.faces()) == 1


def test_a_consent_that_is_renewed_meanwhile_is_not_carried_out(
    pipeline: Pipeline, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = add(pipeline, "Ann", *ann(pipeline, 1)).person
    add(pipeline, "Ann", *ann(pipeline, 1), consent=replace(CONSENT, ends_on="2028-01-01"))
    monkeypatch.setattr(type(pipeline.removal), "ended", lambda *_: [stale])

    with pytest.raises(UnfinishedError):
        upkeep.run(PEOPLE_DUE)

    (failure,) = upkeep.failures
    assert (failure["cause"], failure["person"]) == ("ChangedMeanwhile", "p1")
    assert len(pipeline.state()[0]) == 2
    assert pipeline.people.everybody()[0].status is PersonStatus.ENROLLED


def test_one_who_cannot_be_removed_stops_no_other_and_fails_the_run(
    pipeline: Pipeline, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1))
    add(pipeline, "Ben", pipeline.album.put("ben.jpg", face("ben")))
    search = type(pipeline.collection).search

    def still_found(collection: Any, image: Any) -> Any:
        is_anns = image["S3Object"]["Name"] == "ann 1.jpg"
        return (set(), {"p1"}) if is_anns else search(collection, image)

    monkeypatch.setattr(type(pipeline.collection), "search", still_found)

    with pytest.raises(UnfinishedError, match="PeopleLeft: 1 times"):
        upkeep.run(PEOPLE_DUE)

    assert [person.name for person in pipeline.people.everybody()] == ["Ann"]
    assert pipeline.collection.faces() == []
    assert "Ann" not in repr(upkeep.failures)


def test_a_photo_that_is_gone_takes_its_face_along(pipeline: Pipeline, upkeep: Upkeep) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1, 2), pipeline.album.save("file.jpg", face("ann", 3)))
    del pipeline.album.objects["ann 1.jpg"]

    assert upkeep.run(PHOTOS_DUE) == {PHOTOS_DUE: 1}
    assert upkeep.run(PHOTOS_DUE) == {PHOTOS_DUE: 0}

    (person,) = pipeline.people.everybody()
    assert sorted(person.photos.values()) == ["ann 2.jpg", "file.jpg"]
    kept = {external for external, _ in pipeline.state()[0]}
    assert kept == {person.external_id(source) for source in person.photos}


def test_where_it_is_not_certain_that_a_photo_is_gone_its_face_stays(
    pipeline: Pipeline, upkeep: Upkeep
) -> None:
    add(pipeline, "Ann", pipeline.album.put("secret.jpg", face("ann", 1)))
    before = pipeline.state()

    with pytest.raises(UnfinishedError):
        upkeep.run(PHOTOS_DUE)

    assert pipeline.state() == before
    assert upkeep.failures[0]["cause"] == "403"


@pytest.mark.parametrize("call", range(1, 7))
def test_killed_while_removing_what_is_gone_the_next_run_goes_on(
    pipeline: Pipeline, upkeep: Upkeep, call: int
) -> None:
    add(pipeline, "Ann", *ann(pipeline, 1, 2))
    del pipeline.album.objects["ann 1.jpg"]
    end = kill_at(pipeline, call)
    try:
        upkeep.run(PHOTOS_DUE)
    except KilledError:
        pass
    finally:
        end()

    upkeep.run(PHOTOS_DUE)

    assert [external for external, _ in pipeline.state()[0]] == [f"p1:{object_source('ann 2.jpg')}"]
    assert pipeline.people.everybody()[0].photos == {object_source("ann 2.jpg"): "ann 2.jpg"}
