"""Pictures are read by a function of their own before Rekognition is asked about them, or shown a view."""

import io

import pytest

from contract.metrics import Metric
from contract.notifications import look_again
from contract.photos import MAX_PHOTO_BYTES, PICTURE
from contract.questions import picture_question
from contract.records import ImageVersion, Status
from contract.settings import ProcessorSettings
from contract.timing import MAX_ATTEMPTS
from loadtest.simulation.outages import client_error
from processors.adapters.s3 import S3Objects
from processors.detectors import chosen
from processors.pipeline.objects import PictureSize
from processors.pipeline.triage import unacceptable
from tests.fakes.calls import nothing
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, WITH_PICTURES, World

HEIC = b"heic cat 97 faces 1"


@pytest.fixture
def world() -> World:
    return World(settings=WITH_PICTURES)


def test_what_rekognition_does_not_read_it_is_shown_as_a_view(world: World) -> None:
    assert world.deliver(world.s3.put("phone.jpg", HEIC)) == []

    record = world.record("phone.jpg")
    assert record is not None
    assert record.status is Status.RECOGNIZED
    assert record.findings.labels == {"Cat": 97.0}
    photo = record.findings.photo
    assert photo is not None
    assert (photo.format, photo.is_direct) == ("HEIF", False)
    assert photo.view_key(record.content_id) in world.pictures.renditions
    assert photo.thumbnail_key(record.content_id) in world.pictures.renditions


