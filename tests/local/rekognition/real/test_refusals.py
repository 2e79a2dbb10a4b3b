"""What boto3 raises."""

import base64
import contextlib
import http.client
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.rekognition.pictures_made import picture
from tests.local.rekognition.real.conftest import BUCKET, IMAGES, Running, StartRekognition

BAD_OBJECTS = {
    "empty.jpg": (b"", "InvalidImageFormatException"),
    "text.jpg": (b"not a picture", "InvalidImageFormatException"),
    "truncated.jpg": ((IMAGES / "dog.jpg").read_bytes()[:100_000], "InvalidImageFormatException"),
    "cat.gif": (picture(kind="GIF"), "InvalidImageFormatException"),
    "20 MB.jpg": (picture() + bytes(20_000_000), "ImageTooLargeException"),
    "12,000 wide.jpg": (picture(12_000, 200), "ImageTooLargeException"),
    "40 wide.jpg": (picture(40, 200), "InvalidParameterException"),
}
OPERATIONS = ["detect_labels", "detect_faces", "detect_moderation_labels", "detect_text"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("key", BAD_OBJECTS)
def test_a_bad_object_raises_the_services_own_exception(
    key: str, operation: str, rekognition: Any, s3: Any
) -> None:
    data, code = BAD_OBJECTS[key]
    s3.upload_fileobj(io.BytesIO(data), BUCKET, f"bad/{key}")

    with pytest.raises(getattr(rekognition.exceptions, code)):
        getattr(rekognition, operation)(Image={"S3Object": {"Bucket": BUCKET, "Name": f"bad/{key}"}})


@pytest.mark.parametrize(
    "place",
    [
        {"Bucket": BUCKET, "Name": "nothing here"},
        {"Bucket": "no-such-bucket", "Name": "a"},
        {"Bucket": BUCKET, "Name": "bad", "Version": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_a_missing_object_raises_invalid_s3_object(place: dict[str, str], rekognition: Any, s3: Any) -> None:
    with pytest.raises(
        rekognition.exceptions.InvalidS3ObjectException, match="Unable to get object metadata"
    ):
        rekognition.detect_labels(Image={"S3Object": place})


def test_a_deleted_object_is_missing(rekognition: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="gone.jpg", Body=picture())
    s3.delete_object(Bucket=BUCKET, Key="gone.jpg")

    with pytest.raises(rekognition.exceptions.InvalidS3ObjectException):
        rekognition.detect_labels(Image={"S3Object": {"Bucket": BUCKET, "Name": "gone.jpg"}})


def test_bytes_over_five_megabytes_raise_a_validation_exception(rekognition: Any) -> None:
    with pytest.raises(ClientError, match=r"image\.bytes") as refused:
        rekognition.detect_labels(Image={"Bytes": bytes(5 * 1024 * 1024 + 1)})

    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_both_bytes_and_object_raise_invalid_parameter(rekognition: Any) -> None:
    with pytest.raises(rekognition.exceptions.InvalidParameterException):
        rekognition.detect_labels(Image={"Bytes": b"x", "S3Object": {"Bucket": BUCKET, "Name": "a"}})


def test_over_the_rate_set_at_the_start_boto3_raises_throughput_exceeded(
    start_rekognition: StartRekognition,
) -> None:
    with start_rekognition("--rate", "DetectLabels=0.01", "--latency", "DetectFaces=300ms") as server:
        client = server.client("rekognition")
        client.detect_labels(Image={"Bytes": picture()})
        with pytest.raises(client.exceptions.ProvisionedThroughputExceededException) as refused:
            client.detect_labels(Image={"Bytes": picture()})
        seconds = _seconds_of(lambda: client.detect_faces(Image={"Bytes": picture()}))

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert seconds >= 0.3


def _seconds_of(call: Any) -> float:
    import time

    started = time.monotonic()
    call()
    return time.monotonic() - started


def test_no_reachable_s3_is_an_internal_error_and_the_server_lives(
    start_rekognition: StartRekognition,
) -> None:
    with start_rekognition("--s3-endpoint", "http://127.0.0.1:9") as server:
        client = server.client("rekognition")
        with pytest.raises(client.exceptions.InternalServerError, match=r"127\.0\.0\.1:9"):
            client.detect_labels(Image={"S3Object": {"Bucket": BUCKET, "Name": "a"}})
        client.detect_faces(Image={"Bytes": picture()})


@pytest.mark.parametrize("method", ["recognize_celebrities", "detect_protective_equipment"])
def test_nobody_and_nothing_is_made_up(rekognition_running: Running, method: str) -> None:
    client = rekognition_running.client("rekognition")

    with pytest.raises(ClientError, match=r"no model for .*, and makes no answers up") as refused:
        getattr(client, method)(Image={"Bytes": picture()})

    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


def test_a_request_in_chunks_is_answered_and_bounded(rekognition_running: Running) -> None:
    def send(body: bytes, **more: str) -> int:
        server = http.client.HTTPConnection("127.0.0.1", int(rekognition_running.url.rpartition(":")[2]))
        parts = (body[place : place + 100_000] for place in range(0, len(body), 100_000))
        headers = {"X-Amz-Target": "RekognitionService.DetectFaces", "Transfer-Encoding": "chunked", **more}
        with contextlib.closing(server):
            server.request("POST", "/", parts, headers, encode_chunked=True)
            return server.getresponse().status

    content = json.dumps({"Image": {"Bytes": base64.b64encode(picture()).decode()}}).encode()

    assert send(content) == 200
    assert send(b" " * 20_000_000) == 413
    assert send(content, Origin="https://evil.example") == 403
    assert send(content, Host="evil.example") == 403
