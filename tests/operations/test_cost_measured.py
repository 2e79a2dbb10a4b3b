"""The cost model against the real processor: what it says is used is what a batch of new photos uses."""

import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from contract.items import from_wire, to_wire
from contract.moments import day_of
from contract.notifications import look_again
from contract.photos import PICTURE, PhotoFacts
from contract.picture_usage import (
    CONVERSION,
    METADATA,
    THUMBNAILS,
    TYPICAL,
    PictureAssumptions,
    PictureWork,
    picture_usage,
    total,
)
from contract.table import budget_key
from contract.tallies import LABEL_COUNTS
from contract.usage import (
    FINGERPRINT,
    KEY,
    UPLOADED_AT,
    Assumptions,
    Work,
    item_bytes,
    read_units,
    record_item,
    typical_record,
    usage,
    write_units,
)
from infra.bundles import ROOT
from loadtest.simulation.table import inserted
from operations.costs import bill, pictures_bills
from processors.adapters.photos import Piece
from processors.pictures.photos_function import PhotosFunction
from processors.pictures.range_reader import SMALL_BYTES
from processors.runtime import Runtime
from tests.fakes.dynamodb import TABLE
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, WITH_PICTURES, World

MILLION = 1_000_000
PHOTOS = 10
LABELS = 15
# What the fake answers is short; counting is done by another function.
ASSUMED = Assumptions(answer_bytes={"DetectLabels": 500})
COUNTED_WRITES = 2 * (1 + (1 + len(LABEL_COUNTS) * ASSUMED.tally_item_units) / ASSUMED.tallied_a_transaction)
NAME_WRITES = 1
TALLIED_WRITES = COUNTED_WRITES + NAME_WRITES
TALLIED_READS = 4
FILES_ASSUMED = PictureAssumptions()
# The fake says less of a photo than a phone does.
SAID_OF_A_FILE = PhotoFacts(
    "JPEG",
    400,
    300,
    True,
    taken_at="2026-01-01T12:00:00.000",
    camera="Pixel 9",
    hash="0" * 16,
    renditions="t",
)


class Meter:
    """Counts the units of all that goes to a table."""

    def __init__(self, table: Any) -> None:
        self.writes = self.reads = 0
        self._get = table.batch_get_item
        self._put, self._write = table.put_item, table.batch_write_item
        self._insert, self._update = table.batch_execute_statement, table.update_item
        table.batch_get_item, table.put_item = self.get, self.put
        table.batch_write_item, table.batch_execute_statement = self.write, self.insert
        table.update_item = self.update

    def get(self, **asked: Any) -> Any:
        answer = self._get(**asked)
        found = answer["Responses"][TABLE]
        self.reads += sum(read_units(item_bytes(from_wire(item))) for item in found)
        self.reads += len(asked["RequestItems"][TABLE]["Keys"]) - len(found)
        return answer

    def put(self, **asked: Any) -> Any:
        self._take(asked["Item"])
        return self._put(**asked)

    def write(self, **asked: Any) -> Any:
        for request in asked["RequestItems"][TABLE]:
            self._take(request["PutRequest"]["Item"])
        return self._write(**asked)

    def insert(self, **asked: Any) -> Any:
        for statement in asked["Statements"]:
            self._take(inserted(statement))
        return self._insert(**asked)

    def update(self, **asked: Any) -> Any:
        self.writes += 1
        return self._update(**asked)

    def _take(self, item: dict[str, Any]) -> None:
        self.writes += write_units(item_bytes(from_wire(item)))


def begin_day(world: World) -> None:
    """Have the day's calls counted already, as the first batch of each day sees to."""
    at = budget_key("DetectLabels")
    item = {"pk": at.pk, "sk": at.sk, "calls_day": day_of(world.now), "day_calls": 0}
    world.table.items[at.pk, at.sk] = to_wire(item)


# The fake has all of it in each photo.
FILES = PictureWork(PHOTOS, PHOTOS, keep_location=True, near_duplicates=True)


