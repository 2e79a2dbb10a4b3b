"""Who read or wrote which object: S3's own access logs, where the settings want them."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.accepted import NO_ACCESS_LOGS, accept
from infra.buckets import private_bucket
from infra.settings import DeploymentSettings


class BucketLogs(Construct):
    """A bucket that S3 writes access logs of others into, kept as long as all logs are.

    Its encryption is S3's own, under whatever key the rest is: S3 delivers to no other.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        buckets: Sequence[s3.IBucket],
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            "Bucket",
            settings,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(settings.log_retention_days))],
        )
        # By account: a policy that named the buckets would have to be there before them, and they before it.
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AccessLogsOfBucketsOfThisAccount",
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects("*")],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        for bucket in buckets:
            self._follow(bucket)

    def _follow(self, bucket: s3.IBucket) -> None:
        logged = bucket.node.default_child
        if not isinstance(logged, s3.CfnBucket):
            return  # it is not the stack's, and whether it is logged is its owner's to say
        logged.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=self.bucket.bucket_name, log_file_prefix=f"{logged.logical_id}/"
        )
        assert self.bucket.policy is not None
        logged.add_resource_dependency(self.bucket.policy.node.default_child)  # type: ignore[arg-type]


def accept_no_logs(buckets: Sequence[s3.IBucket]) -> None:
    """Accept that nobody writes down who asks for the objects of buckets."""
    for bucket in buckets:
        if isinstance(bucket.node.default_child, s3.CfnBucket):
            accept(bucket, "S1", NO_ACCESS_LOGS)
