"""While one space is filled and another is searched: a photo gets a vector in each, and waits for neither."""

from dataclasses import replace

import pytest

from contract.items import from_wire
from contract.meaning import BEDROCK_SPACE, IN_SPACE, MEANING, MEANING_SEEN, SPACE, VECTOR
from contract.metrics import Metric
from contract.notifications import look_again
from contract.records import Status
from contract.settings import ProcessorSettings
from tests.fakes.calls import nothing
from tests.fakes.meaning import failed
from tests.fakes.s3 import BUCKET
from tests.processors.test_seen_meaning import AGAIN, in_space
from tests.processors.test_tallying import KilledError
from tests.processors.world import WITH_BOTH, WITH_PICTURES, WITH_SIGHT, World
from tests.query_api.vectors import of_words

OF_LABELS = replace(WITH_PICTURES, meaning_function="meaning")
BULK = "images-bulk"
DENIED = failed("ConfigurationError", "AccessDeniedException")


@pytest.fixture
def world() -> World:
    return World(settings=WITH_BOTH)


def spaces(world: World) -> tuple[set[str], set[str]]:
    """Give the keys of the rows in either space, as the index of vectors has them."""
    return in_space(world, SPACE), in_space(world, BEDROCK_SPACE)


def asked_again(world: World) -> list[str]:
    """Give the bodies of the messages that the processor has sent to its bulk queue."""
    return [sent.body for sent in world.queues.sent if sent.queue_url.endswith(BULK)]


def test_each_vector_stands_in_its_own_space(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", b"cat 97"))

    rows = [from_wire(item) for item in world.table.items.values() if VECTOR in item]
    vectors = {row[IN_SPACE]: tuple(map(float, row[VECTOR])) for row in rows}
    assert vectors == {SPACE: of_words("Cat"), BEDROCK_SPACE: of_words("cat 97")}


def test_new_changed_and_copied_photos_have_a_vector_in_both(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", b"cat 97"), world.s3.put("b.jpg", b"dog 97"))
    world.deliver(world.s3.put("a.jpg", b"dog 97"), world.s3.copy("b.jpg", "c.jpg"))

    assert spaces(world) == ({"a.jpg", "b.jpg", "c.jpg"}, {"a.jpg", "b.jpg", "c.jpg"})
    assert sorted(world.meanings.asked) == [["Cat"], ["Dog"]]
    assert world.meanings.seen == {b"cat 97": 1, b"dog 97": 1}, "copies are paid for once"

    world.deliver(world.s3.delete("a.jpg"), world.s3.delete("c.jpg"))
    assert spaces(world) == ({"b.jpg"}, {"b.jpg"})


@pytest.mark.parametrize(
    ("before", "after", "gone"), [(OF_LABELS, WITH_SIGHT, MEANING), (WITH_SIGHT, OF_LABELS, MEANING_SEEN)]
)
def test_a_space_is_filled_and_asked_and_the_former_goes(
    before: ProcessorSettings, after: ProcessorSettings, gone: str
) -> None:
    world = World(settings=before)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    paid, former = dict(world.rekognition.paid), spaces(world)
    world.use(WITH_BOTH)
    assert spaces(world) == former

    world.deliver(look_again(BUCKET, ["a.jpg"], AGAIN), queue_name=BULK)
    assert spaces(world) == ({"a.jpg"}, {"a.jpg"})

    world.use(after)
    world.deliver(look_again(BUCKET, ["a.jpg"], AGAIN), queue_name=BULK)
    record = world.record("a.jpg")
    assert record is not None
    assert gone not in record.detectors
    assert sorted(map(len, spaces(world))) == [0, 1]
    assert (world.rekognition.paid, world.meanings.seen) == (paid, {b"cat 97": 1})

    world.use(WITH_BOTH)
    world.deliver(look_again(BUCKET, ["a.jpg"], AGAIN), queue_name=BULK)
    assert spaces(world) == ({"a.jpg"}, {"a.jpg"}), "and back again, for nothing"
    assert world.meanings.asked == [["Cat"]]
    assert (world.rekognition.paid, world.meanings.seen) == (paid, {b"cat 97": 1})


def test_a_model_that_nobody_may_use_keeps_no_photo_from_being_found(world: World) -> None:
    event = world.s3.put("a.jpg", b"cat 97")
    world.meanings.says.extend([DENIED] * 3)

    assert world.deliver(event) == []

    assert (world.status("a.jpg"), spaces(world)) == (Status.RECOGNIZED, ({"a.jpg"}, set()))
    assert len(world.topic.published) == 1
    (body,) = asked_again(world)
    before = world.revision("a.jpg")
    assert world.deliver(body, queue_name=BULK, receive_count=100) == ["0"], "that waits, and is not buried"
    assert (world.revision("a.jpg"), world.attempts_at("0")) == (before, 0)
    assert (len(world.topic.published), world.tally[Metric.CONFIGURATION_ERRORS]) == (1, 1)
    assert len(asked_again(world)) == 1

    world.meanings.says.clear()
    assert world.deliver(body, queue_name=BULK) == []
    assert spaces(world) == ({"a.jpg"}, {"a.jpg"})
    assert world.meanings.asked == [["Cat"]]


def test_a_function_that_knows_labels_no_more_keeps_no_photo_from_being_found(world: World) -> None:
    world.meanings.crashes = True

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == []
    assert spaces(world) == (set(), {"a.jpg"})

    world.meanings.crashes = False
    assert world.deliver(*asked_again(world), queue_name=BULK) == []
    assert spaces(world) == ({"a.jpg"}, {"a.jpg"})
    assert world.meanings.seen == {b"cat 97": 1}


def test_where_no_vector_can_be_had_the_photo_waits_as_with_one_space(world: World) -> None:
    world.meanings.crashes = True
    world.meanings.says.append(DENIED)

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == ["0"]

    assert (world.record("a.jpg"), asked_again(world)) == (None, [])


def test_what_was_killed_before_it_asked_asks_when_it_comes_again(world: World) -> None:
    def kill(operation: str) -> None:
        if operation == "SendMessage":
            raise KilledError

    event = world.s3.put("a.jpg", b"cat 97")
    world.meanings.says.extend([DENIED] * 2)
    world.calls.before = kill
    with pytest.raises(KilledError):
        world.deliver(event)
    world.calls.before = nothing

    assert world.deliver(event) == []

    assert len(asked_again(world)) == 1
    assert spaces(world) == ({"a.jpg"}, set())
    assert len({announced["id"] for announced in world.topic.published}) == 1


def test_a_photo_that_is_rejected_lacks_no_vector(world: World) -> None:
    assert world.deliver(world.s3.put("bomb.jpg", b"bomb 1")) == []

    assert (world.status("bomb.jpg"), asked_again(world)) == (Status.REJECTED, [])
