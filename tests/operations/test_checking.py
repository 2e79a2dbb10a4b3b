"""Trap 36: whether an account and a region can take a deployment, said before it is made."""

import dataclasses
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from contract.errors import ConfigurationError
from contract.people import Person
from infra.settings import DeploymentSettings
from operations import wiring
from operations.adapters.account import AwsAccount, Concurrency
from operations.adapters.existing_bucket import BucketOwnership, BucketSettings, NoBucket
from operations.checking.account import account_findings, stack_findings
from operations.checking.existing_bucket import bucket_findings
from operations.checking.findings import Finding, Fit
from operations.checking.wanted import Wanted, read_wanted
from operations.checking.watched import watched_findings
from operations.commands import check
from operations.main import main
from operations.terminal import OperatorError
from tests.fakes.dynamodb import TABLE
from tests.operations.stores import ScannedDynamoDB
from tests.operations.world import AT_ONCE
from tests.processors.test_people import ANN, enrol
from tests.processors.world import World

ESTABLISHED = Concurrency(1000, 1000)
NEW = Concurrency(10, 10)


@dataclass(frozen=True)
class FakeAccount:
    region: str = "eu-west-1"
    has: Concurrency = ESTABLISHED
    refusals: Mapping[str, str] = field(default_factory=dict)
    disabled: str = ""

    def elsewhere(self, region: str) -> "FakeAccount":
        return dataclasses.replace(self, region=region)

    quotas: Mapping[str, float] = field(default_factory=dict)
    state: str | None = None
    bootstrapped: bool | None = True
    topic: bool | None = True
    buckets: Mapping[str, BucketSettings | NoBucket] = field(default_factory=dict)
    people: Sequence[Person] | None = None

    def quota(self, operation: str) -> float | None:
        return self.quotas.get(operation)

    def stack_state(self, name: str) -> str | None:
        return self.state

    def is_bootstrapped(self) -> bool | None:
        return self.bootstrapped

    def has_topic(self, arn: str) -> bool | None:
        return self.topic

    def bucket(self, name: str) -> BucketSettings | NoBucket:
        return self.buckets.get(name, NoBucket(exists=False))

    def everybody(self, stack: str) -> Sequence[Person] | None:
        return self.people

    def identity(self) -> str:
        return "123456789012 (user/ann)"

    def concurrency(self) -> Concurrency:
        return self.has

    def refusal(self, operation: str) -> str | None:
        if self.region == self.disabled:
            raise ConfigurationError("UnrecognizedClientException", "the security token is invalid")
        return self.refusals.get(operation)


def concurrency(has: Concurrency, wanted: Wanted | None = None, region: str = "eu-west-1") -> Finding:
    account: Any = FakeAccount(region, has)
    return list(account_findings(wanted or Wanted(), account))[-1]


def of_operation(account: Any, operation: str) -> Finding:
    (found,) = (each for each in account_findings(Wanted(), account) if each.subject == operation)
    return found


def test_a_new_account_is_too_small_for_a_large_region_and_what_fits_is_proposed() -> None:
    found = concurrency(NEW)

    assert found.verdict is Fit.NO
    assert found.settings == {"max_concurrency": 2, "bulk_max_concurrency": 2}
    proposed = Wanted(**found.settings)  # type: ignore[arg-type]
    assert concurrency(NEW, proposed).verdict is Fit.YES
    without = concurrency(NEW, Wanted(pictures="false"))
    assert without.settings == {"max_concurrency": 4, "bulk_max_concurrency": 3}


@pytest.mark.parametrize(
    ("pictures", "unreserved", "verdict"),
    [("true", 35, Fit.NO), ("true", 36, Fit.YES), ("false", 22, Fit.NO), ("false", 23, Fit.YES)],
)
def test_both_lanes_pictures_the_tally_and_questions_are_counted(
    pictures: str, unreserved: int, verdict: Fit
) -> None:
    found = concurrency(Concurrency(1000, unreserved), Wanted(pictures=pictures))

    assert found.verdict is verdict
    assert ("13 pictures" in found.found) is (pictures == "true")


def test_a_new_account_takes_what_a_small_region_needs() -> None:
    assert concurrency(NEW, region="eu-central-1").verdict is Fit.YES


