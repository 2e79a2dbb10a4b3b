"""Alarms: each says what happened, to what, what to do, and where docs/operations.md tells more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.metrics import Metric, TallyMetric
from contract.quotas import MOST_BULK_DAYS, MOST_LIVE_DAYS, MOST_WAITING_DAYS, photos_in
from contract.timing import QUEUE_RETENTION_DAYS
from infra.alarm_topic import AlarmTopic
from infra.functions import METRICS_NAMESPACE
from infra.queueing import LaneQueues
from infra.quotas import QuotaParameters

_MINUTE, _FIVE_MINUTES = Duration.minutes(1), Duration.minutes(5)
# Metrics that count what went wrong are written when something did: no data means that nothing did.
_NOTHING_WRONG = cloudwatch.TreatMissingData.NOT_BREACHING
# SQS writes no metrics of a queue that nobody has touched for six hours, however much lies in it: no data
# means that all is as it was.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
_AS_BEFORE = cloudwatch.TreatMissingData.IGNORE


@dataclass(frozen=True)
class Watched:
    """What there is to watch. `functions` are by the name that operators know them by."""

    images: LaneQueues
    bulk: LaneQueues
    functions: Mapping[str, lambda_.Function]
    quotas: QuotaParameters
    uncounted: sqs.Queue
    api: apigateway.HttpApi
    is_audited: bool


class Alarms(Construct):
    """All alarms of the stack, each of them sent to the topic when it begins and when it is over."""

    def __init__(self, scope: Construct, construct_id: str, watched: Watched, topic: AlarmTopic) -> None:
        super().__init__(scope, construct_id)
        self._action = topic.action
        self._on_dead_letters("ImagesDeadLetters", watched.images, "Dead letters of live photos")
        self._on_dead_letters("BulkDeadLetters", watched.bulk, "Dead letters of bulk work")
        self._on_age(
            "ImagesWaiting", watched.images, MOST_LIVE_DAYS, "uploaded photo", "Live photos wait too long"
        )
        self._on_age("BulkWaiting", watched.bulk, MOST_BULK_DAYS, "bulk message", "Bulk work waits too long")
        self._on_depth("ImagesDepth", watched.images, "live", watched.quotas)
        self._on_depth("BulkDepth", watched.bulk, "bulk", watched.quotas)
        self._on_configuration_errors()
        self._on_the_days_limit()
        self._on_late_counts(watched.functions["tally"])
        self._on_uncounted_changes(watched.uncounted)
        if watched.is_audited:
            self._on_differences()
        self._on_loops(watched.functions["processor"])
        for name, function in watched.functions.items():
            self._on_throttles(name, function)
            self._on_errors(name, function)
        self._on_failed_answers(watched.api)

    def _on_dead_letters(self, alarm_id: str, work: LaneQueues, heading: str) -> None:
        # Messages that a redrive policy moves are not in NumberOfMessagesSent, only in the visible ones.
        self._alarm(
            alarm_id,
            work.dead_letters.metric_approximate_number_of_messages_visible(
                period=_MINUTE, statistic="Maximum"
            ),
            1,
            "Photos are waiting as dead letters, unrecognized. Read why in the messages, remove the cause, "
            "then send them back before they expire.",
            heading,
            missing=_AS_BEFORE,
        )

    def _on_age(self, alarm_id: str, work: LaneQueues, days: float, what: str, heading: str) -> None:
        """Watch the oldest message, but for those that were received three times: SQS leaves them out.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        """
        self._alarm(
            alarm_id,
            work.queue.metric_approximate_age_of_oldest_message(period=_FIVE_MINUTES, statistic="Maximum"),
            Duration.days(1).to_seconds() * days,
            f"The oldest {what} has waited for more than {days:g} days; SQS deletes it unrecognized after "
            f"{QUEUE_RETENTION_DAYS}. Find out what holds the queue up before then. (Messages that were "
            "received three times or more are left out of this age.)",
            heading,
            missing=_AS_BEFORE,
        )

    def _on_depth(self, alarm_id: str, work: LaneQueues, lane: str, quotas: QuotaParameters) -> None:
        self._alarm(
            alarm_id,
            work.queue.metric_approximate_number_of_messages_visible(
                period=_FIVE_MINUTES, statistic="Maximum"
            ),
            quotas.number(lambda each: photos_in(MOST_WAITING_DAYS, each)),
            f"More {lane} messages are waiting than the deployed quota works in {MOST_WAITING_DAYS:g} days, "
            f"and SQS deletes what has waited for {QUEUE_RETENTION_DAYS}. Stop what fills the queue, or "
            "raise the quota.",
            "More waits than can be worked",
            missing=_AS_BEFORE,
        )

    def _on_configuration_errors(self) -> None:
        self._alarm(
            "ConfigurationErrors",
            _counted(Metric.CONFIGURATION_ERRORS),
            1,
            "The processor lacks a permission or a resource; photos wait in the queue, none is lost. Its log "
            "names what is missing.",
            "Configuration errors",
        )

    def _on_the_days_limit(self) -> None:
        self._alarm(
            "DailyLimit",
            _counted(Metric.DAILY_LIMIT_REACHED),
            1,
            "All calls of a detector that may be made today were made: photos wait in their queue until "
            "midnight UTC, none is lost. More are uploaded than was foreseen, or the limit is too low.",
            "The day's limit is reached",
        )

    def _on_late_counts(self, tally: lambda_.Function) -> None:
        # Counts the milliseconds since the oldest change in a batch was made.
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        self._alarm(
            "LateCounts",
            tally.metric("IteratorAge", period=_FIVE_MINUTES, statistic="Maximum"),
            Duration.minutes(30).to_milliseconds(),
            "The counts of labels and images are half an hour behind; the photos are not. The log of the "
            "tally says what stops it. What is older than a day has to be counted anew.",
            "Counts are behind",
        )

    def _on_uncounted_changes(self, dead_letters: sqs.Queue) -> None:
        self._alarm(
            "UncountedChanges",
            dead_letters.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum"),
            1,
            "Changes of photos could not be counted for half a day and have left the line; no photo is lost. "
            "Remove the cause, which the log of the tally tells, count anew, and purge the queue.",
            "Counts are behind",
            missing=_AS_BEFORE,
        )

    def _on_differences(self) -> None:
        """Watch what the last audit found: there is one a day, and until the next all is as it was.

        The least of an hour, so that whoever put it right and asks again sees the end of it.
        """
        self._alarm(
            "Differences",
            _counted(TallyMetric.DIFFERENCES_FOUND, "tally", Duration.hours(1), "Minimum"),
            1,
            "Photos in the bucket have no record, or records no photo, and no message waits for them: S3's "
            "events were lost. Run `imagepipe reconcile --fix`.",
            "The bucket and the table differ",
            missing=_AS_BEFORE,
        )

    def _on_loops(self, processor: lambda_.Function) -> None:
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
        self._alarm(
            "Loops",
            processor.metric("RecursiveInvocationsDropped", period=_MINUTE, statistic="Sum"),
            1,
            "Lambda took the processor for an endless loop and refused to run it for messages of photos. "
            "They become dead letters that do not say why. Allow the loop, then send them back.",
            "Messages were dropped as a loop",
        )

    def _on_throttles(self, name: str, function: lambda_.Function) -> None:
        self._alarm(
            f"{name.capitalize()}Throttles",
            function.metric_throttles(period=_FIVE_MINUTES, statistic="Sum"),
            1,
            f"Lambda refuses to run the {name} function: the account has no concurrency left. Its work "
            "waits, and messages that are refused for days become dead letters that do not say why. Ask for "
            "more concurrency, or deploy with less.",
            "A function is throttled",
            again=True,
        )

    def _on_errors(self, name: str, function: lambda_.Function) -> None:
        self._alarm(
            f"{name.capitalize()}Errors",
            function.metric_errors(period=_FIVE_MINUTES, statistic="Sum"),
            1,
            f"The {name} function crashed, ran out of time or out of memory, more than once. Its log says "
            "which. What it was at is tried again.",
            "A function fails",
            again=True,
        )

    def _on_failed_answers(self, api: apigateway.HttpApi) -> None:
        self._alarm(
            "FailedAnswers",
            api.metric_server_error(period=_FIVE_MINUTES, statistic="Sum"),
            1,
            "The API answered questions with a status of 500 or above, more than once. Photos are recognized "
            "all the same. The log of the query function says why.",
            "The API fails",
            again=True,
        )

    def _alarm(
        self,
        alarm_id: str,
        metric: cloudwatch.Metric,
        threshold: float,
        says: str,
        heading: str,
        *,
        missing: cloudwatch.TreatMissingData = _NOTHING_WRONG,
        again: bool = False,
    ) -> None:
        """Make an alarm; with `again`, it has to happen twice, for it may pass by itself."""
        alarm = metric.create_alarm(
            self,
            alarm_id,
            threshold=threshold,
            evaluation_periods=3 if again else 1,
            datapoints_to_alarm=2 if again else 1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=missing,
            alarm_description=f'{says} See "{heading}" in docs/operations.md.',
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)


def _counted(
    count: Metric | TallyMetric,
    service: str = "processors",
    period: Duration = _MINUTE,
    statistic: str = "Sum",
) -> cloudwatch.Metric:
    """Return a metric that a function of ours writes."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=count,
        dimensions_map={"service": service},
        period=period,
        statistic=statistic,
    )
