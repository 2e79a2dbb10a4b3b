"""Alarms, and where they go. Each says what happened, what to do, and where docs/operations.md tells more."""

from collections.abc import Mapping

from aws_cdk import Annotations, ArnFormat, Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.metrics import Metric, TallyMetric
from contract.quotas import MOST_BULK_DAYS, MOST_LIVE_DAYS, MOST_WAITING_DAYS, photos_in
from contract.timing import QUEUE_RETENTION_DAYS
from infra.functions import METRICS_NAMESPACE
from infra.intake import LaneQueues
from infra.regions import QuotaParameters
from infra.settings import DeploymentSettings

_MINUTE, _FIVE_MINUTES = Duration.minutes(1), Duration.minutes(5)
# Metrics that count what went wrong are written when something did: no data means that nothing did.
_NOTHING_WRONG = cloudwatch.TreatMissingData.NOT_BREACHING
# SQS writes no metrics of a queue that nobody has touched for six hours, however much lies in it: no data
# means that all is as it was.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
_AS_BEFORE = cloudwatch.TreatMissingData.IGNORE

# Each worker tries a region that is away some times, and then less and less often.
FAILURES_OF_A_REGION_AWAY = 10

NOBODY = (
    "nobody: set alarm_email or alarm_topic_arn and deploy again; else dead letters expire and no one knows"
)


class Alarms(Construct):
    """All alarms of the stack, each of them sent to the topic when it begins and when it is over.

    `functions` are by the name that operators know them by.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        topic: "AlarmTopic",
        *,
        images: LaneQueues,
        bulk: LaneQueues,
        functions: Mapping[str, lambda_.Function],
        quotas: QuotaParameters,
        uncounted: sqs.Queue,
        unalerted: sqs.Queue | None,
        untold: sqs.Queue | None,
        api: apigateway.HttpApi,
        is_audited: bool,
        bridged: events.Rule | None,
        asks_abroad: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._action = actions.SnsAction(topic.topic)
        self.all: list[cloudwatch.Alarm] = []
        self._on_dead_letters("ImagesDeadLetters", images, "Dead letters of live photos")
        self._on_dead_letters("BulkDeadLetters", bulk, "Dead letters of bulk work")
        self._on_age("ImagesWaiting", images, MOST_LIVE_DAYS, "uploaded photo", "Live photos wait too long")
        self._on_age("BulkWaiting", bulk, MOST_BULK_DAYS, "bulk message", "Bulk work waits too long")
        self._on_depth("ImagesDepth", images, "live", quotas)
        self._on_depth("BulkDepth", bulk, "bulk", quotas)
        self._on_calls()
        self._on_counts(functions["tally"], uncounted)
        if unalerted is not None:
            self._on_alerts(unalerted)
        if untold is not None:
            self._on_cameras(untold)
        if "people" in functions:
            self._on_people(functions["people"])
        if is_audited:
            self._on_differences()
        if bridged is not None:
            self._on_delivery(bridged)
        if asks_abroad:
            self._on_regions()
        self._on_loops(functions["processor"])
        for name, function in functions.items():
            self._on_function(name, function)
        self._on_failed_answers(api)

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

    def _on_calls(self) -> None:
        self._alarm(
            "ConfigurationErrors",
            counted(Metric.CONFIGURATION_ERRORS),
            1,
            "The processor lacks a permission or a resource; photos wait in the queue, none is lost. Its log "
            "names what is missing.",
            "Configuration errors",
        )
        self._alarm(
            "DailyLimit",
            counted(Metric.DAILY_LIMIT_REACHED),
            1,
            "All calls of a detector that may be made today were made: photos wait in their queue until "
            "midnight UTC, none is lost. More are uploaded than was foreseen, or the limit is too low.",
            "The day's limit is reached",
        )

    def _on_counts(self, tally: lambda_.Function, dead_letters: sqs.Queue) -> None:
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
        self._alarm(
            "UncountedChanges",
            dead_letters.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum"),
            1,
            "Changes of photos could not be counted for half a day and have left the line; no photo is lost. "
            "Remove the cause, which the log of the tally tells, count anew, and purge the queue.",
            "Counts are behind",
            missing=_AS_BEFORE,
        )

    def _on_alerts(self, dead_letters: sqs.Queue) -> None:
        self._alarm(
            "AlertsDeadLetters",
            dead_letters.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum"),
            1,
            "Recognized photos could not be held against the rules of alerts for half a day: nobody was told "
            "of those that match. Remove the cause, which the log of the alerts function tells, then have "
            "SQS send them back.",
            "Alerts are not sent",
            missing=_AS_BEFORE,
        )

    def _on_cameras(self, dead_letters: sqs.Queue) -> None:
        self._alarm(
            "CamerasDeadLetters",
            dead_letters.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum"),
            1,
            "What cameras have seen could not be told for half a day; it is listed all the same. Remove the "
            "cause, which the log of the cameras function tells, then have SQS send the messages back.",
            "What cameras see is not told",
            missing=_AS_BEFORE,
        )

    def _on_people(self, people: lambda_.Function) -> None:
        """Watch for a run that failed. It is not tried again by Lambda: the next one goes on."""
        self._alarm(
            "PeopleNotForgotten",
            people.metric_errors(period=Duration.hours(1), statistic="Sum"),
            1,
            "Somebody whose consent is over, or whose photo is gone, could not be removed from the "
            "faces that are kept, or not from all photos. The log of the people function says what is left, "
            "and why. Remove the cause, then run `imagepipe people forget --ended`.",
            "Persons are not forgotten",
        )

    def _on_differences(self) -> None:
        """Watch what the last audit found: there is one a day, and until the next all is as it was.

        The least of an hour, so that whoever put it right and asks again sees the end of it.
        """
        self._alarm(
            "Differences",
            counted(TallyMetric.DIFFERENCES_FOUND, "tally", Duration.hours(1), "Minimum"),
            1,
            "Photos in the bucket have no record, or records no photo, and no message waits for them: S3's "
            "events were lost. Run `imagepipe reconcile --fix`.",
            "The bucket and the table differ",
            missing=_AS_BEFORE,
        )

    def _on_delivery(self, rule: events.Rule) -> None:
        """Watch what EventBridge could not deliver, after a day of trying or at once where it may not.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
        """
        failed, lost = (
            cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name=name,
                dimensions_map={"RuleName": rule.rule_name},
                period=_FIVE_MINUTES,
                statistic="Sum",
            )
            for name in ("FailedInvocations", "InvocationsFailedToBeSentToDlq")
        )
        self._alarm(
            "Undelivered",
            failed,
            1,
            "EventBridge could not put events of the bucket into the queue: they are dead letters now. The "
            "letters say why; remove the cause, then send them back.",
            "EventBridge does not deliver",
        )
        self._alarm(
            "EventsLost",
            lost,
            1,
            "EventBridge could put events of the bucket neither into the queue nor among the dead letters: "
            "they are gone. Remove the cause, then run `imagepipe reconcile --fix`.",
            "EventBridge does not deliver",
        )

    def _on_regions(self) -> None:
        self._alarm(
            "RegionFailures",
            counted(Metric.REGION_FAILURES, period=_FIVE_MINUTES),
            FAILURES_OF_A_REGION_AWAY,
            "Rekognition gives no answers in one of the regions that are asked, which is left out meanwhile: "
            "photos are recognized in the others, at their quotas. The log of the processor says which, and "
            "why.",
            "A region is left out",
            again=True,
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

    def _on_function(self, name: str, function: lambda_.Function) -> None:
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
        self.all.append(alarm)


def counted(
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
