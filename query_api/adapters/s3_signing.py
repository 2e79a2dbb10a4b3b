"""Presigned URLs of S3: a GET that shows a photo or what was made of it, a PUT that stores one.

Without botocore's S3 client, whose model costs a tenth of a cold start. It takes 0.3 ms for a URL, and its
signer alone 0.1 ms, where the signature itself takes 0.03 ms; a page has up to 100 of them. So URLs are
signed here, which tests hold to botocore.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from botocore.credentials import ReadOnlyCredentials

from contract.records import ImageVersion
from query_api.adapters.clients import translated
from query_api.ports import VALID_SECONDS, Content, UploadGrant

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
# By the format that was read from a photo's bytes, which is one of these names whatever the bytes are.
# https://www.iana.org/assignments/media-types/media-types.xhtml#image; raw files as freedesktop.org has them.
TYPES = {
    "JPEG": JPEG,
    "PNG": PNG,
    "WEBP": WEBP,
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "DNG": "image/x-adobe-dng",
    "CR2": "image/x-canon-cr2",
    "NEF": "image/x-nikon-nef",
    "ARW": "image/x-sony-arw",
    "PEF": "image/x-pentax-pef",
    "SRW": "image/x-samsung-srw",
    "MP4": "video/mp4",
    "MOV": "video/quicktime",
    "WEBM": "video/webm",
    "MKV": "video/x-matroska",
    "AVI": "video/x-msvideo",
}
# A session that ends before VALID_SECONDS has its rest measured in these steps.
_STEP_SECONDS = 60


def bucket_url(bucket_name: str, region: str, environment: Mapping[str, str]) -> str:
    """Return where a bucket is, as botocore would: at the endpoint that is set, or at S3's own of the region.

    Rekognition is only in regions whose names end in amazonaws.com.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        return f"{endpoint.rstrip('/')}/{bucket_name}"
    return f"https://{bucket_name}.s3.{region}.amazonaws.com"


@dataclass(frozen=True)
class S3Signer:
    """Signs for the buckets of photos and of renditions, by URL; the latter is empty where there is none.

    `credentials` are botocore's, whose rights a signature carries.
    """

    bucket_url: str
    region: str
    credentials: Callable[[], Any]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    renditions_url: str = ""

    def photo(self, version: ImageVersion, form: str | None = None) -> str:
        """Sign a GET of one version.

        Objects are shown as pictures, whatever type they were uploaded with: a browser must not take one for
        a page with scripts. Where nobody has read its format, the name has to do.
        """
        by_name = PNG if version.key.lower().endswith(".png") else JPEG
        shown_as = TYPES.get(form or "", by_name)
        query = {"response-content-type": shown_as}
        if version.version_id is not None:
            query["versionId"] = version.version_id
        url, _ = self._presigned("GET", self.bucket_url, version.key, query, {})
        return url

    def rendition(self, key: str) -> str:
        """Sign a GET of a rendition, shown as a picture whatever it is stored as."""
        query = {"response-content-type": WEBP if key.endswith(".webp") else JPEG}
        url, _ = self._presigned("GET", self.renditions_url, key, query, {})
        return url

    def upload(self, content: Content, *, replace: bool) -> UploadGrant:
        """Sign a PUT of one content.

        A PUT and not a form: S3 knows conditional writes for PutObject, and a form cannot ask for one. All
        headers are signed, so none can be left out or changed, and S3 holds the bytes to their length and
        their digest. `x-amz-checksum-sha256` counts as a header only: in the query S3 would sign and ignore
        it (https://github.com/aws/aws-sdk-go-v2/issues/2610).

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
        """
        headers = {"content-type": content.content_type, "x-amz-checksum-sha256": content.sha256}
        if not replace:
            headers["if-none-match"] = "*"
        # Every client writes the length by itself, and a browser lets nobody else do it.
        signed = {**headers, "content-length": str(content.size_bytes)}
        url, seconds = self._presigned("PUT", self.bucket_url, content.key, {}, signed)
        return UploadGrant(url, headers, seconds)

    def _presigned(
        self, method: str, bucket_url: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[str, int]:
        """Sign as botocore's S3SigV4QueryAuth does. Returns the URL, and for how many seconds it is good."""
        credentials, seconds = self._frozen_credentials()
        now = self.clock().strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        scheme, _, rest = bucket_url.partition("://")
        host, slash, path = rest.partition("/")
        lines = sorted({**headers, "host": host}.items())
        names = ";".join(name for name, _ in lines)
        # In order of their names, for capitals come before small letters.
        signed = _signature_query(credentials, scope, now, seconds, names) + "".join(
            f"&{name}={quote(value, safe='~')}" for name, value in sorted(query.items())
        )
        place = f"{slash}{path}/{quote(key, safe='/~')}"
        written = "".join(f"{name}:{value}\n" for name, value in lines)
        canonical = f"{method}\n{place}\n{signed}\n{written}\n{names}\nUNSIGNED-PAYLOAD"
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signing_key = _signing_key(credentials.secret_key, now[:8], self.region)
        signature = hmac.digest(signing_key, to_sign.encode(), "sha256").hex()
        return f"{scheme}://{host}{place}?{signed}&X-Amz-Signature={signature}", seconds

    def _frozen_credentials(self) -> tuple[ReadOnlyCredentials, int]:
        """Return credentials that belong together, and for how many seconds they can be relied on.

        Credentials may be renewed between the reading of their parts, and a signature by an access key of one
        session and the secret of the next is good for nothing. A URL dies with the session that signed it,
        whatever it says of itself, so it says no more than the session has left. Lambda does not tell the
        end of the sessions in its environment variables, so for those VALID_SECONDS is promised.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
        """
        credentials = self.credentials()
        with translated("renewing the credentials that sign URLs"):
            # Whatever is about to end is renewed first. The snapshot is taken after the measuring: it is
            # of the session that was measured, or of one that ends later.
            credentials.get_frozen_credentials()
            seconds = _seconds_left(credentials)
            return credentials.get_frozen_credentials(), seconds


def _seconds_left(credentials: Any) -> int:
    if not hasattr(credentials, "refresh_needed"):
        return VALID_SECONDS
    ends_within = credentials.refresh_needed
    steps = range(VALID_SECONDS, _STEP_SECONDS, -_STEP_SECONDS)
    return next((seconds for seconds in steps if not ends_within(seconds)), _STEP_SECONDS)


@lru_cache(maxsize=4)
def _signature_query(
    credentials: ReadOnlyCredentials, scope: str, now: str, seconds: int, signed_headers: str
) -> str:
    """Write the part of the query that is the same for all URLs of one second."""
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": now,
        "X-Amz-Expires": str(seconds),
        **({"X-Amz-Security-Token": credentials.token} if credentials.token else {}),
        "X-Amz-SignedHeaders": signed_headers,
    }
    return urlencode(query, quote_via=quote, safe="~")


@lru_cache(maxsize=2)
def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    """Derive the key of a day. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
