"""What the processor logs and counts, and that nothing of it is lost on its way."""

import json
from dataclasses import dataclass, field, replace

import pytest
from aws_lambda_powertools import Metrics

from contract.detectors import OPERATIONS
from contract.metrics import SECONDS_TO_SEARCHABLE, Metric
from contract.moments import to_seconds
from contract.notifications import completion, look_again
from contract.prices import DOLLARS_A_CALL
from loadtest.simulation.outages import client_error
from processors.adapters import messaging
from processors.adapters.calls import retry_policy
from processors.adapters.s3 import S3Objects
from processors.telemetry import PowertoolsMetrics
from tests.fakes.s3 import BUCKET, FakeS3
from tests.fakes.sns import COMPLETIONS, FakeSNS
from tests.processors.test_conformance import RECORD
from tests.processors.test_traps_of_aws import png
from tests.processors.world import SETTINGS, World


@dataclass
class Lines:
    """A log, to be looked at."""

    told: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def warning(self, message: str, **facts: object) -> None:
        self.told.append(("warning", message, facts))

    def error(self, message: str, **facts: object) -> None:
        self.told.append(("error", message, facts))

    def exception(self, message: str, **facts: object) -> None:
        self.told.append(("exception", message, facts))


def test_why_a_message_comes_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    monkeypatch.setattr("tests.processors.world.Logger", lambda **_named: lines)
    world = World(settings=replace(SETTINGS, detectors=("labels",)))

    def refuse(operation: str) -> None:
        if operation == OPERATIONS["labels"]:
            raise client_error("AccessDeniedException", operation, "not allowed")

    world.calls.before = refuse
    assert world.deliver(world.s3.put("a.jpg", b"cat 97"), receive_count=3) == ["0"]

    (level, message, facts) = lines.told[-1]
    assert level == "error"
    assert message.startswith("configuration error, nothing is lost: ")
    assert "not allowed" in message
    assert facts == {
        "message_id": "0",
        "lane": "images",
        "receive_count": 3,
        "cause": "configuration/AccessDeniedException/labels",
        "code": "AccessDeniedException",
        "detector": "labels",
        "keys": ("a.jpg",),
    }


def test_that_the_rate_limit_cannot_be_shared_is_told_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    monkeypatch.setattr("tests.processors.world.Logger", lambda **_named: lines)
    world = World(settings=replace(SETTINGS, detectors=("labels",)))

    def refuse(operation: str) -> None:
        if operation == "UpdateItem":
            raise client_error("InternalServerError", operation)

    world.calls.before = refuse
    world.deliver(world.s3.put("a.jpg", b"cat 97"))

    level, message, facts = lines.told[0]
    assert (level, facts["code"]) == ("warning", "InternalServerError")
    assert message.startswith("the budget of DetectLabels cannot be had, calling at this worker's share of ")


def test_whose_object_is_gone_is_told_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    monkeypatch.setattr("tests.processors.world.Logger", lambda **_named: lines)
    world = World(versioned=False)
    gone, copy = world.s3.put("a.jpg", b"cat 97"), world.s3.copy("a.jpg", "copy.jpg")
    world.s3.delete("a.jpg")

    assert world.deliver(gone, copy) == ["1"]

    ((_, message, facts),) = lines.told
    assert facts["code"] == "AskedForAnother"
    assert "copy.jpg shares its content with an object that is gone" in message


def test_that_a_day_is_over_is_told_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    monkeypatch.setattr("tests.processors.world.Logger", lambda **_named: lines)
    world = World(
        settings=replace(SETTINGS, detectors=("labels",), daily_call_limits={OPERATIONS["labels"]: 0})
    )

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == ["0"]

    ((level, message, facts),) = lines.told
    assert (level, facts["code"]) == ("warning", "DailyLimitReached")
    assert message.startswith("transient failure, will retry: a.jpg has to wait: all calls of DetectLabels")


def test_calls_that_were_not_needed_are_counted_by_detector() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    assert world.tally[Metric.CALLS_AVOIDED] == 0

    world.deliver(world.s3.copy("a.jpg", "b.jpg"))
    assert world.tally[Metric.CALLS_AVOIDED] == 2

    world.deliver(*(world.s3.put(f"{number}.jpg", b"dog 91") for number in range(3)))
    assert world.tally[Metric.CALLS_AVOIDED] == 2 + 2 * 2
    assert world.tally[Metric.CALLS_MADE] == 2 + 2


