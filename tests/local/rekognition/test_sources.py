"""Where pictures come from."""

import io
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from local.rekognition.request import (
    MAX_OBJECT_BYTES,
    ObjectPlace,
    RekognitionError,
    S3ObjectReader,
    image_of,
)

PLACE = ObjectPlace("photos", "my cat + 100%.jpg", "v1")


@pytest.fixture
def s3() -> Any:
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def body_of(data: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(data), len(data))


def test_an_object_is_read_in_the_version_that_was_asked_for(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_response(
            "get_object",
            {"Body": body_of(b"pixels"), "ContentLength": 6},
            {"Bucket": "photos", "Key": "my cat + 100%.jpg", "VersionId": "v1"},
        )

        assert S3ObjectReader(s3, "here").read(PLACE) == b"pixels"


def test_an_object_over_15_megabytes_is_refused_unread(s3: Any) -> None:
    body = body_of(b"")
    with Stubber(s3) as stub:
        stub.add_response("get_object", {"Body": body, "ContentLength": MAX_OBJECT_BYTES + 1})

        with pytest.raises(RekognitionError) as refused:
            S3ObjectReader(s3, "here").read(PLACE)

    assert refused.value.code == "ImageTooLargeException"


@pytest.mark.parametrize(
    ("code", "status"),
    [("NoSuchKey", 404), ("NoSuchBucket", 404), ("NoSuchVersion", 404), ("AccessDenied", 403)],
)
def test_an_object_that_cannot_be_read_gives_one_answer_whatever_the_reason(
    s3: Any, code: str, status: int
) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", code, http_status_code=status)

        with pytest.raises(RekognitionError) as refused:
            S3ObjectReader(s3, "here").read(PLACE)

    assert refused.value.code == "InvalidS3ObjectException"
    assert refused.value.message == (
        "Unable to get object metadata from S3. Check object key, region and/or access permissions."
    )


def test_a_bucket_name_that_cannot_be_is_an_unreadable_object(s3: Any) -> None:
    with pytest.raises(RekognitionError) as refused:
        S3ObjectReader(s3, "here").read(ObjectPlace("no/bucket", "a"))

    assert refused.value.code == "InvalidS3ObjectException"


def test_s3_out_of_reach_is_an_internal_error_that_says_where(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="there")

    monkeypatch.setattr(s3, "get_object", unreachable)

    with pytest.raises(RekognitionError, match="there") as refused:
        S3ObjectReader(s3, "there").read(PLACE)

    assert (refused.value.code, refused.value.status) == ("InternalServerError", 500)


def test_an_s3_that_fails_is_an_internal_error(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "SlowDown", http_status_code=503)

        with pytest.raises(RekognitionError) as refused:
            S3ObjectReader(s3, "here").read(PLACE)

    assert refused.value.code == "InternalServerError"


def test_the_picture_is_the_object_or_the_bytes() -> None:
    named = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a", "Version": "v1"}}}

    assert image_of(named) == ObjectPlace("photos", "a", "v1")
    assert image_of({"Image": {"Bytes": b"x"}}) == b"x"


@pytest.mark.parametrize(
    "image",
    [
        {},
        {"Bytes": b"x", "S3Object": {"Bucket": "b", "Name": "a"}},
        {"S3Object": {}},
        {"S3Object": {"Name": "a"}},
    ],
)
def test_neither_or_both_is_an_invalid_parameter(image: dict[str, Any]) -> None:
    with pytest.raises(RekognitionError) as refused:
        image_of({"Image": image})

    assert refused.value.code == "InvalidParameterException"