def test_an_account_that_has_nothing_left_is_sent_to_service_quotas() -> None:
    found = concurrency(Concurrency(1000, 5))

    assert found.verdict is Fit.NO
    assert found.settings is None
    assert "L-B99A9384" in found.advice


def test_an_account_that_can_spare_it_is_told_to_reserve_some_for_questions() -> None:
    found = concurrency(ESTABLISHED)

    assert found.verdict is Fit.HINT
    assert found.settings == {"query_reserved_concurrency": 20}
    reserved = Wanted(query_reserved_concurrency=20)
    assert concurrency(ESTABLISHED, reserved).verdict is Fit.YES


def test_reserving_what_lambda_keeps_back_is_refused() -> None:
    found = concurrency(Concurrency(110, 110), Wanted(query_reserved_concurrency=20))

    assert found.verdict is Fit.NO
    assert "leave query_reserved_concurrency out" in found.advice


def test_a_region_without_a_detector_is_refused_and_not_asked() -> None:
    account = FakeAccount("ca-central-1", refusals={"DetectLabels": "asked in vain"})

    assert of_operation(account, "DetectFaces").verdict is Fit.YES
    found = of_operation(account, "DetectLabels")
    assert found.verdict is Fit.NO
    assert "asked in vain" not in found.found


def test_what_rekognition_refuses_to_me_alone_stands_in_nobodys_way() -> None:
    found = of_operation(FakeAccount(refusals={"DetectLabels": "SomeException"}), "DetectLabels")

    assert (found.verdict, found.found) == (Fit.HINT, "SomeException")
    assert "the processor's own role may" in found.advice


def test_every_setting_that_is_read_is_one_of_the_deployment_with_its_default() -> None:
    deployed = DeploymentSettings()
    for each in dataclasses.fields(Wanted):
        default = getattr(Wanted(), each.name)
        assert default == type(default)(getattr(deployed, each.name) or type(default)())


def test_settings_come_from_cdk_json_and_what_is_typed_goes_before_them(tmp_path: Path) -> None:
    file = tmp_path / "cdk.json"
    file.write_text(
        json.dumps(
            {"context": {"detectors": ["labels"], "max_concurrency": 7, "quotas": {"DetectLabels": 80}}}
        )
    )

    wanted = read_wanted(file, ["max_concurrency=9", "api_access=open"])

    assert wanted.operations == ("DetectLabels",)
    assert wanted.workers("eu-west-1") == (9, 16)


@pytest.mark.parametrize("typed", ["max_concurrency", "max_concurrency=many", "detectors=smells"])
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, typed: str) -> None:
    with pytest.raises(OperatorError, match=typed.partition("=")[0].upper() + "|" + typed.partition("=")[0]):
        read_wanted(tmp_path / "cdk.json", [typed])


def aws(service: str) -> tuple[Any, Stubber]:
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    client = session.create_client(service, region_name="eu-west-1")
    return client, Stubber(client)


def account_of(**clients: Any) -> AwsAccount:
    parts = {"sts": None, "functions": None, "rekognition": None, "rekognition_in": None, **clients}
    return AwsAccount("eu-west-1", retry=AT_ONCE, **parts)


def test_lambda_says_how_many_functions_may_run_at_once() -> None:
    client, stub = aws("lambda")
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}
    stub.add_response("get_account_settings", {"AccountLimit": limit})

    with stub:
        assert account_of(functions=client).concurrency() == Concurrency(1000, 900)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("InvalidImageFormatException", None), ("AccessDeniedException", "AccessDeniedException")],
)
def test_rekognition_is_asked_about_no_image_at_all(code: str, refusal: str | None) -> None:
    client, stub = aws("rekognition")
    stub.add_client_error("detect_labels", code)

    with stub:
        assert account_of(rekognition=client).refusal("DetectLabels") == refusal


def test_credentials_that_do_not_hold_are_said_as_they_are() -> None:
    client, stub = aws("sts")
    stub.add_client_error("get_caller_identity", "ExpiredToken", "it expired")

    with stub, pytest.raises(ConfigurationError, match=r"ExpiredToken.*GetCallerIdentity"):
        account_of(sts=client).identity()


