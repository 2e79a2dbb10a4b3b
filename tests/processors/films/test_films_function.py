"""Real films, decoded: cuts are found, and whatever is no film has its reason in one attempt."""

import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import Any, cast

import cv2
import numpy as np
import pytest

from contract.films import Frame
from contract.photos import PhotoFacts
from processors.films import film_reader
from processors.films.choosing import MOST_FRAMES, SAMPLE_MS, choose, shortest_shot_ms
from processors.films.decoding import Film, Pixels
from processors.pictures.formats import BEGINNING_BYTES, film_format
from tests.processors.films.clips import Clips, OneFilm, at_varying_rate, scene


def scenes_of(film: OneFilm, frames: Sequence[Frame]) -> list[int]:
    """Return the scene that the picture of each frame shows."""
    shown: list[Any] = [
        cv2.imdecode(np.frombuffer(film.made[f"c/t/frame-{each.name}.jpg"], np.uint8), 1) for each in frames
    ]
    return [
        min(range(3), key=lambda number: float(np.abs(picture.astype(int) - scene(number)).mean()))
        for picture in shown
    ]


def test_a_film_says_how_long_it_is_and_how_it_looks(clips: Clips) -> None:
    film = OneFilm(clips(3, 2, 4))

    facts = PhotoFacts.from_json(film.ask()["photo"])

    assert (facts.width, facts.height, facts.duration_seconds, facts.is_film) == (320, 240, 9.0, True)
    assert set(film.made) == {"c/t/thumbnail.webp", "c/t/view.jpg"}


@pytest.mark.parametrize(
    ("name", "code"), [("a.mp4", "mp4v"), ("a.mov", "mp4v"), ("a.mkv", "mp4v"), ("a.avi", "MJPG")]
)
def test_each_scene_has_its_frame_whatever_the_container(clips: Clips, name: str, code: str) -> None:
    film = OneFilm(clips(3, 2, 4, name=name, code=code))

    frames = film.slice(0, 300_000, 9_000).frames

    assert film_format(film.content[:BEGINNING_BYTES]) == name[2:].upper()
    assert [frame.first for frame in frames] == pytest.approx([0, 3000, 5000], abs=600)
    assert all(before.end == after.first for before, after in itertools.pairwise(frames))
    assert frames[-1].end >= 8_900
    assert scenes_of(film, frames) == [0, 1, 2]


def test_slices_together_are_the_film(clips: Clips) -> None:
    film = OneFilm(clips(3, 2, 4))

    parts = [film.slice(first, first + 4000, 9_000) for first in (8000, 0, 4000)]

    frames = sorted(frame for part in parts for frame in part.frames)
    assert frames[0].first == 0
    assert all(before.end == after.first for before, after in itertools.pairwise(frames))
    assert len({frame.name for frame in frames}) <= 5


def test_no_scene_is_lost_between_slices_where_the_rate_varies(clips: Clips) -> None:
    """As screens are recorded: a frame as something moves, and one in half a minute else."""
    moving, still = 100, 30_000
    film = OneFilm(at_varying_rate(clips(3, 0.3, 3), [(30, moving), (3, still), (30, moving)]))
    lasts = 96_000

    parts = [film.slice(first, first + 10_000, lasts) for first in range(0, lasts, 10_000)]

    assert film.ask()["photo"]["duration_seconds"] == pytest.approx(lasts / 1000, abs=0.1)
    frames = [frame for part in parts for frame in part.frames]
    assert all(before.end == after.first for before, after in itertools.pairwise(frames))
    assert [(scenes_of(film, [frame]), frame.first) for frame in frames if frame.first % 10_000] == [
        ([1], 3000),
        ([2], 93_000),
    ]
    assert scenes_of(film, frames) == [0] + [1] * 10 + [2], "what is displayed for long is in each slice"


