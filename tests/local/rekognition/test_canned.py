"""Canned answers: of the service's form, counted and refused as the others are, as late as usual."""

import base64
import json
import random
import subprocess
import sys
import time
from statistics import median

import botocore.session
import pytest
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from local.rekognition.canned import ANSWERS, CannedRecognition, LogNormal, answer, canned_faces
from local.rekognition.faces.likeness import similarity
from local.rekognition.faces.operations import FACE_OPERATIONS
from local.rekognition.service import RekognitionService, application
from tests.local.rekognition.asgi import PORT, Answer, Http

MODEL_NAME = "arn:aws:rekognition:us-east-1:123456789012:project/cups/version/cups.1/1769860800000"
MODEL = botocore.session.get_session().get_service_model("rekognition")
BYTES = {"Image": {"Bytes": base64.b64encode(b"any bytes").decode()}}
NAMED = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a b+c%20#'\"🐈.jpg"}}}


def server(median_seconds: float = 0.0) -> Http:
    recognition = CannedRecognition(LogNormal(median_seconds, sigma=0.0))
    return Http(application(RekognitionService(recognition, MODEL), PORT))


def call(http: Http, body: object, operation: str = "DetectLabels") -> Answer:
    headers = {"X-Amz-Target": f"RekognitionService.{operation}"}
    return http.send("POST", "/", json.dumps(body).encode(), headers)


@pytest.mark.parametrize("operation", ANSWERS)
@pytest.mark.parametrize("body", [BYTES, NAMED], ids=["bytes", "object"])
def test_an_answer_has_the_members_that_the_services_model_names(
    operation: str, body: dict[str, object]
) -> None:
    model = {"ProjectVersionArn": MODEL_NAME} if operation == "DetectCustomLabels" else {}
    answered = call(server(), {**body, **model}, operation)

    shape = MODEL.operation_model(operation).output_shape
    raw = {"body": answered.body, "headers": {}, "status_code": answered.status}
    assert shape is not None
    parsed = create_parser("json").parse(raw, shape)
    parsed.pop("ResponseMetadata")
    assert answered.status == 200
    assert parsed == answered.json()


def test_the_same_request_has_the_same_answer_and_another_one_another() -> None:
    assert answer("DetectLabels", "photos/a.jpg") == answer("DetectLabels", "photos/a.jpg")
    assert answer("DetectLabels", "photos/a.jpg") != answer("DetectLabels", "photos/b.jpg")


@given(st.text())
def test_there_are_ten_labels_of_different_names(picture: str) -> None:
    labels = answer("DetectLabels", picture)["Labels"]

    assert len({label["Name"] for label in labels}) == 10
    assert all(40 <= label["Confidence"] <= 100 for label in labels)


def test_calls_are_counted_by_content_where_it_came_along_and_by_object() -> None:
    http = server()
    for body in (NAMED, NAMED, BYTES):
        call(http, body)

    report = http.get("/_local/calls")
    assert report["objects"] == {"DetectLabels": {f"photos/{NAMED['Image']['S3Object']['Name']}": 2}}
    assert list(report["contents"]["DetectLabels"].values()) == [1]


def test_the_quota_and_the_counts_are_those_of_the_server_that_looks() -> None:
    http = server()
    http.send("PUT", "/_local/settings", b'{"rates": {"DetectLabels": 1}}')

    refused = [call(http, {"Image": {}}), call(http, BYTES)]

    codes = [answered.json()["Code"] for answered in refused]
    assert codes == ["InvalidParameterException", "ProvisionedThroughputExceededException"]
    assert http.get("/_local/calls")["operations"]["DetectLabels"] == {
        "accepted": 1,
        "throttled": 1,
        "answered": 0,
        "failed": 1,
        "errors": {"InvalidParameterException": 1},
    }


def test_health_says_that_nobody_looks() -> None:
    health = server().get("/health")

    assert health["canned"] is True
    assert health["operations"] == sorted([*ANSWERS, *FACE_OPERATIONS])


def test_an_answer_takes_the_time_of_a_call() -> None:
    begun = time.monotonic()
    call(server(median_seconds=0.2), NAMED)

    assert time.monotonic() - begun >= 0.2


def test_half_of_the_calls_take_less_than_the_median() -> None:
    latency = LogNormal(0.45, 0.35, random.Random(7))
    drawn = sorted(latency.draw_seconds() for _ in range(4000))

    assert median(drawn) == pytest.approx(0.45, rel=0.05)
    assert drawn[int(0.95 * len(drawn))] == pytest.approx(0.45 * 1.778, rel=0.1)


def test_canned_faces_are_of_fifty_persons_who_are_told_apart() -> None:
    faces = [face.descriptor for number in range(200) for face in canned_faces(f"photos/{number}.jpg").faces]

    alike = [sum(similarity(one, other) >= 80 for other in faces) for one in faces]
    assert len(faces) > 150
    assert max(alike) > 1
    # Who is like one face is like each other: there is nobody in between.
    persons = {frozenset(n for n, other in enumerate(faces) if similarity(one, other) >= 80) for one in faces}
    assert sum(len(person) for person in persons) == len(faces)
    assert 20 < len(persons) <= 50


def test_a_canned_collection_finds_the_canned_persons_again() -> None:
    http = server()
    with_a_face = next(f"{n}.jpg" for n in range(100) if canned_faces(f"photos/{n}.jpg").faces)
    image = {"Image": {"S3Object": {"Bucket": "photos", "Name": with_a_face}}}
    call(http, {"CollectionId": "people"}, "CreateCollection")
    records = call(http, {"CollectionId": "people", **image}, "IndexFaces").json()["FaceRecords"]

    found = call(http, {"CollectionId": "people", **image}, "SearchFacesByImage").json()["FaceMatches"]

    assert found[0]["Face"]["FaceId"] in [record["Face"]["FaceId"] for record in records]
    assert (
        call(http, {"CollectionId": "strangers"}, "ListFaces").json()["Code"] == "ResourceNotFoundException"
    )
    assert http.get("/_local/calls")["operations"]["ListFaces"]["errors"] == {"ResourceNotFoundException": 1}


def test_nothing_is_imported_that_looks() -> None:
    program = "import sys, local.rekognition.canned, local.rekognition.service; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {"numpy", "PIL", "onnxruntime"} & set(imported.stdout.split())
