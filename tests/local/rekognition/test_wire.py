"""What goes over the wire, with an operation that recognises nothing."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import botocore.session
import pytest

from local.rekognition.pictures import Picture, digest_of
from local.rekognition.recognition import RealRecognition
from local.rekognition.request import ObjectPlace, unreadable
from local.rekognition.service import RekognitionService, application
from tests.local.rekognition.asgi import PORT, Answer, Http
from tests.local.rekognition.pictures_made import picture

BYTES = {"Image": {"Bytes": base64.b64encode(picture()).decode()}}
NAMED = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a b+c%20#'\"🐈.jpg"}}}


@dataclass(frozen=True)
class FakeOperation:
    name: str = "DetectLabels"
    seen: list[Picture] = field(default_factory=list)

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        self.seen.append(picture)
        if request.get("MaxLabels") == 13:
            raise ZeroDivisionError
        return {"Labels": [{"Name": f"{picture.size}"}]}


@dataclass(frozen=True)
class FakeObjects:
    contents: dict[ObjectPlace, bytes] = field(default_factory=dict)

    def read(self, place: ObjectPlace) -> bytes:
        if place not in self.contents:
            raise unreadable()
        return self.contents[place]


@dataclass(frozen=True)
class Wire:
    http: Http
    objects: FakeObjects
    operation: FakeOperation

    def call(self, body: object, operation: str = "DetectLabels") -> tuple[int, dict[str, Any]]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Amz-Target": f"RekognitionService.{operation}"}
        answer = self.http.send("POST", "/", content, headers)
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"
        assert answer.headers["x-amzn-requestid"]
        return answer.status, answer.json()

    def set(self, change: object) -> Answer:
        return self.http.send("PUT", "/_local/settings", json.dumps(change).encode())

    def calls(self) -> dict[str, Any]:
        report: dict[str, Any] = self.http.get("/_local/calls")
        return report


@pytest.fixture
def wire() -> Wire:
    model = botocore.session.get_session().get_service_model("rekognition")
    objects = FakeObjects()
    operation = FakeOperation()
    service = RekognitionService(
        RealRecognition({"DetectLabels": operation}, objects.read, workers=1, models=lambda: ("one",)), model
    )
    return Wire(Http(application(service, PORT)), objects, operation)


def test_a_picture_in_the_request_is_answered(wire: Wire) -> None:
    assert wire.call(BYTES) == (200, {"Labels": [{"Name": "(120, 100)"}]})


def test_every_call_is_looked_at_anew(wire: Wire) -> None:
    wire.call(BYTES)
    wire.call(BYTES)

    assert len(wire.operation.seen) == 2


def test_the_answer_to_a_caller_that_has_hung_up_is_there_when_it_asks_again(wire: Wire) -> None:
    impatient = replace(wire, http=replace(wire.http, hangs_up=True))
    impatient.call(BYTES)

    assert wire.call(BYTES) == (200, {"Labels": [{"Name": "(120, 100)"}]})
    assert len(wire.operation.seen) == 1
    assert wire.calls()["operations"]["DetectLabels"]["accepted"] == 2


def test_an_answer_is_not_given_to_another_question_about_the_same_picture(wire: Wire) -> None:
    impatient = replace(wire, http=replace(wire.http, hangs_up=True))
    impatient.call(BYTES)

    wire.call({**BYTES, "MaxLabels": 1})
    assert len(wire.operation.seen) == 2


def test_a_picture_in_s3_is_answered_whatever_its_key(wire: Wire) -> None:
    wire.objects.contents[ObjectPlace("photos", NAMED["Image"]["S3Object"]["Name"])] = picture(90, 90)

    assert wire.call(NAMED) == (200, {"Labels": [{"Name": "(90, 90)"}]})


def test_an_error_has_the_form_that_sdks_read(wire: Wire) -> None:
    status, error = wire.call(NAMED)

    assert status == 400
    assert error["__type"] == error["Code"] == "InvalidS3ObjectException"
    assert error["Message"].startswith("Unable to get object metadata")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Image": 5}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_a_request_is_a_serialization_exception(wire: Wire, body: bytes) -> None:
    status, error = wire.call(body)

    assert (status, error["Code"]) == (400, "SerializationException")


@pytest.mark.parametrize("operation", ["DetectText", "DetectDreams", ""])
def test_an_operation_that_is_not_here_is_unknown(wire: Wire, operation: str) -> None:
    status, error = wire.call(BYTES, operation)

    assert (status, error["Code"]) == (400, "UnknownOperationException")


def test_an_operation_of_the_service_that_is_not_here_is_told_apart(wire: Wire) -> None:
    assert (
        "has no model for DetectText, and makes no answers up; it does DetectLabels"
        in wire.call(BYTES, "DetectText")[1]["Message"]
    )


def test_a_bug_is_an_internal_error_and_the_next_call_is_answered(wire: Wire) -> None:
    status, error = wire.call({**BYTES, "MaxLabels": 13})

    assert (status, error["Code"]) == (500, "InternalServerError")
    assert wire.call(BYTES)[0] == 200


MEGABYTE = b" " * 1024 * 1024
TARGET = {"x-amz-target": "RekognitionService.DetectLabels"}


def test_a_request_larger_than_any_picture_is_refused(wire: Wire) -> None:
    status, error = wire.call(b" " * (17 * 1024 * 1024))

    assert (status, error["Code"]) == (413, "RequestEntityTooLargeException")


def test_a_request_in_chunks_without_a_length_is_answered(wire: Wire) -> None:
    content = json.dumps(BYTES).encode()
    parts = [content[place : place + 100] for place in range(0, len(content), 100)]

    answer = wire.http.send_parts("POST", "/", parts, TARGET)

    assert (answer.status, answer.json()) == (200, {"Labels": [{"Name": "(120, 100)"}]})


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("PUT", "/_local/settings")], ids=["operation", "settings"]
)
@pytest.mark.parametrize("said", [{}, {"content-length": "5"}], ids=["no length", "a lying length"])
def test_a_request_of_more_than_it_says_is_refused_and_not_read_on(
    said: dict[str, str], method: str, path: str, wire: Wire
) -> None:
    sent: list[int] = []

    def long() -> Iterator[bytes]:
        for number in range(64):
            sent.append(number)
            yield MEGABYTE

    answer = wire.http.send_parts(method, path, long(), {**TARGET, **said})

    assert answer.status == 413
    assert len(sent) <= 20
    assert wire.calls()["operations"] == {}


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("PUT", "/_local/settings")])
def test_a_request_that_breaks_off_is_no_call(method: str, path: str, wire: Wire) -> None:
    broken = replace(wire.http, breaks_off=True)

    assert broken.send(method, path, json.dumps(BYTES).encode(), TARGET).status == 400
    assert wire.calls()["operations"] == {}
    assert wire.http.get("/_local/settings") == {"rates": {}, "latencies_ms": {}}


def test_over_quota_calls_are_throttled_and_counted(wire: Wire) -> None:
    wire.set({"rates": {"DetectLabels": 1}})

    codes = [wire.call(BYTES)[1].get("Code") for _ in range(3)]

    assert codes == [None, *["ProvisionedThroughputExceededException"] * 2]
    counts = wire.calls()["operations"]["DetectLabels"]
    assert (counts["accepted"], counts["throttled"], counts["answered"]) == (1, 2, 1)


def test_settings_are_told_and_changed(wire: Wire) -> None:
    change = {"rates": {"DetectLabels": 50}, "latencies_ms": {"DetectLabels": 5}}

    assert wire.set(change).json() == wire.http.get("/_local/settings") == change


@pytest.mark.parametrize("content", ["{", '{"rates": {"DetectDreams": 1}}', "[]", "[" * 100_000])
def test_wrong_settings_change_nothing_and_say_why(wire: Wire, content: str) -> None:
    answer = wire.http.send("PUT", "/_local/settings", content.encode())

    assert answer.status == 400
    assert answer.json()["error"]
    assert wire.http.get("/_local/settings") == {"rates": {}, "latencies_ms": {}}


def test_calls_are_counted_by_content_and_by_object(wire: Wire) -> None:
    place = ObjectPlace("photos", NAMED["Image"]["S3Object"]["Name"])
    wire.objects.contents[place] = picture()
    wire.call(NAMED)
    wire.call(BYTES)

    report = wire.calls()
    assert report["contents"] == {"DetectLabels": {digest_of(picture()): 2}}
    assert report["objects"] == {"DetectLabels": {f"photos/{place.key}": 1}}


def test_failed_calls_are_counted_by_their_code(wire: Wire) -> None:
    wire.call(NAMED)

    counts = wire.calls()["operations"]["DetectLabels"]
    assert (counts["accepted"], counts["failed"], counts["answered"]) == (1, 1, 0)
    assert counts["errors"] == {"InvalidS3ObjectException": 1}


def test_counts_can_be_set_to_zero(wire: Wire) -> None:
    wire.call(BYTES)

    assert wire.http.send("DELETE", "/_local/calls").json() == {
        "operations": {},
        "contents": {},
        "objects": {},
    }


def test_health_tells_what_is_loaded(wire: Wire) -> None:
    assert wire.http.get("/health") == {
        "status": "ok",
        "models": ["one"],
        "operations": ["DetectLabels"],
        "waiting": [],
        "workers": 1,
    }


def signed_for(region: str) -> dict[str, str]:
    scope = f"Credential=test/20270115/{region}/rekognition/aws4_request"
    return {"X-Amz-Target": "RekognitionService.DetectLabels", "Authorization": f"AWS4-HMAC-SHA256 {scope}"}


def test_a_region_that_is_set_up_has_quotas_counts_and_outages_of_its_own(wire: Wire) -> None:
    def call(region: str) -> int:
        return wire.http.send("POST", "/", json.dumps(BYTES).encode(), signed_for(region)).status

    west = "/_local/settings?region=us-west-2"
    assert wire.http.send("PUT", west, b'{"rates": {"DetectLabels": 1}}').status == 200
    assert [call("us-west-2"), call("us-west-2"), call("us-east-1"), call("eu-west-1")] == [
        200,
        400,
        200,
        200,
    ]

    everybody = wire.http.get("/_local/calls?only=operations")["operations"]["DetectLabels"]
    theirs = wire.http.get("/_local/calls?only=operations&region=us-west-2")["operations"]["DetectLabels"]
    assert (everybody["accepted"], theirs["accepted"], theirs["throttled"]) == (2, 1, 1)

    assert wire.http.send("PUT", west, b'{"away": true}').json()["away"] is True
    assert [call("us-west-2"), call("us-east-1")] == [500, 200]
    wire.http.send("PUT", west, b'{"away": false, "rates": {"DetectLabels": null}}')
    assert call("us-west-2") == 200
    assert wire.http.send("GET", "/_local/calls?region=nowhere").status == 400