def test_the_command_ends_with_1_and_the_settings_that_would_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "connect_account", lambda: FakeAccount(has=NEW))

    assert main(["check", "-c", "api_access=open", "-c", "max_concurrency=40"]) == 1
    said = capsys.readouterr().out
    assert "This deployment would not work here." in said
    assert 'SETTINGS="-c api_access=open -c max_concurrency=2 -c bulk_max_concurrency=2"' in said

    assert main(["check", "-c", "max_concurrency=2", "-c", "bulk_max_concurrency=2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["fits"]
    verdicts = {found["subject"]: found["verdict"] for found in document["findings"]}
    assert {subject for subject, verdict in verdicts.items() if verdict == "hint"} == {"alarms"}
    assert len(verdicts) == 6

    assert main(["check", "-c", "max_concurrency=2", "-c", "bulk_max_concurrency=2"]) == 0
    said = capsys.readouterr().out
    assert "would not work" not in said
    assert "1,000,000 new photos" in said


def test_a_machine_without_a_region_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(OperatorError, match="AWS_REGION"):
        wiring.connect_account()


def test_a_region_without_a_detector_is_told_where_it_is() -> None:
    account: Any = FakeAccount("eu-north-1")

    found = of_operation(account, "DetectLabels")

    assert (found.verdict, found.found) == (Fit.NO, "not in eu-north-1")
    assert found.advice == (
        "deploy to one of ap-northeast-1, ap-northeast-2, ap-south-1, ap-southeast-1, ap-southeast-2, "
        "eu-central-1, eu-west-1, eu-west-2, us-east-1, us-east-2, us-gov-west-1, us-west-1, us-west-2, "
        "or choose other detectors"
    )


def test_every_region_that_is_to_be_asked_is_looked_at() -> None:
    account: Any = FakeAccount("us-east-1", disabled="us-west-1")
    wanted = Wanted(detectors=("labels",), regions=("us-east-1", "us-west-2", "us-west-1"))

    found = {each.subject: each for each in account_findings(wanted, account)}

    assert found["us-west-2:DetectLabels"].verdict is Fit.YES
    disabled = found["us-west-1:DetectLabels"]
    assert (disabled.verdict, disabled.found) == (Fit.NO, "UnrecognizedClientException")
    assert "enable the region" in disabled.advice
    assert "us-east-1:DetectLabels" not in found
    # 50, 50 and 5 calls a second.
    assert wanted.workers("us-east-1") == (21, 21)


def test_a_stack_outside_of_the_regions_that_it_names_is_refused() -> None:
    account: Any = FakeAccount("us-east-2")
    (found,) = (
        each
        for each in account_findings(Wanted(regions=("us-east-1", "us-west-2")), account)
        if each.subject == "regions"
    )

    assert found.verdict is Fit.NO


def test_regions_that_may_not_be_mixed_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="residency"):
        read_wanted(tmp_path / "cdk.json", ["regions=us-east-1,eu-west-1"])
    assert read_wanted(tmp_path / "cdk.json", ["regions=us-east-1,eu-west-1", "residency=any"]).regions


def test_the_account_is_asked_in_another_region_by_a_client_for_that_one() -> None:
    client, stub = aws("rekognition")
    stub.add_client_error("detect_labels", "InvalidImageFormatException")
    asked = []

    def rekognition_in(region: str) -> Any:
        asked.append(region)
        return client

    with stub:
        account = account_of(rekognition_in=rekognition_in)
        assert account.elsewhere("us-west-2").refusal("DetectLabels") is None
    assert asked == ["us-west-2"]


def test_an_account_that_is_not_subscribed_is_a_finding_and_no_error() -> None:
    client, stub = aws("rekognition")
    stub.add_client_error("detect_labels", "SubscriptionRequiredException", "sign up first")
    asked = account_of(rekognition=client)

    with stub:
        account: Any = FakeAccount()
        object.__setattr__(account, "refusal", asked.refusal)
        found = next(account_findings(Wanted(detectors=("labels",)), account))

    assert found.verdict is Fit.NO
    assert "SubscriptionRequiredException" in found.found


def test_a_quota_below_what_is_to_be_made_is_told_and_proposed() -> None:
    account: Any = FakeAccount(quotas={"DetectLabels": 5.0, "DetectFaces": 500.0})

    found = {each.subject: each for each in account_findings(Wanted(), account)}

    assert found["quota of DetectLabels"].verdict is Fit.HINT
    assert found["quota of DetectLabels"].settings == {"quotas": "DetectLabels=5"}
    assert found["quota of DetectFaces"].verdict is Fit.YES


@pytest.mark.parametrize(
    ("changes", "subject", "verdict", "words"),
    [
        ({}, "CDK's bootstrap", Fit.YES, ""),
        ({"bootstrapped": False}, "CDK's bootstrap", Fit.NO, "make bootstrap"),
        ({"state": "UPDATE_IN_PROGRESS"}, "stack photos", Fit.NO, "wait until that has ended"),
        ({"state": "ROLLBACK_COMPLETE"}, "stack photos", Fit.NO, "delete-stack --stack-name photos"),
        ({"state": "UPDATE_ROLLBACK_FAILED"}, "stack photos", Fit.NO, "continue-update-rollback"),
        ({"state": "UPDATE_COMPLETE"}, "stack photos", Fit.YES, ""),
    ],
)
def test_what_is_in_the_way_of_the_stack_is_told(
    changes: dict[str, Any], subject: str, verdict: Fit, words: str
) -> None:
    account: Any = FakeAccount(**changes)

    (found,) = [each for each in stack_findings(Wanted(stack="photos"), account) if each.subject == subject]

    assert found.verdict is verdict
    assert words in found.advice


TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def test_what_is_asked_below_prefixes_is_looked_at_too(tmp_path: Path) -> None:
    file = tmp_path / "detectors.toml"
    file.write_text("[prefixes]\n'site/' = ['labels', 'image_properties', 'protective_equipment']")
    wanted = read_wanted(tmp_path / "cdk.json", [f"detectors_by_prefix={file}"])

    assert wanted.operations == ("DetectLabels", "DetectFaces", "DetectProtectiveEquipment")
    # 5 photos a second, and not the 25 of two detectors that share 50 calls.
    assert wanted.workers("us-east-1") == (2, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, r"detectors_by_prefix names '.*', which cannot be read: "),
        (
            "[prefixes]\n'a/' = ['dreams']",
            r"has 'a/' = \[\"dreams\"\]; write a list of one or more of labels",
        ),
    ],
)
def test_a_file_of_prefixes_that_is_unusable_is_told(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "detectors.toml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(OperatorError, match=words):
        read_wanted(tmp_path / "cdk.json", [f"detectors_by_prefix={file}"])


def test_a_model_of_ones_own_is_not_asked_for_a_check(tmp_path: Path) -> None:
    wanted = read_wanted(tmp_path / "cdk.json", ["detectors=labels,custom_labels"])

    account: Any = FakeAccount()
    assert "DetectCustomLabels" not in {found.subject for found in account_findings(wanted, account)}


@pytest.mark.parametrize(
    ("wanted", "exists", "verdict", "words"),
    [
        (Wanted(), True, Fit.HINT, "no one knows"),
        (Wanted(alarm_email="a@b.example"), True, Fit.YES, ""),
        (Wanted(alarm_topic_arn=TOPIC), True, Fit.YES, ""),
        (Wanted(alarm_topic_arn=TOPIC), None, Fit.YES, ""),
        (Wanted(alarm_topic_arn=TOPIC), False, Fit.NO, "there is no such topic"),
        (Wanted(alarm_topic_arn=TOPIC.replace("west", "north")), True, Fit.NO, "name one there"),
    ],
)
def test_it_is_told_whom_alarms_reach(wanted: Wanted, exists: bool | None, verdict: Fit, words: str) -> None:
    account: Any = FakeAccount(topic=exists)

    found = list(stack_findings(wanted, account))[-1]

    assert (found.subject, found.verdict) == ("alarms", verdict)
    assert words in found.advice


GOOD = BucketSettings("eu-west-1", {"EventBridgeConfiguration": {}}, "Enabled", "AES256")
THEIRS = {"QueueConfigurations": [{"QueueArn": "arn:theirs", "Events": ["s3:ObjectCreated:*"]}]}
MINE = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d"


def of_bucket(state: BucketSettings | NoBucket, **wanted: Any) -> dict[str, Finding]:
    account: Any = FakeAccount(buckets={"holiday": state})
    return {each.subject: each for each in bucket_findings(Wanted(bucket="holiday", **wanted), account)}


def test_a_bucket_that_is_as_it_has_to_be_is_found_so() -> None:
    assert {found.verdict for found in of_bucket(GOOD).values()} == {Fit.YES}
    assert list(bucket_findings(Wanted(), FakeAccount())) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "wanted", "subject", "verdict", "words"),
    [
        (NoBucket(exists=False), {}, "bucket holiday", Fit.NO, "name one that is there"),
        (NoBucket(exists=True), {}, "bucket holiday", Fit.NO, "a bucket of this account"),
        (GOOD._replace(region="us-east-1"), {}, "bucket holiday", Fit.NO, "AWS_REGION=us-east-1"),
        (GOOD._replace(notifications={}), {}, "events of the bucket", Fit.NO, "by the command below"),
        (GOOD._replace(notifications=None), {}, "events of the bucket", Fit.HINT, "you may not read"),
        (GOOD._replace(versioning=""), {}, "versions of the bucket", Fit.HINT, "cannot be had back"),
        (GOOD._replace(versioning="Suspended"), {}, "versions of the bucket", Fit.HINT, "had back"),
        (
            GOOD._replace(versioning=""),
            {"share_answers": "false"},
            "versions of the bucket",
            Fit.NO,
            "turn versioning on",
        ),
        (GOOD._replace(encryption="aws:kms"), {}, "encryption of the bucket", Fit.HINT, "is no MD5"),
        (
            GOOD._replace(encryption="aws:kms"),
            {"share_answers": "true"},
            "encryption of the bucket",
            Fit.NO,
            "leave share_answers out",
        ),
        (
            GOOD._replace(encryption="aws:kms", kms_key=MINE),
            {},
            "encryption of the bucket",
            Fit.NO,
            "set bucket_key",
        ),
        (
            GOOD._replace(encryption="aws:kms:dsse", kms_key=MINE),
            {"bucket_key": MINE},
            "encryption of the bucket",
            Fit.HINT,
            "is no MD5",
        ),
        (GOOD._replace(encryption=None), {}, "encryption of the bucket", Fit.HINT, "bucket_key"),
        (GOOD, {"uploads": "true"}, "uploads into the bucket", Fit.HINT, "has to let pages in"),
    ],
)
def test_what_does_not_hold_on_a_bucket_is_said_in_a_sentence(
    state: BucketSettings | NoBucket, wanted: dict[str, Any], subject: str, verdict: Fit, words: str
) -> None:
    found = of_bucket(state, **wanted)[subject]

    assert found.verdict is verdict
    assert words in found.advice


