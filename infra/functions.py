"""What all Lambda functions here have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.accepted import accept, accept_actions_without_resource, accept_wildcard

# Of each stack by itself: alarms of one that watched the metrics of all would ring for its neighbour.
METRICS_NAMESPACE = Aws.STACK_NAME


class PythonFunction(Construct):
    """A Python Lambda on Arm with its own role and its own log group.

    Of the package `room`, `handler` is called in the module `entry`. `service` names it in logs, traces and
    metrics; it is the room where not said otherwise. With `snapstart`, its published versions start from a
    snapshot of what INIT has built; `$LATEST` does not, so callers have to be led to a version.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        room: str,
        entry: str = "handler",
        service: str | None = None,
        code: Path,
        environment: Mapping[str, str],
        timeout_seconds: int,
        memory_mb: int,
        log_retention_days: int,
        reserved_concurrency: int | None = None,
        snapstart: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=retention(log_retention_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Lambda's own managed policy would let it write to every log group of the account.
        # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{room}.{entry}.handler",
            code=lambda_.Code.from_asset(str(code)),
            environment={
                **environment,
                "POWERTOOLS_SERVICE_NAME": service or room,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
            },
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            role=role,
            reserved_concurrent_executions=reserved_concurrency,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snapstart else None,
        )
        accept(
            self.function,
            "L1",
            "Python 3.13 is the version that the zips are built and tested for, and Lambda supports it until "
            "2029-06-30; a newer one is a change of its own, with its cold starts measured anew",
        )
        accept_actions_without_resource(role)


def allow(
    function: lambda_.Function,
    actions: Sequence[str],
    *resources: str,
    conditions: Mapping[str, Any] | None = None,
) -> None:
    """Let a function do what no `grant` of CDK's is narrow enough for."""
    statement = iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
    function.add_to_role_policy(statement)


def allow_on_objects(
    function: lambda_.Function, actions: Sequence[str], bucket: s3.IBucket, prefix: str = ""
) -> None:
    """Let a function do something with every object of a bucket whose key begins so."""
    objects = bucket.arn_for_objects(f"{prefix}*")
    allow(function, actions, objects)
    accept_wildcard(
        function.role, objects, "all objects of this one bucket: their keys are not ours to choose"
    )


def allow_on_items(
    function: lambda_.Function, actions: Sequence[str], table: dynamodb.ITable, keys: Sequence[str]
) -> None:
    """Let a function do something with items of a table whose partition keys are like these, `*` included.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    only_these = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}
    allow(function, actions, table.table_arn, conditions=only_these)


def ask_every(
    scope: Construct, construct_id: str, interval: Duration, function: lambda_.Function, **asked: str
) -> None:
    """Invoke a function on a schedule, with what it is asked as its event."""
    events.Rule(
        scope,
        construct_id,
        schedule=events.Schedule.rate(interval),
        targets=[targets.LambdaFunction(function, event=events.RuleTargetInput.from_object(asked))],
    )


def retention(days: int) -> logs.RetentionDays:
    """Return CDK's name for a number of days. Raises ValueError where CloudWatch Logs does not offer it."""
    offered = {
        1: logs.RetentionDays.ONE_DAY,
        3: logs.RetentionDays.THREE_DAYS,
        7: logs.RetentionDays.ONE_WEEK,
        14: logs.RetentionDays.TWO_WEEKS,
        30: logs.RetentionDays.ONE_MONTH,
        90: logs.RetentionDays.THREE_MONTHS,
        365: logs.RetentionDays.ONE_YEAR,
    }
    if days not in offered:
        raise ValueError(f"log_retention_days is {days}; choose one of {', '.join(map(str, offered))}")
    return offered[days]
