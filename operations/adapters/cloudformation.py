"""Stacks of CloudFormation: what one is made of, deleting it, and making one of what is there already."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from aws.retries import RetryPolicy
from aws.stack_outputs import read_stack
from operations.adapters.aws_errors import reliable
from operations.terminal import OperatorError, Steps

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

LOOK_SECONDS = 3
_RETAINED = frozenset({"Retain", "RetainExceptOnCreate"})
_CHANGE_SET = "adopt"


class StackResource(NamedTuple):
    """One resource of a stack. `is_kept` says that it stays when the stack is deleted."""

    logical_id: str
    kind: str
    name: str
    is_kept: bool


class ImportedResource(NamedTuple):
    """A resource that is there already and is to be the stack's: by what it is found, as `BucketName`."""

    logical_id: str
    kind: str
    identifier: str
    name: str


@dataclass(frozen=True)
class Stacks:
    """The stacks of an account in a region. `sleep` waits between two looks at one."""

    client: "CloudFormationClient"
    retry: RetryPolicy
    sleep: Callable[[float], None]

    @property
    def region(self) -> str:
        return self.client.meta.region_name

    def state(self, stack: str) -> str | None:
        """Return the status of a stack, by its name or id; None where there is none."""
        found = reliable(self.retry, f"DescribeStacks of {stack}", read_stack)(self.client, stack)
        return None if found is None else found["StackStatus"]

    def id_of(self, stack: str) -> str:
        """Return the id of a stack, by which it is found when it is deleted, too. Raise OperatorError."""
        found = reliable(self.retry, f"DescribeStacks of {stack}", read_stack)(self.client, stack)
        if found is None:
            raise OperatorError(
                f"there is no stack {stack!r} in {self.region}; name another with --stack or AWS_REGION"
            )
        return found.get("StackId", stack)

    def resources(self, stack: str) -> list[StackResource]:
        """Return what a stack is made of, as far as it was made."""

        def listed() -> list[Any]:
            pages = self.client.get_paginator("list_stack_resources").paginate(StackName=stack)
            return [each for page in pages for each in page["StackResourceSummaries"]]

        template = self._template(stack)
        return [
            StackResource(
                each["LogicalResourceId"],
                each["ResourceType"],
                each["PhysicalResourceId"],
                template.get(each["LogicalResourceId"], {}).get("DeletionPolicy") in _RETAINED,
            )
            for each in reliable(self.retry, f"ListStackResources of {stack}", listed)()
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def _template(self, stack: str) -> Mapping[str, Any]:
        asked = reliable(self.retry, f"GetTemplate of {stack}", self.client.get_template)
        body: Any = asked(StackName=stack, TemplateStage="Processed")["TemplateBody"]
        document = json.loads(body) if isinstance(body, str) else body
        resources: Mapping[str, Any] = document["Resources"]
        return resources

    def delete(self, stack_id: str) -> Steps[None]:
        """Delete a stack, and wait until it is gone. Raise OperatorError with what CloudFormation says."""
        reliable(self.retry, f"DeleteStack of {stack_id}", self.client.delete_stack)(StackName=stack_id)
        state = yield from self._until_ended(stack_id)
        if state not in (None, "DELETE_COMPLETE"):
            raise OperatorError(f"the stack was not deleted ({state}): {self._reasons(stack_id)}")

    def adopt(self, stack: str, template: str, resources: Sequence[ImportedResource]) -> Steps[None]:
        """Make a stack of resources that are there. Raise OperatorError with what CloudFormation says.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-new-stack.html
        """
        made = reliable(self.retry, f"CreateChangeSet for {stack}", self.client.create_change_set)(
            StackName=stack,
            ChangeSetName=_CHANGE_SET,
            ChangeSetType="IMPORT",
            TemplateBody=template,
            ResourcesToImport=[
                {
                    "ResourceType": each.kind,
                    "LogicalResourceId": each.logical_id,
                    "ResourceIdentifier": {each.identifier: each.name},
                }
                for each in resources
            ],
        )
        described = reliable(self.retry, f"DescribeChangeSet for {stack}", self.client.describe_change_set)
        while (change_set := described(ChangeSetName=made["Id"]))["Status"].endswith(
            ("_PENDING", "_IN_PROGRESS")
        ):
            yield "CloudFormation looks at what is to be adopted"
            self.sleep(LOOK_SECONDS)
        if change_set["Status"] != "CREATE_COMPLETE":
            raise OperatorError(
                f"CloudFormation does not take them in: {change_set.get('StatusReason', 'no reason given')}"
                f"; nothing was changed (aws cloudformation delete-stack --stack-name {stack} tidies up)"
            )
        run = reliable(self.retry, f"ExecuteChangeSet for {stack}", self.client.execute_change_set)
        run(ChangeSetName=made["Id"])
        state = yield from self._until_ended(made["StackId"])
        if state != "IMPORT_COMPLETE":
            raise OperatorError(f"they were not taken in ({state}): {self._reasons(made['StackId'])}")

    def _until_ended(self, stack_id: str) -> Steps[str | None]:
        # Before it begins, the stack of an import is under review.
        while (state := self.state(stack_id)) is not None and state.endswith("_IN_PROGRESS"):
            yield state
            self.sleep(LOOK_SECONDS)
        return state

    def _reasons(self, stack_id: str) -> str:
        events = reliable(
            self.retry, f"DescribeStackEvents of {stack_id}", self.client.describe_stack_events
        )(StackName=stack_id)["StackEvents"]
        failed = [each for each in events if each.get("ResourceStatus", "").endswith("_FAILED")]
        said = [f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', '')}" for each in failed]
        return "; ".join(dict.fromkeys(said)) or "CloudFormation gives no reason"


class KeptSize(NamedTuple):
    """How much is in something that is kept; None where nobody says. Both are some hours old."""

    size_bytes: float | None
    items: float | None


@dataclass(frozen=True)
class KeptData:
    """Buckets and tables that outlive their stack: how large they are, and removing them for good."""

    s3: Any
    dynamodb: Any
    cloudwatch: Any
    retry: RetryPolicy
    now: Callable[[], datetime]

    def size(self, kind: str, name: str) -> KeptSize:
        """Return the size of a table, or of a bucket by the metrics that S3 writes once a day."""
        if kind == "AWS::DynamoDB::Table":
            read = reliable(self.retry, f"DescribeTable of {name}", self.dynamodb.describe_table)
            table = read(TableName=name)["Table"]
            return KeptSize(table.get("TableSizeBytes"), table.get("ItemCount"))
        return KeptSize(
            self._metric(name, "BucketSizeBytes", "StandardStorage"),
            self._metric(name, "NumberOfObjects", "AllStorageTypes"),
        )

    def _metric(self, bucket: str, metric: str, storage: str) -> float | None:
        """Return what S3 measured last.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
        """
        now = self.now()
        asked = reliable(
            self.retry, f"GetMetricStatistics of {bucket}", self.cloudwatch.get_metric_statistics
        )
        points = asked(
            Namespace="AWS/S3",
            MetricName=metric,
            Dimensions=[
                {"Name": "BucketName", "Value": bucket},
                {"Name": "StorageType", "Value": storage},
            ],
            StartTime=now - timedelta(days=3),
            EndTime=now,
            Period=86_400,
            Statistics=["Average"],
        )["Datapoints"]
        return max(points, key=lambda point: point["Timestamp"])["Average"] if points else None

    def key_schema(self, table: str) -> Mapping[str, str] | None:
        """Return the names of a table's keys by their kind; None where there is no such table."""

        def attempt() -> Mapping[str, str] | None:
            try:
                found = self.dynamodb.describe_table(TableName=table)["Table"]
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return None
                raise
            return {each["KeyType"]: each["AttributeName"] for each in found["KeySchema"]}

        return reliable(self.retry, f"DescribeTable of {table}", attempt)()

    def remove_table(self, name: str) -> Steps[None]:
        """Delete a table that may be protected. What its backups hold goes by itself after 35 days."""
        yield f"deleting {name}"
        protect = reliable(self.retry, f"UpdateTable of {name}", self.dynamodb.update_table)
        protect(TableName=name, DeletionProtectionEnabled=False)
        reliable(self.retry, f"DeleteTable of {name}", self.dynamodb.delete_table)(TableName=name)

    def remove_bucket(self, name: str) -> Steps[None]:
        """Delete a bucket with all versions of all that is in it."""
        listed = reliable(self.retry, f"ListObjectVersions of {name}", self.s3.list_object_versions)
        remove = reliable(self.retry, f"DeleteObjects of {name}", self.s3.delete_objects)
        removed = 0
        while True:
            page = listed(Bucket=name)
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if not found:
                break
            yield f"emptying {name}: {removed:,} versions removed"
            versions = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            refused = remove(Bucket=name, Delete={"Objects": versions, "Quiet": True}).get("Errors", [])
            if refused:
                first = refused[0]
                raise OperatorError(
                    f"S3 does not remove {first['Key']} of {name} ({first.get('Code')}: "
                    f"{first.get('Message')}); {removed:,} versions were removed, the bucket is still there"
                )
            removed += len(versions)
        reliable(self.retry, f"DeleteBucket of {name}", self.s3.delete_bucket)(Bucket=name)
