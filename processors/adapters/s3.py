"""The objects' port on S3: what is there now, and who can read it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.calls import ObjectHead, head_object
from aws.retries import RetryPolicy
from contract.errors import ImagepipeError
from contract.moments import to_text
from contract.records import ImageVersion
from processors.adapters.calls import translated
from processors.pipeline.objects import PictureSize, StoredObject, archived, encrypted, picture_size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What a HEAD without the customer's key gets for an object under one (SSE-C): it has no body to say more in.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
KEY_WANTED = "400"
# Storage classes whose objects have to be restored before anybody can read them.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
RESTORED = 'ongoing-request="false"'
# In which a JPEG says its size, unless there is a lot before it.
BEGINNING_BYTES = 256 * 1024


@dataclass(frozen=True)
class S3Objects:
    """Looks at objects without fetching them."""

    client: "S3Client"
    bucket_name: str
    retry: RetryPolicy

    def look(self, key: str, version: ImageVersion | None = None) -> StoredObject | None:
        """Return what is there now or, where versions have ids, of one version.

        None if there is nothing or a delete marker.
        """

        @translated(f"HeadObject of s3://{self.bucket_name}/{key}")
        def attempt() -> StoredObject | None:
            try:
                head = head_object(self.client, self.bucket_name, key, **_which(version))
            except ClientError as error:
                if error.response["Error"]["Code"] == KEY_WANTED:
                    return self._under_a_customers_key(key, version)
                raise
            return _stored(key, head) if head else None

        return self.retry(attempt)

    def size_of(self, version: ImageVersion) -> PictureSize | None:
        """Return how large a picture is by its first bytes, None where they cannot be read or do not tell."""
        try:
            with translated(f"GetObject of s3://{self.bucket_name}/{version.key}"):
                found = self.client.get_object(
                    Bucket=self.bucket_name,
                    Key=version.key,
                    Range=f"bytes=0-{BEGINNING_BYTES - 1}",
                    **_which(version),
                )
                return picture_size(found["Body"].read())
        except ImagepipeError:
            return None

    def _under_a_customers_key(self, key: str, version: ImageVersion | None) -> StoredObject | None:
        """Return an object that even a HEAD is refused for, as the bucket lists it: that needs no key."""
        obstacle = encrypted(key, "a key of the customer's own (SSE-C)")
        if version is not None and version.version_id is not None:
            return StoredObject(version, obstacle)
        listed = self.client.list_objects_v2(Bucket=self.bucket_name, Prefix=key, MaxKeys=1)
        for found in listed.get("Contents", []):
            if found["Key"] == key:
                modified = to_text(found["LastModified"])
                named = ImageVersion(key, found["ETag"].strip('"'), found["Size"], None, modified)
                return StoredObject(named, obstacle)
        return None


def _which(version: ImageVersion | None) -> dict[str, Any]:
    return {"VersionId": version.version_id} if version is not None and version.version_id is not None else {}


def _stored(key: str, head: ObjectHead) -> StoredObject:
    version = ImageVersion(key, head.etag, head.size_bytes, head.version_id, to_text(head.modified_at))
    is_archived = head.answer.get("StorageClass") in ARCHIVES or "ArchiveStatus" in head.answer
    if is_archived and RESTORED not in head.answer.get("Restore", ""):
        return StoredObject(version, archived(key))
    return StoredObject(version, kms_key=head.answer.get("SSEKMSKeyId"))
