"""Photos written as JSON Lines, CSV and COCO, page by page."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from contract.terminal import as_json
from operations.adapters.dynamodb_photos import BROKEN
from operations.exporting.files import ExportPart, ExportProgress, partial_of, told_of
from operations.exporting.photos import COLUMNS, ExportedPhoto, FoundBox, document, row
from operations.terminal import OperatorError

WITHOUT_SIZE = "without width and height"


class PhotoWriter(Protocol):
    """Where photos go in one format."""

    def write(self, photos: Sequence[ExportedPhoto]) -> Mapping[str, int]:
        """Write photos; return how many were left out, by reason."""

    def sync(self) -> tuple[Mapping[str, int], Mapping[str, Any]]:
        """Have all of it on disk; return the sizes of the parts, and what else the next run goes on with."""

    def finish(self) -> None:
        """Rename what was written to its final name. Calling it again changes nothing."""

    def close(self) -> None:
        """Let go of what is open."""


def json_lines(photos: Sequence[ExportedPhoto]) -> str:
    return "".join(as_json(document(photo)) + "\n" for photo in photos)


def answer_lines(photos: Sequence[ExportedPhoto]) -> str:
    """Write photos with each detector's answer as it came, from which `imagepipe import` makes them again."""
    return "".join(
        as_json(
            {**document(photo), "answers": {name: photo.answers[name].response for name in photo.answers}}
        )
        + "\n"
        for photo in photos
    )


def csv_rows(photos: Sequence[ExportedPhoto]) -> str:
    return _csv([row(photo) for photo in photos])


def csv_header() -> str:
    return _csv([COLUMNS])


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _require_header(path: Path, header: str) -> None:
    """Raise OperatorError where a file that is to be gone on with has other columns than are written now."""
    wanted = header.encode()
    begins = b""
    if path.exists():
        with told_of(path), path.open("rb") as file:
            begins = file.read(len(wanted))
    if begins and begins != wanted:
        raise OperatorError(
            f"{path} was begun by another version of imagepipe, with other columns; begin anew with "
            "--restart, or finish it with that version"
        )


class LinesFile:
    """Photos as lines of one file."""

    def __init__(
        self,
        output: Path,
        lines: Callable[[Sequence[ExportedPhoto]], str],
        header: str,
        before: ExportProgress,
    ) -> None:
        self._output, self._lines = output, lines
        # What was written whole may have its name already.
        self._part: ExportPart | None = None
        if not before.is_all or partial_of(output).exists():
            if before.parts and not before.is_all:
                _require_header(partial_of(output), header)
            self._part = ExportPart(partial_of(output), before.parts.get("lines", 0))
            if not before.parts:
                self._part.write(header)

    def write(self, photos: Sequence[ExportedPhoto]) -> Mapping[str, int]:
        assert self._part is not None
        self._part.write(self._lines(photos))
        return {}

    def sync(self) -> tuple[Mapping[str, int], Mapping[str, Any]]:
        assert self._part is not None
        return {"lines": self._part.sync()}, {}

    def finish(self) -> None:
        self.close()
        put_in_place(partial_of(self._output), self._output)

    def close(self) -> None:
        if self._part is not None:
            self._part.close()


class LinesStream:
    """Photos as lines of a stream, which cannot be gone on with."""

    def __init__(self, stream: TextIO, lines: Callable[[Sequence[ExportedPhoto]], str], header: str) -> None:
        self._stream, self._lines, self._header = stream, lines, header

    def write(self, photos: Sequence[ExportedPhoto]) -> Mapping[str, int]:
        self._stream.write(self._header + self._lines(photos))
        self._header = ""
        self._stream.flush()
        return {}

    def sync(self) -> tuple[Mapping[str, int], Mapping[str, Any]]:
        return {}, {}

    def finish(self) -> None:
        """There is nothing to do."""

    def close(self) -> None:
        pass


