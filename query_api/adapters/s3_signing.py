"""Presigned URLs and forms of S3, signed by botocore's own signers.

Without botocore's S3 client, whose model costs a tenth of a cold start, and which takes 0.3 ms for a URL
where its signer takes 0.1 ms: a page has up to 100 of them.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4PostAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from contract.identity import ImageVersion
from query_api.signing import VALID_SECONDS, Upload

PNG, JPEG = "image/png", "image/jpeg"


def bucket_url(bucket_name: str, region: str, environment: Mapping[str, str]) -> str:
    """Say where a bucket is, as botocore would: at the endpoint that is set, or at S3's own of the region.

    Rekognition is only in regions whose names end in amazonaws.com.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        return f"{endpoint.rstrip('/')}/{bucket_name}"
    return f"https://{bucket_name}.s3.{region}.amazonaws.com"


@dataclass(frozen=True)
class S3Signer:
    """Signs for one bucket. `credentials` are botocore's, whose rights a signature carries."""

    bucket_name: str
    bucket_url: str
    region: str
    credentials: Callable[[], Any]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def photo(self, version: ImageVersion) -> str:
        """Sign a GET of one version.

        Objects are shown as pictures, whatever type they were uploaded with: a browser must not take one for
        a page with scripts.
        """
        shown_as = PNG if version.key.lower().endswith(".png") else JPEG
        query = {"response-content-type": shown_as}
        if version.version_id is not None:
            query["versionId"] = version.version_id
        url = f"{self.bucket_url}/{quote(version.key, safe='/~')}?{urlencode(query, quote_via=quote)}"
        request: Any = AWSRequest("GET", url)
        S3SigV4QueryAuth(self.credentials(), "s3", self.region, expires=VALID_SECONDS).add_auth(request)
        return str(request.url)

    def upload(self, key: str, content_type: str, least_bytes: int, most_bytes: int) -> Upload:
        """Sign the policy of a POST."""
        fields = {"key": key, "Content-Type": content_type}
        conditions: list[Any] = [
            {"bucket": self.bucket_name},
            {"key": key},
            {"Content-Type": content_type},
            ["content-length-range", least_bytes, most_bytes],
        ]
        until = self.clock() + timedelta(seconds=VALID_SECONDS)
        request: Any = AWSRequest("POST", self.bucket_url)
        request.context["s3-presign-post-fields"] = fields
        request.context["s3-presign-post-policy"] = {
            "expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "conditions": conditions,
        }
        S3SigV4PostAuth(self.credentials(), "s3", self.region).add_auth(request)
        return Upload(self.bucket_url, dict(request.context["s3-presign-post-fields"]))
