"""Vectors that a model of Bedrock makes of thumbnails: paid for once, within a quota, after all else."""

from dataclasses import replace
from typing import Any

import pytest

from contract.items import from_wire
from contract.meaning import BEDROCK_SPACE, IN_SPACE, INVOKE_MODEL, MEANING_SEEN, SPACE, VECTOR
from contract.metrics import Metric
from contract.notifications import look_again
from contract.records import Status
from contract.results import unpack
from contract.settings import ProcessorSettings
from contract.table import budget_key, meaning_term, term_partitions
from contract.timing import CLAIM_SECONDS
from tests.fakes.calls import nothing
from tests.fakes.meaning import failed
from tests.fakes.s3 import BUCKET
from tests.processors.test_tallying import KilledError
from tests.processors.world import SETTINGS, WITH_MEANING, WITH_PICTURES, WITH_SIGHT, World

AGAIN = "2026-02-01T00:00:00.000Z"


@pytest.fixture
def world() -> World:
    return World(settings=WITH_SIGHT)


def in_space(world: World, space: str) -> set[str]:
    """Give the keys of the rows that the index of vectors has in a space."""
    partitions = term_partitions(meaning_term(space))
    rows = [from_wire(item) for (pk, _), item in world.table.items.items() if pk in partitions]
    return {str(row["key"]) for row in rows if row.get(IN_SPACE) == space and VECTOR in row}


def test_a_vector_of_the_thumbnail_stands_in_a_space_of_its_own(world: World) -> None:
    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == []

    record = world.record("a.jpg")
    assert record is not None
    assert record.detectors[MEANING_SEEN].startswith(f"{BEDROCK_SPACE}.")
    assert (in_space(world, BEDROCK_SPACE), in_space(world, SPACE)) == ({"a.jpg"}, set())
    assert world.meanings.seen == {b"cat 97": 1}


def test_photos_need_no_labels_for_it() -> None:
    world = World(settings=replace(WITH_SIGHT, detectors=("faces",)))

    assert world.deliver(world.s3.put("a.jpg", b"faces 1")) == []

    assert in_space(world, BEDROCK_SPACE) == {"a.jpg"}


