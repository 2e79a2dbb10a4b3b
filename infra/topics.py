"""Topics, and queues that take from them what a function is to be given."""

from collections.abc import Mapping

from aws_cdk import Duration, Names
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.intake import dead_letter_queue

# The fewest that Lambda takes: all that a worker changes are the same few items.
WORKERS = 2
# Lambda reads a queue with the rights of the function.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
FOR_LAMBDA_TO_READ = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


class SubscribedQueue:
    """Gives `function` what `topic` says; `queue` and its `dead_letters` are made in `scope`.

    What SNS may not deliver, by a policy that was changed, it puts among the dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        topic: sns.ITopic,
        function: lambda_.Function,
        *,
        retention_days: int,
        visibility_seconds: int,
        max_receives: int,
        batch_size: int,
        window_seconds: int | None = None,
        only: Mapping[str, sns.SubscriptionFilter] | None = None,
    ) -> None:
        self.dead_letters = dead_letter_queue(scope)
        self.queue = sqs.Queue(
            scope,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(retention_days),
            visibility_timeout=Duration.seconds(visibility_seconds),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=max_receives),
        )
        topic.add_subscription(
            subscriptions.SqsSubscription(
                self.queue,
                raw_message_delivery=True,
                dead_letter_queue=self.dead_letters,
                filter_policy=only,
            )
        )
        function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(self.queue.node)}",
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=None if window_seconds is None else Duration.seconds(window_seconds),
            report_batch_item_failures=True,
            max_concurrency=WORKERS,
        )
        self.queue.grant(function, *FOR_LAMBDA_TO_READ)


def encrypted_topic(scope: Construct, *, display_name: str | None = None, email: str = "") -> sns.Topic:
    """Return a topic that takes nothing without TLS; `email` is subscribed to it where it is given."""
    topic = sns.Topic(
        scope,
        "Topic",
        display_name=display_name,
        enforce_ssl=True,
        master_key=kms.Alias.from_alias_name(scope, "Key", "alias/aws/sns"),
    )
    if email:
        topic.add_subscription(subscriptions.EmailSubscription(email))
    return topic
