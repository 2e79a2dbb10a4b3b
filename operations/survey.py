"""Bucket against table, in bounded memory: what is missing, stale, orphaned.

The bucket is listed first, a thousand keys a page, and each page's records are read in batches: that gives
what is missing and what is stale. Which keys were listed, and with which revision, is spooled to disk. Then
the table is scanned once, in its own order, against the spool: that gives records without an object, and
index rows that no record stands for. At the end all that was found is looked at once more, for the pipeline
goes on working meanwhile.

What is too young to be judged counts as in flight: objects uploaded less than `min_age_seconds` ago, and
records decided after the listing began. Index rows of objects as young are passed over, but for those in the
order of capture, which do not tell. A listing shows what is there at that moment:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel

A million keys are 50 MB on disk, and some 35 in memory.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter

from aws.calls import NO_VERSION
from contract.moments import to_seconds, to_text
from contract.records import key_digest
from operations.inventory import Listed, RecordSummary, SeenRow
from operations.renditions import RenditionSurvey
from operations.spool import OF_RENDITIONS, Difference, DifferenceKind, Spool
from operations.wiring import DeployedPipeline

# A record's time is that of the event, or of a look at the object; the listing's is rounded to seconds.
SAME_UPLOAD_SECONDS = 2.5


class RecordComparison(Enum):
    """How an object and its record compare."""

    SAME = "the record describes the object"
    MISSING = "the object has no record, or a tombstone"
    STALE = "the record describes another object"
    DOUBTFUL = "the same bytes, but maybe another version: the object has to be asked"


def compare(listed: Listed, record: RecordSummary | None) -> RecordComparison:
    """Compare by the bytes (ETag and size), and by the time where the bucket has versions.

    The same bytes uploaded again are another version with the same ETag. Their times tell, save for objects
    uploaded in parts, whose LastModified is when the upload began.
    """
    if record is None or record.is_deleted:
        return RecordComparison.MISSING
    if not record.is_of(listed):
        return RecordComparison.STALE
    apart_seconds = abs(listed.modified_at - to_seconds(record.uploaded_at))
    if record.version_id is not None and apart_seconds > SAME_UPLOAD_SECONDS:
        return RecordComparison.DOUBTFUL
    return RecordComparison.SAME


@dataclass
class SurveyCounts:
    """How much was compared, and how much was too young for it.

    `records` are records of photos, `tombstones` notes that there was one, which are kept for some weeks.
    `archived` are objects that nobody can read before they are restored.
    """

    objects: int = 0
    archived: int = 0
    records: int = 0
    tombstones: int = 0
    rows: int = 0
    renditions: int = 0
    in_flight: int = 0


@dataclass
class Survey:
    """One comparison. `clock` gives seconds since 1970.

    Renditions are looked at where there are any, and only with all photos: they are named by content.
    """

    pipeline: DeployedPipeline
    spool: Spool
    clock: Callable[[], float]
    min_age_seconds: float
    counted: SurveyCounts = field(default_factory=SurveyCounts)

    def run(self, prefix: str) -> Iterator[SurveyCounts]:
        """Write all differences under a prefix into the spool; yield what was compared after each page."""
        began = self.clock()
        renditions = self._renditions(prefix)
        for count in renditions.take_in() if renditions else ():
            self.counted.renditions += count
            yield self.counted
        for page in self.pipeline.bucket.pages(prefix):
            self._compare_page(page)
            yield self.counted
        for records, rows in self.pipeline.table.scan(prefix, renditions=renditions is not None):
            self._check_records(records, to_text(began))
            self._check_rows(rows)
            if renditions:
                renditions.check([record for record in records if not record.is_deleted])
            yield self.counted
        for _ in renditions.check_unnamed() if renditions else ():
            yield self.counted
        for kind in DifferenceKind:
            for findings in self.spool.pages(kind):
                look = renditions.settled if renditions and kind in OF_RENDITIONS else self._settled
                self.spool.strike(look(findings))
                yield self.counted

    def _renditions(self, prefix: str) -> RenditionSurvey | None:
        bucket = self.pipeline.renditions
        return None if bucket is None or prefix else RenditionSurvey(self.pipeline, bucket, self.spool)

    def _compare_page(self, page: Sequence[Listed]) -> None:
        records = self.pipeline.table.summaries([listed.key for listed in page])
        self.counted.objects += len(page)
        self.counted.archived += sum(listed.is_archived for listed in page)
        self.spool.remember(
            (key_digest(listed.key), records[listed.key].revision if listed.key in records else None)
            for listed in page
        )
        different: list[Difference] = []
        doubtful: list[Listed] = []
        for listed in page:
            compared = compare(listed, records.get(listed.key))
            if compared is RecordComparison.SAME:
                continue
            if self._is_young(listed.modified_at):
                self.counted.in_flight += 1
            elif compared is RecordComparison.DOUBTFUL:
                doubtful.append(listed)
            else:
                different.append(Difference(DifferenceKind[compared.name], listed.key, listed.etag))
        self.spool.note([*different, *self._of_another_version(doubtful, records)])

    def _of_another_version(
        self, doubtful: Sequence[Listed], records: Mapping[str, RecordSummary]
    ) -> Iterator[Difference]:
        for found in self.pipeline.executor.map(
            self.pipeline.bucket.look, [listed.key for listed in doubtful]
        ):
            if found is not None and found.version_id != records[found.key].version_id:
                yield Difference(DifferenceKind.STALE, found.key, found.etag, found.version_id or NO_VERSION)

    def _check_records(self, records: Sequence[RecordSummary], began: str) -> None:
        alive = {key_digest(record.key): record for record in records if not record.is_deleted}
        self.counted.records += len(alive)
        self.counted.tombstones += len(records) - len(alive)
        unlisted = [alive[digest] for digest in alive.keys() - self.spool.revisions(list(alive)).keys()]
        orphaned = [record for record in unlisted if record.decided_at < began]
        self.counted.in_flight += len(unlisted) - len(orphaned)
        self.spool.note(
            Difference(DifferenceKind.ORPHANED, record.key)
            for record in sorted(orphaned, key=attrgetter("key"))
        )

    def _check_rows(self, rows: Sequence[SeenRow]) -> None:
        self.counted.rows += len(rows)
        revisions = self.spool.revisions(list({row.digest for row in rows}))
        suspects = [row for row in rows if revisions.get(row.digest) != row.row.revision]
        records = self.pipeline.table.summaries(sorted({suspect.row.key for suspect in suspects}))
        findings = [_row_finding(suspect) for suspect in suspects if not self._is_young(suspect.uploaded_at)]
        self.spool.note(
            finding for finding in findings if not finding.is_settled_by(records.get(finding.key))
        )

    def _settled(self, findings: Sequence[Difference]) -> list[Difference]:
        """Return which of the findings are none any more, because the pipeline has dealt with them."""
        records = self.pipeline.table.summaries(sorted({finding.key for finding in findings}))
        rows = [finding for finding in findings if finding.kind is DifferenceKind.ORPHANED_ROWS]
        there = self.pipeline.table.rows_there([row.at for row in rows])
        settled = [finding for finding in findings if finding.is_settled_by(records.get(finding.key))]
        return [*settled, *(row for row in rows if row.at not in there)]

    def _is_young(self, at: float | None) -> bool:
        return at is not None and at > self.clock() - self.min_age_seconds


def _row_finding(seen: SeenRow) -> Difference:
    row, at = seen.row, seen.row.at
    kind, suspected_at = DifferenceKind.ORPHANED_ROWS, seen.suspected_at
    return Difference(kind, row.key, None, None, at.pk, at.sk, row.revision, suspected_at)
