"""Vectors of what photos mean: made of labels once a content, in the table as long as their photos are."""

from dataclasses import replace
from typing import Any

import pytest

from aws.retries import RetryPolicy
from contract.edits import Edit
from contract.errors import TransientError
from contract.items import from_wire
from contract.meaning import IN_SPACE, MEANING, SPACE, VECTOR
from contract.metrics import Metric
from contract.notifications import look_again
from contract.policy import to_json
from contract.questions import wanted_fingerprints
from contract.records import Status
from contract.results import pack
from contract.table import meaning_term, term_partitions
from processors.adapters.meaning import MeaningFunction
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, WITH_MEANING, World


@pytest.fixture
def world() -> World:
    return World(settings=WITH_MEANING)


def vectors(world: World) -> dict[str, dict[str, Any]]:
    """Give the rows that the index of vectors has, by key."""
    partitions = term_partitions(meaning_term(SPACE))
    rows = [from_wire(item) for (pk, _), item in world.table.items.items() if pk in partitions]
    return {str(row["key"]): row for row in rows if row.get(IN_SPACE) == SPACE and VECTOR in row}


def test_a_vector_of_its_labels_stands_beside_the_rows_of_a_photo(world: World) -> None:
    assert world.deliver(world.s3.put("a.jpg", b"cat 97 dog 60")) == []

    record = world.record("a.jpg")
    assert record is not None
    assert record.detectors[MEANING].startswith(f"{SPACE}.")
    assert world.meanings.asked == [["Cat", "Dog"]]
    assert vectors(world)["a.jpg"]["revision"] == record.revision


def test_copies_and_repetitions_have_the_vector_that_is_there(world: World) -> None:
    first = world.s3.put("a.jpg", b"cat 97")
    world.deliver(first, world.s3.copy("a.jpg", "b.jpg"))
    world.deliver(first)
    world.deliver(world.s3.copy("a.jpg", "c.jpg"))

    assert len(world.meanings.asked) == 1
    assert set(vectors(world)) == {"a.jpg", "b.jpg", "c.jpg"}
    assert world.tally[Metric.CALLS_AVOIDED] == 2 * len(SETTINGS.detectors), "a vector is no call to pay for"


def test_what_people_say_makes_no_other_vector_and_takes_none_away() -> None:
    """docs/search.md says why: a vector is an answer kept by content, whatever stands over it."""
    world = World(settings=replace(WITH_MEANING, corrections="yes"))
    world.deliver(world.s3.put("a.jpg", b"cat 97 dog 60"))
    before, recognized = vectors(world)["a.jpg"], world.record("a.jpg")
    assert recognized is not None
    world.correct(recognized.content_id, Edit(remove=("cat",)))
    world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-01T00:00:00.000Z"))

    corrected, after = world.record("a.jpg"), vectors(world)["a.jpg"]
    assert corrected is not None
    assert "Cat" not in corrected.findings.labels
    assert corrected.revision == after["revision"] != before["revision"]
    assert after[VECTOR] == before[VECTOR]
    assert len(world.meanings.asked) == 1


def test_photos_recognized_before_get_theirs_without_a_call() -> None:
    world = World(settings=SETTINGS)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    paid = dict(world.rekognition.paid)
    world.use(WITH_MEANING)

    assert world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-01T00:00:00.000Z")) == []

    assert "a.jpg" in vectors(world)
    assert world.rekognition.paid == paid
    assert world.tally[Metric.CALLS_AVOIDED] == len(SETTINGS.detectors)


def test_labels_less_sure_than_is_shown_are_in_the_vector_and_nowhere_else(world: World) -> None:
    assert world.deliver(world.s3.put("a.jpg", b"cat 97 dog 15 bird 8")) == []

    record = world.record("a.jpg")
    assert record is not None
    assert world.meanings.asked == [["Cat", "Dog"]]
    assert set(record.findings.labels) == {"Cat"}


