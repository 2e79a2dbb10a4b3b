"""A photo in the bucket as a file that can be sought in, of which only what is read is fetched."""

import io
import tempfile
from collections.abc import Callable
from typing import IO, NamedTuple

# Of a small object all is fetched at once, which costs no more; of a larger one its header first.
SMALL_BYTES = 1024 * 1024
BLOCK_BYTES = 256 * 1024
# Whoever reads that much in blocks has the rest fetched too: hostile directories point everywhere.
MOST_BLOCKS = 64
DOWNLOAD_BYTES = 16 * 1024 * 1024
# A larger photo goes to a file on the way to its decoder.
MOST_BYTES_IN_MEMORY = 32 * 1024 * 1024

# Returns the bytes from the first up to the second place, fewer only at the end of the object.
Fetch = Callable[[int, int], bytes]


class PhotoVersion(NamedTuple):
    """One version of an object: by its id or, in a bucket without versions, by its ETag."""

    key: str
    etag: str
    version_id: str | None = None


class RangeReader(io.BufferedIOBase):
    """Reads an object of `size_bytes` in blocks, each fetched once. `beginning` was fetched already."""

    def __init__(self, fetch: Fetch, size_bytes: int, beginning: bytes) -> None:
        self.size_bytes = size_bytes
        self._fetch, self._beginning = fetch, beginning
        self._blocks: dict[int, bytes] = {}
        self._place = 0
        self._whole: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError(f"cannot seek to {base + offset}")
        self._place = base + offset
        return self._place

    def read(self, size: int | None = -1, /) -> bytes:
        end = self.size_bytes if size is None or size < 0 else min(self._place + size, self.size_bytes)
        found = self._between(self._place, end) if self._place < end else b""
        self._place += len(found)
        return found

    def whole(self) -> IO[bytes]:
        """Return all of it as a file of its own, at its beginning: in memory or, if it is large, on disk."""
        if self._whole is None:
            self._whole = self._downloaded()
        self._whole.seek(0)
        return self._whole

    def close(self) -> None:
        if self._whole is not None:
            self._whole.close()
        super().close()

    def _between(self, first: int, end: int) -> bytes:
        if end <= len(self._beginning):
            return self._beginning[first:end]
        if self._whole is None and len(self._blocks) < MOST_BLOCKS and end - first <= DOWNLOAD_BYTES:
            numbers = range(first // BLOCK_BYTES, (end - 1) // BLOCK_BYTES + 1)
            start = numbers.start * BLOCK_BYTES
            return b"".join(map(self._block, numbers))[first - start : end - start]
        whole = self.whole()
        whole.seek(first)
        return whole.read(end - first)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            first = number * BLOCK_BYTES
            end = min(first + BLOCK_BYTES, self.size_bytes)
            known = end <= len(self._beginning)
            self._blocks[number] = self._beginning[first:end] if known else self._fetch(first, end)
        return self._blocks[number]

    def _downloaded(self) -> IO[bytes]:
        is_small = self.size_bytes <= MOST_BYTES_IN_MEMORY
        file: IO[bytes] = io.BytesIO() if is_small else tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        file.write(self._beginning)
        place = len(self._beginning)
        while place < self.size_bytes:
            piece = self._fetch(place, min(place + DOWNLOAD_BYTES, self.size_bytes))
            file.write(piece)
            place += len(piece)
        self._blocks.clear()
        return file
