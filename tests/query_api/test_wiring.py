"""The whole Lambda, on DynamoDB in this process."""

import gzip
import json
import random
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.session
import pytest
import time_machine
from botocore.credentials import ContainerMetadataFetcher

from contract.errors import SettingsError
from contract.metrics import Metric
from contract.table import counts_key
from contract.timing import QUERY_TIMEOUT_SECONDS
from query_api import wiring
from query_api.adapters import clients
from query_api.answering import Answering
from tests.query_api.conftest import TABLE_NAME, MotoTable
from tests.query_api.gateways import ministack
from tests.query_api.photos import commit, facts, photo
from tests.query_api.site import signed_in

ROOT = Path(__file__).parents[2]
QUEUES = ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "BULK_QUEUE_URL", "BULK_DEAD_LETTER_QUEUE_URL")
CONTEXT = SimpleNamespace(
    function_name="query",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:query",
    aws_request_id="the-request",
)


@pytest.fixture
def _settings(monkeypatch: pytest.MonkeyPatch, moto_table: MotoTable, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("BUCKET_NAME", "photos")
    monkeypatch.setenv("TABLE_NAME", TABLE_NAME)
    for name in QUEUES:
        monkeypatch.setenv(name, f"https://sqs.eu-central-1.amazonaws.com/123456789012/{name.lower()}")
    # Powertools keeps one logger a service, with the output of the test that came first.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "imagepipe")


@pytest.mark.usefixtures("_settings")
def test_an_event_goes_in_and_an_answer_and_a_line_of_metrics_come_out(
    moto_table: MotoTable, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(moto_table, photo("ü b.jpg"))

    reply = wiring.build()(ministack("/images?label=cat"), CONTEXT)

    assert reply["statusCode"] == 200
    assert [image["key"] for image in json.loads(reply["body"])["images"]] == ["ü b.jpg"]
    metrics = json.loads(capsys.readouterr().out)
    assert (metrics["QuestionsAnswered"], metrics["IndexRowsRead"]) == ([1], [1])


@pytest.mark.usefixtures("_settings")
def test_how_things_stand_is_of_today_and_of_the_queues_that_are_named(
    moto_table: MotoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs")
    for name in QUEUES:
        url = sqs.create_queue(QueueName=name.lower())["QueueUrl"]
        monkeypatch.setenv(name, url)
        sqs.send_message(QueueUrl=url, MessageBody="{}")
    today = datetime.now(UTC).date().isoformat()
    moto_table.put(counts_key(today), {str(Metric.IMAGES_RECOGNIZED): 3})

    stats = json.loads(wiring.build()(ministack("/stats"), CONTEXT)["body"])

    assert stats["today"]["images_recognized"] == 3
    assert {name: depth["waiting"] for name, depth in stats["queues"].items()} == {"images": 1, "bulk": 1}
    assert stats["dead_letters"] == 2


@pytest.mark.usefixtures("_settings")
def test_who_may_see_some_photos_sees_no_others_where_the_deployment_says_by_which_claim(
    moto_table: MotoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFIX_CLAIM", "cognito:groups")
    for key in ("family/cat.jpg", "secret/cat.jpg"):
        commit(moto_table, photo(key))
    answer = wiring.build()

    def asked(target: str, groups: list[str]) -> tuple[int, Any]:
        reply = answer(signed_in(ministack(target), {"cognito:groups": groups}), CONTEXT)
        return reply["statusCode"], json.loads(reply["body"])

    status, listed = asked("/images", ["editors", "family/"])
    assert (status, [image["key"] for image in listed["images"]]) == (200, ["family/cat.jpg"])
    assert asked("/images/secret/cat.jpg", ["family/"])[0] == 404
    assert asked("/labels", ["family/"]) == (200, {"labels": [{"name": "Cat", "count": 1}]})
    assert asked("/images", ["editors"])[0] == 403
    assert answer(ministack("/images"), CONTEXT)["statusCode"] == 403
    assert len(asked("/images", ["*"])[1]["images"]) == 2


@pytest.mark.usefixtures("_settings")
def test_the_page_knows_where_people_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGN_IN_URL", "https://photos-1.auth.eu-central-1.amazoncognito.com")
    monkeypatch.setenv("SIGN_IN_CLIENT", "1example")

    page = wiring.build()(ministack("/"), CONTEXT)

    html = page["body"]
    assert 'data-sign-in-at="https://photos-1.auth.eu-central-1.amazoncognito.com"' in html
    assert 'data-sign-in-client="1example"' in html
    assert (
        "https://photos-1.auth.eu-central-1.amazoncognito.com;" in page["headers"]["content-security-policy"]
    )


@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize(("setting", "status"), [("yes", 200), ("no", 400)])
def test_near_duplicates_are_found_where_the_deployment_finds_any(
    moto_table: MotoTable, monkeypatch: pytest.MonkeyPatch, setting: str, status: int
) -> None:
    monkeypatch.setenv("RENDITIONS_BUCKET", "renditions")
    monkeypatch.setenv("NEAR_DUPLICATES", setting)
    commit(moto_table, photo("a.jpg", file=facts(looks=7)))

    reply = wiring.build()(ministack("/images?near_duplicates_of=a.jpg"), CONTEXT)

    assert reply["statusCode"] == status


@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize(("setting", "status"), [("yes", 200), ("no", 400)])
def test_photos_are_found_by_place_where_the_deployment_keeps_any(
    monkeypatch: pytest.MonkeyPatch, setting: str, status: int
) -> None:
    monkeypatch.setenv("RENDITIONS_BUCKET", "renditions")
    monkeypatch.setenv("KEEP_LOCATION", setting)

    assert wiring.build()(ministack("/images?near=48.8,2.3,5"), CONTEXT)["statusCode"] == status


@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize("bucket", ["renditions", ""])
def test_thumbnails_are_shown_from_the_bucket_that_is_named(
    moto_table: MotoTable, monkeypatch: pytest.MonkeyPatch, bucket: str
) -> None:
    monkeypatch.setenv("RENDITIONS_BUCKET", bucket)
    commit(moto_table, photo("cat.jpg", file=replace(facts(), f_number=2.0, renditions="me")))

    (image,) = json.loads(wiring.build()(ministack("/images"), CONTEXT)["body"])["images"]

    if bucket:
        at = "https://renditions.s3.eu-central-1.amazonaws.com/etag-of-cat.jpg-1234/me/thumbnail.webp?"
        assert image["thumbnail_url"].startswith(at)
        assert image["photo"]["f_number"] == 2
    else:
        assert (image["thumbnail_url"], image["view_url"], image["photo"]) == (None, None, None)


@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize(("setting", "status"), [("yes", 200), ("no", 400)])
def test_lists_come_by_confidence_where_the_deployment_keeps_that_order(
    monkeypatch: pytest.MonkeyPatch, setting: str, status: int
) -> None:
    monkeypatch.setenv("CONFIDENCE_ORDER", setting)

    reply = wiring.build()(ministack("/images?label=cat&order=confidence"), CONTEXT)

    assert reply["statusCode"] == status


@pytest.mark.usefixtures("_settings")
def test_an_answer_is_packed_for_whoever_unpacks_it() -> None:
    event = ministack("/openapi.json")
    event["headers"]["accept-encoding"] = "gzip, deflate"

    reply = wiring.build()(event, CONTEXT)

    assert reply["headers"]["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(b64decode(reply["body"])))["openapi"] == "3.1.0"


@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize(("setting", "status"), [("yes", 400), ("no", 404), (None, 404)])
def test_leave_to_upload_is_given_where_the_deployment_says_so(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, status: int
) -> None:
    if setting is not None:
        monkeypatch.setenv("UPLOADS", setting)
    event = ministack("/uploads")
    event["requestContext"]["http"]["method"] = "POST"

    reply = wiring.build()({**event, "body": "{}"}, CONTEXT)

    assert reply["statusCode"] == status
    described = json.loads(wiring.build()(ministack("/openapi.json"), CONTEXT)["body"])
    assert ("/uploads" in described["paths"]) is (setting == "yes")


@pytest.mark.usefixtures("_settings")
def test_a_failure_is_logged_with_the_requests_id(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TABLE_NAME", "absent")

    reply = wiring.build()(ministack("/images/cat.jpg"), CONTEXT)

    assert reply["statusCode"] == 500
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (logged,) = [line for line in lines if "message" in line]
    assert logged["correlation_id"] == "385608d3-f91b-4092-b156-d059a2da7133"
    assert "ResourceNotFoundException" in logged["exception"]


def test_all_missing_settings_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUCKET_NAME", "TABLE_NAME", *QUEUES):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SettingsError) as raised:
        wiring.build()

    assert raised.value.faults == [f"{name} is not set" for name in ("BUCKET_NAME", "TABLE_NAME", *QUEUES)]


def test_importing_the_wiring_needs_no_setting_and_brings_no_boto3() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import query_api.wiring\n"
        "unwanted = {'boto3', 'aws_xray_sdk', 'aws_lambda_powertools.event_handler', 'tenacity'}\n"
        "assert not unwanted & set(sys.modules), unwanted & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-c", program, str(ROOT)], check=True, env={}, timeout=60)


@pytest.mark.usefixtures("_settings")
def test_a_refused_question_is_counted_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    reply = wiring.build()(ministack("/images?limit=0"), CONTEXT)

    assert reply["statusCode"] == 400
    assert json.loads(capsys.readouterr().out)["QuestionsRefused"] == [1]


@pytest.mark.usefixtures("_settings")
def test_photos_are_signed_for_the_bucket_in_this_region(moto_table: MotoTable) -> None:
    commit(moto_table, photo("a.jpg"))

    image = json.loads(wiring.build()(ministack("/images?key=a.jpg"), CONTEXT)["body"])

    url = urlsplit(image["url"])
    assert url.netloc == "photos.s3.eu-central-1.amazonaws.com"
    assert parse_qs(url.query)["X-Amz-Credential"][0].endswith("/eu-central-1/s3/aws4_request")


@pytest.mark.parametrize(
    "make",
    [clients.make_dynamodb_client, clients.make_sqs_client],
    ids=["table", "queues"],
)
@pytest.mark.usefixtures("_settings")
def test_a_client_gives_up_while_the_function_can_still_answer(make: Any) -> None:
    config = make(botocore.session.get_session()).meta.config

    assert (config.connect_timeout, config.read_timeout) == (clients.CONNECT_SECONDS, clients.READ_SECONDS)
    assert clients.ATTEMPTS * (clients.CONNECT_SECONDS + clients.READ_SECONDS) < QUERY_TIMEOUT_SECONDS


# SnapStart: INIT runs once, when a version is published, and copies go on from there, later and side by side.
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
INIT_AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
RESTORED_AT = INIT_AT + timedelta(days=7)


@pytest.fixture
def _sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials as a function with SnapStart gets them: by asking, and good for six hours."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9001/credentials")

    def retrieve(*_: object, **__: object) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "AccessKeyId": f"{now:key-of-%Y-%m-%d}",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": (now + timedelta(hours=6)).isoformat(),
        }

    monkeypatch.setattr(ContainerMetadataFetcher, "retrieve_full_uri", retrieve)


def images(answer: Answering, query: str = "") -> dict[str, Any]:
    reply = answer(ministack(f"/images?label=cat&limit=1{query}"), CONTEXT)
    assert reply["statusCode"] == 200, reply["body"]
    found: dict[str, Any] = json.loads(reply["body"])
    return found


@pytest.mark.usefixtures("_settings", "_sessions")
def test_a_copy_that_was_built_a_week_ago_signs_as_of_now(moto_table: MotoTable) -> None:
    commit(moto_table, photo("a.jpg"))
    with time_machine.travel(INIT_AT):
        answer = wiring.build()

    with time_machine.travel(RESTORED_AT):
        (image,) = images(answer)["images"]

    signed = parse_qs(urlsplit(image["url"]).query)
    assert signed["X-Amz-Credential"][0].startswith("key-of-2026-11-08/20261108/")
    assert signed["X-Amz-Date"][0].startswith("20261108T0800")


@pytest.mark.usefixtures("_settings", "_sessions")
def test_copies_of_one_snapshot_take_each_others_cursors_whatever_the_secret_is_by_then(
    moto_table: MotoTable,
) -> None:
    for second, key in enumerate(("older.jpg", "newer.jpg")):
        commit(moto_table, photo(key, second=second))
    with time_machine.travel(INIT_AT):
        one, other = wiring.build(), wiring.build()

    with time_machine.travel(RESTORED_AT):
        first = images(one)
        next_page = images(other, f"&cursor={first['cursor']}")
    with time_machine.travel(RESTORED_AT + timedelta(days=31)):
        a_month_later = images(other, f"&cursor={images(one)['cursor']}")

    assert first["images"][0]["key"] == "newer.jpg"
    assert [page["images"][0]["key"] for page in (next_page, a_month_later)] == ["older.jpg"] * 2


@pytest.mark.usefixtures("_settings", "_sessions")
def test_copies_of_one_snapshot_draw_pauses_of_their_own() -> None:
    copies = [wiring.build(), wiring.build()]
    snapshot, drawn = random.getstate(), []
    for answer in copies:
        random.setstate(snapshot)
        answer(ministack("/openapi.json"), CONTEXT)
        drawn.append(random.random())

    assert drawn[0] != drawn[1]
    random.setstate(snapshot)
    copies[0](ministack("/openapi.json"), CONTEXT)
    assert random.getstate() == snapshot, "with its first question alone"


@pytest.mark.usefixtures("_sessions")
def test_building_asks_nobody_but_for_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections would be dead after the snapshot, secrets old. Sockets are off, nothing stands for AWS."""
    for name in ("BUCKET_NAME", "TABLE_NAME", *QUEUES):
        monkeypatch.setenv(name, "https://sqs.eu-central-1.amazonaws.com/123456789012/any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    wiring.build()
