"""What looking at photos as files uses, beside what contract/usage.py counts of recognizing them.

In three parts, for each has a price of its own: what a file says, its thumbnail, and its view where
Rekognition and browsers cannot read it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from contract.detectors import DEFAULT_DETECTORS, OPERATIONS
from contract.photos import PICTURE, PhotoFacts
from contract.quotas import PICTURES_AT_ONCE, photos_a_second
from contract.results import pack
from contract.usage import (
    FINGERPRINT,
    Assumptions,
    Usage,
    Work,
    assumption,
    item_bytes,
    kept_bytes,
    record_item,
    result_item,
    row_items,
    typical_record,
    usage,
    write_units,
)

OF_DEFAULT = tuple(OPERATIONS[name] for name in DEFAULT_DETECTORS)
METADATA, THUMBNAILS, CONVERSION = "metadata", "thumbnails", "conversion"
# `photo.xmp`, `photo.jpg.xmp` and Takeout's two names.
SIDECARS = 4
# The processor's memory, which waits for the answer.
WAITING_GB = 0.5


@dataclass(frozen=True)
class PictureWork:
    """How many records get to say what their file does, of how many files that are read for it.

    Copies of what was read before are records and no files. A view is made of those that are `converted`.
    """

    records: float
    files: float
    converted: float = 0
    keep_location: bool = False
    near_duplicates: bool = False
    sidecars: bool = False

    @classmethod
    def of_new_photos(cls, photos: float, converted_share: float) -> "PictureWork":
        return cls(photos, photos, photos * converted_share)


# What most phones write into a photo.
TYPICAL = PhotoFacts(
    format="JPEG",
    width=4032,
    height=3024,
    is_direct=True,
    orientation=6,
    taken_at="2026-01-31T13:34:56.789",
    taken_zone="+01:00",
    taken_from="DateTimeOriginal",
    camera="Apple iPhone 14 Pro",
    lens="iPhone 14 Pro back triple camera 6.86mm f/1.78",
    exposure_seconds=0.0082644628,
    f_number=1.78,
    iso=80,
    focal_length_mm=6.86,
    hash="f4e8e2e6a4c971e4",
    sharpness=306.9,
    renditions="0b5dbd1f6c3f4e8f",
)


@dataclass(frozen=True)
class PictureAssumptions:
    """What nobody can know beforehand of the files, and what has not been measured on AWS."""

    converted_share: float = assumption(
        0.2, "of photos", "nobody knows beforehand: all of some phones (HEIC), none of most cameras"
    )
    metadata_seconds: float = assumption(
        0.05, "s a file", "assumed for arm64: one request for the header; reading it takes a tenth of that"
    )
    thumbnail_seconds: float = assumption(
        0.2, "s a file", "assumed for arm64: the rest of 4 MB, 0.05 s for a JPEG of 12 MP (here), one PUT"
    )
    conversion_seconds: float = assumption(
        1.7, "s a view", "assumed for arm64: 12 MP of HEIC take 1.6 s here, WebP and TIFF 0.3 to 0.5"
    )
    pictures_memory_gb: float = assumption(2, "GB", "`infra/pictures.py`")
    header_gets: float = assumption(1, "requests", "the first 256 KB of a file; all of one below 1 MB")
    other_gets: float = assumption(1, "requests", "the rest of a file that is larger, in one piece")
    thumbnail_bytes: float = assumption(
        26_000, "bytes", "the mean of `images/`: 512 pixels of WebP, 11 to 48 KB"
    )
    view_bytes: float = assumption(
        400_000, "bytes", "2048 pixels of JPEG, of a file of 12 MP: 360 to 410 KB measured"
    )
    picture_log_bytes: float = assumption(400, "bytes a file", "Lambda's own lines")
    photo: PhotoFacts = TYPICAL


def _known_of(work: PictureWork, photo: PhotoFacts) -> PhotoFacts:
    known = replace(photo, finds_duplicates=work.near_duplicates)
    return replace(known, latitude=54.321098, longitude=10.123456) if work.keep_location else known


def picture_usage(
    work: PictureWork, of: PictureAssumptions, operations: Sequence[str] = OF_DEFAULT
) -> Mapping[str, Usage]:
    """Return what is used by part: metadata, thumbnails, conversion.

    `operations` are those that the photos are recognized by, for their records are that large without it.
    """
    return {
        METADATA: _metadata(work, of, operations),
        THUMBNAILS: replace(
            _working(work.files, of.thumbnail_seconds, of),
            s3_gets=work.files * of.other_gets,
            s3_puts=work.files,
            rendition_bytes=work.files * of.thumbnail_bytes,
        ),
        CONVERSION: replace(
            _working(work.converted, of.conversion_seconds, of),
            s3_puts=work.converted,
            rendition_bytes=work.converted * of.view_bytes,
        ),
    }


def total(parts: Iterable[Usage]) -> Usage:
    every = tuple(parts)
    return Usage(**{each.name: sum(getattr(part, each.name) for part in every) for each in fields(Usage)})


def _working(files: float, seconds: float, of: PictureAssumptions) -> Usage:
    """Count the work of the function, and the waiting of whoever invoked it."""
    waiting_gb = WAITING_GB / PICTURES_AT_ONCE
    return Usage(gb_seconds=files * seconds * (of.pictures_memory_gb + waiting_gb))


def _metadata(work: PictureWork, of: PictureAssumptions, operations: Sequence[str]) -> Usage:
    photo = _known_of(work, of.photo)
    usual = Assumptions()
    bare = typical_record(operations, round(usual.labels_a_photo), round(usual.words_a_photo))
    known = replace(
        bare,
        detectors={**bare.detectors, PICTURE: FINGERPRINT},
        findings=replace(bare.findings, photo=photo),
    )
    before, after = (item_bytes(record_item(record)) for record in (bare, known))
    others = {row["pk"] for row in row_items(bare)}
    rows = [item_bytes(row) for row in row_items(known) if row["pk"] not in others]
    row_writes = write_units(after) - write_units(before) + sum(map(write_units, rows))
    answer = item_bytes(result_item(PICTURE, len(pack(photo.to_json()))))
    return replace(
        _working(work.files, of.metadata_seconds, of),
        # A claim and what takes its place for each file; for each record its rows, and what it grows by.
        write_units=work.files * (1 + write_units(answer)) + work.records * row_writes,
        # Whether it was read before.
        read_units=work.records,
        invocations=work.files,
        s3_gets=work.files * (of.header_gets + (SIDECARS if work.sidecars else 0)),
        log_bytes=work.files * of.picture_log_bytes,
        stored_bytes=work.files * kept_bytes(answer)
        + work.records * (after - before + sum(map(kept_bytes, rows))),
    )


@dataclass(frozen=True)
class Writes:
    """Write units a second: the table's own, and those of its index by confidence, where there is one."""

    table: int
    index: int


def writes_a_second(rates: Mapping[str, float], pictures: PictureWork | None = None) -> Writes:
    """Return what the table has to take at these photos a second by call, by the model of a typical photo.

    `pictures` is what looking at one photo as a file takes; None where that is off.
    """
    photos = photos_a_second(rates)
    second = Work.of_new_photos(photos, tuple(rates))
    table = usage(second, Assumptions()).write_units
    both = usage(second, Assumptions(copies_of_ranked_rows=2)).write_units
    parts = picture_usage(pictures, PictureAssumptions(), tuple(rates)).values() if pictures else ()
    files = total(parts).write_units
    return Writes(math.ceil(table + photos * files), math.ceil(both - table))
