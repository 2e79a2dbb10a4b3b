"""A bucket that is there already, looked at from outside: whose it is, where, and how it is set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from aws.retries import RetryPolicy
from operations.adapters.aws_errors import reliable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Value = TypeVar("Value")

_NOT_THERE = frozenset({"404", "NoSuchBucket"})
_NOT_ALLOWED = frozenset({"403", "AccessDenied", "Forbidden"})
# What S3 says in another region than the bucket's, where the client cannot follow.
_ELSEWHERE = frozenset({"301", "400", "PermanentRedirect", "AuthorizationHeaderMalformed"})
_REGION_HEADER = "x-amz-bucket-region"


class NoBucket(NamedTuple):
    """Why a bucket cannot be looked at: it is not there, or it is, and somebody else's or closed to us."""

    exists: bool


class BucketSettings(NamedTuple):
    """How a bucket is set. What may not be read is None.

    `notifications` is its notification configuration, `versioning` is `Enabled`, `Suspended` or empty,
    `encryption` the algorithm for new objects, `kms_key` the key that its owner chose for it.
    """

    region: str
    notifications: Mapping[str, Any] | None = None
    versioning: str | None = None
    encryption: str | None = None
    kms_key: str | None = None

    @property
    def tells_event_bridge(self) -> bool:
        return self.notifications is not None and "EventBridgeConfiguration" in self.notifications


@dataclass(frozen=True)
class BucketOwnership:
    """Looks at buckets for whoever is going to deploy."""

    client: "S3Client"
    retry: RetryPolicy

    def look(self, bucket: str, account: str) -> BucketSettings | NoBucket:
        """Return how a bucket of this account is set.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        """

        def attempt() -> str | NoBucket:
            try:
                head = self.client.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _NOT_THERE:
                    return NoBucket(exists=False)
                if code in _NOT_ALLOWED:
                    return NoBucket(exists=True)
                if code in _ELSEWHERE and (region := _region_of(error.response)):
                    return region
                raise
            return head.get("BucketRegion") or _region_of(head) or self.client.meta.region_name

        found = reliable(self.retry, f"HeadBucket of {bucket}", attempt)()
        if isinstance(found, NoBucket):
            return found
        if found != self.client.meta.region_name:
            return BucketSettings(found)
        return self._settings(bucket, found)

    def _settings(self, bucket: str, region: str) -> BucketSettings:
        def told(operation: str, call: Callable[..., Value]) -> Value | None:
            def attempt() -> Value | None:
                try:
                    return call(Bucket=bucket)
                except ClientError as error:
                    if error.response["Error"]["Code"] in _NOT_ALLOWED:
                        return None
                    raise

            return reliable(self.retry, f"{operation} of {bucket}", attempt)()

        notifications: Any = told(
            "GetBucketNotificationConfiguration", self.client.get_bucket_notification_configuration
        )
        versioning = told("GetBucketVersioning", self.client.get_bucket_versioning)
        encryption: Any = told("GetBucketEncryption", self._encryption)
        algorithm, key = None, None
        if encryption is not None:
            rules = encryption["ServerSideEncryptionConfiguration"]["Rules"]
            by_default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
            algorithm, key = by_default.get("SSEAlgorithm", "AES256"), by_default.get("KMSMasterKeyID")
        if notifications is not None:
            notifications = {name: each for name, each in notifications.items() if name != "ResponseMetadata"}
        return BucketSettings(
            region,
            notifications,
            None if versioning is None else versioning.get("Status", ""),
            algorithm,
            key,
        )

    def _encryption(self, **bucket: str) -> Any:
        """Return how new objects are encrypted; a bucket that was never asked to does it by S3's own keys.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
        """
        try:
            return self.client.get_bucket_encryption(**bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ServerSideEncryptionConfigurationNotFoundError":
                return {"ServerSideEncryptionConfiguration": {"Rules": []}}
            raise


def _region_of(response: Any) -> str | None:
    found = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_REGION_HEADER)
    return None if found is None else str(found)
