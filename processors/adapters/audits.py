"""The audit's ports: on DynamoDB what records are of, what is counted, and how far the round has come; on S3
all current objects; on SQS for how many photos messages wait.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import TableBatches
from aws.queue_depths import read_depth
from contract.items import Item, to_wire
from contract.key_filter import EVERY_KEY, KeyFilter
from contract.metrics import Metric
from contract.moments import day_of
from contract.quotas import KEYS_A_MESSAGE
from contract.records import Status, content_id
from contract.table import counts_key, record_key
from contract.tallies import AUDIT, STATUS_COUNTS, UNREADABLE, AuditRound, read_counts
from contract.timing import DAY_SECONDS
from processors.adapters.calls import translated
from processors.adapters.dynamodb import object_key, read_items
from processors.counting.auditing import ListedPage, ListedPhoto

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class DynamoDBAudits:
    """The one table, read as of now."""

    batches: TableBatches

    def contents(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return what the bytes are called that records are of: not of those that cannot be read.

        A record may be some seconds old, which costs half.
        """
        items = read_items(self.batches._replace(consistent=False), map(record_key, keys))
        found = {object_key(item): _content_of(item) for item in items}
        return {key: content for key, content in found.items() if content is not None}

    def images(self) -> int:
        return sum(sum(read_counts(item).values()) for item in read_items(self.batches, [STATUS_COUNTS]))

    def deletions(self, since: float, until: float) -> int:
        """Return how many deletions were worked on these days (UTC), the first and the last included."""
        times = range(int(since), int(until) + DAY_SECONDS, DAY_SECONDS)
        days = {day_of(min(at, until)) for at in times}
        items = read_items(self.batches, map(counts_key, days))
        return sum(int(item.get(Metric.IMAGES_DELETED, 0)) for item in items)

    def last_round(self) -> AuditRound | None:
        """Return the round that is under way, or the last one; None where there is none to go on with."""
        for item in read_items(self.batches, [AUDIT]):
            try:
                return AuditRound.from_item(item)
            except UNREADABLE:
                return None
        return None

    def keep(self, so_far: AuditRound) -> None:
        item = to_wire(AUDIT._asdict() | so_far.to_item())
        with translated(f"PutItem of the audit on {self.batches.table_name}"):
            self.batches.client.put_item(TableName=self.batches.table_name, Item=item)


def _content_of(item: Item) -> str | None:
    try:
        is_deleted = item["status"] == Status.DELETED
        return None if is_deleted else content_id(str(item["etag"]), int(item["size_bytes"]))
    except UNREADABLE:
        return None


def listed_photos(
    client: "S3Client", bucket_name: str, after: str, keys: KeyFilter = EVERY_KEY
) -> ListedPage:
    """List up to a thousand objects behind a key, in the order of their keys, and return those meant.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    asked: Any = {"StartAfter": after} if after else {}
    if keys.prefix:
        asked["Prefix"] = keys.prefix
    with translated(f"ListObjectsV2 of s3://{bucket_name}"):
        answer = client.list_objects_v2(Bucket=bucket_name, **asked)
    contents = answer.get("Contents", [])
    meant = [
        ListedPhoto(
            found["Key"],
            content_id(found["ETag"].strip('"'), found["Size"]),
            found["LastModified"].timestamp(),
        )
        for found in contents
        if keys.accepts(found["Key"])
    ]
    return ListedPage(meant, contents[-1]["Key"] if contents else None)


def photos_waiting(
    client: "SQSClient", live_queue_urls: Sequence[str], bulk_queue_urls: Sequence[str]
) -> int:
    """Return for how many photos messages wait at the most, dead letters among them.

    S3 tells of one photo a message, bulk work of several.
    """

    def depth(url: str) -> int:
        with translated(f"GetQueueAttributes of {url}"):
            return read_depth(client, url).total

    return sum(map(depth, live_queue_urls)) + KEYS_A_MESSAGE * sum(map(depth, bulk_queue_urls))
