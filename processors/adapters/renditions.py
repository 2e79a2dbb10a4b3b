"""The renditions' ports: on S3 what stands in their bucket, on DynamoDB who made what answers name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import in_batches, pages
from contract import table
from contract.errors import ImagepipeError, TransientError
from contract.items import PARTITION_KEY, SORT_KEY, beginning_with, from_wire
from contract.photos import PICTURE, rendition_prefix
from contract.results import ResultName, maker_of_renditions
from processors.adapters.calls import translated
from processors.adapters.dynamodb import FAULTS, UNREADABLE_ITEM

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MAX_DELETED = 1000


@dataclass(frozen=True)
class RenditionBucket:
    """The bucket of renditions, which has no versions. Each call is tried once."""

    client: "S3Client"
    bucket_name: str

    def below(self, content_id: str) -> list[str]:
        """List the keys of all renditions of a content."""
        prefix = rendition_prefix(content_id)
        keys: list[str] = []
        while page := self._list(prefix, keys[-1] if keys else ""):
            keys += page
        return keys

    def page(self, after: str) -> list[str]:
        """List up to a thousand keys behind a key, in their order; none where the bucket ends."""
        return self._list("", after)

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects; that one is not there is no failure. Raise a word for failure if one is left.

        S3 answers 200 and names those that it has not removed.
        """
        what = f"DeleteObjects of s3://{self.bucket_name}"
        for batch in in_batches(keys, MAX_DELETED):
            with translated(what):
                answer = self.client.delete_objects(
                    Bucket=self.bucket_name,
                    Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
                )
            for failed in answer.get("Errors", []):
                raise translated.word_for(
                    failed["Code"], failed.get("Message"), f"{what}/{failed.get('Key')}"
                )

    def _list(self, prefix: str, after: str) -> list[str]:
        start: Any = {"StartAfter": after} if after else {}
        with translated(f"ListObjectsV2 of s3://{self.bucket_name}/{prefix}"):
            answer = self.client.list_objects_v2(Bucket=self.bucket_name, Prefix=prefix, **start)
        return [found["Key"] for found in answer.get("Contents", [])]


def rendition_makers(
    client: "DynamoDBClient", table_name: str, content_id: str
) -> Collection[str] | ImagepipeError:
    """Return whose renditions answers about a content name, or claims on them will; or why nobody can say."""
    ask = translated(f"Query of content {content_id} on {table_name}")(client.query)
    partition = f"{table.CONTENT_PREFIX}{content_id}"
    read = pages(ask, TableName=table_name, **beginning_with(partition, f"{PICTURE}#"))
    makers: set[str] = set()
    for item in (from_wire(found) for page in read for found in page["Items"]):
        try:
            name = ResultName(content_id, PICTURE, item[SORT_KEY].removeprefix(f"{PICTURE}#"))
            maker = maker_of_renditions(name, item)
        except FAULTS as fault:
            place = f"{item[PARTITION_KEY]} {item[SORT_KEY]}"
            return TransientError(UNREADABLE_ITEM, f"the item {place} cannot be read: {fault!r}")
        if maker is not None:
            makers.add(maker)
    return makers
