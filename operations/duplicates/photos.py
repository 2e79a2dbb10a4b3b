"""All photos of a table in a temporary database, in groups of copies and near duplicates, and in bursts.

Memory holds the distinct hashes, and a group at a time; all else is on disk.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from contract.photos import PhotoFacts
from operations.adapters.dynamodb_photos import ScannedPhoto
from operations.duplicates.hashes import distance_of, leaders
from operations.temporary_database import TemporaryDatabase
from operations.terminal import Steps

# Photos of one scene share most of their hash.
BURST_DISTANCE = 12
_SIGN = 1 << 63
# The photo that is kept comes first: the largest picture, of those the sharpest, of those the larger file.
_RANK = "pixels DESC, sharpness DESC, size_bytes DESC, key"


class ComparedPhoto(NamedTuple):
    """A photo as a row of the database. `hash` is a number below 2**64; None where none is known."""

    key: str
    content_id: str
    size_bytes: int
    hash: int | None
    width: int
    height: int
    sharpness: float | None
    taken_at: str | None
    thumbnail: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "size_bytes": self.size_bytes,
            "width": self.width or None,
            "height": self.height or None,
            "sharpness": self.sharpness,
            "taken_at": self.taken_at,
        }


class DuplicateGroup(NamedTuple):
    """Photos of which one is enough: the first is kept."""

    photos: Sequence[ComparedPhoto]

    @property
    def kept(self) -> ComparedPhoto:
        return self.photos[0]

    @property
    def is_exact(self) -> bool:
        """Whether all are the same bytes."""
        return len({photo.content_id for photo in self.photos}) == 1

    @property
    def saved_bytes(self) -> int:
        return sum(photo.size_bytes for photo in self.photos[1:])

    def distance(self, photo: ComparedPhoto) -> int:
        """Return in how many bits a photo's hash differs from that of the one that is kept."""
        if photo.hash is None or self.kept.hash is None:
            return 0
        return distance_of(photo.hash, self.kept.hash)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "exact" if self.is_exact else "near",
            "kept": self.kept.key,
            "saved_bytes": self.saved_bytes,
            "photos": [{**photo.to_json(), "distance": self.distance(photo)} for photo in self.photos],
        }


class Burst(NamedTuple):
    """Photos of one scene, one right after the other, by one camera, in order."""

    photos: Sequence[ComparedPhoto]

    @property
    def sharpest(self) -> ComparedPhoto:
        return max(self.photos, key=lambda photo: (photo.sharpness or 0.0, photo.size_bytes))

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "burst",
            "sharpest": self.sharpest.key,
            "photos": [photo.to_json() for photo in self.photos],
        }


class DuplicateTotals(NamedTuple):
    """What all groups come to. `unhashed` photos are compared by their bytes alone."""

    photos: int
    unhashed: int
    groups: int
    duplicates: int
    saved_bytes: int
    exact_saved_bytes: int


