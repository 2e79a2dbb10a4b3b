"""Bucket against table, in bounded memory: what is missing, stale, orphaned.

The bucket is listed first, a thousand keys a page, and each page's records are read in batches: that gives
what is missing and what is stale. Which keys were listed, and with which revision, is spooled to disk. Then
the table is scanned once, in its own order, against the spool: that gives records without an object, and
index rows that no record stands for. At the end all that was found is looked at once more, for the pipeline
goes on working meanwhile.

What is too young to be judged counts as in flight: objects uploaded less than `min_age_seconds` ago, and
records decided after the listing began. Index rows of objects as young are passed over. A listing shows what
is there at that moment:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from contract.identity import key_digest
from operations.interrupting import Stopping
from operations.moments import to_text
from operations.reconciling.comparison import Listed, Standing, Verdict, compare
from operations.reconciling.findings import LOOKED_AT_AGAIN, NO_VERSION, Finding, Kind
from operations.reconciling.places import Bucket, SeenRow, Table
from operations.reconciling.spool import Spool

Page = TypeVar("Page")


@dataclass
class Counted:
    """How much was compared, and how much was too young for it.

    `records` are records of photos, `tombstones` notes that there was one, which are kept for some weeks.
    `archived` are objects that nobody can read before they are restored.
    """

    objects: int = 0
    archived: int = 0
    records: int = 0
    tombstones: int = 0
    rows: int = 0
    in_flight: int = 0


@dataclass
class Survey:
    """One comparison. `clock` gives seconds since 1970; `tell` is told after each page."""

    bucket: Bucket
    table: Table
    spool: Spool
    executor: Executor
    clock: Callable[[], float]
    stopping: Stopping
    tell: Callable[[Counted], None]
    min_age_seconds: float
    counted: Counted

    def run(self, prefix: str) -> None:
        """Find all differences under a prefix and write them into the spool; end early on Ctrl-C."""
        began = self.clock()
        for page in self._until_stopped(self.bucket.pages(prefix)):
            self._compare_page(page)
        for records, rows in self._until_stopped(self.table.scan(prefix)):
            self._check_records(records, to_text(began))
            self._check_rows(rows)
        for kind in (*LOOKED_AT_AGAIN, Kind.ORPHANED_ROWS):
            for findings in self._until_stopped(self.spool.pages(kind)):
                self.spool.strike(self._settled(findings))

    def _until_stopped(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            if self.stopping():
                return
            yield page
            self.tell(self.counted)

    def _compare_page(self, page: Sequence[Listed]) -> None:
        records = self.table.records([listed.key for listed in page])
        self.counted.objects += len(page)
        self.counted.archived += sum(listed.is_archived for listed in page)
        self.spool.remember(
            (key_digest(listed.key), records[listed.key].revision if listed.key in records else None)
            for listed in page
        )
        different: list[Finding] = []
        doubtful: list[Listed] = []
        for listed in page:
            verdict = compare(listed, records.get(listed.key))
            if verdict is Verdict.SAME:
                continue
            if self._is_young(listed.modified_at):
                self.counted.in_flight += 1
            elif verdict is Verdict.DOUBTFUL:
                doubtful.append(listed)
            else:
                kind = Kind.MISSING if verdict is Verdict.MISSING else Kind.STALE
                different.append(Finding(kind, listed.key, listed.etag))
        self.spool.note([*different, *self._of_another_version(doubtful, records)])

    def _of_another_version(
        self, doubtful: Sequence[Listed], records: Mapping[str, Standing]
    ) -> Iterator[Finding]:
        for found in self.executor.map(self.bucket.look, [listed.key for listed in doubtful]):
            if found is not None and found.version_id != records[found.key].version_id:
                yield Finding(Kind.STALE, found.key, found.etag, found.version_id or NO_VERSION)

    def _check_records(self, records: Sequence[Standing], began: str) -> None:
        alive = {key_digest(record.key): record for record in records if not record.is_deleted}
        self.counted.records += len(alive)
        self.counted.tombstones += len(records) - len(alive)
        unlisted = [alive[digest] for digest in alive.keys() - self.spool.revisions(list(alive)).keys()]
        orphaned = [record for record in unlisted if record.decided_at < began]
        self.counted.in_flight += len(unlisted) - len(orphaned)
        self.spool.note(Finding(Kind.ORPHANED, record.key) for record in sorted(orphaned, key=_key_of))

    def _check_rows(self, rows: Sequence[SeenRow]) -> None:
        self.counted.rows += len(rows)
        revisions = self.spool.revisions(list({row.digest for row in rows}))
        suspects = [row for row in rows if revisions.get(row.digest) != row.row.revision]
        records = self.table.records(sorted({suspect.row.key for suspect in suspects}))
        findings = [_row_finding(suspect) for suspect in suspects if not self._is_young(suspect.uploaded_at)]
        self.spool.note(
            finding for finding in findings if not finding.is_settled_by(records.get(finding.key))
        )

    def _settled(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return which of the findings are none any more, because the pipeline has dealt with them."""
        records = self.table.records(sorted({finding.key for finding in findings}))
        places = [finding.at for finding in findings if finding.at is not None]
        there = self.table.rows_there(places)
        return [
            finding
            for finding in findings
            if finding.is_settled_by(records.get(finding.key))
            or (finding.at is not None and finding.at not in there)
        ]

    def _is_young(self, at: float) -> bool:
        return at > self.clock() - self.min_age_seconds


def _row_finding(seen: SeenRow) -> Finding:
    return Finding(
        Kind.ORPHANED_ROWS,
        seen.row.key,
        at=seen.row.at,
        revision=seen.row.revision,
        suspected_at=seen.suspected_at,
    )


def _key_of(record: Standing) -> str:
    return record.key
