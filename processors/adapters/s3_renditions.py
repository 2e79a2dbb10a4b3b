"""The bucket of renditions for whoever makes them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.retries import RetryPolicy
from processors.adapters.calls import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A rendition never changes: what is made anew has a name of its own.
CACHE_CONTROL = "private, max-age=31536000, immutable"


@dataclass(frozen=True)
class S3Renditions:
    """Puts renditions into their bucket, and reads views. Raises the words for failure."""

    client: "S3Client"
    bucket_name: str
    retry: RetryPolicy

    def get(self, key: str) -> bytes:
        @translated(f"GetObject of s3://{self.bucket_name}/{key}")
        def attempt() -> bytes:
            return self.client.get_object(Bucket=self.bucket_name, Key=key)["Body"].read()

        return self.retry(attempt)

    def put(self, key: str, content: bytes, content_type: str) -> None:
        @translated(f"PutObject of s3://{self.bucket_name}/{key}")
        def attempt() -> None:
            self.client.put_object(
                Bucket=self.bucket_name,
                Key=key,
                Body=content,
                ContentType=content_type,
                CacheControl=CACHE_CONTROL,
            )

        self.retry(attempt)
