"""A queue of work with its dead-letter queue."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract import timing


class LaneQueues(Construct):
    """Messages wait in `queue`; those that the processor gives up on are sent to `dead_letters`.

    The redrive policy is the last resort, for messages whose function never runs: it counts receives that say
    nothing about a message (of invocations that Lambda throttled, of a service that was away).

    Both are encrypted by SQS itself: a queue with the AWS-managed KMS key cannot take S3 events.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(timing.QUEUE_RETENTION_DAYS),
            visibility_timeout=Duration.seconds(timing.VISIBILITY_SECONDS),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=timing.QUEUE_MAX_RECEIVES
            ),
        )


def dead_letter_queue(scope: Construct) -> sqs.Queue:
    """Return a queue for what was given up: encrypted by SQS, by TLS only, for as long as SQS keeps it."""
    return sqs.Queue(
        scope,
        "DeadLetters",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(timing.DEAD_LETTER_RETENTION_DAYS),
    )
