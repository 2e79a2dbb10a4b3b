"""What a survey has listed and found, on disk: which keys there are, and in which ways they differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from aws.calls import NO_VERSION
from contract.items import ItemKey
from operations.inventory import RecordSummary
from operations.temporary_database import TemporaryDatabase

PAGE = 1000
# SQLite takes 32,766 variables a statement; a page of the table holds fewer different keys than this anyway.
_MOST_VARIABLES = 10_000


class DifferenceKind(StrEnum):
    """The ways in which bucket and table can differ."""

    MISSING = "missing"
    STALE = "stale"
    ORPHANED = "orphaned"
    ORPHANED_ROWS = "orphaned_rows"
    MISSING_RENDITIONS = "missing_renditions"
    ORPHANED_RENDITIONS = "orphaned_renditions"


# What the processor puts right when it is asked to look again at the key.
LOOKED_AT_AGAIN = (DifferenceKind.MISSING, DifferenceKind.STALE, DifferenceKind.ORPHANED)
OF_RENDITIONS = (DifferenceKind.MISSING_RENDITIONS, DifferenceKind.ORPHANED_RENDITIONS)


class Difference(NamedTuple):
    """One difference, as a row of the spool; `number` is its place there.

    Of an object: its key, ETag, and version id (`null` for none) where that is what differs. Of an index
    row: where it is, its revision, and when it was last marked as suspect (seconds since 1970). Of a
    rendition: its own key as `sk`; beside that key and revision of the record that names it, or its own.
    """

    kind: DifferenceKind
    key: str
    etag: str | None = None
    version_id: str | None = None
    pk: str | None = None
    sk: str | None = None
    revision: str | None = None
    suspected_at: int | None = None
    number: int | None = None

    @property
    def at(self) -> ItemKey:
        """Where the index row is."""
        assert self.pk is not None
        assert self.sk is not None
        return ItemKey(self.pk, self.sk)

    def is_settled_by(self, record: RecordSummary | None) -> bool:
        """Return whether the record as it is now has done away with the difference."""
        if record is None or record.is_deleted:
            return self.kind is DifferenceKind.ORPHANED
        if self.kind is DifferenceKind.ORPHANED:
            return False
        if self.kind is DifferenceKind.ORPHANED_ROWS:
            return record.revision == self.revision
        return record.etag == self.etag and self.version_id in (None, record.version_id or NO_VERSION)


class Spool(TemporaryDatabase):
    """Which keys were listed, and what was found to differ."""

    name = "reconcile"
    schema = """
CREATE TABLE listed (digest TEXT PRIMARY KEY, revision TEXT) WITHOUT ROWID;
CREATE TABLE renditions (key TEXT PRIMARY KEY, is_named INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE findings (
    kind TEXT, key TEXT, etag TEXT, version_id TEXT,
    pk TEXT, sk TEXT, revision TEXT, suspected_at INTEGER, number INTEGER PRIMARY KEY
);
CREATE INDEX findings_by_kind ON findings (kind, number);
"""

    def remember(self, listed: Iterable[tuple[str, str | None]]) -> None:
        """Remember keys that the bucket has, by digest, with the revision of their record."""
        self._database.executemany("INSERT OR REPLACE INTO listed VALUES (?, ?)", listed)

    def revisions(self, digests: Sequence[str]) -> Mapping[str, str | None]:
        """Return the revisions of those of the keys that the bucket has."""
        known: dict[str, str | None] = {}
        for start in range(0, len(digests), _MOST_VARIABLES):
            some = digests[start : start + _MOST_VARIABLES]
            marks = ",".join("?" * len(some))
            known.update(
                self._database.execute(f"SELECT * FROM listed WHERE digest IN ({marks})", some)  # noqa: S608
            )
        return known

    def remember_renditions(self, keys: Iterable[str]) -> None:
        """Remember what the bucket of renditions has."""
        self._database.executemany(
            "INSERT OR IGNORE INTO renditions (key) VALUES (?)", ((key,) for key in keys)
        )

    def name_renditions(self, keys: Sequence[str]) -> set[str]:
        """Note that these are named; return those of them that were remembered."""
        known: set[str] = set()
        for start in range(0, len(keys), _MOST_VARIABLES):
            some = keys[start : start + _MOST_VARIABLES]
            marks = ",".join("?" * len(some))
            found = self._database.execute(
                f"UPDATE renditions SET is_named = 1 WHERE key IN ({marks}) RETURNING key",  # noqa: S608
                some,
            )
            known.update(key for (key,) in found)
        return known

    def unnamed_renditions(self) -> Iterator[list[str]]:
        """Yield those that were not named, in order, a thousand at a time."""
        last = ""
        while rows := self._database.execute(
            "SELECT key FROM renditions WHERE NOT is_named AND key > ? ORDER BY key LIMIT ?", (last, PAGE)
        ).fetchall():
            yield [key for (key,) in rows]
            last = rows[-1][0]

    def note(self, findings: Iterable[Difference]) -> None:
        self._database.executemany("INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", findings)

    def pages(self, kind: DifferenceKind) -> Iterator[list[Difference]]:
        """Yield the findings of a kind, a thousand at a time; those given may be struck off meanwhile."""
        last = 0
        while rows := self._database.execute(
            "SELECT * FROM findings WHERE kind = ? AND number > ? ORDER BY number LIMIT ?", (kind, last, PAGE)
        ).fetchall():
            yield [Difference(DifferenceKind(row[0]), *row[1:]) for row in rows]
            last = rows[-1][-1]

    def strike(self, findings: Iterable[Difference]) -> None:
        self._database.executemany(
            "DELETE FROM findings WHERE number = ?", ((found.number,) for found in findings)
        )

    def marked(self, findings: Iterable[Difference], suspected_at: int) -> None:
        self._database.executemany(
            "UPDATE findings SET suspected_at = ? WHERE number = ?",
            ((suspected_at, found.number) for found in findings),
        )

    def count(self, kind: DifferenceKind) -> int:

        answer = self._database.execute("SELECT count(*) FROM findings WHERE kind = ?", (kind,))
        return int(answer.fetchone()[0])

    def last_marked_at(self) -> int | None:
        return self._database.execute("SELECT max(suspected_at) FROM findings").fetchone()[0]  # type: ignore[no-any-return]

    def first_keys(self, kind: DifferenceKind, most: int) -> list[str]:
        """Return the first keys of a kind, each once."""
        answer = self._database.execute(
            "SELECT key FROM findings WHERE kind = ? GROUP BY key ORDER BY min(number) LIMIT ?",
            (kind, most),
        )
        return [key for (key,) in answer]
