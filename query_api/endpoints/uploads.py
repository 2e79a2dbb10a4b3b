"""`POST /uploads`: permission to add one photo."""

from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.key_filter import EVERY_KEY, KeyFilter
from contract.photos import MAX_PHOTO_BYTES
from query_api.endpoints import schemas
from query_api.http import parameters
from query_api.http.messages import Request, Response
from query_api.http.parameters import Parameter, read_body
from query_api.http.routing import Endpoint
from query_api.ports import Content, Signer

REKOGNITIONS = ("image/jpeg", "image/png")
# What is read beside by those who look at pictures.
OTHERS = ("image/heic", "image/heif", "image/avif", "image/webp", "image/gif", "image/bmp", "image/tiff")


def upload_endpoint(*, pictures: bool, keys: KeyFilter = EVERY_KEY) -> Endpoint:
    """Describe how photos are added: of more formats, and larger ones, where pictures are looked at."""
    types = (*REKOGNITIONS, *OTHERS) if pictures else REKOGNITIONS
    most_bytes = MAX_PHOTO_BYTES if pictures else MAX_S3_IMAGE_BYTES
    body = (
        Parameter("key", parameters.showable_key_among(keys), "Under which key.", required=True),
        Parameter("content_type", parameters.one_of(*types), "What it is.", required=True),
        Parameter("size_bytes", parameters.whole(1, most_bytes), "Its exact size.", required=True),
        Parameter("sha256", parameters.SHA256, "Its SHA-256 in base64.", required=True),
        Parameter(
            "replace", parameters.FLAG, "Whether a photo that has the key already is replaced.", default=False
        ),
    )
    return Endpoint(
        "POST",
        "/uploads",
        "allowUpload",
        "Permission to upload one photo",
        schemas.UPLOAD,
        "PUT the photo to `url` with all `headers`: these bytes and no others. Where the key has a photo "
        "already, the bucket keeps it and answers 412, unless `replace` was asked for. The photo appears in "
        "answers once it is recognized.",
        body=body,
        status=201,
        by_prefix=True,
    )


def allow_upload(signer: Signer, described: Endpoint, request: Request) -> Response:
    """Permit the upload of the content that the body describes."""
    asked = read_body(described.body, request.body)
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