@pytest.mark.parametrize("pictures", [None, FILES], ids=["", "pictures"])
@pytest.mark.parametrize("is_bulk", [False, True], ids=["uploaded", "bulk"])
def test_a_batch_of_new_photos_uses_what_the_model_says(is_bulk: bool, pictures: PictureWork | None) -> None:
    settings = SETTINGS if pictures is None else WITH_PICTURES
    world = World(settings=replace(settings, detectors=("labels",)))
    begin_day(world)
    meter = Meter(world.table)
    records = [
        world.s3.put(
            f"{number}{KEY}",
            " ".join(f"{number}label{label} 9{label}" for label in range(LABELS)).encode(),
        )
        for number in range(PHOTOS)
    ]
    asked = [look_again(BUCKET, [key], UPLOADED_AT) for key in world.s3.objects]

    assert world.deliver(*(asked if is_bulk else records)) == []

    recognizing = usage(Work.of_new_photos(PHOTOS, ["DetectLabels"], is_bulk=is_bulk), ASSUMED)
    assumed = replace(FILES_ASSUMED, photo=SAID_OF_A_FILE)
    looking = picture_usage(pictures, assumed, ("DetectLabels",)) if pictures else {}
    said = total([recognizing, *looking.values()])
    counts_of_the_day = 1  # added up by what is around the batch
    assert meter.writes + counts_of_the_day == pytest.approx(said.write_units - PHOTOS * TALLIED_WRITES)
    assert meter.reads == said.read_units - PHOTOS * TALLIED_READS
    assert world.calls.made["DetectLabels"] == said.calls
    assert world.calls.made["HeadObject"] == recognizing.s3_gets - recognizing.calls
    assert world.calls.made["Invoke"] == total(looking.values()).invocations
    assert world.calls.made["PublishBatch"] == said.sns_requests


class CountedBuckets:
    """Both buckets as the pictures function has them: one photo, and what is made of it."""

    def __init__(self, photo: bytes) -> None:
        self.photo = photo
        self.gets = 0
        self.put_bytes: list[int] = []

    def piece(self, _version: object, first: int, end: int) -> Piece:
        self.gets += 1
        return Piece(self.photo[first:end], len(self.photo))

    def put(self, _key: str, content: bytes, _content_type: str) -> None:
        self.put_bytes.append(len(content))


@pytest.mark.parametrize(("form", "is_converted"), [("JPEG", False), ("WEBP", True)])
def test_a_file_takes_the_requests_that_the_model_says(form: str, is_converted: bool) -> None:
    buckets: Any = CountedBuckets(noisy_photo(form))
    asked = {"key": "a", "etag": "e", "version_id": None, "content_id": "c", "token": "t"}

    answer = PhotosFunction(buckets, buckets).answer({**asked, "size_bytes": len(buckets.photo)})

    assert answer["photo"]["format"] == form
    said = total(picture_usage(PictureWork(1, 1, int(is_converted)), FILES_ASSUMED).values())
    assert len(buckets.photo) > SMALL_BYTES
    assert buckets.gets == said.s3_gets
    assert len(buckets.put_bytes) == said.s3_puts


def noisy_photo(form: str) -> bytes:
    """Return a photo of more than a megabyte, as most are."""
    file = io.BytesIO()
    Image.effect_noise((2400, 1800), 80).convert("RGB").save(file, form, quality=80)
    return file.getvalue()


def test_thumbnails_are_as_large_as_is_assumed() -> None:
    sizes = []
    for path in sorted((ROOT / "images").glob("*.jpg"))[::3]:
        buckets: Any = CountedBuckets(path.read_bytes())
        PhotosFunction(buckets, buckets).answer(
            {"key": "a", "etag": "e", "version_id": None, "content_id": "c", "token": "t"}
            | {"size_bytes": len(buckets.photo)}
        )
        sizes += buckets.put_bytes

    assert sum(sizes) / len(sizes) == pytest.approx(FILES_ASSUMED.thumbnail_bytes, rel=0.25)


def test_what_is_off_costs_nothing_and_each_part_is_for_what_it_is() -> None:
    work = Work.of_new_photos(MILLION, ["DetectLabels"])
    parts = pictures_bills(PictureWork(MILLION, MILLION, MILLION / 5))

    assert bill(work, pictures=None) == bill(work)
    with_files = bill(work, pictures=PictureWork(MILLION, MILLION, MILLION / 5))
    more = with_files.total - bill(work).total
    assert more == pytest.approx(sum(part.total for part in parts.values()), rel=0.05)
    assert parts[METADATA].by_service["DynamoDB"] > parts[THUMBNAILS].by_service["DynamoDB"] == 0
    assert parts[CONVERSION].total == pytest.approx(
        pictures_bills(PictureWork(MILLION, MILLION, MILLION))[CONVERSION].total / 5
    )
    assert all(part.by_service["Rekognition"] == 0 for part in parts.values())


def test_what_a_file_says_leaves_the_record_of_a_typical_photo_in_one_write_unit() -> None:
    """Lens and all: a second unit would be $0.63 for each million photos."""
    record = typical_record(("DetectLabels", "DetectFaces"), round(Assumptions().labels_a_photo), 0)
    known = replace(
        record,
        detectors={**record.detectors, PICTURE: FINGERPRINT},
        findings=replace(record.findings, photo=replace(TYPICAL, renditions=Runtime().new_id())),
    )

    assert write_units(item_bytes(record_item(known))) == 1
    assert TYPICAL.renditions is not None
    assert len(TYPICAL.renditions) == len(Runtime().new_id())
