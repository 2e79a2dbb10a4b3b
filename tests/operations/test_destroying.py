"""A stack deleted, what it keeps, and that becoming a new stack: the calls, held to AWS's own models."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from infra.bundles import ROOT
from operations.adapters.cloudformation import ImportedResource, KeptData, KeptSize, StackResource, Stacks
from operations.adapters.existing_bucket import BucketSettings, NoBucket
from operations.adopting import adoption
from operations.commands import adopt, destroy
from operations.commands.destroy import BUCKET, TABLE, KeptResource
from operations.main import main
from operations.terminal import OperatorError
from tests.operations.world import AT_ONCE

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/imagepipe/1"
SYNTHESIZED: dict[str, Any] = json.loads((ROOT / "docs" / "template.json").read_text())
KEPT = (
    StackResource("IntakeBucketDF3620F2", BUCKET, "photos-1", is_kept=True),
    StackResource("StoreTable0CCFA19B", TABLE, "table-1", is_kept=True),
    StackResource("PicturesRenditionsD0D708C2", BUCKET, "renditions-1", is_kept=True),
)


@contextmanager
def stubbed(service: str) -> Iterator[tuple[Any, Stubber]]:
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    client = session.create_client(service, region_name="eu-west-1")
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def described(status: str) -> dict[str, Any]:
    return {
        "Stacks": [
            {"StackName": "imagepipe", "StackId": STACK_ID, "StackStatus": status, "CreationTime": NOW}
        ]
    }


def ended(steps: Any) -> list[str]:
    return list(steps)


def test_what_a_stack_keeps_is_what_its_template_says() -> None:
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("get_template", {"TemplateBody": json.dumps(SYNTHESIZED)})
        stub.add_response(
            "list_stack_resources",
            {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": logical_id,
                        "PhysicalResourceId": f"{logical_id}-1",
                        "ResourceType": resource["Type"],
                        "ResourceStatus": "CREATE_COMPLETE",
                        "LastUpdatedTimestamp": NOW,
                    }
                    for logical_id, resource in SYNTHESIZED["Resources"].items()
                ]
            },
        )
        resources = Stacks(client, AT_ONCE, no_sleep).resources("imagepipe")

    assert {each.logical_id for each in resources if each.is_kept} == {each.logical_id for each in KEPT}


def no_sleep(_seconds: float) -> None:
    return None


def test_a_stack_is_deleted_and_waited_for() -> None:
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("delete_stack", {}, {"StackName": STACK_ID})
        stub.add_response("describe_stacks", described("DELETE_IN_PROGRESS"))
        stub.add_response("describe_stacks", described("DELETE_COMPLETE"))
        assert ended(Stacks(client, AT_ONCE, no_sleep).delete(STACK_ID)) == ["DELETE_IN_PROGRESS"]


def test_a_stack_that_is_not_deleted_says_why() -> None:
    event = {
        "StackId": STACK_ID,
        "EventId": "1",
        "StackName": "imagepipe",
        "Timestamp": NOW,
        "LogicalResourceId": "IntakeBucket",
        "ResourceStatus": "DELETE_FAILED",
        "ResourceStatusReason": "The bucket is not empty",
    }
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("delete_stack", {})
        stub.add_response("describe_stacks", described("DELETE_FAILED"))
        stub.add_response("describe_stack_events", {"StackEvents": [event]})
        with pytest.raises(OperatorError, match="IntakeBucket: The bucket is not empty"):
            ended(Stacks(client, AT_ONCE, no_sleep).delete(STACK_ID))


def test_keeping_has_a_price() -> None:
    sizes = (KeptSize(100e9, 1_000_000), KeptSize(10e9, 5_000_000), KeptSize(None, None))
    kept = [KeptResource(resource, size) for resource, size in zip(KEPT, sizes, strict=True)]

    assert [each.dollars_a_month for each in kept] == [pytest.approx(2.3), pytest.approx(4.5), None]
    assert destroy.adopting("imagepipe", kept) == (
        "make adopt STACK=imagepipe BUCKET=photos-1 TABLE=table-1 RENDITIONS=renditions-1"
    )


@pytest.fixture
def data() -> Iterator[KeptData]:
    with mock_aws():
        client = boto3.client
        yield KeptData(
            client("s3", region_name="us-east-1"),
            client("dynamodb", region_name="us-east-1"),
            client("cloudwatch", region_name="us-east-1"),
            AT_ONCE,
            lambda: NOW,
        )


def make_table(data: KeptData, hash_key: str = "pk") -> None:
    data.dynamodb.create_table(
        TableName="table-1",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in (hash_key, "sk")],
        KeySchema=[
            {"AttributeName": hash_key, "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )


def test_data_is_removed_with_all_versions_and_in_spite_of_protection(data: KeptData) -> None:
    make_table(data)
    data.s3.create_bucket(Bucket="photos-1")
    data.s3.put_bucket_versioning(Bucket="photos-1", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        data.s3.put_object(Bucket="photos-1", Key="a.jpg", Body=body)
    data.s3.delete_object(Bucket="photos-1", Key="a.jpg")

    assert ended(data.remove_bucket("photos-1")) == ["emptying photos-1: 0 versions removed"]
    ended(data.remove_table("table-1"))

    assert data.s3.list_buckets()["Buckets"] == []
    assert data.dynamodb.list_tables()["TableNames"] == []


def test_the_size_of_a_bucket_is_what_s3_measured_last(data: KeptData) -> None:
    data.cloudwatch.put_metric_data(
        Namespace="AWS/S3",
        MetricData=[
            {
                "MetricName": "BucketSizeBytes",
                "Dimensions": [
                    {"Name": "BucketName", "Value": "photos-1"},
                    {"Name": "StorageType", "Value": "StandardStorage"},
                ],
                "Timestamp": NOW.replace(day=1),
                "Value": 5e9,
            }
        ],
    )

    assert data.size(BUCKET, "photos-1") == KeptSize(5e9, None)


THERE = {"Bucket": "photos-1", "Table": "table-1", "RenditionsBucket": "renditions-1"}


def test_an_import_holds_what_is_taken_in_and_nothing_that_points_elsewhere() -> None:
    adopted = adoption(SYNTHESIZED, THERE)

    assert adopted.template["Resources"].keys() == {each.logical_id for each in KEPT}
    assert "Outputs" not in adopted.template
    assert "Ref" not in adopted.template_body
    assert "Fn::" not in adopted.template_body
    for logical_id, resource in adopted.template["Resources"].items():
        whole = SYNTHESIZED["Resources"][logical_id]
        assert resource["Type"] == whole["Type"]
        assert resource["DeletionPolicy"] == "Retain"
        assert resource["Properties"].items() <= whole["Properties"].items()
    bucket = adopted.template["Resources"]["IntakeBucketDF3620F2"]["Properties"]
    assert "BucketEncryption" in bucket
    assert "NotificationConfiguration" not in bucket
    assert len(adopted.template_body) < 51_200


def test_a_template_with_a_bucket_that_was_there_has_none_to_adopt() -> None:
    template = SYNTHESIZED | {"Outputs": SYNTHESIZED["Outputs"] | {"Bucket": {"Value": "holiday-photos"}}}

    with pytest.raises(OperatorError, match="has no Bucket of its own"):
        adoption(template, THERE)


CHANGE_SET = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/adopt/1"


def test_what_was_kept_is_imported_by_a_change_set() -> None:
    resources = (ImportedResource("StoreTable", TABLE, "TableName", "table-1"),)
    expected = {
        "StackName": "imagepipe",
        "ChangeSetName": "adopt",
        "ChangeSetType": "IMPORT",
        "TemplateBody": "{}",
        "ResourcesToImport": [
            {
                "ResourceType": TABLE,
                "LogicalResourceId": "StoreTable",
                "ResourceIdentifier": {"TableName": "table-1"},
            }
        ],
    }
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK_ID}, expected)
        stub.add_response("describe_change_set", {"Status": "CREATE_IN_PROGRESS"})
        stub.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
        stub.add_response("execute_change_set", {}, {"ChangeSetName": CHANGE_SET})
        stub.add_response("describe_stacks", described("IMPORT_IN_PROGRESS"))
        stub.add_response("describe_stacks", described("IMPORT_COMPLETE"))
        ended(Stacks(client, AT_ONCE, no_sleep).adopt("imagepipe", "{}", resources))


@pytest.mark.parametrize("status", ["IMPORT_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_FAILED"])
def test_an_import_that_is_undone_says_so(status: str) -> None:
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK_ID})
        stub.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
        stub.add_response("execute_change_set", {})
        stub.add_response("describe_stacks", described(status))
        stub.add_response("describe_stack_events", {"StackEvents": []})
        with pytest.raises(OperatorError, match=status):
            ended(Stacks(client, AT_ONCE, no_sleep).adopt("imagepipe", "{}", KEPT_IMPORTED))


KEPT_IMPORTED = (ImportedResource("StoreTable", TABLE, "TableName", "table-1"),)


def test_what_cloudformation_does_not_take_in_is_said_and_nothing_is_executed() -> None:
    with stubbed("cloudformation") as (client, stub):
        stub.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK_ID})
        stub.add_response(
            "describe_change_set", {"Status": "FAILED", "StatusReason": "table-1 already belongs to a stack"}
        )
        with pytest.raises(OperatorError, match=r"already belongs to a stack.*nothing was changed"):
            ended(Stacks(client, AT_ONCE, no_sleep).adopt("imagepipe", "{}", KEPT_IMPORTED))


class FakeStacks:
    """A stack that is there, or not; whatever is done to it is remembered."""

    region = "us-east-1"

    def __init__(self, state: str | None) -> None:
        self.standing = state
        self.did: list[str] = []

    def state(self, _stack: str) -> str | None:
        return self.standing

    def id_of(self, stack: str) -> str:
        return stack

    def resources(self, _stack: str) -> list[StackResource]:
        return [*KEPT, StackResource("Queue", "AWS::SQS::Queue", "queue-1", is_kept=False)]

    def delete(self, stack: str) -> Iterator[str]:
        self.did.append(f"deleted {stack}")
        yield "DELETE_IN_PROGRESS"

    def adopt(self, stack: str, _template: str, resources: Any) -> Iterator[str]:
        self.did.append(f"adopted {', '.join(each.name for each in resources)} as {stack}")
        yield "IMPORT_IN_PROGRESS"


class FakeData:
    """What stays behind. `did` is that of the stacks."""

    def __init__(self, did: list[str], keys: Any = None) -> None:
        self.did, self.keys = did, keys

    def size(self, _kind: str, _name: str) -> KeptSize:
        return KeptSize(2e9, 1000)

    def key_schema(self, _table: str) -> Any:
        return self.keys

    def remove_table(self, name: str) -> Iterator[str]:
        self.did.append(f"removed {name}")
        yield ""

    remove_bucket = remove_table


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    def stand(
        state: str | None = "CREATE_COMPLETE", keys: Any = adopt.OUR_KEYS, bucket: Any = None
    ) -> list[str]:
        stacks = FakeStacks(state)
        found = bucket or BucketSettings("us-east-1")

        class Account:
            def bucket(self, _name: str) -> Any:
                return found

        for command in (adopt, destroy):
            monkeypatch.setattr(command, "connect_stacks", lambda: (stacks, FakeData(stacks.did, keys)))
        monkeypatch.setattr(adopt, "connect_account", Account)
        return stacks.did

    return stand


def test_a_stack_is_destroyed_and_what_it_keeps_is_named(
    standing: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    did = standing()

    assert main(["destroy", "--yes"]) == 0

    said = capsys.readouterr().out
    assert did == ["deleted imagepipe"]
    assert all(each.name in said for each in KEPT)
    assert "make adopt STACK=imagepipe BUCKET=photos-1 TABLE=table-1" in said


def test_data_goes_only_with_the_name_of_the_stack(
    standing: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    did = standing()

    assert main(["destroy", "--yes", "--delete-data", "yes"]) == 2
    assert "--delete-data imagepipe" in capsys.readouterr().err
    assert did == []
    assert main(["destroy", "--yes", "--delete-data", "imagepipe"]) == 0
    assert did == ["deleted imagepipe", "removed photos-1", "removed table-1", "removed renditions-1"]


def test_without_anybody_to_ask_nothing_is_destroyed(standing: Callable[..., list[str]]) -> None:
    did = standing()

    assert main(["destroy"]) == 2
    assert did == []


def adopting(tmp_path: Path) -> list[str]:
    template = tmp_path / "imagepipe.template.json"
    template.write_text(json.dumps(SYNTHESIZED))
    return ["adopt", "--bucket", "photos-1", "--table", "table-1", "--template", str(template), "--yes"]


def test_what_was_kept_is_adopted(
    standing: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    did = standing(state=None)

    assert main(adopting(tmp_path)) == 0

    assert did == ["adopted photos-1, table-1 as imagepipe"]
    assert "make deploy STACK=imagepipe" in capsys.readouterr().out
    assert {
        each["LogicalResourceId"] for each in json.loads((tmp_path / "adopt.resources.json").read_text())
    } == {
        "IntakeBucketDF3620F2",
        "StoreTable0CCFA19B",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "UPDATE_COMPLETE"}, "there is a stack 'imagepipe' already"),
        ({"bucket": NoBucket(exists=False)}, "is not there"),
        ({"bucket": NoBucket(exists=True)}, "is another account's, or closed to you"),
        ({"bucket": BucketSettings("eu-west-1")}, "AWS_REGION=eu-west-1"),
        ({"keys": None}, "there is no table 'table-1'"),
        ({"keys": {"HASH": "id"}}, "has other keys"),
    ],
)
def test_what_cannot_be_adopted_is_said_in_a_sentence_and_nothing_is_made(
    standing: Callable[..., list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    words: str,
) -> None:
    did = standing(**{"state": None, **changes})

    assert main(adopting(tmp_path)) == 2

    assert words in capsys.readouterr().err
    assert did == []


def test_without_a_template_there_is_nothing_to_adopt_by(
    standing: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    did = standing(state=None)
    command = ["adopt", "--bucket", "b", "--table", "t", "--template", str(tmp_path / "none.json"), "--yes"]

    assert main(command) == 2
    assert "make synth" in capsys.readouterr().err
    assert did == []