def test_a_jpeg_is_read_by_rekognition_itself(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", b"cat 97"))

    record = world.record("a.jpg")
    assert record is not None
    assert record.findings.photo is not None
    assert record.findings.photo.view_key(record.content_id) is None
    assert all(name.endswith("thumbnail.webp") for name in world.pictures.renditions)
    assert {key for _, key, _ in world.rekognition.paid_versions} == {"a.jpg"}


def test_a_picture_that_cannot_be_recognized_is_rejected_at_once_and_costs_no_call(world: World) -> None:
    bomb, photo = world.s3.put("bomb.png", b"bomb 1"), world.s3.put("a.jpg", b"cat 97")

    assert world.deliver(bomb, photo) == []

    rejected = world.record("bomb.png")
    assert rejected is not None
    assert rejected.rejection is not None
    assert (rejected.rejection.code, rejected.rejection.detector) == ("InvalidParameterException", PICTURE)
    assert world.status("a.jpg") is Status.RECOGNIZED
    assert {body for _, body in world.rekognition.paid} == {b"cat 97"}


def test_what_is_refused_for_its_shape_is_not_taken_for_a_fault_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sides are long enough for Rekognition: the pictures function knows that no view can be made."""
    monkeypatch.setattr(S3Objects, "size_of", lambda *_: PictureSize(12_000, 85))

    assert world.deliver(world.s3.put("narrow.jpg", b"bomb 1")) == []

    rejected = world.record("narrow.jpg")
    assert rejected is not None
    assert rejected.status is Status.REJECTED


def test_many_pictures_of_one_fault_are_not_taken_for_a_fault_of_ours(world: World) -> None:
    """Rekognition's refusal of a parameter is doubtful where it is all that a batch gets; this one is not."""
    assert world.deliver(*(world.s3.put(f"{number}.png", b"bomb %d" % number) for number in range(5))) == []

    assert {world.status(f"{number}.png") for number in range(5)} == {Status.REJECTED}


def test_copies_and_repetitions_are_read_once(world: World) -> None:
    first = world.s3.put("a.heic", HEIC)
    world.deliver(first, world.s3.copy("a.heic", "b.heic"))
    world.deliver(first)
    world.deliver(world.s3.copy("b.heic", "c.heic"))

    assert len(world.pictures.read) == 1
    assert (world.tally[Metric.CALLS_MADE], world.tally[Metric.CALLS_AVOIDED]) == (2, 4)
    photos = [record.findings.photo for record in world.records()]
    assert len(photos) == 3
    assert photos[0] is not None
    assert photos.count(photos[0]) == 3


def test_old_records_get_the_picture_and_nobody_else_is_asked() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    paid, before = world.rekognition.paid.copy(), world.record("a.jpg")
    assert before is not None
    assert before.findings.photo is None

    world.use(WITH_PICTURES)
    world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-01T00:00:00.000Z"))

    record = world.record("a.jpg")
    assert record is not None
    assert record.findings.photo is not None
    assert record.findings.labels == before.findings.labels
    assert world.rekognition.paid == paid


def test_what_was_rejected_before_pictures_were_read_is_looked_at_once_more() -> None:
    world = World()
    world.deliver(world.s3.put("a.heic", HEIC), world.s3.put("b.jpg", b"not an image"))
    assert (world.status("a.heic"), world.status("b.jpg")) == (Status.REJECTED, Status.REJECTED)

    world.use(WITH_PICTURES)
    look = look_again(BUCKET, ["a.heic", "b.jpg"], "2026-02-01T00:00:00.000Z")
    assert world.deliver(look) == []

    assert (world.status("a.heic"), world.status("b.jpg")) == (Status.RECOGNIZED, Status.REJECTED)
    once_more, read = world.revision("b.jpg"), list(world.pictures.read)
    assert world.deliver(look) == []
    assert (world.revision("b.jpg"), world.pictures.read) == (once_more, read)


def test_a_picture_that_ends_the_function_is_a_dead_letter_and_harms_no_other(
    world: World,
) -> None:
    world.pictures.crashes_on = {HEIC}
    crashing, photo = world.s3.put("a.heic", HEIC), world.s3.put("a.jpg", b"cat 97")

    assert world.deliver(crashing, photo) == ["0"]
    assert world.status("a.jpg") is Status.RECOGNIZED
    for attempt in range(2, MAX_ATTEMPTS + 1):
        world.deliver(crashing, receive_count=attempt)

    assert world.record("a.heic") is None
    assert "PictureFunctionFailed" in str(world.queues.sent)


@pytest.mark.parametrize(
    "code",
    ["TooManyRequestsException", "ServiceException", "AccessDeniedException", "ResourceNotFoundException"],
)
def test_a_function_that_is_away_counts_against_no_picture(world: World, code: str) -> None:
    def away(operation: str) -> None:
        if operation == "Invoke":
            raise client_error(code, operation)

    put = world.s3.put("a.heic", HEIC)
    world.calls.before = away
    for attempt in range(1, MAX_ATTEMPTS + 5):
        assert world.deliver(put, receive_count=attempt) == ["0"]

    world.calls.before = nothing
    assert world.deliver(put, receive_count=MAX_ATTEMPTS + 5) == []
    assert world.status("a.heic") is Status.RECOGNIZED
    assert world.queues.sent == []


def test_no_picture_is_begun_that_could_not_be_finished(world: World) -> None:
    world.remaining_seconds = 29.0

    assert world.deliver(world.s3.put("a.heic", HEIC)) == ["0"]

    assert world.pictures.read == []
    assert world.attempts_at("0") == 0


def test_what_was_overwritten_meanwhile_is_left_to_its_own_event(world: World) -> None:
    first = world.s3.put("a.heic", HEIC)
    second = world.s3.put("a.heic", b"heic dog 88")
    current = world.s3.objects["a.heic"][-1]
    world.s3.objects["a.heic"] = [current]  # the older version has expired

    assert world.deliver(first) == []
    assert world.deliver(second) == []

    record = world.record("a.heic")
    assert record is not None
    assert record.findings.labels == {"Dog": 88.0}


def test_a_view_that_somebody_has_removed_is_told(world: World) -> None:
    put = world.s3.put("a.heic", HEIC)
    world.rekognition.renditions = {}

    assert world.deliver(put) == ["0"]
    for attempt in range(2, MAX_ATTEMPTS + 1):
        world.deliver(put, receive_count=attempt)

    assert "ViewMissing" in str(world.queues.sent)


@pytest.mark.parametrize(
    "answer",
    [b"null", b"{}", b'{"photo": 7}', b'{"photo": {"format": "JPEG"}}', b'{"photo": {"width": "x"}}'],
)
def test_an_answer_that_nobody_understands_is_tried_again(
    world: World, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.pictures, "invoke", lambda **_: {"Payload": io.BytesIO(answer)})

    assert world.deliver(world.s3.put("a.heic", HEIC)) == ["0"]
    assert world.rekognition.paid.total() == 0
    assert not any("answer" in item for item in world.table.items.values())


def test_large_files_are_taken_where_they_can_be_converted() -> None:
    def sized(size: int) -> ImageVersion:
        return ImageVersion("a.tif", "0" * 32, size, None, "2026-01-01T00:00:00.000Z")

    assert unacceptable(sized(20_000_000)) is not None
    assert unacceptable(sized(20_000_000), MAX_PHOTO_BYTES) is None
    refusal = unacceptable(sized(MAX_PHOTO_BYTES + 1), MAX_PHOTO_BYTES)
    assert refusal is not None
    assert "we convert 314,572,800" in refusal.message


def test_without_the_function_nothing_is_asked_of_it() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))

    assert world.pictures.read == []
    assert PICTURE not in chosen(SETTINGS)
    assert next(iter(chosen(WITH_PICTURES))) == PICTURE


def test_what_is_looked_for_names_the_answer() -> None:
    def fingerprint(**chosen: str) -> str:
        return picture_question(ProcessorSettings(**{**vars(WITH_PICTURES), **chosen})).fingerprint

    assert len({fingerprint(), fingerprint(keep_location="yes"), fingerprint(near_duplicates="yes")}) == 3
    assert fingerprint(sidecars="yes") != fingerprint()
