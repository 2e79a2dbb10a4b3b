"""The canned Rekognition speaks as the local one does, and paces as it does."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import botocore.session
import pytest
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from loadtest.canned.answers import OPERATIONS, answer
from loadtest.canned.pace import Latency, Quotas, TokenBucket
from loadtest.canned.server import CannedRekognition, application
from tests.local.rekognition.asgi import Answer, Http

BYTES = {"Image": {"Bytes": base64.b64encode(b"any bytes").decode()}}
NAMED = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a b+c%20#'\"🐈.jpg"}}}


@dataclass
class FakeClock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Wire:
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        served = CannedRekognition(Quotas(self.clock), Latency(median_seconds=0.0))
        self.http = Http(application(served))

    def call(self, body: object, operation: str = "DetectLabels") -> tuple[int, dict[str, Any]]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Amz-Target": f"RekognitionService.{operation}"}
        answered = self.http.send("POST", "/", content, headers)
        assert answered.headers["content-type"] == "application/x-amz-json-1.1"
        assert answered.headers["x-amzn-requestid"]
        return answered.status, answered.json()

    def set(self, change: object) -> Answer:
        return self.http.send("PUT", "/_local/settings", json.dumps(change).encode())

    def calls(self) -> dict[str, Any]:
        report: dict[str, Any] = self.http.get("/_local/calls")
        return report


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("body", [BYTES, NAMED], ids=["bytes", "object"])
def test_an_answer_has_the_members_that_the_services_model_names(
    wire: Wire, operation: str, body: object
) -> None:
    status, members = wire.call(body, operation)

    model = botocore.session.get_session().get_service_model("rekognition")
    shape = model.operation_model(operation).output_shape
    raw = {"body": json.dumps(members).encode(), "headers": {}, "status_code": status}
    assert shape is not None
    parsed = create_parser("json").parse(raw, shape)
    parsed.pop("ResponseMetadata")
    assert status == 200
    assert parsed == members


def test_the_same_request_has_the_same_answer_and_another_one_another() -> None:
    assert answer("DetectLabels", "photos/a.jpg") == answer("DetectLabels", "photos/a.jpg")
    assert answer("DetectLabels", "photos/a.jpg") != answer("DetectLabels", "photos/b.jpg")


@given(st.text())
def test_there_are_ten_labels_of_different_names(picture: str) -> None:
    labels = answer("DetectLabels", picture)["Labels"]

    assert len({label["Name"] for label in labels}) == 10
    assert all(40 <= label["Confidence"] <= 100 for label in labels)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Image": 5}', b"\xff\xfe"])
def test_what_is_not_a_request_is_a_serialization_exception(wire: Wire, body: bytes) -> None:
    status, error = wire.call(body)

    assert (status, error["Code"]) == (400, "SerializationException")
    assert error["__type"] == error["Code"]


@pytest.mark.parametrize("operation", ["DetectDreams", ""])
def test_an_operation_that_is_not_here_is_unknown(wire: Wire, operation: str) -> None:
    assert wire.call(BYTES, operation)[1]["Code"] == "UnknownOperationException"


def test_a_request_larger_than_any_picture_is_refused(wire: Wire) -> None:
    assert wire.call(b" " * (17 * 1024 * 1024))[0] == 413


def test_over_quota_calls_are_throttled_and_counted(wire: Wire) -> None:
    wire.set({"rates": {"DetectLabels": 1}})

    codes = [wire.call(BYTES)[1].get("Code") for _ in range(3)]

    assert codes == [None, *["ProvisionedThroughputExceededException"] * 2]
    counts = wire.calls()["operations"]["DetectLabels"]
    assert (counts["accepted"], counts["throttled"], counts["answered"]) == (1, 2, 1)


def test_settings_are_told_and_changed(wire: Wire) -> None:
    change = {"rates": {"DetectLabels": 50}, "latencies_ms": {"DetectLabels": 5}}

    assert wire.set(change).json() == wire.http.get("/_local/settings") == change


@pytest.mark.parametrize("content", ["{", '{"rates": {"DetectDreams": 1}}', "[]"])
def test_wrong_settings_change_nothing_and_say_why(wire: Wire, content: str) -> None:
    refused = wire.http.send("PUT", "/_local/settings", content.encode())

    assert refused.status == 400
    assert refused.json()["error"]
    assert wire.http.get("/_local/settings") == {"rates": {}, "latencies_ms": {}}


def test_calls_are_counted_by_content_and_by_object(wire: Wire) -> None:
    wire.call(NAMED)
    wire.call(NAMED)
    wire.call(BYTES)

    report = wire.calls()
    assert report["objects"] == {"DetectLabels": {f"photos/{NAMED['Image']['S3Object']['Name']}": 2}}
    assert list(report["contents"]["DetectLabels"].values()) == [1]


def test_failed_calls_are_counted_by_their_code(wire: Wire) -> None:
    wire.call({"Image": {}})

    counts = wire.calls()["operations"]["DetectLabels"]
    assert (counts["accepted"], counts["failed"], counts["answered"]) == (1, 1, 0)
    assert counts["errors"] == {"InvalidParameterException": 1}


def test_counts_can_be_set_to_zero(wire: Wire) -> None:
    wire.call(BYTES)

    emptied = wire.http.send("DELETE", "/_local/calls").json()
    assert emptied == {"operations": {}, "contents": {}, "objects": {}}


def test_health_says_that_nobody_looks(wire: Wire) -> None:
    assert wire.http.get("/health")["canned"] is True


@given(st.floats(0.5, 100), st.lists(st.floats(0, 2), max_size=200))
def test_never_more_calls_than_the_rate_allows_in_any_time(rate: float, pauses: list[float]) -> None:
    clock = FakeClock()
    bucket = TokenBucket(rate, clock)
    admitted = 0
    for pause in pauses:
        clock.now += pause
        admitted += bucket.take()

    assert admitted <= max(1.0, rate) + rate * sum(pauses) + 1e-6


def test_half_of_the_calls_take_less_than_the_median() -> None:
    latency = Latency(0.45, 0.35, random.Random(7))
    drawn = sorted(latency.draw_seconds() for _ in range(4000))

    assert median(drawn) == pytest.approx(0.45, rel=0.05)
    assert drawn[int(0.95 * len(drawn))] == pytest.approx(0.45 * 1.778, rel=0.1)
