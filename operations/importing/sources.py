"""The files of an import: lines of JSON, or a folder of answers; read on from where an ended run was."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from operations.importing.lines import read_photo
from operations.importing.run import NumberedPhoto, Refusal
from operations.jobs.manifests import (
    MOST_RESULT_BYTES,
    LineError,
    NumberedLine,
    numbered_lines,
    read_object,
)
from operations.terminal import OperatorError

_PAGE_PHOTOS, _PAGE_BYTES = 500, 16_000_000
_SUFFIX = ".json"


class ReadPosition(NamedTuple):
    """How far a file is read: so many lines, and so many bytes; of a folder, so many files."""

    number: int = 0
    bytes_read: int = 0


class SourcePage(NamedTuple):
    """Some photos, what could not be read beside them, and from where the next page goes on."""

    photos: Sequence[NumberedPhoto]
    refusals: Sequence[Refusal]
    place: ReadPosition


def pages_of(path: Path, place: ReadPosition) -> Iterator[SourcePage]:
    """Yield the photos of a file or folder, from a place on, some at a time. Raise OperatorError."""
    photos: list[NumberedPhoto] = []
    refusals: list[Refusal] = []
    held = 0
    try:
        for where, line, key, reached in _read(path, place):
            held += len(line.text)
            try:
                photos.append(NumberedPhoto(where, read_photo(read_object(line), key)))
            except LineError as error:
                refusals.append(Refusal(where, error.source_ref or key or "", error.message))
            if len(photos) + len(refusals) >= _PAGE_PHOTOS or held >= _PAGE_BYTES:
                yield SourcePage(photos, refusals, reached)
                photos, refusals, held = [], [], 0
            place = reached
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror or error}") from error
    yield SourcePage(photos, refusals, place)


def _read(path: Path, place: ReadPosition) -> Iterator[tuple[str, NumberedLine, str | None, ReadPosition]]:
    if not path.is_dir():
        with path.open("rb") as file:
            for line in numbered_lines(file, MOST_RESULT_BYTES, number=place.number, start=place.bytes_read):
                yield f"{path}, line {line.number:,}", line, None, ReadPosition(line.number, line.end)
        return
    files = sorted(each for each in path.rglob(f"*{_SUFFIX}") if each.is_file())
    for number, one in enumerate(files[place.number :], place.number + 1):
        with one.open("rb") as opened:
            text = opened.read(MOST_RESULT_BYTES + 1)
        line = NumberedLine(1, text, len(text), is_cut=len(text) > MOST_RESULT_BYTES)
        key = one.relative_to(path).as_posix().removesuffix(_SUFFIX)
        yield str(one), line, key, ReadPosition(number, 0)


def identity(path: Path) -> Mapping[str, object]:
    """Return what a file is recognized by when an import goes on. Raise OperatorError."""
    try:
        found = path.stat()
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror or error}") from error
    return {"path": str(path.resolve()), "bytes": found.st_size, "changed": found.st_mtime_ns}
