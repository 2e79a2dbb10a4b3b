"""The tags of photos that are kept, brought in line with the deployed policy; no detector is asked.

Whoever else changes a photo meanwhile sets its tag too, and looks at the record once more after that, as is
done here (docs/decisions/0032-a-tag-that-buckets-obey.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from aws.calls import MAX_READS, in_batches
from aws.object_tags import ObjectTag, TaggedVersion
from contract import table
from contract.block_tag import ROUNDS, TagChoice, tag_choice
from contract.photos import rendition_prefix
from contract.policy import Policy
from contract.records import ImageRecord, Status
from operations.adapters.dynamodb_photos import DynamoDBPhotos
from operations.adapters.s3 import S3Bucket


@dataclass
class PolicyTags:
    """Sets tags by the records that stand. `executor` asks S3 side by side.

    Photos in which moderation found nothing, and about which nobody decided, have no tag and get none.
    """

    photos: DynamoDBPhotos
    policy: Policy
    tag: ObjectTag
    executor: Executor
    bucket_name: str
    renditions: S3Bucket | None
    prefix: str = ""
    looked_at: int = 0
    blocked: int = 0
    untagged: int = 0
    unreadable: int = 0
    restless: int = 0

    def apply(self) -> Iterator[int]:
        """Go through all photos; yield how many were looked at after each few. Raise OperatorError."""
        for partition in table.term_partitions(table.status_term(Status.RECOGNIZED)):
            for page in self.photos.term_rows(partition):
                keys = list(dict.fromkeys(row.key for row in page.rows if row.key.startswith(self.prefix)))
                for batch in in_batches(keys, MAX_READS):
                    self._settle(self._records(batch))
                    self.looked_at += len(batch)
                    yield self.looked_at

    def _records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        records, unreadable = self.photos.readable_records(keys)
        self.unreadable += unreadable
        return records

    def _settle(self, records: Mapping[str, ImageRecord]) -> None:
        """Set the tags of records, and again of those that were replaced meanwhile."""
        standing = [
            record for record in records.values() if record.findings.moderation or record.decision is not None
        ]
        for _ in range(ROUNDS):
            choices = [tag_choice(self.policy, record) for record in standing]
            written: dict[str, str] = {}
            outcomes = self.executor.map(self._set, standing, choices)
            for record, choice, is_written in zip(standing, choices, outcomes, strict=True):
                if is_written and choice is not None:
                    written[record.key] = record.revision
                    self.blocked += choice.is_blocked
                    self.untagged += not choice.is_blocked
            found = self._records(list(written)) if written else {}
            standing = [record for key, record in found.items() if record.revision != written[key]]
        self.restless += len(standing)

    def _set(self, record: ImageRecord, choice: TagChoice | None) -> bool:
        if choice is None:
            return False
        photo = TaggedVersion(self.bucket_name, record.key, record.version.version_id)
        return self.tag.bring_in_line(photo, self._renditions(choice), is_set=choice.is_blocked)

    def _renditions(self, choice: TagChoice) -> Iterator[TaggedVersion]:
        if self.renditions is None:
            return
        keys: Iterable[str] = choice.renditions
        if choice.film is not None:
            pages = self.renditions.pages(rendition_prefix(choice.film))
            keys = (listed.key for page in pages for listed in page)
        for key in keys:
            yield TaggedVersion(self.renditions.bucket_name, key)
