"""Each check holds on the real processor, and fails when what it is about is broken."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from PIL import Image

from aws.calls import TableBatches
from contract.errors import ConfigurationError, TransientError
from contract.policy import Policy, to_json
from contract.records import ImageRecord, Status
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb import OperatedTable
from operations.adapters.query_api import QueryApi, on_aws, on_this_machine
from operations.adapters.s3 import ObjectVersion
from operations.commands.verify import Cleaning
from operations.terminal import OperatorError, Steps
from operations.verifying.checks import (
    MOST_KEY_BYTES,
    Check,
    CheckResult,
    CheckStatus,
    checks_of,
    longest,
    run_all,
)
from operations.verifying.target import (
    AGAIN_SECONDS,
    SAMPLES,
    CheckFailedError,
    MarkedPhotos,
    TargetPipeline,
    find_photos,
    is_jpeg,
)
from tests.fakes.dynamodb import TABLE
from tests.operations.deployments import deployed
from tests.operations.stores import ScannedDynamoDB
from tests.operations.test_forgetting import finished
from tests.operations.test_planning import FINGERPRINTS
from tests.operations.world import AT_ONCE, NAMES
from tests.processors.world import SETTINGS, InlineExecutor, World

CHECKS = checks_of(takes_films=False)
PREFIX = "imagepipe-verify/test/"
Event = dict[str, Any]


class TextPhotos(MarkedPhotos):
    """Photos such as the Rekognition in memory reads."""

    def new(self) -> bytes:
        return f"cat 97 dog {next(self.numbers)}".encode()

    def cut_off(self) -> bytes:
        return b"\xff\xd8"


@dataclass
class Deployment:
    """The real processor, in memory; events reach it when somebody looks at the completions.

    `passes` says which of the events get through, `said` what becomes of a completion, `answered` what of an
    answer of the API.
    """

    world: World = field(default_factory=World)
    events: list[Event] = field(default_factory=list)
    passes: Callable[[Event], bool] = lambda _: True
    said: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda body: body
    answered: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
    before_copy: Callable[[], None] = lambda: None
    api_status: int = 200
    refuses: str = ""
    now: float = 0.0
    shares_answers: bool = True
    policy: Policy | None = None
    open_queues: list[str] = field(default_factory=list)

    # S3
    def put(self, key: str, body: bytes) -> str:
        if self.refuses and self.refuses in key:
            raise ConfigurationError("InvalidArgument", "no such key")
        self.events.append(self.world.s3.put(key, body))
        return self.etag(key)

    def copy(self, source: str, target: str) -> str:
        self.before_copy()
        self.events.append(self.world.s3.copy(source, target))
        return self.etag(target)

    def delete(self, key: str) -> None:
        self.events.append(self.world.s3.delete(key))

    def remove(self, version: ObjectVersion) -> None:
        self.events.append(self.world.s3.delete_version(version.key, version.version_id))

    def versions(self, prefix: str) -> list[ObjectVersion]:
        return [
            ObjectVersion(key, str(stored.version_id))
            if stored.body is None
            else ObjectVersion(key, str(stored.version_id), stored.etag, len(stored.body))
            for key, versions in self.world.s3.objects.items()
            if key.startswith(prefix)
            for stored in versions
        ]

    def etag(self, key: str) -> str:
        return self.world.s3.present()[key].etag

    # SNS and SQS
    def receive(self, _url: str, wait_seconds: int) -> list[str]:
        self.now += wait_seconds
        events, self.events = self.events, []
        before = len(self.world.topic.published)
        for event in filter(self.passes, events):
            self.world.deliver(event)
        new = self.world.topic.published[before:]
        return [json.dumps(body) for published in new if (body := self.said(published)) is not None]

    def queues(self, _beginning: str) -> list[str]:
        return self.open_queues

    def subscriptions(self, _beginning: str) -> list[str]:
        return [f"subscription of {url}" for url in self.open_queues]

    def unsubscribe(self, _arn: str) -> None: ...

    def delete_queue(self, url: str) -> None:
        self.open_queues.remove(url)

    # the API
    def get(self, path: str, **asked: Any) -> tuple[int, Any]:
        assert path == "/images"
        if self.api_status != 200:
            return self.api_status, None
        if "key" in asked:
            record = self.world.record(asked["key"])
            if record is None or record.status is Status.DELETED:
                return 404, {}
            return 200, self.answered(as_answered(self.shown(record)))
        there = [record for record in self.world.records() if record.status is Status.RECOGNIZED]
        images = [
            self.answered(as_answered(record)) for record in there if record.key.startswith(asked["prefix"])
        ]
        return 200, {"images": images, "cursor": None}

    def shown(self, record: ImageRecord) -> ImageRecord:
        if self.policy is None:
            return record
        return replace(record, findings=self.policy.applied(record.findings))

    def site(self) -> TargetPipeline:
        parts: Any = self
        pipeline: Any = SimpleNamespace(
            names=NAMES,
            bucket=parts,
            table=self.records(),
            subscriptions=parts,
            api=parts,
            deployed=deployed(FINGERPRINTS, shares_answers=self.shares_answers, policy=self.policy),
            executor=InlineExecutor(),
        )
        return TargetPipeline(pipeline, PREFIX, TextPhotos([b""], ""), 40, lambda: self.now)

    def records(self) -> OperatedTable:
        client: Any = ScannedDynamoDB(self.world.table)
        reads = TableBatches(client, TABLE, translated, AT_ONCE, InlineExecutor())
        return OperatedTable(client, TABLE, AT_ONCE, reads)

    def cleaning(self, site: TargetPipeline) -> Cleaning:
        def sleep(_: float) -> None:
            self.receive("", 1)

        return Cleaning(
            site.pipeline,
            PREFIX,
            "imagepipe-verify-test",
            clock=lambda: self.now,
            sleep=sleep,
            keys=set(site.expected),
            contents=site.contents,
        )


def as_answered(record: ImageRecord) -> dict[str, Any]:
    rejection = record.rejection
    return {
        "key": record.key,
        "status": str(record.status),
        "uploaded_at": record.version.uploaded_at,
        "size_bytes": record.version.size_bytes,
        "faces": record.findings.faces,
        "labels": [{"name": name} for name in record.findings.labels],
        "rejection": rejection and {"code": rejection.code, "message": rejection.message, "detector": None},
    }


def checked(target: TargetPipeline, checks: Sequence[Check] = CHECKS) -> list[CheckResult]:
    return [step for step in run_all(checks, target) if isinstance(step, CheckResult)]


def outcomes(deployment: Deployment) -> dict[str, CheckResult]:
    return {result.check.name: result for result in checked(deployment.site())}


def broken(deployment: Deployment) -> dict[str, str]:
    """Run all checks; give those that do not hold, with the reason."""
    found = outcomes(deployment)
    return {name: outcome.said for name, outcome in found.items() if outcome.status is CheckStatus.FAILED}


def test_all_checks_hold_on_the_real_processor() -> None:
    deployment = Deployment()

    found = outcomes(deployment)

    assert {outcome.status for outcome in found.values()} == {CheckStatus.HELD}, found
    assert len(found) == len(CHECKS)


def test_what_the_checks_say_that_they_use_is_what_they_use() -> None:
    deployment = Deployment()

    outcomes(deployment)

    changes = [stored for versions in deployment.world.s3.everything.values() for stored in versions]
    calls = sum(deployment.world.rekognition.paid.values())
    assert len(changes) == sum(check.uploads for check in CHECKS)
    # The two broken files are not paid for, as the Rekognition in memory refuses them.
    assert calls == (sum(check.contents for check in CHECKS) - 2) * len(FINGERPRINTS)


def apart(share_answers: str = "no") -> Deployment:
    """Return a deployment that is to share no answers, with a processor that has this setting."""
    return Deployment(World(settings=replace(SETTINGS, share_answers=share_answers)), shares_answers=False)


def test_all_checks_hold_where_answers_are_not_shared_and_nothing_is_left() -> None:
    deployment = apart()
    site = deployment.site()

    found = checked(site)
    left = finished(deployment.cleaning(site).run())

    assert {outcome.status for outcome in found} == {CheckStatus.HELD}, found
    assert left == []
    assert not any(pk.startswith("content#") for pk, _ in deployment.world.table.items)
    calls = sum(deployment.world.rekognition.paid.values())
    assert 0 < calls <= sum(check.uploads for check in CHECKS) * len(FINGERPRINTS)


def test_answers_that_are_shared_against_the_setting_are_found() -> None:
    assert broken(apart("yes")).keys() == {"copy and rename"}


def test_all_checks_hold_where_a_policy_says_what_is_shown() -> None:
    content = {"hidden": ["Dog"], "aliases": {"Pet": ["Cat"]}}
    world = World(settings=replace(SETTINGS, policy=to_json(content)))
    found = outcomes(Deployment(world, policy=Policy.of(content)))

    assert {outcome.status for outcome in found.values()} == {CheckStatus.HELD}, found
    assert broken(Deployment(World(settings=world.settings))).keys() == {"completions"}


def is_deletion(event: Event) -> bool:
    return str(event["eventName"]).startswith("ObjectRemoved")


def key_of(event: Event) -> str:
    return str(event["s3"]["object"]["key"])


def test_a_lost_event_of_a_deletion_is_found() -> None:
    found = broken(Deployment(passes=lambda event: not is_deletion(event)))

    assert found.keys() == {"copy and rename", "delete", "answers"}
    assert "known as deleted" in found["delete"]


def test_a_key_that_is_lost_on_its_way_is_found() -> None:
    found = broken(Deployment(passes=lambda event: "%2Bplus" not in key_of(event)))

    assert found.keys() == {"hostile keys", "answers"}
    assert "plus+plus.jpg" in found["hostile keys"]


def test_an_older_upload_that_wins_is_found() -> None:
    seen: list[str] = []

    def passes(event: Event) -> bool:
        seen.append(key_of(event))
        return not (key_of(event).endswith("overwritten.jpg") and seen.count(key_of(event)) > 1)

    assert broken(Deployment(passes=passes)).keys() == {"overwrite", "answers"}


def test_a_second_call_for_the_same_bytes_is_found() -> None:
    deployment = Deployment()

    def forget() -> None:
        deployment.world.now += 60
        for place in [place for place in deployment.world.table.items if place[0].startswith("content#")]:
            del deployment.world.table.items[place]

    deployment.before_copy = forget
    assert broken(deployment).keys() == {"copy and rename"}


def test_a_completion_that_never_comes_is_found() -> None:
    found = broken(Deployment(said=lambda body: None if body["key"].endswith("photo 1.jpg") else body))

    assert found.keys() == {"completions"}
    assert "photo 1.jpg" in found["completions"]


def test_a_completion_that_says_something_else_is_found() -> None:
    def said(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "faces": 99} if body["key"].endswith("photo 1.jpg") else body

    found = broken(Deployment(said=said))

    assert found == {"completions": "photo 1.jpg was announced with another faces than the table has"}


@pytest.mark.parametrize("member", ["status", "faces", "labels", "rejection", "size_bytes", "uploaded_at"])
def test_an_api_that_says_something_else_is_found(member: str) -> None:
    def answered(answer: dict[str, Any]) -> dict[str, Any]:
        other: Any = (
            [{"name": "Ghost"}] if member == "labels" else {"code": "?"} if member == "rejection" else 99
        )
        return {**answer, member: other}

    found = broken(Deployment(answered=answered))

    assert found.keys() == {"answers"}
    assert member in found["answers"]


def test_an_api_that_lists_what_is_not_there_is_found() -> None:
    deployment = Deployment()
    get = deployment.get

    def haunted(path: str, **asked: Any) -> tuple[int, Any]:
        status, answer = get(path, **asked)
        if "prefix" in asked:
            answer["images"].append({"key": f"{PREFIX}ghost.jpg"})
        return status, answer

    deployment.get = haunted  # type: ignore[method-assign]
    assert "ghost.jpg leaves the list" in broken(deployment)["answers"]


@pytest.mark.parametrize("status", [401, 403])
def test_an_api_that_is_closed_to_whoever_asks_leaves_its_check_out(status: int) -> None:
    found = outcomes(Deployment(api_status=status))

    assert found["answers"].status is CheckStatus.LEFT_OUT
    assert "IMAGEPIPE_API_TOKEN" in found["answers"].said
    assert found["completions"].status is CheckStatus.HELD


def test_a_key_that_s3_refuses_is_said_and_no_failure() -> None:
    found = outcomes(Deployment(refuses="\n"))

    assert found["hostile keys"].status is CheckStatus.HELD
    assert "does not take a line feed" in found["hostile keys"].said
    assert found["answers"].status is CheckStatus.HELD


def test_where_nothing_arrives_the_rest_is_left_out() -> None:
    found = outcomes(Deployment(passes=lambda _: False))

    verdicts = [outcome.status for outcome in found.values()]
    assert verdicts == [CheckStatus.FAILED, *[CheckStatus.LEFT_OUT] * (len(CHECKS) - 1)]
    assert found["upload"].said == "completions arrive has failed"


def test_a_completion_that_a_new_subscription_missed_is_provoked_again() -> None:
    missed = itertools.count()

    def said(body: dict[str, Any]) -> dict[str, Any] | None:
        return None if next(missed) == 0 else body

    assert broken(Deployment(said=said)) == {}
    assert next(missed) > len(CHECKS)


def test_what_aws_refuses_to_one_check_is_its_own_failure() -> None:
    def denied(_site: TargetPipeline) -> Steps[None]:
        yield "copying"
        raise ConfigurationError("AccessDenied", "not allowed to copy")

    checks = [Check("denied", "", denied, 0, 0, others_need=False), *CHECKS[:1]]
    first, second = checked(Deployment().site(), checks)

    assert (first.status, first.said) == (CheckStatus.FAILED, "AccessDenied: not allowed to copy")
    assert second.status is CheckStatus.HELD


def test_a_check_that_waits_can_be_left() -> None:
    steps = run_all(CHECKS, Deployment(passes=lambda _: False).site())

    assert next(steps) is CHECKS[0]
    assert str(next(steps)).startswith("waiting for a completion of ")
    steps.close()
    assert list(steps) == []


@pytest.mark.parametrize("upto", [1, 4, len(CHECKS)])
def test_nothing_is_left_whenever_it_ends(upto: int) -> None:
    deployment = Deployment(open_queues=["queue"])
    deployment.put("theirs/photo.jpg", b"cat 90")
    deployment.receive("", 1)
    before = dict(deployment.world.table.items)
    site = deployment.site()
    checked(site, CHECKS[:upto])

    assert finished(deployment.cleaning(site).run()) == []

    assert deployment.versions(PREFIX) == []
    assert deployment.open_queues == []
    kinds = {place[0].split("#")[0] for place in deployment.world.table.items.keys() - before.keys()}
    assert kinds <= {"image", "quota", "counts"}
    assert {record.status for record in deployment.world.records() if record.key.startswith(PREFIX)} == {
        Status.DELETED
    }
    assert {
        place
        for place, item in before.items()
        if deployment.world.table.items[place] != item and not place[0].startswith(("counts#", "quota#"))
    } == set()


def test_what_is_left_is_said() -> None:
    deployment = Deployment()
    site = deployment.site()
    checked(site, CHECKS[:2])
    deployment.passes = lambda _: False

    left = finished(deployment.cleaning(site).run())

    assert len(left) == 4
    assert all(what.startswith("the record of ") for what in left)


def test_a_step_of_cleaning_that_fails_stops_no_other() -> None:
    deployment = Deployment(open_queues=["queue"])
    site = deployment.site()
    checked(site, CHECKS[:2])

    def denied(_url: str) -> None:
        raise ConfigurationError("AccessDenied", "not allowed to delete queues")

    deployment.delete_queue = denied  # type: ignore[method-assign, assignment]
    left = finished(deployment.cleaning(site).run())

    assert "not allowed to delete queues (AccessDenied)" in left
    assert "queue queue" in left
    assert deployment.versions(PREFIX) == []


def test_the_longest_key_is_as_long_as_s3_takes() -> None:
    key = longest("prefix/ü/")

    assert len(key.encode()) == MOST_KEY_BYTES
    assert key.endswith(".jpg")


def jpeg(**how: Any) -> bytes:
    out = BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, "JPEG", **how)
    return out.getvalue()


@pytest.mark.parametrize("photo", [jpeg(), jpeg(progressive=True), jpeg(exif=Image.Exif().tobytes())])
def test_a_marked_photo_is_the_same_picture_in_other_bytes(photo: bytes) -> None:
    photos = MarkedPhotos([photo], "a run")
    first, second = photos.new(), photos.new()

    assert len({photo, first, second}) == 3
    assert Image.open(BytesIO(first)).tobytes() == Image.open(BytesIO(photo)).tobytes()
    # What comes first stays first, where readers of JFIF and Exif look for it.
    assert first[:4] == photo[:4]
    assert Image.open(BytesIO(first)).info["comment"] == b"a run 0"


def test_a_photo_that_is_cut_off_has_no_picture() -> None:
    cut = MarkedPhotos([jpeg()], "a run").cut_off()

    assert cut.startswith(b"\xff\xd8")
    with pytest.raises(OSError, match="cannot load this image"):
        Image.open(BytesIO(cut)).load()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"text", b"\xff\xd8" + bytes(50), jpeg()[:40]]
)
def test_what_is_no_jpeg_is_not_taken_for_one(content: bytes) -> None:
    assert not is_jpeg(content)


def test_the_samples_are_found() -> None:
    assert find_photos(None) == find_photos(SAMPLES)
    assert all(is_jpeg(photo) for photo in find_photos(None))


@pytest.mark.parametrize("files", [{}, {"a.jpg": b"no jpeg"}, {"a.png": jpeg()}])
def test_a_folder_without_photos_says_what_to_do(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    with pytest.raises(OperatorError, match="--photos"):
        find_photos(tmp_path)


@dataclass
class Session:
    """A connection to an API in memory."""

    statuses: list[int]
    asked: list[Any] = field(default_factory=list)

    def send(self, request: Any) -> Any:
        self.asked.append(request)
        status = self.statuses.pop(0)
        return type("Answer", (), {"status_code": status, "content": b'{"a": 1}', "text": "said"})


URL = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com"
HOSTILE = "a b+c%&d=e?\n😀"


def api(session: Session, token: str | None = None) -> QueryApi:
    made = on_aws(URL, Credentials("AKIDEXAMPLE", "secret", "session"), "eu-west-1", token, AT_ONCE)
    connection: Any = session
    return QueryApi(made.url, made.authorize, connection, AT_ONCE)


def test_a_request_is_signed_for_the_api_and_its_key_encoded_once() -> None:
    session = Session([200])

    assert api(session).get("/images", key=HOSTILE) == (200, {"a": 1})

    (asked,) = session.asked
    assert asked.url == f"{URL}/images?key=a%20b%2Bc%25%26d%3De%3F%0A%F0%9F%98%80"
    assert "/eu-west-1/execute-api/aws4_request" in str(asked.headers["Authorization"])
    assert str(asked.headers["X-Amz-Security-Token"]) == "session"


def test_a_change_is_signed_with_its_body_and_what_was_seen() -> None:
    session = Session([503, 200])

    assert api(session).patch("/images", {"add": ["Ä"]}, {"if-match": '"1"'}, key="a") == (200, {"a": 1})

    first, asked = session.asked
    assert (asked.method, asked.url) == ("PATCH", f"{URL}/images?key=a")
    assert first.body == asked.body == '{"add": ["Ä"]}'.encode()
    assert asked.headers["if-match"] == '"1"'
    assert asked.headers["content-type"] == "application/json"
    assert "if-match" in str(asked.headers["Authorization"])


def test_a_token_goes_before_a_signature() -> None:
    session = Session([200])

    api(session, token="t").get("/images")

    assert session.asked[0].headers["authorization"] == "Bearer t"


def test_this_machines_api_is_asked_without_a_proof() -> None:
    request = AWSRequest("GET", "http://127.0.0.1")

    on_this_machine("http://127.0.0.1", AT_ONCE).authorize(request)

    assert dict(request.headers) == {}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_api_that_cannot_answer_now_is_asked_again(status: int) -> None:
    session = Session([status, 200])

    assert api(session).get("/images")[0] == 200
    with pytest.raises(TransientError, match=str(status)):
        api(Session([status] * 20)).get("/images")


def test_what_is_missing_is_named_in_brief() -> None:
    deployment = Deployment()

    with pytest.raises(CheckFailedError, match=r"missing: 0, 1, 2 and 7 more"):
        finished(deployment.site().until(lambda: map(str, range(10))))


def test_what_not_all_detectors_have_seen_is_waited_for() -> None:
    deployment = Deployment()
    site = deployment.site()
    site.fingerprints = {**FINGERPRINTS, "text": "f"}
    key = site.key("a.jpg")
    site.upload(key, b"cat 97")

    with pytest.raises(CheckFailedError, match="missing: what the detectors say of a"):
        finished(site.recognized(key))


def test_nothing_is_done_again_that_may_be_on_its_way() -> None:
    site, again = Deployment().site(), list[str]()
    missing = iter([["a.jpg"]] * 3 + [[]])
    began = site.clock()

    assert len(list(site.until(lambda: next(missing), lambda: again.append("again")))) == 3

    assert site.clock() - began < AGAIN_SECONDS
    assert again == []
