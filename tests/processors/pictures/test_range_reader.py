"""A photo read by ranges is the file that it is, and what is fetched of it is little."""

import io
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.pictures import range_reader
from processors.pictures.range_reader import RangeReader

CONTENT = bytes(number * 7 % 251 for number in range(5000))


@dataclass
class Fetches:
    """A file, and which parts of it were fetched."""

    content: bytes = CONTENT
    made: list[tuple[int, int]] = field(default_factory=list)

    def fetch(self, first: int, end: int) -> bytes:
        self.made.append((first, end))
        return self.content[first:end]

    def reader(self, beginning: int = 100) -> RangeReader:
        return RangeReader(self.fetch, len(self.content), self.content[:beginning])


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_reader, "BLOCK_BYTES", 64)
    monkeypatch.setattr(range_reader, "MOST_BLOCKS", 8)
    monkeypatch.setattr(range_reader, "DOWNLOAD_BYTES", 1000)


STEPS = st.lists(
    st.tuples(
        st.integers(-10, 5100),
        st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]),
        st.integers(-1, 700),
    ),
    max_size=20,
)  # fmt: skip


@settings(max_examples=200)
@given(steps=STEPS, size=st.integers(1, 5000), beginning=st.integers(1, 300))
def test_it_reads_as_any_file_does(steps: list[tuple[int, int, int]], size: int, beginning: int) -> None:
    fetches, plain = Fetches(CONTENT[:size]), io.BytesIO(CONTENT[:size])
    with fetches.reader(beginning) as file:
        for offset, whence, count in steps:
            goal = {io.SEEK_SET: 0, io.SEEK_CUR: plain.tell(), io.SEEK_END: size}[whence] + offset
            if goal < 0:
                with pytest.raises(ValueError, match="cannot seek to"):
                    file.seek(offset, whence)
                continue
            assert file.seek(offset, whence) == plain.seek(goal)
            assert file.read(count) == plain.read(count)
            assert file.tell() == plain.tell()
        assert file.whole().read() == CONTENT[:size]


def test_what_came_with_the_beginning_is_not_fetched() -> None:
    fetches = Fetches()
    with fetches.reader() as file:
        assert file.read(100) == CONTENT[:100]

    assert fetches.made == []


def test_a_block_is_fetched_once() -> None:
    fetches = Fetches()
    with fetches.reader() as file:
        for place in (4000, 4001, 3999, 4030):
            file.seek(place)
            assert file.read(10) == CONTENT[place : place + 10]

    assert fetches.made == [(3968, 4032), (4032, 4096)]


def test_whoever_reads_everywhere_gets_all_of_it_at_once() -> None:
    fetches = Fetches()
    with fetches.reader() as file:
        for place in range(4900, 0, -100):
            file.seek(place)
            assert file.read(3) == CONTENT[place : place + 3]

    assert len(fetches.made) == 8 + 5
    assert fetches.made[8:] == [(100 + 1000 * part, min(1100 + 1000 * part, 5000)) for part in range(5)]


def test_a_large_photo_goes_to_a_file_that_decoders_in_c_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    fetches = Fetches()
    with fetches.reader() as file, pytest.raises(io.UnsupportedOperation):
        file.whole().fileno()
    monkeypatch.setattr(range_reader, "MOST_BYTES_IN_MEMORY", 4999)
    with fetches.reader() as file:
        whole = file.whole()
        assert whole.fileno() >= 0
        assert whole.read() == CONTENT
    assert whole.closed
