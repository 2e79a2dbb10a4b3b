"""Where alarms go: a topic of their own, or one that is there already."""

from __future__ import annotations

from aws_cdk import Annotations, ArnFormat, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.settings import DeploymentSettings

NOBODY = (
    "nobody: set alarm_email or alarm_topic_arn and deploy again; else dead letters expire and no one knows"
)


class AlarmTopic(Construct):
    """The topic that every alarm is sent to, when it begins and when it is over.

    It has no KMS key: CloudWatch cannot publish to a topic under the AWS-managed key `aws/sns`, and a key of
    our own would cost ten times an alarm, for texts that name no photo.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services

    `reaches` says who is told, for the stack's outputs.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        if settings.alarm_topic_arn:
            self.topic = sns.Topic.from_topic_arn(self, "Given", settings.alarm_topic_arn)
            self.reaches = settings.alarm_topic_arn
        else:
            self.topic = self._own(settings.alarm_email)
            self.reaches = f"{settings.alarm_email}, once confirmed" if settings.alarm_email else NOBODY
        if self.reaches == NOBODY:
            Annotations.of(self).add_warning_v2("imagepipe:alarms", f"Alarms reach {NOBODY}.")

    @property
    def action(self) -> cloudwatch.IAlarmAction:
        """What an alarm does."""
        return actions.SnsAction(self.topic)

    def _own(self, email: str) -> sns.Topic:
        topic = sns.Topic(self, "Topic", display_name="imagepipe alarms", enforce_ssl=True)
        stack = Stack.of(self)
        alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": alarms},
                },
            )
        )
        if email:
            topic.add_subscription(subscriptions.EmailSubscription(email))
        return topic
