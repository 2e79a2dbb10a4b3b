"""Renditions against what names them: those that are missing, and those that nobody names.

Their bucket is listed first, a thousand keys a page, and spooled to disk. Then records are scanned, as they
are for the rest of a survey, and say which renditions they name: what is not among those listed may be
missing. What no record names is looked for among the answers of its content, and the claims on them: a
rendition stands in its bucket before the answer is kept that names it, and long before the record. At the end
what seems to be missing is asked for once more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from contract.photos import rendition_maker
from operations.adapters.dynamodb import RENDITIONED
from operations.adapters.s3 import S3Bucket
from operations.inventory import RecordSummary
from operations.spool import Difference, DifferenceKind, Spool
from operations.wiring import DeployedPipeline


@dataclass(frozen=True)
class RenditionSurvey:
    """The part of a survey that is about renditions."""

    pipeline: DeployedPipeline
    bucket: S3Bucket
    spool: Spool

    def take_in(self) -> Iterator[int]:
        """List the bucket; yield how many there were on each page."""
        for page in self.bucket.pages(""):
            self.spool.remember_renditions(listed.key for listed in page)
            yield len(page)

    def check(self, records: Sequence[RecordSummary]) -> None:
        """Note which renditions these records name, and which of them were not listed."""
        named = [(record, key) for record in records for key in record.renditions]
        there = self.spool.name_renditions([key for _, key in named])
        self.spool.note(
            Difference(DifferenceKind.MISSING_RENDITIONS, record.key, sk=key, revision=record.revision)
            for record, key in named
            if key not in there
        )

    def check_unnamed(self) -> Iterator[None]:
        """Note which of those that no record names are named by no answer either."""
        for keys in self.spool.unnamed_renditions():
            contents = [(content_id, list(of)) for content_id, of in groupby(keys, _content_of)]
            for unnamed in self.pipeline.executor.map(lambda each: self._unnamed(*each), contents):
                self.spool.note(
                    Difference(DifferenceKind.ORPHANED_RENDITIONS, key, sk=key) for key in unnamed
                )
            yield

    def _unnamed(self, content_id: str, keys: Sequence[str]) -> list[str]:
        makers = self.pipeline.named_renditions.makers(content_id)
        # What cannot be read may name any of them.
        return [] if makers is None else [key for key in keys if rendition_maker(key)[1] not in makers]

    def settled(self, findings: Sequence[Difference]) -> list[Difference]:
        """Return which of the findings are none any more, because somebody has dealt with them."""
        there = dict(zip(findings, self.pipeline.executor.map(self._is_there, findings), strict=True))
        missing = [found for found in findings if found.kind is DifferenceKind.MISSING_RENDITIONS]
        records = self.pipeline.table.summaries(sorted({found.key for found in missing}), RENDITIONED)
        return [
            found
            for found in findings
            if (there[found] if found in missing else not there[found])
            or (found in missing and not _is_named(found, records.get(found.key)))
        ]

    def _is_there(self, found: Difference) -> bool:
        assert found.sk is not None
        return self.bucket.look(found.sk) is not None


def _is_named(found: Difference, record: RecordSummary | None) -> bool:
    return record is not None and not record.is_deleted and found.sk in record.renditions


def _content_of(key: str) -> str:
    return rendition_maker(key)[0]


@dataclass(frozen=True)
class RenditionFix:
    """Puts renditions right. Killed anywhere, the next survey finds the rest.

    What is missing is made anew by the processor, which reads the file of a photo whose record does not say
    that it was: so the record is made to say so, then the answer goes that names what is missing, and then
    the photo is queued. `imagepipe backfill --metadata` finds it too, in between.

    What nobody names is removed, as the tally does: what is in no answer and no claim never comes back.
    """

    pipeline: DeployedPipeline
    bucket: S3Bucket

    def have_made_again(self, findings: Sequence[Difference]) -> list[str]:
        """Prepare photos for having their renditions made again; return the keys that are to be queued."""
        keys = []
        for key, of_key in groupby(sorted(findings, key=attrgetter("key")), attrgetter("key")):
            found = next(of_key)
            assert found.sk is not None
            assert found.revision is not None
            if self.pipeline.named_renditions.have_read_again(key, found.revision):
                self.pipeline.named_renditions.forget(*rendition_maker(found.sk))
                keys.append(key)
        return keys

    def remove(self, findings: Sequence[Difference]) -> int:
        """Remove renditions; return how many."""
        return sum(
            1 for _ in self.pipeline.executor.map(self.bucket.delete, [found.key for found in findings])
        )
