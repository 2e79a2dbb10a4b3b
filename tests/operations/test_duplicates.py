"""Photos that are nearly the same are found, each group around the one that is kept; nothing is changed."""

import io
import json
import random
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contract.items import to_wire
from contract.photos import PhotoFacts
from contract.table import record_key
from operations.adapters.dynamodb_photos import ScannedPhoto
from operations.adapters.s3 import S3Bucket
from operations.commands import duplicates
from operations.duplicates.hashes import MOST_DISTANCE, NearHashes, distance_of, leaders
from operations.duplicates.photos import Burst, ComparedPhotos, DuplicateGroup
from operations.duplicates.report import MOST_OF_A_GROUP, html_page
from operations.terminal import Steps
from operations.wiring import DeployedPipeline
from tests.operations.exports import FACTS
from tests.operations.test_command_line import Run, Session, operated, run  # noqa: F401 - fixtures
from tests.operations.world import AT_ONCE, NAMES, OperatedWorld
from tests.processors.world import WITH_PICTURES


def done(steps: Steps[Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def as_hashes(numbers: Sequence[int]) -> Any:
    return np.array(numbers, dtype=np.uint64)


near_each_other = st.lists(
    st.tuples(st.sampled_from([0, 0x0123456789ABCDEF, 2**64 - 1]), st.lists(st.integers(0, 63), max_size=14)),
    min_size=1,
    max_size=40,
).map(lambda changed: sorted({flipped(start, bits) for start, bits in changed}))


def flipped(start: int, bits: Sequence[int]) -> int:
    for bit in bits:
        start ^= 1 << bit
    return start


@settings(max_examples=60)
@given(near_each_other, st.integers(0, MOST_DISTANCE))
def test_every_hash_within_the_distance_is_found_and_no_other(numbers: list[int], distance: int) -> None:
    index = NearHashes(as_hashes(numbers), distance)

    for place, number in enumerate(numbers):
        wanted = [other for other, its in enumerate(numbers) if distance_of(number, its) <= distance]
        assert index.near(place).tolist() == wanted


@settings(max_examples=40)
@given(near_each_other.flatmap(st.permutations), st.integers(0, MOST_DISTANCE))
def test_who_leads_is_near_its_group_and_not_near_another_who_leads(
    numbers: list[int], distance: int
) -> None:
    led_by = done(leaders(as_hashes(numbers), distance)).tolist()

    leading = sorted(set(led_by))
    assert all(led_by[place] == place for place in leading)
    for place, leader in enumerate(led_by):
        assert distance_of(numbers[place], numbers[leader]) <= distance
        assert leader <= place
    for place in leading:
        assert all(
            distance_of(numbers[place], numbers[other]) > distance for other in leading if other != place
        )


@pytest.mark.parametrize("distance", [-1, MOST_DISTANCE + 1])
def test_what_no_band_would_find_is_refused(distance: int) -> None:
    with pytest.raises(ValueError, match="none from 0 to 11"):
        NearHashes(as_hashes([1]), distance)


def scanned(key: str, content: str = "", *, size: int = 1000, **facts: Any) -> ScannedPhoto:
    content = content or f"etag of {key}"
    its = replace(FACTS, **{"hash": None, "taken_at": None, **facts}) if facts else None
    return ScannedPhoto(key, content, content, size, its)


def groups_of(*photos: ScannedPhoto, distance: int = 3) -> list[DuplicateGroup]:
    with ComparedPhotos() as compared:
        compared.add(photos)
        done(compared.group(distance))
        return list(compared.groups())


def keys(photos: Sequence[Any]) -> list[str]:
    return [photo.key for photo in photos]


H = "00000000000000ff"


def test_copies_are_a_group_whether_or_not_they_were_looked_at() -> None:
    (group,) = groups_of(scanned("b", "e1", hash=H), scanned("a", "e1"), scanned("c", "e2"))

    assert (keys(group.photos), group.is_exact, group.saved_bytes) == (["b", "a"], True, 1000)


def test_the_largest_picture_is_kept_and_of_those_the_sharpest() -> None:
    (group,) = groups_of(
        scanned("small", size=900_000, hash=H, width=100, height=100, sharpness=9.0),
        scanned("blurred", size=500, hash="00000000000000fe", width=200, height=100, sharpness=1.0),
        scanned("sharp", size=400, hash="00000000000000fd", width=200, height=100, sharpness=2.0),
        scanned("other", hash="ff000000000000ff"),
    )

    assert keys(group.photos) == ["sharp", "blurred", "small"]
    assert not group.is_exact
    assert group.saved_bytes == 900_500
    assert [group.distance(photo) for photo in group.photos] == [0, 2, 1]


def test_a_chain_of_photos_is_no_group() -> None:
    chain = ["0000000000000000", "0000000000000007", "000000000000003f"]
    photos = [scanned(hash_, hash=hash_, sharpness=float(9 - place)) for place, hash_ in enumerate(chain)]

    (group,) = groups_of(*photos)

    assert keys(group.photos) == chain[:2]


def test_hashes_with_and_without_the_highest_bit_are_told_apart() -> None:
    (group,) = groups_of(
        scanned("a", hash="ffffffffffffffff"),
        scanned("b", hash="7fffffffffffffff"),
        scanned("c", hash="0000000000000000"),
    )

    assert keys(group.photos) == ["a", "b"]
    assert group.photos[0].hash == 2**64 - 1


def test_totals_add_up_and_groups_come_by_what_could_be_saved() -> None:
    with ComparedPhotos() as compared:
        compared.add([scanned("a1", "a", size=10), scanned("a2", "a", size=10), scanned("a3", "a", size=10)])
        compared.add([scanned("n1", size=70, hash=H, width=9), scanned("n2", "n2", size=60, hash=H)])
        compared.add([scanned("n3", "n2", size=60, hash=H), scanned("alone", size=5)])
        # Scanned a second time, as when the table is written to meanwhile.
        compared.add([scanned("alone", size=5)])
        done(compared.group(3))

        assert compared.totals()._asdict() == {
            "photos": 7,
            "unhashed": 4,
            "groups": 2,
            "duplicates": 4,
            "saved_bytes": 20 + 70 + 60,
            "exact_saved_bytes": 20 + 60,
        }
        assert [keys(group.photos)[0] for group in compared.groups()] == ["n2", "a1"]
        assert len(list(compared.groups(1))) == 1


def bursts_of(*photos: ScannedPhoto, seconds: float = 2) -> list[Burst]:
    with ComparedPhotos() as compared:
        compared.add(photos)
        return list(compared.bursts(seconds))


def at(key: str, time: str, content: str = "", **facts: Any) -> ScannedPhoto:
    its = replace(FACTS, **{"hash": H, "taken_at": f"2026-05-17T{time}", **facts})
    return ScannedPhoto(key, content or key, content or key, 1000, its)


def test_a_burst_is_of_one_camera_and_one_scene_within_seconds() -> None:
    found = bursts_of(
        at("a", "12:00:00.000", sharpness=1.0),
        at("b", "12:00:01.500", sharpness=3.0),
        at("copy of b", "12:00:01.500", "b", sharpness=3.0),
        at("c", "12:00:03.400", hash="0000000000000fff", sharpness=2.0),
        at("another scene", "12:00:04.000", hash="ffffffffffff0fff"),
        at("later", "12:00:20.000"),
        at("another camera", "12:00:20.500", camera="Nikon"),
        at("no time", "12:00:21.000", taken_at="2026-02-31T00:00:00.000"),
    )

    assert [(keys(burst.photos), burst.sharpest.key) for burst in found] == [(["a", "b", "c"], "b")]
    assert found[0].to_json()["kind"] == "burst"


def test_the_last_photos_may_be_a_burst() -> None:
    assert len(bursts_of(at("a", "12:00:00.000"), at("b", "12:00:01.000"))) == 1
    assert bursts_of() == []


def webp(shade: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (shade, 0, 0)).save(file, "WEBP")
    return file.getvalue()


def page_of(photos: Sequence[ScannedPhoto], most: int = 50, picture: bytes | None = None) -> str:
    def read(wanted: Sequence[str]) -> Iterator[bytes | None]:
        return (picture for _ in wanted)

    with ComparedPhotos() as compared:
        compared.add(photos)
        done(compared.group(3))
        return "".join(html_page(compared.totals(), compared.groups(), compared.bursts(2), read, most))


def test_a_report_has_its_pictures_in_it_and_asks_nobody() -> None:
    hostile = "<script>alert(1)</script>\"'&\x1b.jpg"
    page = page_of([at(hostile, "12:00:00.000"), at("b", "12:00:01.000")], picture=webp())

    assert page.count('src="data:image/webp;base64,') == 4  # of a group and of a burst
    assert "<script" not in page
    assert "\x1b" not in page
    assert not re.search(r"https?://", page)
    assert "default-src 'none'; img-src data:" in page
    assert page.count("<b>keep</b>") == page.count("<b>sharpest</b>") == 1
    assert "Nothing was deleted" in page


def test_a_report_is_bounded() -> None:
    many = [
        scanned(f"{number:03}", f"c{number // 2}", hash=f"{number // 2:04x}" * 4) for number in range(400)
    ]
    crowd = [scanned(f"crowd {number}", hash="f0f0f0f0f0f0f0f0") for number in range(40)]

    page = page_of([*many, *crowd], most=20)

    assert page.count("<figure") == MOST_OF_A_GROUP + 8
    assert "and 28 more" in page
    assert "There are more" in page


@pytest.mark.parametrize("picture", [None, b"<svg onload=alert(1)>", b"RIFF0000WEBP" + bytes(400_000)])
def test_what_is_no_thumbnail_is_not_shown(picture: bytes | None) -> None:
    page = page_of([scanned("a", "e", hash=H), scanned("b", "e", hash=H)], picture=picture)

    assert "<img" not in page
    assert page.count("no picture") == 2


@pytest.fixture
def two_alike(operated: OperatedWorld, monkeypatch: pytest.MonkeyPatch) -> OperatedWorld:  # noqa: F811
    """Copies, and two photos that look alike; what the files say is written by hand."""
    world = operated.world
    world.use(WITH_PICTURES)
    world.deliver(world.s3.put("a.jpg", b"cat 90"), world.s3.put("copy.jpg", b"cat 90"))
    world.deliver(world.s3.put("sharp.jpg", b"cat 91"), world.s3.put("broken.jpg", b"no"))
    for key, sharpness in (("a.jpg", 1.0), ("copy.jpg", 1.0), ("sharp.jpg", 2.0)):
        record = world.record(key)
        assert record is not None
        facts = record.findings.photo
        assert facts is not None
        known: PhotoFacts = replace(facts, hash=H, sharpness=sharpness)
        place = record_key(key)
        world.table.items[place.pk, place.sk]["photo"] = to_wire({"photo": known.to_item()})["photo"]
    use(operated, monkeypatch, renditions=WITH_PICTURES.renditions_bucket)
    return operated


def use(operated: OperatedWorld, monkeypatch: pytest.MonkeyPatch, *, renditions: str) -> None:  # noqa: F811
    pipeline = DeployedPipeline(replace(NAMES, renditions_bucket=renditions), Session(operated))
    pipeline._retry = AT_ONCE
    monkeypatch.setattr(duplicates, "connect", lambda *_: pipeline)


def test_groups_are_told_a_line_each_and_then_the_totals(two_alike: OperatedWorld, run: Run) -> None:  # noqa: F811
    before = dict(two_alike.world.table.items)

    code, out, err = run("duplicates", "--json")

    group, burst, totals = map(json.loads, out.splitlines())
    assert code == 0
    assert (group["kind"], group["kept"], group["saved_bytes"]) == ("near", "sharp.jpg", 12)
    assert sorted(photo["key"] for photo in group["photos"]) == ["a.jpg", "copy.jpg", "sharp.jpg"]
    assert burst["sharpest"] == "sharp.jpg"
    assert totals == {
        "kind": "totals",
        "photos": 4,
        "unhashed": 1,
        "groups": 1,
        "duplicates": 2,
        "saved_bytes": 12,
        "exact_saved_bytes": 6,
        "bursts": 1,
    }
    units = 0.5 * len(before)
    assert err == f"Reading the table took {units:,.0f} read units, $0.0000. Nothing was changed.\n"
    assert two_alike.world.table.items == before


@pytest.mark.usefixtures("two_alike")
def test_a_person_is_told_what_to_keep(
    run: Run,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    def read(bucket: S3Bucket, key: str) -> bytes | None:
        asked.append((bucket.bucket_name, key))
        return webp()

    monkeypatch.setattr(S3Bucket, "read", read)
    report = tmp_path / "report.html"

    code, out, err = run("duplicates", "--report", str(report), "--prefix", "", "--limit", "1")

    lines = [" ".join(line.split()) for line in out.splitlines() if line.strip()]
    assert code == 0
    assert lines[0] == "Keep Photos Kind Could save Others"
    assert lines[1].startswith("sharp.jpg 3 near 12 bytes ")
    assert lines[2] == "4 photos; 1 groups, in which 2 photos could go: 12 bytes, 6 bytes of it exact copies."
    assert lines[-1].startswith("1 photos were never looked at as files")
    assert f"The report is {report}" in err
    assert report.read_text().count("<img") == 3 + 2
    assert {bucket for bucket, _ in asked} == {WITH_PICTURES.renditions_bucket}
    assert all(key.endswith("/thumbnail.webp") for _, key in asked)
    assert [path.name for path in tmp_path.glob("report*")] == ["report.html"]


def test_only_those_of_a_prefix_are_compared(two_alike: OperatedWorld, run: Run) -> None:  # noqa: F811
    out = run("duplicates", "--json", "--prefix", "sh", "--burst-seconds", "0")[1]

    assert [json.loads(line)["kind"] for line in out.splitlines()] == ["totals"]


def test_without_thumbnails_a_report_has_no_pictures(
    two_alike: OperatedWorld,
    run: Run,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(two_alike, monkeypatch, renditions="")

    code, _, err = run("duplicates", "--report", str(tmp_path / "r.html"))

    assert code == 0
    assert "makes no thumbnails" in err
    assert "no picture" in (tmp_path / "r.html").read_text()


def test_a_report_that_cannot_be_written_is_told(two_alike: OperatedWorld, run: Run) -> None:  # noqa: F811
    code, _, err = run("duplicates", "--report", "/dev/null/r.html")

    assert (code, "cannot be written" in err) == (2, True)


def test_ctrl_c_ends_the_reading_and_nothing_is_told(two_alike: OperatedWorld, run: Run) -> None:  # noqa: F811
    once = iter([signal.SIGINT])

    def interrupt(operation: str) -> None:
        if operation == "Scan" and (pressed := next(once, None)) is not None:
            signal.raise_signal(pressed)

    two_alike.world.calls.before = interrupt

    code, out, err = run("duplicates")

    assert (code, out) == (130, "")
    assert "nothing was changed" in err


def test_a_hundred_thousand_hashes_take_seconds() -> None:
    dice = random.Random(7)
    numbers = {dice.getrandbits(64) for _ in range(20_000)}
    near = {flipped(number, dice.sample(range(64), 3)) for number in list(numbers)[:1000]}

    led_by = done(leaders(as_hashes([*numbers, *near]), 3))

    assert len(set(led_by.tolist())) == len(numbers)
