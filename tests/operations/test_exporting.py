"""An export holds every photo that is meant once, whatever ends it on the way."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.detectors import DETECTORS
from contract.photos import PICTURE
from contract.records import Status
from contract.table import record_key
from operations.adapters.dynamodb_photos import DynamoDBPhotos
from operations.exporting import run as export_run
from operations.exporting.files import ExportCheckpoint, ExportPart, ExportProgress, partial_of
from operations.exporting.photos import COLUMNS, Box, cell, document, row
from operations.exporting.run import GONE, UNREADABLE, Export, ExportSource, FoundPage
from operations.exporting.writers import (
    WITHOUT_SIZE,
    CocoFile,
    LinesFile,
    PhotoWriter,
    csv_header,
    csv_rows,
    json_lines,
)
from operations.terminal import OperatorError
from tests.operations.exports import BOX, FACTS, ApiOverWorld, exported
from tests.operations.test_reconciling import recognized
from tests.operations.world import OperatedWorld
from tests.processors.world import WITH_MEANING, WITH_PICTURES, InlineExecutor, World

ALL = frozenset({*DETECTORS, PICTURE})
Opened = Callable[[Path, ExportProgress], PhotoWriter]


def lines_of(output: Path, before: ExportProgress) -> PhotoWriter:
    return LinesFile(output, json_lines, "", before)


def csv_of(output: Path, before: ExportProgress) -> PhotoWriter:
    return LinesFile(output, csv_rows, csv_header(), before)


def source(operated: OperatedWorld, **question: Any) -> ExportSource:
    api: Any = ApiOverWorld(operated)
    table = DynamoDBPhotos(
        operated.table.client, operated.table.table_name, operated.table.retry, operated.table.reads
    )
    return ExportSource(api, table, question, Status(question.get("status", "recognized")), ALL, 0.0)


def pages_of(
    output: Path, found: ExportSource, opened: Opened = lines_of, most: int | None = None
) -> ExportProgress:
    """Export until the end, or so many pages, as if the program was killed then."""
    asked: Mapping[str, Any] = {"question": dict(found.question)}
    checkpoint = ExportCheckpoint.of(output)
    before = checkpoint.read(asked) or ExportProgress(asked)
    writer = opened(output, before)
    made = Export(found, writer, checkpoint, InlineExecutor(), before)
    for number, _ in enumerate(made.run(), 1):
        if number == most:
            break
    writer.close()
    return made.progress


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_run, "PAGE", 4)


def with_photos(count: int) -> OperatedWorld:
    world = World()
    world.deliver(
        *(world.s3.put(f"{number:03}.jpg", f"cat {number % 50 + 50}".encode()) for number in range(count))
    )
    return OperatedWorld(world)


def keys_in(output: Path) -> list[str]:
    return sorted(json.loads(line)["key"] for line in output.read_text().splitlines())


def test_every_photo_is_a_line_and_what_is_unfinished_has_another_name(tmp_path: Path) -> None:
    output = tmp_path / "photos.jsonl"
    found = source(with_photos(10))

    assert pages_of(output, found, most=1).written == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "photos.jsonl.checkpoint",
        "photos.jsonl.partial",
    ]
    assert pages_of(output, found).written == 10

    assert [path.name for path in tmp_path.iterdir()] == ["photos.jsonl"]
    assert keys_in(output) == [f"{number:03}.jpg" for number in range(10)]


def test_a_line_says_what_the_api_says_of_the_photo() -> None:
    world = World(settings=replace(WITH_PICTURES, detectors=("labels", "faces", "moderation", "text")))
    world.deliver(
        world.s3.put("a.jpg", b"cat 97 dog 60 faces 2 unsafe:weapons 80 text:sale 95"),
        world.s3.put("broken.jpg", b"no"),
    )
    operated = OperatedWorld(world)
    found = source(operated)
    api = ApiOverWorld(operated)

    for key in ("a.jpg", "broken.jpg"):
        record = world.record(key)
        assert record is not None
        (photo,), _ = replace(found, status=record.status).photos(FoundPage([key], None, frozenset({key})))
        told = api.get("/images", key=key)[1]
        for url in ("url", "thumbnail_url", "view_url"):
            told.pop(url)
        assert json.loads(json_lines([photo])) == told


def test_labels_that_vectors_alone_are_made_of_are_shown_nowhere() -> None:
    world = World(settings=WITH_MEANING)
    world.deliver(world.s3.put("a.jpg", b"cat 97 dog 15"))
    operated = OperatedWorld(world)
    api = ApiOverWorld(operated)

    (photo,), _ = source(operated).photos(FoundPage(["a.jpg"], None))
    told = api.get("/images", key="a.jpg")[1]["labels"]

    assert world.meanings.asked == [["Cat", "Dog"]]
    assert [label["name"] for label in told] == ["Cat"]
    assert document(photo)["labels"] == told
    assert "Dog" not in json.dumps(api.get("/images", key="a.jpg", raw="true")[1])


def test_where_the_api_tells_no_places_an_export_does_not_either(tmp_path: Path) -> None:
    world = World(settings=WITH_PICTURES)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    found = source(OperatedWorld(world))
    placeless: Any = ApiOverWorld(OperatedWorld(world), keep_location=False)
    silent = replace(found, api=placeless)

    pages_of(tmp_path / "told.jsonl", found)
    pages_of(tmp_path / "silent.jsonl", silent)
    pages_of(tmp_path / "silent.csv", silent, opened=csv_of)

    assert '"latitude": 48.8584' in (tmp_path / "told.jsonl").read_text()
    assert '"latitude": null' in (tmp_path / "silent.jsonl").read_text()
    assert "48.85" not in (tmp_path / "silent.jsonl").read_text() + (tmp_path / "silent.csv").read_text()
    with pytest.raises(OperatorError, match="near: this deployment tells no places"):
        replace(silent, question={"near": "48.8,2.3,5"}).page(None)


def test_what_the_api_finds_is_exported_and_nothing_else(tmp_path: Path) -> None:
    operated = recognized("a.jpg", "bb.jpg")
    operated.world.deliver(operated.world.s3.put("dog.jpg", b"dog 90"))
    output = tmp_path / "cats.jsonl"

    pages_of(output, source(operated, label=["Cat"], prefix="b"))

    assert keys_in(output) == ["bb.jpg"]


def test_what_the_api_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"smell: unknown"):
        pages_of(tmp_path / "x", source(recognized("a.jpg"), smell="bad"))
    with pytest.raises(OperatorError, match="--restart"):
        source(recognized("a.jpg")).page("bm90IG91cnM")


@pytest.mark.parametrize(("status", "says"), [(403, "execute-api:Invoke"), (404, "no such page")])
def test_an_api_that_is_closed_or_missing_is_told(status: int, says: str) -> None:
    api: Any = type("Api", (), {"get": lambda *_, **__: (status, {"detail": "no such page"})})()

    with pytest.raises(OperatorError, match=says):
        replace(source(recognized()), api=api).page(None)


def test_what_changes_meanwhile_or_cannot_be_read_is_counted(tmp_path: Path) -> None:
    operated = recognized("a.jpg", "bb.jpg", "ccc.jpg")
    items = operated.world.table.items
    at = record_key("ccc.jpg")
    items[at.pk, at.sk]["generation"] = {"S": "no number"}
    operated.world.deliver(operated.world.s3.delete("a.jpg"))

    photos, left_out = source(operated).photos(FoundPage(["a.jpg", "bb.jpg", "ccc.jpg", "never.jpg"], None))

    assert [photo.key for photo in photos] == ["bb.jpg"]
    assert left_out == {GONE: 2, UNREADABLE: 1}


def test_an_answer_that_cannot_be_read_leaves_the_rest_of_its_photo() -> None:
    operated = recognized("a.jpg")
    record = operated.world.record("a.jpg")
    assert record is not None
    for (pk, sk), item in operated.world.table.items.items():
        if pk == f"content#{record.content_id}" and sk.startswith("labels#"):
            item["answer"] = {"B": b"not packed"}

    (photo,), left_out = source(operated).photos(FoundPage(["a.jpg"], None))

    assert left_out == {"answers unreadable in the table": 1}
    assert document(photo)["labels"] == [{"name": "Cat", "confidence": 95.0, "parent": False}]


def test_an_answer_of_another_form_is_left_out() -> None:
    photo = exported()
    other = photo.answers["labels"]
    broken = photo._replace(answers={"labels": replace(other, response={"Labels": [{"Name": 7}]})})

    assert document(broken)["labels"][0] == {"name": "Dog", "confidence": 97.5, "parent": False}


@cache
def _with_faces() -> OperatedWorld:
    world = World(settings=WITH_PICTURES)
    world.deliver(
        *(world.s3.put(f"{number:03}.jpg", f"cat {number + 60} faces 1".encode()) for number in range(14))
    )
    return OperatedWorld(world)


@settings(max_examples=25)
@given(kills=st.lists(st.integers(1, 3), max_size=4), is_torn=st.booleans())
@pytest.mark.parametrize("opened", [lines_of, csv_of, CocoFile])
def test_killed_at_any_time_it_holds_each_photo_once_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, opened: Opened, kills: list[int], is_torn: bool
) -> None:
    output = tmp_path_factory.mktemp("killed") / "photos"
    keys = [f"{number:03}.jpg" for number in range(14)]
    found = source(_with_faces())
    for kill in kills:
        pages_of(output, found, opened, most=kill)
        for part in output.parent.glob("*.partial") if is_torn else ():
            # Written, and killed before it was noted.
            with part.open("a") as file:
                file.write('{"key": "half a li')

    pages_of(output, found, opened)

    assert [path.name for path in output.parent.iterdir()] == ["photos"]
    if opened is lines_of:
        assert keys_in(output) == keys
    elif opened is csv_of:
        with output.open(newline="") as file:
            assert sorted(line["key"] for line in csv.DictReader(file)) == keys
    else:
        coco = json.loads(output.read_text())
        assert sorted(image["file_name"] for image in coco["images"]) == keys
        assert len({image["id"] for image in coco["images"]}) == 14
        assert sorted(each["image_id"] for each in coco["annotations"]) == sorted(
            image["id"] for image in coco["images"]
        )


def test_what_was_written_whole_and_not_named_is_named_by_the_next_run(tmp_path: Path) -> None:
    output = tmp_path / "photos.jsonl"
    found = source(with_photos(3))
    pages_of(output, found, most=1)
    kept = ExportCheckpoint.of(output).file.read_text()
    pages_of(output, found)

    # Killed after the file got its name, and before the checkpoint was removed.
    ExportCheckpoint.of(output).file.write_text(kept)
    assert pages_of(output, found).is_all
    assert keys_in(output) == ["000.jpg", "001.jpg", "002.jpg"]
    assert [path.name for path in tmp_path.iterdir()] == ["photos.jsonl"]


def test_nothing_is_a_file_too(tmp_path: Path) -> None:
    for opened, text in ((lines_of, ""), (csv_of, csv_header())):
        pages_of(tmp_path / "none", source(recognized()), opened)
        with (tmp_path / "none").open(newline="") as file:
            assert file.read() == text
    pages_of(tmp_path / "coco", source(recognized()), CocoFile)
    coco = json.loads((tmp_path / "coco").read_text())
    assert (coco["images"], coco["annotations"], coco["categories"]) == ([], [], [])


def test_an_unfinished_export_of_something_else_is_not_gone_on_with(tmp_path: Path) -> None:
    output = tmp_path / "photos.jsonl"
    pages_of(output, source(with_photos(6)), most=1)

    with pytest.raises(OperatorError, match=r"something else.*--restart"):
        pages_of(output, source(with_photos(6), label=["Cat"]))


def test_what_an_older_version_has_begun_with_other_columns_is_not_gone_on_with(tmp_path: Path) -> None:
    output = tmp_path / "photos.csv"
    pages_of(output, source(with_photos(6)), csv_of, most=1)
    begun = partial_of(output)
    older = begun.read_bytes().replace(csv_header().encode(), csv_header().upper().encode())
    begun.write_bytes(older)

    with pytest.raises(OperatorError, match=r"other columns.*--restart"):
        pages_of(output, source(with_photos(6)), csv_of)
    assert begun.read_bytes() == older


def test_a_part_that_is_too_short_and_a_checkpoint_that_is_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="shorter"):
        ExportPart(tmp_path / "part", 7)
    with pytest.raises(OperatorError, match="cannot be written"):
        ExportPart(tmp_path / "part" / "below", 0)
    checkpoint = ExportCheckpoint(tmp_path / "x.checkpoint")
    checkpoint.file.write_text("[")
    with pytest.raises(OperatorError, match="--restart"):
        checkpoint.read({})


def test_coco_has_boxes_in_pixels_of_the_displayed_photo_and_faces_as_a_category(tmp_path: Path) -> None:
    outside = {"Left": -0.1, "Top": 0.9, "Width": 0.2, "Height": 0.3}
    gone = {"Left": 1.2, "Top": 0.1, "Width": 0.2, "Height": 0.3}
    asked = ExportProgress({})
    writer = CocoFile(tmp_path / "coco.json", asked)
    photos = [
        exported("a.jpg", instances={"Dog": [BOX, gone]}, faces=[BOX]),
        exported("b.jpg", instances={"Animal": [BOX], "Dog": [outside]}, min_confidence_percent=90),
        exported("no facts.jpg", facts=None),
    ]

    assert writer.write(photos) == {WITHOUT_SIZE: 1}
    writer.finish()

    coco = json.loads((tmp_path / "coco.json").read_text())
    assert coco["categories"] == [
        {"id": 1, "name": "Dog", "supercategory": "labels"},
        {"id": 2, "name": "face", "supercategory": "faces"},
    ]
    assert coco["images"][0] == {
        "id": 1,
        "width": 4000,
        "height": 3000,
        "file_name": "a.jpg",
        "date_captured": FACTS.taken_at,
    }
    boxes = [(each["image_id"], each["category_id"], each["bbox"]) for each in coco["annotations"]]
    assert boxes == [
        (1, 1, [400.0, 600.0, 1200.0, 1200.0]),
        (1, 2, [400.0, 600.0, 1200.0, 1200.0]),
        (2, 1, [0.0, 2700.0, 400.0, 300.0]),
    ]
    assert coco["annotations"][0]["score"] == 0.975
    assert coco["annotations"][0]["area"] == 1440000.0


@given(*(st.floats(-2, 2) for _ in range(2)), *(st.floats(0, 2) for _ in range(2)))
def test_a_box_is_within_the_picture(left: float, top: float, width: float, height: float) -> None:
    box = Box.read({"Left": left, "Top": top, "Width": width, "Height": height})

    if box is not None:
        assert 0 <= box.left < box.left + box.width <= 1.0000001
        assert 0 <= box.top < box.top + box.height <= 1.0000001


def test_a_row_holds_what_a_photo_is_sorted_by() -> None:
    told = dict(zip(COLUMNS, row(exported(labels={"Dog": 97.46, "Animal": 60})), strict=True))

    assert (told["labels"], told["keywords"]) == ("Dog 97.5; Animal 60.0", "holiday; Rügen & sea")
    assert (told["width"], told["taken_at"], told["rating"]) == ("4000", FACTS.taken_at, "4")
    assert (told["latitude"], told["version_id"]) == ("", "v1")


def test_a_row_has_what_detectors_of_choice_found() -> None:
    photo = exported()
    found = replace(
        photo.record.findings,
        celebrities={"Grace Hopper": 91.04, "=Ada": 99.0},
        colors=("blue", "white"),
        equipment=("head_cover",),
    )
    told = dict(zip(COLUMNS, row(photo._replace(record=replace(photo.record, findings=found))), strict=True))

    assert told["celebrities"] == "'=Ada 99.0; Grace Hopper 91.0"
    assert (told["colors"], told["equipment"]) == ("blue; white", "head_cover")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("  +1", "  '+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("a;=b; -c", "a;'=b; '-c"),
        ("\uff1dcmd", "'\uff1dcmd"),
        ("\t=cmd", "\\t=cmd"),
        ("a\r\n=cmd", "a\\r\\n=cmd"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a-b=c@d", "a-b=c@d"),
        (-33.5, "-33.5"),
        (None, ""),
    ],
)
def test_no_cell_is_a_formula(text: object, shown: str) -> None:
    assert cell(text) == shown


@given(st.text())
def test_whatever_a_text_holds_its_cell_begins_no_formula_and_is_one_line(text: str) -> None:
    made = cell(text)

    assert all(part.lstrip()[:1] not in ("=", "+", "-", "@") for part in made.split(";") if part.strip())
    (read,) = csv.reader(io.StringIO(csv_rows([exported(key=f"k{text}")])))
    assert read[0] == cell(f"k{text}")
