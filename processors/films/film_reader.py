"""A film in the bucket as a file that can be sought in, of which the last blocks read are kept."""

import io
from collections import OrderedDict

from processors.pictures.range_reader import Fetch

# Few requests for what is read in order, and some blocks: a container's index may stand at its end, and sound
# and pictures far apart.
BLOCK_BYTES = 4 * 1024 * 1024
MOST_BLOCKS = 12


class FilmReader(io.BufferedIOBase):
    """Reads an object of `size_bytes` in blocks.

    A decoder calls it from where no exception passes: what was raised is kept as `fault`, and the film seems
    to end there.
    """

    def __init__(self, fetch: Fetch, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.fault: Exception | None = None
        self._fetch = fetch
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size_bytes}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int | None = -1, /) -> bytes:
        end = self.size_bytes if size is None or size < 0 else min(self._place + size, self.size_bytes)
        if self.fault is not None or self._place >= end:
            return b""
        number = self._place // BLOCK_BYTES
        try:
            block = self._block(number)
        except Exception as fault:  # noqa: BLE001 - whoever reads raises it
            self.fault = fault
            return b""
        start = self._place - number * BLOCK_BYTES
        found = block[start : start + end - self._place]
        self._place += len(found)
        return found if len(found) == 0 or self._place == end else found + self.read(end - self._place)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            first = number * BLOCK_BYTES
            self._blocks[number] = self._fetch(first, min(first + BLOCK_BYTES, self.size_bytes))
            if len(self._blocks) > MOST_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]