def test_labels_kept_from_before_are_asked_for_once_more_only_where_that_is_wanted() -> None:
    world = World(settings=SETTINGS)
    world.deliver(world.s3.put("a.jpg", b"cat 97 dog 15"))
    paid = sum(world.rekognition.paid.values())

    world.use(WITH_MEANING)
    world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-01T00:00:00.000Z"))
    assert (world.meanings.asked, sum(world.rekognition.paid.values())) == ([["Cat"]], paid)

    world.use(replace(WITH_MEANING, labels_anew="yes"))
    world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-02T00:00:00.000Z"))
    assert world.meanings.asked == [["Cat"], ["Cat", "Dog"]]
    assert sum(world.rekognition.paid.values()) == paid + 1, "labels alone are asked for anew"


def test_a_vector_goes_with_its_photo_and_with_what_it_showed(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", b"cat 97"), world.s3.put("b.jpg", b"dog 97"))
    before = vectors(world)["a.jpg"]

    world.deliver(world.s3.put("a.jpg", b"dog 80"), world.s3.delete("b.jpg"))

    after = vectors(world)
    assert set(after) == {"a.jpg"}
    assert after["a.jpg"][VECTOR] != before[VECTOR]
    assert after["a.jpg"]["revision"] != before["revision"]


def test_nothing_is_asked_about_a_photo_without_labels(world: World) -> None:
    assert world.deliver(world.s3.put("a.jpg", b"faces 1")) == []

    assert world.status("a.jpg") is Status.RECOGNIZED
    assert world.meanings.asked == []
    assert vectors(world) == {}


def test_labels_that_are_hidden_are_in_no_vector() -> None:
    world = World(settings=replace(WITH_MEANING, policy=to_json({"hidden": ["Dog"]})))

    world.deliver(world.s3.put("a.jpg", b"cat 97 dog 60"))

    assert world.meanings.asked == [["Cat"]]


def test_a_change_of_what_is_hidden_is_another_fingerprint_in_the_same_space() -> None:
    plain, hiding, other = (
        wanted_fingerprints(replace(WITH_MEANING, policy=policy))["a.jpg"][MEANING]
        for policy in ("", to_json({"hidden": ["Dog"]}), to_json({"hidden": ["Dog"], "labels": {"Cat": 90}}))
    )

    assert len({plain, hiding}) == 2
    assert hiding == other, "what is not about hiding asks for nothing anew"
    assert {name.partition(".")[0] for name in (plain, hiding)} == {SPACE}


def test_a_function_that_comes_to_no_end_buries_no_photo_and_costs_no_call_twice(world: World) -> None:
    event = world.s3.put("a.jpg", b"cat 97")
    world.meanings.crashes = True
    assert world.deliver(event) != []
    paid = dict(world.rekognition.paid)
    assert world.status("a.jpg") is None

    world.meanings.crashes = False
    assert world.deliver(event) == []

    assert world.rekognition.paid == paid
    assert "a.jpg" in vectors(world)


def test_photos_below_a_prefix_without_labels_have_none() -> None:
    choice = '{"faces/":["faces"]}'
    world = World(settings=replace(WITH_MEANING, detectors_by_prefix=choice))

    world.deliver(world.s3.put("faces/a.jpg", b"cat 97"), world.s3.put("b.jpg", b"cat 97"))

    assert set(vectors(world)) == {"b.jpg"}


@pytest.mark.parametrize("kept", [{"Labels": [{"Newer": "form"}]}, {"Film": 7}, {"Labels": None}])
def test_labels_that_are_kept_in_another_form_hold_up_no_other_photo(kept: dict[str, Any]) -> None:
    world = World(settings=SETTINGS)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    for at, item in world.table.items.items():
        if at[1].startswith("labels#"):
            world.table.items[at] = {**item, "answer": {"B": pack(kept)}}
    world.use(WITH_MEANING)
    again = look_again(BUCKET, ["a.jpg"], "2026-02-01T00:00:00.000Z")

    assert world.deliver(again, world.s3.put("b.jpg", b"dog 97")) == ["0"]

    assert set(vectors(world)) == {"b.jpg"}
    function: Any = None
    with pytest.raises(TransientError, match=r"labels of a\.jpg") as told:
        MeaningFunction(function, "meaning", RetryPolicy(1, 1, 1)).vector(function, kept, "a.jpg", function)
    assert told.value.code == "UnexpectedAnswer"
