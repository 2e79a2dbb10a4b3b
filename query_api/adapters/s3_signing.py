"""Presigned URLs and forms of S3.

Without botocore's S3 client, whose model costs a tenth of a cold start. It takes 0.3 ms for a URL, and its
signer alone 0.1 ms, where the signature itself takes 0.03 ms; a page has up to 100 of them. So URLs are
signed here, which tests hold to botocore; forms, of which nobody needs a hundred, by botocore's signer.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4PostAuth
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
        return self._presigned(quote(version.key, safe="/~"), query)

    def _presigned(self, quoted_key: str, query: Mapping[str, str]) -> str:
        """Sign as botocore's S3SigV4QueryAuth does."""
        credentials = self.credentials()
        now = self.clock().strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        # In order of their names, for capitals come before small letters.
        signed = _signature_query(credentials.access_key, credentials.token, scope, now) + "".join(
            f"&{name}={quote(value, safe='~')}" for name, value in sorted(query.items())
        )
        scheme, _, rest = self.bucket_url.partition("://")
        host, slash, path = rest.partition("/")
        place = f"{slash}{path}/{quoted_key}"
        canonical = f"GET\n{place}\n{signed}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        key = _signing_key(credentials.secret_key, now[:8], self.region)
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        return f"{scheme}://{host}{place}?{signed}&X-Amz-Signature={signature}"

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


@lru_cache(maxsize=2)
def _signature_query(access_key: str, token: str | None, scope: str, now: str) -> str:
    """Write the part of the query that is the same for all URLs of one second."""
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{access_key}/{scope}",
        "X-Amz-Date": now,
        "X-Amz-Expires": str(VALID_SECONDS),
        **({"X-Amz-Security-Token": token} if token else {}),
        "X-Amz-SignedHeaders": "host",
    }
    return urlencode(query, quote_via=quote, safe="~")


@lru_cache(maxsize=2)
def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    """Derive the key of a day. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
