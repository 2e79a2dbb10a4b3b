"""What `plan` says of the setting `scenes`: an estimate, by the processor's own rule, and what it is."""

import io
import json
import random
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from contract import scenes
from contract.photos import PhotoFacts
from contract.records import Status
from operations.commands.plan import SparedCalls
from operations.inventory import Listed, RecordSummary
from operations.planning import Assessed, ObjectKind
from operations.scenes import (
    KnownScenes,
    SampledScenes,
    SceneBasis,
    SceneEstimate,
    facts_of_beginning,
)
from tests.operations.test_command_line import Run, operated, run  # noqa: F401
from tests.operations.world import OperatedWorld
from tests.processors.world import SETTINGS, WITH_PICTURES, InlineExecutor

pytestmark = pytest.mark.filterwarnings("ignore:Truncated File Read:UserWarning")


@pytest.fixture(autouse=True)
def _none_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "_is_compared", lambda _content_id: False)


def assessed(number: int, photo: PhotoFacts | None = None, calls: tuple[str, ...] = ("labels",)) -> Assessed:
    listed = Listed(f"{number:05}.jpg", f"etag{number}", 6, 0.0)
    record = RecordSummary(listed.key, listed.etag, 6, Status.RECOGNIZED, photo=photo)
    return Assessed(listed, ObjectKind.PHOTO, is_current=False, calls=calls, record=record)


def shot(second: int, picture_hash: str = "0" * 16, camera: str = "A") -> PhotoFacts:
    taken_at = f"2026-01-01T12:00:{second:02}.000"
    return PhotoFacts("JPEG", 1, 1, True, taken_at=taken_at, camera=camera, hash=picture_hash)


def known(photos: list[PhotoFacts | None], together: int = 10) -> SceneEstimate | None:
    found = KnownScenes(together)
    found.add([assessed(number, photo) for number, photo in enumerate(photos)])
    return found.estimate()


def test_of_a_burst_all_but_one_are_spared() -> None:
    estimate = known([shot(0), shot(1), shot(2), shot(30), shot(31, "f" * 16)])

    assert estimate == SceneEstimate(SceneBasis.FACTS, photos=5, spared=2, dated=5)
    assert estimate.spared_calls({"labels": 1000, "faces": 10}) == {"labels": 400, "faces": 4}


def test_scenes_end_where_a_batch_does() -> None:
    estimate = known([shot(second) for second in range(6)], together=3)

    assert estimate is not None
    assert estimate.spared == 4


def test_photos_of_which_nothing_is_known_are_no_part_of_it() -> None:
    estimate = known([None, shot(0), None, shot(1)])

    assert estimate is not None
    assert (estimate.photos, estimate.spared) == (2, 1)
    assert known([None]) is None


def test_photos_that_say_only_when_or_only_with_what_are_told_apart() -> None:
    estimate = known([shot(0), replace(shot(1), camera=None), replace(shot(2), taken_at=None)])

    assert estimate == SceneEstimate(SceneBasis.FACTS, photos=3, spared=0, dated=1)


def test_what_a_record_says_of_bytes_that_were_replaced_is_not_taken() -> None:
    found = KnownScenes(10)
    replaced = assessed(1, shot(0))
    found.add([replace(replaced, listed=replace(replaced.listed, etag="new"))])

    assert found.estimate() is None


def jpeg(taken: str | None, model: str = "Pixel 9", fraction: str | None = None) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Google", model
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    if fraction:
        exif.get_ifd(0x8769)[0x9291] = fraction
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, "JPEG", exif=exif)
    return written.getvalue()


def test_the_beginning_of_a_photo_says_when_and_with_what() -> None:
    found = facts_of_beginning(jpeg("2026:01:31 13:34:56", fraction="7"))

    assert (found.camera, found.taken_at) == ("Google Pixel 9", "2026-01-31T13:34:56.700")


def test_so_does_that_of_a_heic() -> None:
    """Its list of items names the kind `Exif` first, and the block itself stands further on."""
    exif = jpeg("2026:01:31 13:34:56").partition(b"Exif\0\0")[2]
    heic = b"\0\0\0\x18ftypheic" + b"infe\2\0\0\0\0\x37\0\0Exif\0\0" + b"\0" * 999 + b"\6Exif\0\0" + exif

    assert facts_of_beginning(heic).taken_at == "2026-01-31T13:34:56.000"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        jpeg(None),
        jpeg("0000:00:00 00:00:00"),
        jpeg("2026:13:31 13:34:56"),
        *(jpeg("2026:01:31 13:34:56")[:cut] for cut in (20, 40, 60, 90, 120)),
        b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 50,
        b"Exif\0\0MM\0*" + b"\0\0\0\x08" * 50,
        b"Exif\0\0II*\0" * 10_000,
    ],
)
def test_a_beginning_that_does_not_say_is_a_photo_of_its_own(content: bytes) -> None:
    assert facts_of_beginning(content).taken_at is None