class ComparedPhotos(TemporaryDatabase):
    """The photos that are compared. A million take some 300 MB on disk."""

    name = "duplicates"
    schema = """
CREATE TABLE photos (
    key TEXT PRIMARY KEY, content_id TEXT, size_bytes INTEGER, hash INTEGER, width INTEGER, height INTEGER,
    sharpness REAL, taken_at TEXT, thumbnail TEXT, camera TEXT, pixels INTEGER
) WITHOUT ROWID;
CREATE TABLE leaders (hash INTEGER PRIMARY KEY, leader INTEGER);
CREATE TABLE members (grouped TEXT, rank INTEGER, key TEXT, PRIMARY KEY (grouped, rank)) WITHOUT ROWID;
CREATE TABLE groups (grouped TEXT PRIMARY KEY, photos INTEGER, saved INTEGER, exact INTEGER) WITHOUT ROWID;
"""

    def add(self, photos: Iterable[ScannedPhoto]) -> None:
        self._database.executemany(
            "INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, photos)
        )

    def group(self, distance: int) -> Steps[None]:
        """Put all photos that were added into groups."""
        self._hash_copies()
        yield from self._lead(distance)
        yield "putting groups together"
        self._database.execute(
            f"""
INSERT INTO members
SELECT grouped, row_number() OVER (PARTITION BY grouped ORDER BY {_RANK}), key FROM (
    SELECT photos.*, coalesce('hash ' || leader, 'content ' || content_id) AS grouped
    FROM photos LEFT JOIN leaders USING (hash)
)"""  # noqa: S608
        )
        # Of each content, all copies but one could go without a look.
        self._database.execute(
            """
INSERT INTO groups
SELECT grouped, sum(photos), sum(bytes) - max(kept), sum(bytes - of_one) FROM (
    SELECT grouped, count(*) AS photos, sum(size_bytes) AS bytes, max(size_bytes) AS of_one,
           max(CASE WHEN rank = 1 THEN size_bytes ELSE 0 END) AS kept
    FROM members JOIN photos USING (key) GROUP BY grouped, content_id
) GROUP BY grouped HAVING sum(photos) > 1"""
        )

    def _hash_copies(self) -> None:
        """Copies of which only one was looked at have its hash."""
        self._database.execute(
            """
UPDATE photos SET hash = looked_at.hash FROM (
    SELECT content_id, max(hash) AS hash FROM photos WHERE hash IS NOT NULL GROUP BY content_id
) AS looked_at WHERE photos.hash IS NULL AND photos.content_id = looked_at.content_id"""
        )

    def _lead(self, distance: int) -> Steps[None]:
        ranked = np.fromiter(
            (
                number
                for (number,) in self._database.execute(
                    f"SELECT hash FROM photos WHERE hash IS NOT NULL ORDER BY {_RANK}"  # noqa: S608
                )
            ),
            dtype=np.int64,
        )
        distinct, first = np.unique(ranked, return_index=True)
        in_rank = distinct[np.argsort(first)]
        led_by = yield from leaders(in_rank.view(np.uint64), distance)
        pairs = zip(in_rank, in_rank[led_by], strict=True)
        self._database.executemany(
            "INSERT INTO leaders VALUES (?, ?)", ((int(hash_), int(leader)) for hash_, leader in pairs)
        )

    def totals(self) -> DuplicateTotals:
        """Return what `group` has found."""
        photos, unhashed = self._one("SELECT count(*), count(*) - count(hash) FROM photos")
        groups, members, saved, exact = self._one(
            "SELECT count(*), coalesce(sum(photos), 0), coalesce(sum(saved), 0), coalesce(sum(exact), 0) "
            "FROM groups"
        )
        return DuplicateTotals(photos, unhashed, groups, members - groups, saved, exact)

    def groups(self, limit: int | None = None) -> Iterator[DuplicateGroup]:
        """Yield the groups, those first by which most bytes could be saved; or so many of them."""
        most = -1 if limit is None else limit
        for (grouped,) in self._database.execute(
            "SELECT grouped FROM groups ORDER BY saved DESC, grouped LIMIT ?", (most,)
        ):
            rows = self._database.execute(
                "SELECT photos.* FROM members JOIN photos USING (key) WHERE grouped = ? ORDER BY rank",
                (grouped,),
            )
            yield DuplicateGroup([_photo(row) for row in rows])

    def bursts(self, seconds: float) -> Iterator[Burst]:
        """Yield photos that a camera took within so many seconds of each other, and that look alike.

        Copies of one of them are no photos of a burst.
        """
        rows = self._database.execute(
            "SELECT photos.* FROM photos WHERE taken_at IS NOT NULL AND hash IS NOT NULL "
            "ORDER BY camera, taken_at, key"
        )
        burst: list[ComparedPhoto] = []
        camera: str | None = None
        for row in rows:
            photo, its_camera = _photo(row), row[9]
            if any(photo.content_id == other.content_id for other in burst):
                continue
            if not burst or its_camera != camera or not _follows(burst[-1], photo, seconds):
                if len(burst) > 1:
                    yield Burst(burst)
                burst, camera = [], its_camera
            burst.append(photo)
        if len(burst) > 1:
            yield Burst(burst)

    def _one(self, statement: str) -> tuple[int, ...]:
        return tuple(self._database.execute(statement).fetchone())


def _row(photo: ScannedPhoto) -> tuple[object, ...]:
    facts = photo.facts
    if facts is None:
        return (photo.key, photo.content_id, photo.size_bytes, None, 0, 0, None, None, None, None, 0)
    return (
        *(photo.key, photo.content_id, photo.size_bytes, _signed(facts)),
        *(facts.width, facts.height, facts.sharpness, facts.taken_at),
        *(facts.thumbnail_key(photo.kept_by), facts.camera, facts.width * facts.height),
    )


def _signed(facts: PhotoFacts) -> int | None:
    """Return the hash as SQLite has numbers: 64 bits with a sign."""
    if facts.hash is None:
        return None
    number = int(facts.hash, 16)
    return number - 2 * _SIGN if number >= _SIGN else number


def _photo(row: Sequence[Any]) -> ComparedPhoto:
    key, content_id, size_bytes, signed, *rest = row
    return ComparedPhoto(
        key, content_id, size_bytes, None if signed is None else signed % (2 * _SIGN), *rest[:5]
    )


def _follows(before: ComparedPhoto, photo: ComparedPhoto, seconds: float) -> bool:
    assert before.taken_at is not None
    assert photo.taken_at is not None
    assert before.hash is not None
    assert photo.hash is not None
    try:
        apart = datetime.fromisoformat(photo.taken_at) - datetime.fromisoformat(before.taken_at)
    except ValueError:
        # What a camera has set to no day of the calendar is in order, and at no time.
        return False
    return apart <= timedelta(seconds=seconds) and distance_of(before.hash, photo.hash) <= BURST_DISTANCE
