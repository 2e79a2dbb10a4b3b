"""Manifests of bulk jobs, as Rekognition's own bulk analysis took them: a line of JSON a photo.

    {"source-ref": "s3://bucket/photos/1.jpg"}

https://docs.aws.amazon.com/rekognition/latest/dg/bulk-analysis.html
"""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

# A key has at most 1,024 bytes; what else is in a line is small.
MOST_LINE_BYTES = 65_536
# A line of results holds an answer of each detector: a hundred faces with all attributes are 350 KB.
MOST_RESULT_BYTES = 16_000_000
MOST_KEY_BYTES = 1024
_READ_BYTES = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineFault(StrEnum):
    """Why a line of a manifest cannot be used."""

    NO_JSON = "INVALID_JSON_LINE"
    NO_SOURCE = "INVALID_SOURCE_REF"
    WRONG_BUCKET = "WRONG_BUCKET"
    NOT_MEANT = "KEY_NOT_MEANT"
    NOT_FOUND = "OBJECT_NOT_FOUND"


class LineError(Exception):
    """A line that cannot be used. `source_ref` is what it names, as far as that was read."""

    def __init__(self, code: str, message: str, source_ref: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.source_ref = code, message, source_ref


class NumberedLine(NamedTuple):
    """A line, numbered from 1. `is_cut` where it is longer than any may be; `is_last_open` without its end.

    `end` is where the next one begins, in bytes.
    """

    number: int
    text: bytes
    end: int
    is_cut: bool = False
    is_last_open: bool = False


class SourceRef(NamedTuple):
    """An object that a line names."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def numbered_lines(
    file: BinaryIO, most_bytes: int = MOST_LINE_BYTES, *, number: int = 0, start: int = 0
) -> Iterator[NumberedLine]:
    """Yield the lines that hold something, from a place on; whatever their length, a little is in memory."""
    file.seek(start)
    place = start
    while text := file.readline(most_bytes + 1):
        number += 1
        place += len(text)
        is_cut = len(text) > most_bytes and not text.endswith(b"\n")
        rest = text
        while is_cut and rest and not rest.endswith(b"\n"):
            rest = file.readline(_READ_BYTES)
            place += len(rest)
        if number == 1:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        if text.strip():
            yield NumberedLine(number, text, place, is_cut, not rest.endswith(b"\n"))


def read_object(line: NumberedLine) -> dict[str, Any]:
    """Return the JSON object that a line holds. Raise LineError."""
    if line.is_cut:
        raise LineError(LineFault.NO_JSON, f"it is longer than {len(line.text) - 1:,} bytes")
    try:
        found = json.loads(line.text)
    except (ValueError, RecursionError) as error:
        cut_off = "; it is the last line, and has no end: was the file cut off?" if line.is_last_open else ""
        raise LineError(LineFault.NO_JSON, f"it is not JSON ({_reason(error)}){cut_off}") from error
    if not isinstance(found, dict):
        raise LineError(LineFault.NO_JSON, 'it is no JSON object like {"source-ref": "s3://bucket/key"}')
    return found


def read_source_ref(found: dict[str, Any]) -> SourceRef:
    """Return the object that a line is about. Raise LineError."""
    named = found.get("source-ref")
    if not isinstance(named, str):
        raise LineError(LineFault.NO_SOURCE, 'it has no "source-ref" with a text like s3://bucket/key')
    parts = re.fullmatch(r"s3://([^/]+)/(.+)", named, flags=re.DOTALL)
    if parts is None:
        raise LineError(LineFault.NO_SOURCE, "its source-ref is not like s3://bucket/key", named)
    try:
        length = len(parts[2].encode())
    except UnicodeEncodeError as error:
        raise LineError(LineFault.NO_SOURCE, "its key is no text of Unicode") from error
    if length > MOST_KEY_BYTES:
        raise LineError(LineFault.NO_SOURCE, f"its key has {length:,} bytes, S3 takes {MOST_KEY_BYTES:,}")
    return SourceRef(parts[1], parts[2])


def digest_of(path: Path) -> str:
    """Name what is in a file."""
    digest = blake2b(digest_size=8)
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
