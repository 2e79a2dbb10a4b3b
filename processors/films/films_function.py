"""What the films function answers: `{"photo"}` of a film, `{"slice"}` of a part, or why there is nothing.

It is invoked by the processor, as the pictures function is, and gives the same reasons.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from contract.errors import ImagepipeError
from contract.films import Frame, Slice, Span, frame_key
from contract.photos import MAX_FILM_BYTES, THUMBNAIL_PIXELS, VIEW_PIXELS, PhotoFacts
from contract.timing import FILM_TIMEOUT_SECONDS
from processors.films.choosing import as_image, choose, encoded, shortest_shot_ms
from processors.films.decoding import Film, FilmSize, Pixels
from processors.films.film_reader import FilmReader
from processors.pictures.comparing import perceptual_hash, sharpness
from processors.pictures.errors import TOO_LARGE, RefusedByBucketError, RefusedError, VersionGoneError
from processors.pictures.range_reader import PhotoVersion

if TYPE_CHECKING:
    from processors.adapters.photos import S3Photos
    from processors.adapters.s3_renditions import S3Renditions

# For so long a film is decoded to know how fast that is, on its beginning; slices are to take half the time.
TRIAL_SECONDS = 1.5
SLICE_SECONDS = FILM_TIMEOUT_SECONDS / 3
SHORTEST_SLICE, LONGEST_SLICE = 5.0, 300.0
# What is not done by then is gone through in leaps.
LATE_SECONDS = FILM_TIMEOUT_SECONDS * 2 / 3
_POSTERS = (0.0, 0.1, 0.3)
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class FilmsFunction:
    """Answers for one film, or one slice of one. `clock` gives seconds."""

    films: "S3Photos"
    renditions: "S3Renditions"
    clock: Callable[[], float]

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Read the film `key`, or its slice `span`, and put pictures under `content_id` and `token`."""
        version = PhotoVersion(asked["key"], asked["etag"], asked["version_id"])
        content_id, token = asked["content_id"], asked["token"]
        try:
            with self._opened(version, asked["size_bytes"]) as film:
                if asked.get("span") is None:
                    facts = self._facts(film, asked["form"], content_id, token)
                    return {"photo": facts.to_json()}
                return {"slice": self._slice(film, Span(*asked["span"]), content_id, token).to_json()}
        except RefusedError as error:
            return {"refused": {"code": error.code, "message": f"{version.key}: {error.message}"}}
        except RefusedByBucketError as error:
            return {"unreadable": {"message": str(error)}}
        except VersionGoneError:
            return {"superseded": True}
        except ImagepipeError as error:
            return {"not_ready": {"code": error.code, "message": error.message}}

    @contextmanager
    def _opened(self, version: PhotoVersion, size_bytes: int) -> Iterator[Film]:
        if size_bytes > MAX_FILM_BYTES:
            raise RefusedError(
                TOO_LARGE,
                f"it has {size_bytes / _MEGABYTE:,.0f} MB, a film up to {MAX_FILM_BYTES // _MEGABYTE:,}: cut "
                "it",
            )
        file = FilmReader(lambda first, end: self.films.piece(version, first, end).content, size_bytes)
        film = Film(file)
        try:
            yield film
        finally:
            film.close()

    def _facts(self, film: Film, form: str, content_id: str, token: str) -> PhotoFacts:
        size = film.size()
        slice_seconds = self._slice_seconds(film, size)
        poster = _poster(film, size)
        small = as_image(poster, THUMBNAIL_PIXELS)
        facts = PhotoFacts(
            format=form,
            width=size.width,
            height=size.height,
            is_direct=False,
            hash=perceptual_hash(small),
            sharpness=sharpness(small),
            renditions=token,
            has_view=True,
            duration_seconds=round(size.seconds, 3),
            slice_seconds=slice_seconds,
        )
        thumbnail_key, view_key = facts.thumbnail_key(content_id), facts.view_key(content_id)
        assert thumbnail_key is not None
        assert view_key is not None
        webp = io.BytesIO()
        small.save(webp, "WEBP", quality=75)
        self.renditions.put(thumbnail_key, webp.getvalue(), "image/webp")
        self.renditions.put(view_key, encoded(poster, VIEW_PIXELS), "image/jpeg")
        return facts

    def _slice_seconds(self, film: Film, size: FilmSize) -> float:
        """Return how much of the film can be looked at in SLICE_SECONDS, by how its beginning was."""
        begun, last = self.clock(), 0
        for at in film.frames(0):
            last = at
            if self.clock() - begun >= TRIAL_SECONDS:
                break
        took = max(self.clock() - begun, 1e-3)
        speed = max(last / 1000, 1 / size.frames_a_second) / took
        # Each slice has a frame, so a slice lasts no less than a shot.
        shortest = max(SHORTEST_SLICE, ceil(shortest_shot_ms(ceil(size.seconds * 1000)) / 1000))
        return float(round(min(max(SLICE_SECONDS * speed, shortest), LONGEST_SLICE)))

    def _slice(self, film: Film, span: Span, content_id: str, token: str) -> Slice:
        begun = self.clock()
        shots, is_coarse = choose(
            film,
            span.first,
            None if span.end >= span.all else span.end,
            shortest_ms=shortest_shot_ms(span.all),
            is_late=lambda: self.clock() - begun > LATE_SECONDS,
        )
        frames = []
        for shot in shots:
            name = hashlib.blake2b(shot.jpeg, digest_size=8).hexdigest()
            self.renditions.put(frame_key(content_id, token, name), shot.jpeg, "image/jpeg")
            frames.append(Frame(shot.first, shot.end, shot.at, name))
        return Slice(tuple(frames), token, is_coarse)


def _poster(film: Film, size: FilmSize) -> Pixels:
    """Return the sharpest of a few frames: a film often begins in the dark."""
    found: list[tuple[float, Pixels]] = []
    for part in _POSTERS:
        if next(film.frames(round(part * size.seconds * 1000)), None) is None:
            continue
        if (picture := film.picture()) is not None:
            found.append((sharpness(as_image(picture, THUMBNAIL_PIXELS)), picture))
    if not found:
        raise RefusedError("InvalidImageFormatException", "none of its frames can be decoded")
    return max(found, key=lambda each: each[0])[1]
