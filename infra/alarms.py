"""Alarms: each says what is wrong, what to do, and under which heading of docs/operations.md it is told."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.queueing import WorkQueue


class Alarms(Construct):
    """One alarm for each dead-letter queue: a single dead letter is a photo that nobody can find."""

    def __init__(self, scope: Construct, construct_id: str, *, images: WorkQueue, bulk: WorkQueue) -> None:
        super().__init__(scope, construct_id)
        self._on_dead_letters("ImagesDeadLetters", images, "Dead letters of live photos")
        self._on_dead_letters("BulkDeadLetters", bulk, "Dead letters of bulk work")

    def _on_dead_letters(self, alarm_id: str, work: WorkQueue, heading: str) -> None:
        # Messages that a redrive policy moves are not in NumberOfMessagesSent, only in the visible ones.
        metric = work.dead_letters.metric_approximate_number_of_messages_visible(
            period=Duration.minutes(1), statistic="Maximum"
        )
        metric.create_alarm(
            self,
            alarm_id,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=(
                "Photos are waiting as dead letters, unrecognized. Read why in the messages, remove the "
                f'cause, then send them back before they expire. See "{heading}" in docs/operations.md.'
            ),
        )
