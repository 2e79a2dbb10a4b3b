"""The directories of TIFF, in which EXIF and camera's raw files keep their tags, read without trust in them.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, section 2; BigTIFF is not used by either.
"""

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from processors.pictures.formats import Seekable, read_exactly

SHORT, LONG, IFD = 3, 4, 13
_ASCII, _BYTE, _UNDEFINED, _UTF8 = 2, 1, 7, 129
_WHOLE_NUMBERS = {_BYTE: "B", SHORT: "H", LONG: "I", 6: "b", 8: "h", 9: "i", IFD: "I"}
_FRACTIONS = {5: "II", 10: "ii"}
_FLOATS = {11: "f", 12: "d"}
_UNITS = {**_WHOLE_NUMBERS, **_FRACTIONS, **_FLOATS, _ASCII: "c", _UNDEFINED: "c", _UTF8: "c"}

_MOST_ENTRIES = 2000
_MOST_VALUE_BYTES = 4 * 1024 * 1024
_MOST_NUMBERS = 64
_ENTRY_BYTES = 12


class Entry(NamedTuple):
    """One tag's value: its type, how many of that, and its bytes, or where they are."""

    kind: int
    many: int
    inline: bytes
    place: int | None


@dataclass(frozen=True)
class Directory:
    """The tags of one directory, and where the next one is; 0 for none.

    What cannot be read, or is of another type than asked for, is None.
    """

    file: Seekable
    order: str
    entries: Mapping[int, Entry]
    following: int

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def raw(self, tag: int) -> bytes | None:
        """Return the bytes of a value."""
        entry = self.entries.get(tag)
        if entry is None:
            return None
        size = struct.calcsize("=" + _UNITS[entry.kind]) * entry.many
        if entry.place is None:
            return entry.inline[:size]
        if size > _MOST_VALUE_BYTES:
            return None
        try:
            return read_exactly(self.file, entry.place, size)
        except EOFError:
            return None

    def text(self, tag: int) -> str | None:
        entry = self.entries.get(tag)
        content = self.raw(tag) if entry and entry.kind in {_ASCII, _UTF8, _BYTE, _UNDEFINED} else None
        if content is None:
            return None
        content = content.partition(b"\0")[0]
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content.decode("latin-1")

    def numbers(self, tag: int) -> tuple[float, ...]:
        """Return the first numbers of a value; fractions with nothing below are left out."""
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        unit = _UNITS[entry.kind]
        content = self.raw(tag) if unit != "c" else None
        if not content:
            return ()
        few = min(entry.many, _MOST_NUMBERS)
        found = struct.unpack(self.order + unit * few, content[: struct.calcsize("=" + unit) * few])
        if entry.kind in _FRACTIONS:
            return tuple(above / below for above, below in zip(found[::2], found[1::2], strict=True) if below)
        return found

    def number(self, tag: int) -> float | None:
        return next(iter(self.numbers(tag)), None)

    def whole_number(self, tag: int) -> int | None:
        """Return a number of a type that has no fractions."""
        entry = self.entries.get(tag)
        number = self.number(tag) if entry and entry.kind in _WHOLE_NUMBERS else None
        return None if number is None else int(number)

    def below(self, tag: int) -> "Directory | None":
        """Return the directory that a value points at."""
        return next(self.all_below(tag), None)

    def all_below(self, tag: int) -> "Iterator[Directory]":
        entry = self.entries.get(tag)
        if entry and entry.kind in {LONG, IFD, SHORT}:
            for place in self.numbers(tag):
                found = _directory_at(self.file, self.order, int(place))
                if found:
                    yield found


def first_directory(file: Seekable) -> Directory | None:
    """Read the first directory of a TIFF file."""
    try:
        head = read_exactly(file, 0, 8)
    except EOFError:
        return None
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        return None
    return _directory_at(file, order, int(struct.unpack(order + "I", head[4:])[0]))


def directory_of_exif(exif: bytes) -> Directory | None:
    """Read the first directory of a block of EXIF, with or without its mark before it."""
    for _ in range(2):
        exif = exif.removeprefix(b"Exif\0\0")
    return first_directory(io.BytesIO(exif))


def following(directory: Directory) -> Directory | None:
    """Return the next directory of a file."""
    if not directory.following:
        return None
    return _directory_at(directory.file, directory.order, directory.following)


def _directory_at(file: Seekable, order: str, place: int) -> Directory | None:
    """Read a directory; of one that ends early, what there is of it."""
    if place < 0:
        return None
    file.seek(place)
    head = file.read(2)
    if len(head) < 2:  # noqa: PLR2004
        return None
    count = min(struct.unpack(order + "H", head)[0], _MOST_ENTRIES)
    written = file.read(count * _ENTRY_BYTES + 4)
    entries = {}
    for start in range(0, min(count * _ENTRY_BYTES, len(written) - _ENTRY_BYTES + 1), _ENTRY_BYTES):
        tag, kind, many, value = struct.unpack(order + "HHI4s", written[start : start + _ENTRY_BYTES])
        if kind in _UNITS and tag not in entries:
            is_inline = struct.calcsize("=" + _UNITS[kind]) * many <= len(value)
            entries[tag] = Entry(
                kind, many, value, None if is_inline else int(struct.unpack(order + "I", value)[0])
            )
    rest = written[count * _ENTRY_BYTES :]
    return Directory(
        file,
        order,
        entries,
        int(struct.unpack(order + "I", rest)[0]) if len(rest) == 4 else 0,  # noqa: PLR2004
    )