def test_labels_are_asked_for_as_they_are_without_it(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", b"cat 97 dog 15"))

    kept = next(item for (_, sk), item in world.table.items.items() if sk.startswith("labels#"))
    names = [label["Name"] for label in unpack(from_wire(kept)["answer"])["Labels"]]
    assert names == ["Cat"], "those of 10 % are for vectors of labels"


def test_copies_and_repetitions_are_paid_for_once(world: World) -> None:
    first = world.s3.put("a.jpg", b"cat 97")
    world.deliver(first, world.s3.copy("a.jpg", "b.jpg"))
    world.deliver(first)
    world.deliver(world.s3.copy("a.jpg", "c.jpg"), look_again(BUCKET, ["a.jpg"], AGAIN))

    assert world.meanings.seen == {b"cat 97": 1}
    assert in_space(world, BEDROCK_SPACE) == {"a.jpg", "b.jpg", "c.jpg"}


@pytest.mark.parametrize("before", [WITH_PICTURES, replace(WITH_PICTURES, meaning_function="meaning")])
def test_a_backfill_pays_for_vectors_and_for_nothing_else(before: ProcessorSettings) -> None:
    world = World(settings=before)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    paid = dict(world.rekognition.paid)
    world.use(WITH_SIGHT)

    assert world.deliver(look_again(BUCKET, ["a.jpg"], AGAIN)) == []

    assert world.rekognition.paid == paid
    assert world.meanings.seen == {b"cat 97": 1}
    assert in_space(world, BEDROCK_SPACE) == {"a.jpg"}


def test_throttles_are_waited_out_with_a_permit_for_each_attempt(world: World) -> None:
    world.meanings.says.extend([failed("ThrottledError", "ThrottlingException")] * 2)

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == []

    assert world.tally[Metric.CALLS_THROTTLED] == 2
    assert world.meanings.seen == {b"cat 97": 1}
    at = budget_key(INVOKE_MODEL)
    line = from_wire(world.table.items[at.pk, at.sk])
    assert line["day_calls"] == 3
    assert "cut_at" in line, "all workers ask less often for a while"


def test_no_more_are_asked_for_on_a_day_than_is_allowed() -> None:
    world = World(settings=replace(WITH_SIGHT, daily_call_limits={INVOKE_MODEL: 1}))

    waiting = world.deliver(world.s3.put("a.jpg", b"cat 97"), world.s3.put("b.jpg", b"dog 97"))

    assert len(waiting) == 1
    assert sum(world.meanings.seen.values()) == 1
    assert world.tally[Metric.DAILY_LIMIT_REACHED] == 1
    world.now += 86_400
    assert world.deliver(look_again(BUCKET, ["a.jpg", "b.jpg"], AGAIN)) == []
    assert world.meanings.seen == {b"cat 97": 1, b"dog 97": 1}


def test_nothing_is_asked_for_while_another_worker_is_at_it(world: World) -> None:
    def kill(operation: str) -> None:
        if operation == "Invoke" and world.rekognition.paid:
            raise KilledError

    event = world.s3.put("a.jpg", b"cat 97")
    world.calls.before = kill
    with pytest.raises(KilledError):
        world.deliver(event)
    paid = dict(world.rekognition.paid)
    world.calls.before = nothing

    assert world.deliver(event) == ["0"], "the claim of whoever was killed holds"
    assert world.meanings.seen == {}
    world.now += CLAIM_SECONDS + 1
    assert world.deliver(event) == []

    assert world.meanings.seen == {b"cat 97": 1}
    assert world.rekognition.paid == paid


def test_what_the_model_refuses_for_good_has_no_vector_and_is_found_by_all_else(world: World) -> None:
    world.meanings.says.append({"refused": "the picture is too narrow"})

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == []
    world.deliver(look_again(BUCKET, ["a.jpg"], AGAIN))

    record = world.record("a.jpg")
    assert record is not None
    assert (record.status, record.findings.labels) == (Status.RECOGNIZED, {"Cat": 97.0})
    assert in_space(world, BEDROCK_SPACE) == set()
    assert world.meanings.seen == {}, "and it is not asked again"


def test_a_model_that_nobody_may_use_buries_no_photo(world: World) -> None:
    event = world.s3.put("a.jpg", b"cat 97")
    world.meanings.says.append(failed("ConfigurationError", "AccessDeniedException"))

    assert world.deliver(event, receive_count=100) == ["0"]

    assert world.tally[Metric.CONFIGURATION_ERRORS] == 1
    assert world.attempts_at("0") == 0
    assert world.deliver(event) == []
    assert in_space(world, BEDROCK_SPACE) == {"a.jpg"}


def test_a_model_that_does_not_answer_anybody_counts_against_nobody(world: World) -> None:
    events = [world.s3.put(f"{number}.jpg", b"cat %d" % (90 + number)) for number in range(2)]
    world.meanings.says.extend([failed("UnansweredError", "ModelErrorException")] * 8)

    assert world.deliver(*events) == ["0", "1"]

    assert (world.attempts_at("0"), world.attempts_at("1")) == (0, 0)


def test_no_vector_is_paid_for_that_belongs_to_no_record(world: World) -> None:
    """What Rekognition rejects, or has not answered, is asked about when all else is known."""
    world.rekognition.fails_on.add(b"cat 97")

    assert world.deliver(world.s3.put("bomb.jpg", b"bomb 1"), world.s3.put("a.jpg", b"cat 97")) == ["1"]
    assert world.meanings.seen == {}

    world.rekognition.fails_on.clear()
    assert world.deliver(look_again(BUCKET, ["a.jpg"], AGAIN)) == []
    assert world.meanings.seen == {b"cat 97": 1}


def test_a_vector_goes_with_its_photo(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.deliver(world.s3.delete("a.jpg"))

    assert in_space(world, BEDROCK_SPACE) == set()


@pytest.mark.parametrize("said", [{}, {VECTOR: "AAAA"}, {VECTOR: None}, {"failed": "so"}])
def test_what_nobody_understands_is_not_kept(world: World, said: dict[str, Any]) -> None:
    event = world.s3.put("a.jpg", b"cat 97")
    world.meanings.says.extend([said] * 8)

    assert world.deliver(event) == ["0"]
    world.meanings.says.clear()

    assert world.deliver(event) == []
    assert in_space(world, BEDROCK_SPACE) == {"a.jpg"}


def test_settings_without_thumbnails_or_a_quota_are_refused() -> None:
    with pytest.raises(ValueError, match="PICTURES_FUNCTION is not set"):
        replace(WITH_MEANING, seeing_function="seeing", quotas=WITH_SIGHT.quotas)
    with pytest.raises(ValueError, match="no calls a second for InvokeModel"):
        replace(WITH_SIGHT, quotas=SETTINGS.quotas)
