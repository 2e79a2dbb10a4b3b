"""One KMS key of the customer's over what the stack keeps, where the settings want it.

docs/decisions/0019-what-a-customer-key-covers.md says what it covers and why the photos are not among it.
"""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Aws, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.timing import QUEUE_DATA_KEY_SECONDS
from infra.settings import DeploymentSettings

# For whom a function uses the key, never by itself.
# https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
_VIA = ("dynamodb", "s3", "sns", "sqs")


class CustomerKey(Construct):
    """A key that is made here, rotated every year, or the one that the settings name.

    The policy of a key that is named is its owner's: docs/security.md has the statements that it needs.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self.key: kms.IKey
        if settings.customer_key_arn:
            self.key = kms.Key.from_key_arn(self, "Given", settings.customer_key_arn)
        else:
            self.key = kms.Key(
                self,
                "Key",
                description=f"What {Stack.of(self).stack_name} keeps, but for the photos",
                enable_key_rotation=True,
                # What is encrypted under it, retained tables and backups too, is lost with it.
                removal_policy=RemovalPolicy.RETAIN,
            )
            sender = "events.amazonaws.com" if settings.bucket else "s3.amazonaws.com"
            also = settings.alerts_json or settings.cameras or settings.has_film_jobs
            senders = [sender, *(["sns.amazonaws.com"] if also else [])]
            for statement in _for_services(Stack.of(self), senders):
                self.key.add_to_resource_policy(statement)

    def cover(self, *, others: Sequence[s3.IBucket], publishers: Sequence[iam.Role] = ()) -> None:
        """Put the stack's table, queues, topics, log groups and buckets under the key, but for some buckets.

        `publishers` are the roles of services that publish to its topics.

        It looks at all that the stack has: what a later construct makes is covered too.
        """
        arn = self.key.key_arn
        for role in publishers:
            role.add_to_policy(self._using("sns"))
        left_out = [f"{bucket.node.path}/Resource" for bucket in others]
        for each in Stack.of(self).node.find_all():
            match each:
                case dynamodb.CfnTable():
                    each.sse_specification = dynamodb.CfnTable.SSESpecificationProperty(
                        sse_enabled=True, sse_type="KMS", kms_master_key_id=arn
                    )
                case sqs.CfnQueue():
                    each.sqs_managed_sse_enabled = None
                    each.kms_master_key_id = arn
                    each.kms_data_key_reuse_period_seconds = QUEUE_DATA_KEY_SECONDS
                case sns.CfnTopic():
                    each.kms_master_key_id = arn
                case logs.CfnLogGroup():
                    each.kms_key_id = arn
                case s3.CfnBucket() if each.node.path not in left_out:
                    each.bucket_encryption = _under(arn)
                case lambda_.Function():
                    self._let_use(each)
                case _:
                    pass

    def _let_use(self, function: lambda_.Function) -> None:
        """Let a function read and send what is under the key, through the services that keep it."""
        function.add_to_role_policy(self._using(*_VIA))

    def _using(self, *services: str) -> iam.PolicyStatement:
        via = [f"{service}.{Aws.REGION}.{Aws.URL_SUFFIX}" for service in services]
        return iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[self.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": via}},
        )


def _under(arn: str) -> s3.CfnBucket.BucketEncryptionProperty:
    """Return the encryption of a bucket with a key of its own beneath, so that KMS is seldom asked.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    by_default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
        sse_algorithm="aws:kms", kms_master_key_id=arn
    )
    rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(
        bucket_key_enabled=True, server_side_encryption_by_default=by_default
    )
    return s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])


def _for_services(stack: Stack, senders: Sequence[str]) -> list[iam.PolicyStatement]:
    """Return what the policy of the key has to say beside that the account's own IAM decides.

    `senders` put events, and completions, into queues; CloudWatch sends to the topic of alarms. CloudWatch's
    has no condition: the topic's policy takes alarms of this account only.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html#compatibility-with-aws-services
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    ours = {"StringEquals": {"aws:SourceAccount": stack.account}}
    sending = ["kms:Decrypt", "kms:GenerateDataKey*"]
    groups = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"{stack.stack_name}-*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        _let("EventsIntoQueues", senders, sending, ours),
        _let("AlarmsToTheTopic", ["cloudwatch.amazonaws.com"], sending, None),
        _let(
            "LogGroupsOfTheStack",
            [f"logs.{Aws.REGION}.{Aws.URL_SUFFIX}"],
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
    ]


def _let(
    sid: str, services: Sequence[str], actions: Sequence[str], conditions: dict[str, dict[str, str]] | None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.ServicePrincipal(service) for service in services],
        actions=list(actions),
        resources=["*"],
        conditions=conditions,
    )
