"""`POST /uploads`: leave to upload one photo straight to the bucket."""

from __future__ import annotations

from dataclasses import dataclass

from contract.limits import MAX_S3_IMAGE_BYTES
from query_api import schemas
from query_api.endpoints import Endpoint, Route
from query_api.exchange import Reply, Request
from query_api.kinds import Choice, Key, Parameter, Whole
from query_api.reading import BadParametersError, Fault, body, no_parameters
from query_api.signing import VALID_SECONDS, Signer

# S3 puts the name of the file in its place.
FILENAME_VARIABLE = "${filename}"

BODY = (
    Parameter("key", Key(), "Under which key. What is there is replaced.", required=True),
    Parameter("content_type", Choice(("image/jpeg", "image/png")), "What it is.", required=True),
    Parameter("size_bytes", Whole(1, MAX_S3_IMAGE_BYTES), "Its exact size.", required=True),
)
ENDPOINT = Endpoint(
    "POST",
    "/uploads",
    "allowUpload",
    "Leave to upload one photo",
    schemas.UPLOAD,
    "Post a form to `url` with all `fields`, and then the photo as `file`. It appears once it is recognized.",
    body=BODY,
    status=201,
)


@dataclass(frozen=True)
class UploadAnswers:
    """Gives leave to upload."""

    signer: Signer

    def routes(self) -> tuple[Route, ...]:
        """Give the one route."""
        return (Route(ENDPOINT, self._allow),)

    def _allow(self, request: Request) -> Reply:
        no_parameters(request.raw_query_string)
        asked = body(BODY, request.body)
        key, size_bytes = asked["key"], asked["size_bytes"]
        if FILENAME_VARIABLE in key:
            raise BadParametersError([Fault("key", f"must not contain {FILENAME_VARIABLE}")])
        upload = self.signer.upload(key, asked["content_type"], size_bytes, size_bytes)
        answer = {
            "url": upload.url,
            "method": "POST",
            "fields": dict(upload.fields),
            "key": key,
            "expires_in_seconds": VALID_SECONDS,
        }
        return Reply(201, answer)