def test_the_command_that_turns_event_bridge_on_keeps_what_is_set() -> None:
    command = shlex.split(of_bucket(GOOD._replace(notifications=THEIRS))["events of the bucket"].command)

    assert json.loads(command[-1]) == THEIRS | {"EventBridgeConfiguration": {}}
    assert command[:5] == ["aws", "s3api", "put-bucket-notification-configuration", "--bucket", "holiday"]


def test_a_key_that_is_missing_is_proposed() -> None:
    found = of_bucket(GOOD._replace(encryption="aws:kms", kms_key=MINE))["encryption of the bucket"]

    assert found.settings == {"bucket_key": MINE}


@pytest.fixture
def account_with_buckets() -> Iterator[BucketOwnership]:
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-1")
        where: Any = {"LocationConstraint": "eu-west-1"}
        client.create_bucket(Bucket="holiday", CreateBucketConfiguration=where)
        yield BucketOwnership(client, AT_ONCE)


def test_a_bucket_is_looked_at(account_with_buckets: BucketOwnership) -> None:
    client = account_with_buckets.client
    before = account_with_buckets.look("holiday", "123456789012")
    client.put_bucket_versioning(Bucket="holiday", VersioningConfiguration={"Status": "Enabled"})

    after = account_with_buckets.look("holiday", "123456789012")

    assert isinstance(before, BucketSettings)
    assert (before.region, before.tells_event_bridge, before.versioning) == ("eu-west-1", False, "")
    assert isinstance(after, BucketSettings)
    assert after.versioning == "Enabled"
    assert account_with_buckets.look("nowhere", "123456789012") == NoBucket(exists=False)