class CocoFile:
    """Photos as a COCO document: images, boxes in pixels, and the categories that occur.

    Images and boxes grow in files of their own, and are put together at the end, when the categories are
    known. https://cocodataset.org/#format-data
    """

    def __init__(self, output: Path, before: ExportProgress) -> None:
        self._output = output
        numbers = before.numbers
        self._images: int = numbers.get("images", 0)
        self._boxes: int = numbers.get("boxes", 0)
        # Rekognition has some three thousand labels.
        self._categories: dict[str, int] = dict(numbers.get("categories", {}))
        self._parts = {
            name: ExportPart(partial_of(output, f".{name}"), before.parts.get(name, 0))
            for name in ("images", "annotations")
            if not before.is_all or partial_of(output, f".{name}").exists()
        }

    def write(self, photos: Sequence[ExportedPhoto]) -> Mapping[str, int]:
        left_out = 0
        for photo in photos:
            if photo.facts is None:
                left_out += 1
            else:
                self._write(photo, photo.facts.width, photo.facts.height)
        return {WITHOUT_SIZE: left_out} if left_out else {}

    def _write(self, photo: ExportedPhoto, width: int, height: int) -> None:
        self._images += 1
        taken_at = photo.facts.taken_at if photo.facts else None
        image = {"id": self._images, "width": width, "height": height, "file_name": photo.key}
        if taken_at is not None:
            image["date_captured"] = taken_at
        self._parts["images"].write(as_json(image) + "\n")
        try:
            found = [("labels", each) for each in photo.label_boxes()]
            found += [("faces", each) for each in photo.face_boxes()]
        except BROKEN:
            return
        for group, each in found:
            self._parts["annotations"].write(as_json(self._annotation(group, each, width, height)) + "\n")

    def _annotation(self, group: str, found: FoundBox, width: int, height: int) -> dict[str, Any]:
        self._boxes += 1
        name = f"{group}/{found.name}"
        category = self._categories.setdefault(name, len(self._categories) + 1)
        box = found.box
        pixels = [box.left * width, box.top * height, box.width * width, box.height * height]
        return {
            "id": self._boxes,
            "image_id": self._images,
            "category_id": category,
            "bbox": [round(side, 2) for side in pixels],
            "area": round(pixels[2] * pixels[3], 2),
            "iscrowd": 0,
            "segmentation": [],
            "score": round(found.confidence / 100, 4),
        }

    def sync(self) -> tuple[Mapping[str, int], Mapping[str, Any]]:
        numbers = {"images": self._images, "boxes": self._boxes, "categories": self._categories}
        return {name: part.sync() for name, part in self._parts.items()}, numbers

    def finish(self) -> None:
        self.close()
        parts = {name: partial_of(self._output, f".{name}") for name in ("images", "annotations")}
        if not all(part.exists() for part in parts.values()):
            return
        whole = partial_of(self._output)
        with told_of(whole), whole.open("w", encoding="utf-8") as file:
            file.write('{"info": {"description": "Exported by imagepipe", "version": "1.0"},\n"licenses": []')
            for name, part in parts.items():
                file.write(f',\n"{name}": [')
                file.writelines(_joined(part))
                file.write("\n]")
            file.write(f',\n"categories": {json.dumps(self._category_list(), indent=0)}\n}}\n')
        put_in_place(whole, self._output)
        for part in parts.values():
            part.unlink(missing_ok=True)

    def _category_list(self) -> list[dict[str, Any]]:
        categories = []
        for name, number in self._categories.items():
            group, _, plain = name.partition("/")
            categories.append({"id": number, "name": plain, "supercategory": group})
        return categories

    def close(self) -> None:
        for part in self._parts.values():
            part.close()


def _joined(part: Path) -> Iterator[str]:
    """Yield the lines of a part as the elements of an array."""
    with part.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            yield (",\n" if number else "\n") + line.rstrip("\n")


def put_in_place(partial: Path, output: Path) -> None:
    """Rename an unfinished file to its final name, unless that is done already. Raise OperatorError."""
    with told_of(output):
        if partial.exists() or not output.exists():
            partial.replace(output)


def standard_output() -> TextIO:
    return sys.stdout