class _Flicker:
    """A film in which each sample shows another picture."""

    def __init__(self) -> None:
        pictures = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), dtype=np.uint8)
        self._pictures = [cv2.resize(picture, (64, 64)) for picture in pictures]
        self._at = 0

    def frames(self, first: int, _is_late: object = None) -> Iterator[int]:
        for self._at in itertools.count(first, SAMPLE_MS):
            yield self._at

    def picture(self) -> Pixels:
        return self._pictures[self._at // SAMPLE_MS % 2]


@pytest.mark.parametrize("film_ms", [6 * 3600_000, 7_199_999, 60_000])
def test_a_film_has_no_more_frames_than_it_may_have_and_none_is_left_out(film_ms: int) -> None:
    shortest = shortest_shot_ms(film_ms)
    film, shots = cast("Film", _Flicker()), []
    for slice_ms in (25_000, 26_000):
        found, _ = choose(film, 0, slice_ms, shortest_ms=shortest, is_late=lambda: False)
        assert (found[0].first, found[-1].end) == (0, slice_ms)
        assert all(one.end == other.first for one, other in itertools.pairwise(found))
        assert all(shot.end - shot.first >= shortest for shot in found)
        shots += found
    assert len(shots) / 51_000 * film_ms <= MOST_FRAMES - 1


def test_what_stands_still_is_looked_at_once_in_a_while(clips: Clips) -> None:
    film = OneFilm(clips(35, rate=4))

    assert 3 <= len(film.slice(0, 300_000, 35_000).frames) <= 5


def test_a_slice_that_takes_too_long_is_gone_through_in_leaps(clips: Clips) -> None:
    film = OneFilm(clips(15, 15, 15, 15, rate=4))
    ticks = itertools.count(step=5)

    found = film.slice(0, 300_000, 60_000, lambda: float(next(ticks)))

    assert found.is_coarse
    assert found.frames[0].first == 0
    assert all(before.end == after.first for before, after in itertools.pairwise(found.frames))
    assert found.frames[-1].at > 40_000


def test_a_film_is_read_by_ranges_and_little_of_it_is_kept(
    clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_reader, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(film_reader, "MOST_BLOCKS", 3)
    film = OneFilm(clips(10, 10, name="a.avi", code="MJPG"))

    assert len(film.slice(16_000, 18_000, 20_000).frames) == 1
    assert film.fetched * 4096 < len(film.content) / 2


def _atom(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


NOT_FILMS = {
    "sound alone": _atom(b"ftyp", b"M4A \0\0\0\0M4A mp42") + _atom(b"mdat", b"\0" * 500),
    "rubbish": _atom(b"ftyp", b"isom\0\0\0\0isommp42") + bytes(range(256)) * 40,
    "a beginning": _atom(b"ftyp", b"isom\0\0\0\0isommp42"),
    "matroska without anything": b"\x1aE\xdf\xa3" + b"\0" * 100,
}


@pytest.mark.parametrize("content", NOT_FILMS.values(), ids=NOT_FILMS)
def test_what_has_no_picture_is_refused_with_the_reason(content: bytes) -> None:
    said = OneFilm(content).ask()

    assert said["refused"]["code"] == "InvalidImageFormatException"
    assert "a.mp4: it has no picture that can be decoded" in said["refused"]["message"]


def test_a_film_that_was_cut_off_is_refused_or_is_what_is_left_of_it(clips: Clips) -> None:
    """MP4 has its index at the end; Matroska can be read as far as it goes."""
    mp4, mkv = clips(3, 2, 4), clips(3, 2, 4, name="a.mkv", code="mp4v")

    assert "refused" in OneFilm(mp4[: len(mp4) // 2]).ask()
    left = OneFilm(mkv[: len(mkv) * 3 // 4])

    assert "photo" in left.ask()
    assert left.slice(0, 300_000, 9_000).frames[0].first == 0


def test_a_film_that_is_too_small_is_refused(clips: Clips) -> None:
    said = OneFilm(clips(1, size=(64, 48))).ask()

    assert said["refused"]["code"] == "InvalidParameterException"


def test_a_film_that_is_too_long_is_refused(clips: Clips) -> None:
    """Six and a half hours, of a frame every ten minutes."""
    content = clips(39, name="a.avi", rate=1, code="MJPG")
    slow = content.replace(struct.pack("<II", 1, 1), struct.pack("<II", 600, 1))

    said = OneFilm(slow).ask()

    assert "refused" in said, said
    assert "6.5 h, a film up to 6" in said["refused"]["message"]


def test_no_slice_of_a_long_film_is_shorter_than_its_shots(clips: Clips) -> None:
    """Six hours, of a frame every ten minutes, of which nearly none can be decoded in time."""
    content = clips(36, name="a.avi", rate=1, code="MJPG")
    slow = content.replace(struct.pack("<II", 1, 1), struct.pack("<II", 600, 1))

    said = OneFilm(slow).ask(clock=itertools.count(0, 100_000).__next__)

    facts = PhotoFacts.from_json(said["photo"])
    assert (facts.duration_seconds, facts.slice_seconds) == (6 * 3600, 7)
    assert shortest_shot_ms(6 * 3600_000) <= 7000


def test_a_film_that_changes_meanwhile_is_superseded(clips: Clips) -> None:
    film = OneFilm(clips(3, 2, 4))
    film.is_gone = True

    assert film.ask() == film.ask((0, 300_000, 9_000)) == {"superseded": True}


def test_an_upright_film_of_a_phone_is_looked_at_upright(clips: Clips) -> None:
    """A track's matrix says how it lies: https://developer.apple.com/documentation/quicktime-file-format"""
    content = clips(3, 2, 4)
    lying = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    place = content.rindex(lying)

    facts = OneFilm(content[:place] + turned + content[place + len(turned) :]).ask()["photo"]

    assert (facts["width"], facts["height"]) == (240, 320)
