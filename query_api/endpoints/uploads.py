"""`POST /uploads`: permission to upload one photo straight to the bucket."""

from __future__ import annotations

from contract.detectors import MAX_S3_IMAGE_BYTES
from query_api.endpoints import presentation
from query_api.http import parameters
from query_api.http.messages import Request, Response
from query_api.http.parameters import Parameter, read_body
from query_api.http.routing import Endpoint
from query_api.ports import Content, Signer

BODY = (
    Parameter("key", parameters.SHOWABLE_KEY, "Under which key.", required=True),
    Parameter("content_type", parameters.one_of("image/jpeg", "image/png"), "What it is.", required=True),
    Parameter("size_bytes", parameters.whole(1, MAX_S3_IMAGE_BYTES), "Its exact size.", required=True),
    Parameter("sha256", parameters.SHA256, "Its SHA-256 in base64.", required=True),
    Parameter(
        "replace", parameters.FLAG, "Whether a photo that has the key already is replaced.", default=False
    ),
)
ENDPOINT = Endpoint(
    "POST",
    "/uploads",
    "allowUpload",
    "Permission to upload one photo",
    presentation.UPLOAD,
    "PUT the photo to `url` with all `headers`: these bytes and no others. Where the key has a photo "
    "already, the bucket keeps it and answers 412, unless `replace` was asked for. The photo appears in "
    "answers once it is recognized.",
    body=BODY,
    status=201,
)


def allow_upload(signer: Signer, request: Request) -> Response:
    """Permit the upload of the content that the body describes."""
    asked = read_body(BODY, request.body)
    content = Content(asked["key"], asked["content_type"], asked["size_bytes"], asked["sha256"])
    upload = signer.upload(content, replace=asked["replace"])
    answer = {
        "url": upload.url,
        "method": "PUT",
        "headers": dict(upload.headers),
        "key": content.key,
        "expires_in_seconds": upload.expires_in_seconds,
    }
    return Response(201, answer)