def test_a_request_of_ours_that_is_refused_is_told_in_aws_words(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    monkeypatch.setattr("tests.processors.world.Logger", lambda **_named: lines)
    world = World(settings=replace(SETTINGS, detectors=("labels",)))

    def refuse(operation: str) -> None:
        if operation == OPERATIONS["labels"]:
            raise client_error("InvalidParameterException", operation, "MaxLabels is 0")

    world.calls.before = refuse
    assert world.deliver(world.s3.put("a.png", png(80, 80))) == ["0"]

    ((_, message, facts),) = lines.told
    assert facts["code"] == "InvalidParameterException"
    assert "a.png has 80 x 80 pixels: " in message
    assert "MaxLabels is 0" in message


@pytest.mark.parametrize(("spare_bytes", "batches"), [(0, 1), (-1, 2)])
def test_completions_go_together_up_to_the_last_byte(
    monkeypatch: pytest.MonkeyPatch, spare_bytes: int, batches: int
) -> None:
    versions = [replace(RECORD.version, key=key) for key in ("1.jpg", "2.jpg")]
    announced = [completion("photos", replace(RECORD, version=version)) for version in versions]
    each = messaging._entry_bytes(messaging._entry(announced[0]))
    monkeypatch.setattr(messaging, "MAX_BATCH_BYTES", 2 * each + spare_bytes)
    topic = FakeSNS()

    messaging.SnsTopic(topic, COMPLETIONS, retry_policy()).publish(announced)  # type: ignore[arg-type]

    assert len(topic.batch_sizes) == batches


def test_attributes_are_announced_as_filter_policies_take_them() -> None:
    _, entry = messaging._entry(completion("photos", RECORD))

    assert entry["MessageAttributes"] == {
        "status": {"DataType": "String", "StringValue": "recognized"},
        "detectors": {"DataType": "String.Array", "StringValue": '["labels"]'},
    }


@pytest.mark.parametrize("code", ["404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"])
def test_an_object_that_s3_does_not_show_is_not_there(code: str) -> None:
    s3 = FakeS3()

    def refuse(operation: str) -> None:
        raise client_error(code, operation)

    s3.put("a.jpg", b"cat 97")
    s3.calls.before = refuse
    objects = S3Objects(s3, BUCKET, retry_policy(sleep=lambda _seconds: None))  # type: ignore[arg-type]

    assert objects.look("a.jpg") is None


def test_what_was_saved_is_written_in_dollars(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = PowertoolsMetrics(Metrics(namespace="test", service="test"))

    metrics.add(Metric.CALLS_AVOIDED, 3)
    assert metrics.flush() == {Metric.CALLS_AVOIDED: 3}
    assert metrics.flush() == {}

    (written,) = capsys.readouterr().out.splitlines()
    assert json.loads(written)["DollarsSaved"] == [pytest.approx(3 * DOLLARS_A_CALL)]


def test_a_fault_of_ours_is_told_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    monkeypatch.setattr("tests.processors.world.Logger", lambda **_named: lines)
    monkeypatch.setattr("processors.pipeline.commit.index_rows", lambda _record: [1 / 0])
    world = World()

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == ["0"]

    assert "UnexpectedFault" in {facts.get("code") for _, _, facts in lines.told}


def test_how_long_an_upload_took_to_be_found_is_told_of_live_photos_alone() -> None:
    world = World(settings=replace(SETTINGS, detectors=("labels",)))
    uploaded = world.s3.put("a.jpg", b"cat 97")
    world.now = to_seconds(uploaded["eventTime"]) + 7

    world.deliver(uploaded)
    assert world.latencies == [7.0]

    # Rejected ones are not searched for, and what is looked at again was uploaded at another time.
    world.deliver(world.s3.put("empty.jpg", b""))
    world.s3.put("lost.jpg", b"dog 91")
    world.deliver(look_again(BUCKET, ["lost.jpg"], uploaded["eventTime"]))
    world.deliver(world.s3.put("bulk.jpg", b"dog 91"), queue_name=SETTINGS.bulk_queue_url.rsplit("/", 1)[1])
    assert world.latencies == [7.0]


def test_latencies_are_written_in_one_line_with_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = PowertoolsMetrics(Metrics(namespace="test", service="test"))

    metrics.add(Metric.IMAGES_RECOGNIZED, 2)
    metrics.add_latency(1.23456)
    metrics.add_latency(0.5)
    assert metrics.flush() == {Metric.IMAGES_RECOGNIZED: 2}

    (written,) = capsys.readouterr().out.splitlines()
    assert json.loads(written)[SECONDS_TO_SEARCHABLE] == [1.235, 0.5]
    (described,) = json.loads(written)["_aws"]["CloudWatchMetrics"]
    assert {"Name": SECONDS_TO_SEARCHABLE, "Unit": "Seconds"} in described["Metrics"]
