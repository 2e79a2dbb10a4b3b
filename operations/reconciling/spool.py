"""What a survey has to remember, on disk: a million keys are 50 MB there, and some 35 in memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from contract.table import ItemKey
from operations.reconciling.findings import Finding, Kind

PAGE = 1000
_CACHE_KIBIBYTES = 32 * 1024
# SQLite takes 32,766 variables a statement; a page of the table holds fewer different keys than this anyway.
_MOST_VARIABLES = 10_000

_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{_CACHE_KIBIBYTES};
CREATE TABLE listed (digest TEXT PRIMARY KEY, revision TEXT) WITHOUT ROWID;
CREATE TABLE findings (
    number INTEGER PRIMARY KEY, kind TEXT, key TEXT, etag TEXT, version_id TEXT,
    pk TEXT, sk TEXT, revision TEXT, suspected_at INTEGER
);
CREATE INDEX findings_by_kind ON findings (kind, number);
"""


class Spool:
    """A temporary database, gone when the block ends. Lost with the program: everything can be found anew."""

    def __enter__(self) -> Spool:
        self._directory = tempfile.TemporaryDirectory(prefix="imagepipe-reconcile-")
        self._database = sqlite3.connect(Path(self._directory.name) / "spool.sqlite", isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._directory.cleanup()

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

    def note(self, findings: Iterable[Finding]) -> None:
        """Write findings down."""
        self._database.executemany(
            "INSERT INTO findings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    str(found.kind),
                    found.key,
                    found.etag,
                    found.version_id,
                    found.at.pk if found.at else None,
                    found.at.sk if found.at else None,
                    found.revision,
                    found.suspected_at,
                )
                for found in findings
            ),
        )

    def pages(self, kind: Kind) -> Iterator[list[Finding]]:
        """Yield the findings of a kind, a thousand at a time; those given may be struck off meanwhile."""
        last = 0
        while page := self._page(kind, last):
            yield page
            last = page[-1].number

    def strike(self, findings: Iterable[Finding]) -> None:
        """Strike findings off."""
        self._database.executemany(
            "DELETE FROM findings WHERE number = ?", ((found.number,) for found in findings)
        )

    def marked(self, findings: Iterable[Finding], suspected_at: int) -> None:
        """Note when rows were marked."""
        self._database.executemany(
            "UPDATE findings SET suspected_at = ? WHERE number = ?",
            ((suspected_at, found.number) for found in findings),
        )

    def count(self, kind: Kind) -> int:
        """Return how many findings of a kind there are."""
        answer = self._database.execute("SELECT count(*) FROM findings WHERE kind = ?", (str(kind),))
        return int(answer.fetchone()[0])

    def last_marked_at(self) -> int | None:
        """Return when the last of the rows was marked."""
        return self._database.execute("SELECT max(suspected_at) FROM findings").fetchone()[0]  # type: ignore[no-any-return]

    def first_keys(self, kind: Kind, most: int) -> list[str]:
        """Return the first keys of a kind, each once."""
        answer = self._database.execute(
            "SELECT key FROM findings WHERE kind = ? GROUP BY key ORDER BY min(number) LIMIT ?",
            (str(kind), most),
        )
        return [key for (key,) in answer]

    def _page(self, kind: Kind, after: int) -> list[Finding]:
        rows = self._database.execute(
            "SELECT * FROM findings WHERE kind = ? AND number > ? ORDER BY number LIMIT ?",
            (str(kind), after, PAGE),
        )
        return [_finding(row) for row in rows]


def _finding(row: Sequence[object]) -> Finding:
    number, kind, key, etag, version_id, pk, sk, revision, suspected_at = row
    found = Finding(
        Kind(str(kind)),
        str(key),
        etag=_text(etag),
        version_id=_text(version_id),
        revision=_text(revision),
        suspected_at=suspected_at if isinstance(suspected_at, int) else None,
        number=int(str(number)),
    )
    return replace(found, at=ItemKey(str(pk), str(sk))) if pk is not None else found


def _text(value: object) -> str | None:
    return None if value is None else str(value)