def sampled(photos: dict[str, bytes], most: int, together: int = 2, **how: Any) -> SampledScenes:
    pages = [assessed(number, **how) for number in range(len(photos))]
    found = SampledScenes(together, most, random.Random(0))
    found.add(pages)
    executor: Any = InlineExecutor()
    asked: Executor = executor
    bodies = list(photos.values())
    for _ in found.read(lambda listed: bodies[int(listed.key[:5])], asked):
        pass
    return found


def test_a_sample_reads_no_more_than_was_asked_for_and_runs_of_it_stay_together() -> None:
    burst = {f"{number}": jpeg(f"2026:01:31 13:{number // 2:02}:{number % 2:02}") for number in range(40)}

    estimate = sampled(burst, most=10).estimate()

    assert estimate == SceneEstimate(SceneBasis.BEGINNINGS, photos=10, spared=5, dated=10)


def test_a_sample_of_fewer_photos_is_all_of_them_and_of_none_is_nothing() -> None:
    shots = {f"{second}": jpeg(f"2026:01:31 13:34:{second:02}") for second in range(3)}

    estimate = sampled(shots, most=100).estimate()

    assert estimate is not None
    assert (estimate.photos, estimate.spared) == (3, 1)
    assert sampled(shots, most=100, calls=()).estimate() is None


BURST = {"new/1.jpg": b"burst1-9 90 cat 97", "new/2.jpg": b"burst1-5 90 dog 88"}


def test_a_plan_says_what_scenes_would_save_by_what_the_table_knows(
    operated: OperatedWorld,  # noqa: F811
    run: Run,  # noqa: F811
) -> None:
    world = operated.world
    world.use(WITH_PICTURES)
    world.deliver(*(world.s3.put(key, body) for key, body in BURST.items()))
    world.s3.put("new/3.jpg", b"owl 91")
    world.s3.put("new/4.jpg", b"hen 91")
    operated.functions.settings = WITH_PICTURES

    told = json.loads(run("plan", "s3://photos/new/", "--json")[1])

    assert told["calls"] == {"labels": 2, "faces": 2}
    assert told["scenes"] == {
        "basis": "facts",
        "photos": 2,
        "with_camera_and_time": 2,
        "spared_share": 0.5,
        "calls": {"labels": 1, "faces": 1},
        "dollars": 0.002,
        "is_on": False,
    }
    said = run("plan", "s3://photos/new/")[1]
    assert "scenes would save 50% of the calls (1 DetectLabels, 1 DetectFaces), $0.00, as an estimate" in said
    assert "2 photos here whose files were looked at before" in said


def test_where_scenes_are_on_a_plan_says_how_much_less_it_will_be() -> None:
    spared = SparedCalls(SceneEstimate(SceneBasis.FACTS, 4, 1, 4), {"labels": 5}, 1.5, is_on=True)

    assert spared.in_words().startswith(
        "The setting scenes, which is on, makes that 25% of the calls (5 Detect"
    )


def test_a_plan_reads_no_photo_unless_it_is_told_to(
    operated: OperatedWorld,  # noqa: F811
    run: Run,  # noqa: F811
) -> None:
    operated.functions.settings = replace(SETTINGS, pictures_function="pictures")
    for second in range(4):
        operated.world.s3.put(f"new/{second}.jpg", jpeg(f"2026:01:31 13:34:{second:02}"))
    before = operated.s3.calls.made["GetObject"]

    assert "is not known: no file of a photo here was looked at" in run("plan", "s3://photos/new/")[1]
    assert operated.s3.calls.made["GetObject"] == before
    told = json.loads(run("plan", "s3://photos/new/", "--look-at", "100", "--json")[1])["scenes"]
    assert (told["basis"], told["photos"], told["spared_share"]) == ("beginnings", 4, 0.75)
    assert "the most that there can be" in run("plan", "s3://photos/new/", "--look-at", "100")[1]
    assert operated.s3.calls.made["GetObject"] == before + 8


def test_where_photos_are_not_looked_at_a_plan_says_nothing_of_scenes(
    operated: OperatedWorld,  # noqa: F811
    run: Run,  # noqa: F811
) -> None:
    operated.world.s3.put("new/1.jpg", b"owl 91")

    assert "scenes" not in run("plan", "s3://photos/new/")[1]
    assert json.loads(run("plan", "s3://photos/new/", "--json")[1])["scenes"] is None