@pytest.mark.parametrize(
    ("code", "status", "headers", "expected"),
    [
        ("403", 403, {}, NoBucket(exists=True)),
        ("404", 404, {}, NoBucket(exists=False)),
        ("301", 301, {"x-amz-bucket-region": "us-east-1"}, BucketSettings("us-east-1")),
    ],
)
def test_a_bucket_that_is_not_ours_or_not_here_is_told_apart(
    code: str, status: int, headers: dict[str, str], expected: BucketSettings | NoBucket
) -> None:
    client, stub = aws("s3")
    stub.add_client_error(
        "head_bucket", code, http_status_code=status, response_meta={"HTTPHeaders": headers}
    )

    with stub:
        assert BucketOwnership(client, AT_ONCE).look("theirs", "123456789012") == expected


def test_it_is_seen_that_event_bridge_is_on() -> None:
    """moto does not keep it."""
    client, stub = aws("s3")
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": MINE}
    rules = [{"ApplyServerSideEncryptionByDefault": by_key}]
    stub.add_response("head_bucket", {"BucketRegion": "eu-west-1"})
    stub.add_response("get_bucket_notification_configuration", THEIRS | {"EventBridgeConfiguration": {}})
    stub.add_response("get_bucket_versioning", {"Status": "Suspended"})
    stub.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": rules}})

    with stub:
        found = BucketOwnership(client, AT_ONCE).look("holiday", "123456789012")

    assert isinstance(found, BucketSettings)
    assert found.tells_event_bridge
    assert (found.versioning, found.encryption, found.kms_key) == ("Suspended", "aws:kms", MINE)


