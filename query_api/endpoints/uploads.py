"""`POST /uploads`: permission to upload one photo straight to the bucket."""

from __future__ import annotations

from dataclasses import dataclass

from contract.detectors import MAX_S3_IMAGE_BYTES
from query_api.endpoints import schemas
from query_api.http.messages import Request, Response
from query_api.http.param_types import Flag, OneOf, Parameter, Sha256, ShowableKey, Whole
from query_api.http.query_params import body, no_parameters
from query_api.http.routing import Endpoint, Route
from query_api.ports import Content, Signer

BODY = (
    Parameter("key", ShowableKey(), "Under which key.", required=True),
    Parameter("content_type", OneOf(("image/jpeg", "image/png")), "What it is.", required=True),
    Parameter("size_bytes", Whole(1, MAX_S3_IMAGE_BYTES), "Its exact size.", required=True),
    Parameter("sha256", Sha256(), "Its SHA-256 in base64.", required=True),
    Parameter("replace", Flag(), "Whether a photo that has the key already is replaced.", default=False),
)
ENDPOINT = Endpoint(
    "POST",
    "/uploads",
    "allowUpload",
    "Permission to upload one photo",
    schemas.UPLOAD,
    "PUT the photo to `url` with all `headers`: these bytes and no others. Where the key has a photo "
    "already, the bucket keeps it and answers 412, unless `replace` was asked for. The photo appears in "
    "answers once it is recognized.",
    body=BODY,
    status=201,
)


@dataclass(frozen=True)
class UploadEndpoints:
    """Permits uploads."""

    signer: Signer

    def routes(self) -> tuple[Route, ...]:
        """Return the one route."""
        return (Route(ENDPOINT, self._allow),)

    def _allow(self, request: Request) -> Response:
        no_parameters(request.raw_query_string)
        asked = body(BODY, request.body)
        content = Content(asked["key"], asked["content_type"], asked["size_bytes"], asked["sha256"])
        upload = self.signer.upload(content, replace=asked["replace"])
        answer = {
            "url": upload.url,
            "method": "PUT",
            "headers": dict(upload.headers),
            "key": content.key,
            "expires_in_seconds": upload.expires_in_seconds,
        }
        return Response(201, answer)
