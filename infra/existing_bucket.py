"""Events of a bucket that is not the stack's own, by EventBridge: nothing of the bucket is changed.

That it tells EventBridge anything is the one setting its owner makes. It leaves the bucket's notifications
alone, of which there can be one configuration only, so that whoever writes one replaces all others'.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.event_bridge import DETAIL_TYPES, SOURCE
from infra.settings import DeploymentSettings


class BridgedEvents(Construct):
    """A rule that takes the events of the objects that are meant, and puts each into the queue as it is.

    What it cannot deliver, it tries for a day, and then puts among the dead letters of the same queue, as it
    is as well: `imagepipe dlq` reads it there, and sends it back like any other. What the queue's policy does
    not let in yet while the stack is made is found by the backfill that follows, and by the audit.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        queue: sqs.Queue,
        dead_letters: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        detail: dict[str, object] = {"bucket": {"name": [settings.bucket]}}
        if conditions := settings.keys.pattern():
            detail["object"] = {"key": conditions}
        self.rule = events.Rule(
            self,
            "Rule",
            description=f"Photos of {settings.bucket}",
            event_pattern=events.EventPattern(source=[SOURCE], detail_type=list(DETAIL_TYPES), detail=detail),
            targets=[
                targets.SqsQueue(
                    queue,
                    dead_letter_queue=dead_letters,
                    retry_attempts=185,
                    max_event_age=Duration.hours(24),
                )
            ],
        )
