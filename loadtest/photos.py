"""Photos that nobody has seen before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from loadtest.errors import LoadtestError
from loadtest.local_place import PHOTOS


def distinct_photos(folder: Path = PHOTOS) -> Iterator[bytes]:
    """Yield the folder's photos over and over, each time as other bytes that show the same.

    A decoder stops at the end marker of a JPEG; what follows it makes the content another, so that no answer
    can be found again and each has to be worked for.
    """
    originals = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    if not originals:
        raise LoadtestError(f"no photos in {folder}")
    return (original + uuid4().bytes for original in itertools.cycle(originals))


def photos_in(folder: Path = PHOTOS) -> int:
    """Count the photos of a folder: a round of a multiple of them has the same mix each time."""
    return len(list(folder.glob("*.jpg")))


def smallest_photo(folder: Path = PHOTOS) -> Path:
    """Return the photo of the fewest bytes: where nobody looks, large ones only keep the local cloud busy."""
    photos = sorted(folder.glob("*.jpg"), key=lambda path: path.stat().st_size)
    if not photos:
        raise LoadtestError(f"no photos in {folder}")
    return photos[0]
