"""Alarms: each says what is wrong, what to do, and under which heading of docs/operations.md it is told."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.counts import Count
from infra.functions import METRICS_NAMESPACE
from infra.queueing import WorkQueue
from infra.tallying import Tallying


class Alarms(Construct):
    """One alarm for each dead-letter queue, for a single dead letter is a photo that nobody can find.

    One for a deployment at fault: then nothing is lost, but nothing goes on either. And one for counts that
    are behind, while they can still catch up by themselves.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        images: WorkQueue,
        bulk: WorkQueue,
        tallying: Tallying,
    ) -> None:
        super().__init__(scope, construct_id)
        self._on_dead_letters("ImagesDeadLetters", images, "Dead letters of live photos")
        self._on_dead_letters("BulkDeadLetters", bulk, "Dead letters of bulk work")
        self._on_configuration_errors()
        self._on_late_counts(tallying.function)
        self._on_uncounted_changes(tallying.dead_letters)

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

    def _on_configuration_errors(self) -> None:
        metric = cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=Count.CONFIGURATION_ERRORS,
            dimensions_map={"service": "processors"},
            period=Duration.minutes(1),
            statistic="Sum",
        )
        metric.create_alarm(
            self,
            "ConfigurationErrors",
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=(
                "The processor lacks a permission or a resource; photos wait in the queue, none is lost. "
                'Its log names what is missing. See "The deployment is at fault" in docs/operations.md.'
            ),
        )

    def _on_late_counts(self, tally: lambda_.Function) -> None:
        # Counts the milliseconds since the oldest change in a batch was made.
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        metric = tally.metric("IteratorAge", period=Duration.minutes(5), statistic="Maximum")
        metric.create_alarm(
            self,
            "LateCounts",
            threshold=Duration.minutes(30).to_milliseconds(),
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=(
                "The counts of labels and images are half an hour behind; the photos are not. "
                "The log of the tally says what stops it. What is older than a day has to be counted anew. "
                'See "Counts are behind" in docs/operations.md.'
            ),
        )

    def _on_uncounted_changes(self, dead_letters: sqs.Queue) -> None:
        metric = dead_letters.metric_approximate_number_of_messages_visible(
            period=Duration.minutes(1), statistic="Maximum"
        )
        metric.create_alarm(
            self,
            "UncountedChanges",
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=(
                "Changes of photos could not be counted for half a day and have left the line; no photo is "
                "lost. Remove the cause, which the log of the tally tells, count anew, and purge the queue. "
                'See "Counts are behind" in docs/operations.md.'
            ),
        )