def test_settings_that_may_not_be_read_are_not_known() -> None:
    client, stub = aws("s3")
    stub.add_response("head_bucket", {"BucketRegion": "eu-west-1"})
    for operation in ("notification_configuration", "versioning", "encryption"):
        stub.add_client_error(f"get_bucket_{operation}", "AccessDenied")

    with stub:
        found = BucketOwnership(client, AT_ONCE).look("holiday", "123456789012")

    assert found == BucketSettings("eu-west-1")


@pytest.mark.parametrize(
    ("everybody", "found"),
    [
        (None, [("hint", "cameras", "watch for Ann, Ben; who is enrolled is not known")]),
        ([ANN], [("no", "camera door", "watches for Ben, for whom nobody looks")]),
        ([ANN, replace(ANN, name="ben")], [("ok", "camera door", "watches for Ann, Ben")]),
        ([], [("no", "camera door", "watches for Ann, Ben, for whom nobody looks")]),
    ],
)
def test_whom_cameras_watch_for_has_to_be_enrolled(
    tmp_path: Path, everybody: list[Person] | None, found: list[tuple[str, str, str]]
) -> None:
    file = tmp_path / "cameras.toml"
    file.write_text("[door]\nprefix = 'a/'\nwatch_people = ['Ann', 'Ben']\n[yard]\nprefix = 'b/'")
    account: Any = FakeAccount(people=everybody)

    checked = watched_findings(Wanted(cameras=str(file)), account, "2026-01-02")
    assert [(each.verdict.value, each.subject, each.found) for each in checked] == found
    (over,) = watched_findings(Wanted(cameras=str(file)), FakeAccount(people=[ANN]), "2028-01-01")  # type: ignore[arg-type]
    assert over.found == "watches for Ann, Ben, for whom nobody looks"


def test_who_is_enrolled_is_read_from_the_table_of_the_stack() -> None:
    world = World()
    enrol(world, ANN)
    outputs = {"Table": TABLE, "PeopleCollection": "imagepipe-people"}

    class Stacks:
        def describe_stacks(self, **_: str) -> dict[str, Any]:
            told = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
            return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": told}]}

    nothing: Any = None
    account = AwsAccount(
        *("eu-west-1", nothing, nothing, nothing, AT_ONCE, nothing),
        cloudformation=Stacks(),
        dynamodb=ScannedDynamoDB(world.table),
    )

    assert account.everybody("imagepipe") == [ANN]
    del outputs["PeopleCollection"]
    assert account.everybody("imagepipe") is None
