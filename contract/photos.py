"""What is known of a photo as a file: its form, when and with what it was taken, and what was made of it.

The pictures function reads it (processors/pictures/). It is kept by content beside the raw results, as the
answer of a detector of its own that no service is asked for, so that it is made once for copies, made for old
records by a backfill, and goes with the last photo of its content. The record holds it too, for lists.

Renditions (a thumbnail, a view) stand in a bucket of their own by content, below the name of whoever made
them: who removes those of a content that was given up cannot meet those that are being made of it anew.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

# Its name among the detectors of a record, and of its kept answer.
PICTURE = "picture"
# Goes up when what is read or made of a photo changes: photos are then looked at again by a backfill.
PICTURE_VERSION = 1
# Among the detectors of what was rejected: that it was no film either, where those are taken.
FILM = "film"
# What an answer about a slice of a film holds beside whose renditions they are (contract/films.py).
FRAMES = "frames"

# The longest sides of what is made, in pixels.
THUMBNAIL_PIXELS = 512
VIEW_PIXELS = 2048
_THUMBNAIL, _VIEW = "thumbnail.webp", "view.jpg"
# Sides and pixels of what Rekognition takes: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
LEAST_SIDE_PIXELS = 80
MOST_SIDE_PIXELS = 10_000
# Larger ones are rejected. A photo of 100 MP is 12,000 x 8,400; Pillow takes no more than this.
MOST_PIXELS = 178_956_970
MAX_PHOTO_BYTES = 300 * 1024 * 1024

# Pictures whose hashes differ in no more bits than this are near duplicates. There is one band more than
# that, so any two of them have a band in common, by which they are found.
NEAR_DUPLICATE_BITS = 3
HASH_BANDS = 4
_BAND_CHARACTERS = 4

# A longer film is rejected: Rekognition's own jobs take no longer one.
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MOST_FILM_SECONDS = 6 * 3600
MAX_FILM_BYTES = 10 * 1024**3

MAX_TEXT_CHARACTERS = 200
MAX_KEYWORDS = 50
# Sort keys begin with it, and their order is that of ASCII.
# EXIF's ways in which a picture lies; degrees of the earth.
ORIENTATIONS = range(1, 9)
MOST_LATITUDE, MOST_LONGITUDE = 90, 180
_TAKEN_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", re.ASCII)
_ZONE = re.compile(r"[+-]\d\d:\d\d", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{16}")
_TOKEN = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class PhotoFacts:
    """What is known of one photo; None, or nothing, where the file does not say.

    `format` is Pillow's name (JPEG, PNG, HEIF, …), decided by the bytes. `width` and `height` are in pixels,
    of the photo as it is displayed; `orientation` is EXIF's, 1 to 8. `is_direct` says that Rekognition reads
    the photo itself; of any other it is shown the view.
    `taken_at` is by the clock of the camera, in ISO 8601 with milliseconds and without a zone, so that text
    order is its order; `taken_zone` is its distance from UTC, `taken_from` the tag that it was read from.
    `hash` holds 64 bits that near duplicates share most of; index rows stand for it where `finds_duplicates`.
    `sharpness` compares pictures of one scene.
    `renditions` names whoever made the thumbnail, and the view where `has_view`; None where nothing was made.
    Of a film, `duration_seconds` is how long it lasts, `slice_seconds` of how much at once frames are chosen
    (contract/films.py), and both renditions are of one frame.
    """

    format: str
    width: int
    height: int
    is_direct: bool
    orientation: int = 1
    taken_at: str | None = None
    taken_zone: str | None = None
    taken_from: str | None = None
    camera: str | None = None
    lens: str | None = None
    exposure_seconds: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    rating: int | None = None
    keywords: tuple[str, ...] = ()
    hash: str | None = None
    finds_duplicates: bool = False
    sharpness: float | None = None
    renditions: str | None = None
    has_view: bool = False
    duration_seconds: float | None = None
    slice_seconds: float | None = None

    def __post_init__(self) -> None:
        faults = [
            name
            for name, is_right in {
                "format": 0 < len(self.format) <= MAX_TEXT_CHARACTERS,
                "width": self.width > 0,
                "height": self.height > 0,
                "orientation": self.orientation in ORIENTATIONS,
                "taken_at": self.taken_at is None or _TAKEN_AT.fullmatch(self.taken_at),
                "taken_zone": self.taken_zone is None or _ZONE.fullmatch(self.taken_zone),
                "latitude": self.latitude is None or abs(self.latitude) <= MOST_LATITUDE,
                "longitude": self.longitude is None or abs(self.longitude) <= MOST_LONGITUDE,
                "keywords": len(self.keywords) <= MAX_KEYWORDS,
                "hash": self.hash is None or _HASH.fullmatch(self.hash),
                "renditions": self.renditions is None or _TOKEN.fullmatch(self.renditions),
                "text": all(
                    text is None or len(text) <= MAX_TEXT_CHARACTERS
                    for text in (self.taken_from, self.camera, self.lens, *self.keywords)
                ),
                "numbers": all(
                    number is None or math.isfinite(number)
                    for number in (self.exposure_seconds, self.f_number, self.focal_length_mm, self.sharpness)
                ),
                "film": (self.duration_seconds is None) == (self.slice_seconds is None)
                and all(
                    seconds is None or 0 < seconds <= MOST_FILM_SECONDS
                    for seconds in (self.duration_seconds, self.slice_seconds)
                ),
            }.items()
            if not is_right
        ]
        if faults:
            raise ValueError(f"facts of a photo are out of range: {', '.join(faults)}")

    @property
    def is_film(self) -> bool:
        return self.duration_seconds is not None

    def to_json(self) -> dict[str, Any]:
        """Write what is known, and nothing else, for JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        known = {
            name: value
            for name, value in values.items()
            if value is not None and value is not False and value != ()
        }
        return {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "PhotoFacts":
        """Read it back; what later code has written beside is passed over. Raise TypeError or ValueError."""
        values = {name: read(written[name]) for name, read in _READERS.items() if name in written}
        return cls(**{"is_direct": False, **values})

    def to_item(self) -> dict[str, Any]:
        """Write it as a value of DynamoDB, which has no floats."""
        return {
            name: Decimal(str(value)) if isinstance(value, float) else value
            for name, value in self.to_json().items()
        }

    from_item = from_json

    def without_place(self) -> "PhotoFacts":
        """Return the same without where it was taken."""
        return replace(self, latitude=None, longitude=None)

    def view_key(self, content_id: str) -> str | None:
        """Return where the view stands in the bucket of renditions; None where there is none."""
        return f"{rendition_prefix(content_id)}{self.renditions}/{_VIEW}" if self.has_view else None

    def thumbnail_key(self, content_id: str) -> str | None:
        if self.renditions is None:
            return None
        return f"{rendition_prefix(content_id)}{self.renditions}/{_THUMBNAIL}"


def hash_bands(picture_hash: str) -> tuple[str, ...]:
    """Cut a hash into its four bands of 16 bits."""
    return tuple(
        picture_hash[band * _BAND_CHARACTERS : (band + 1) * _BAND_CHARACTERS] for band in range(HASH_BANDS)
    )


def hash_distance(one: str, other: str) -> int:
    """Return in how many bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def rendition_prefix(content_id: str) -> str:
    """Return what the keys of all renditions of a content begin with."""
    return f"{content_id}/"


def rendition_keys(content_id: str, maker: str, *, has_view: bool) -> tuple[str, ...]:
    """Return where all renditions stand that somebody has made of a content."""
    names = (_THUMBNAIL, _VIEW) if has_view else (_THUMBNAIL,)
    return tuple(f"{rendition_prefix(content_id)}{maker}/{name}" for name in names)


def rendition_maker(key: str) -> tuple[str, str]:
    """Return whose rendition stands at a key: of which content, and by whom it was made."""
    content_id, _, rest = key.partition("/")
    return content_id, rest.partition("/")[0]


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError(f"no texts: {value!r:.100}")
    return tuple(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"neither true nor false: {value!r:.100}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {value!r:.100}")
    return value


def _whole(value: object) -> int:
    return int(_number(value))


def _fraction(value: object) -> float:
    return float(_number(value))


def _number(value: object) -> int | float | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError(f"no number: {value!r:.100}")
    return value


# Looked up once: a page of the query API reads a hundred photos.
_READERS: Mapping[str, Callable[[object], Any]] = {
    each.name: next(
        read
        for name, read in {
            "tuple": _texts,
            "bool": _truth,
            "str": _text,
            "float": _fraction,
            "int": _whole,
        }.items()
        if name in str(each.type)
    )
    for each in fields(PhotoFacts)
}
