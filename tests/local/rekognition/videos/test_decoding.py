"""Which files a job reads, which frames of them it looks at, and what it says of those it cannot read."""

from pathlib import Path

import pytest

from loadtest.h264 import film, other_codec
from local.rekognition.videos.decoding import (
    TOO_LONG,
    UNSUPPORTED,
    UnreadableVideoError,
    frames_of,
    read_metadata,
)

SCENES = [("cat.jpg", 4), ("horse.jpg", 4)]


def written(folder: Path, data: bytes) -> Path:
    path = folder / "film"
    path.write_bytes(data)
    return path


def test_a_film_says_what_it_is_and_two_frames_a_second_are_looked_at(tmp_path: Path) -> None:
    path = written(tmp_path, film(SCENES, milliseconds=125))

    metadata = read_metadata(path)

    assert (metadata.codec, metadata.format, metadata.duration_ms) == ("h264", "QuickTime / MOV", 1000)
    assert (metadata.width, metadata.height) == (320, 240)
    assert [at for at, _ in frames_of(path)] == [0, 500]
    assert {picture.size for _, picture in frames_of(path)} == {(320, 240)}


def test_slow_films_lose_no_frame(tmp_path: Path) -> None:
    path = written(tmp_path, film(SCENES, milliseconds=700))

    assert [at for at, _ in frames_of(path)] == [700 * number for number in range(8)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", UNSUPPORTED),
        (b"no film at all" * 100, UNSUPPORTED),
        (other_codec(), UNSUPPORTED),
        (film([("cat.jpg", 1)])[:300], UNSUPPORTED),
        (film([("cat.jpg", 2)], milliseconds=4 * 3600 * 1000), TOO_LONG),
    ],
    ids=["empty", "rubbish", "codec", "truncated", "8 hours"],
)
def test_what_cannot_be_read_has_a_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    path = written(tmp_path, data)
    with pytest.raises(UnreadableVideoError, match=reason):
        read_metadata(path)


def test_a_film_that_ends_before_its_first_frame_is_unreadable(tmp_path: Path) -> None:
    path = written(tmp_path, film(SCENES)[:3000])

    with pytest.raises(UnreadableVideoError):
        list(frames_of(path))
