"""The CloudWatch dashboard: throughput against quota, latency, calls, dead letters, waiting, dollars, alarms.

It is made of metrics that are there anyway and of one that is written with it alone. Dead letters by cause
are read out of the log when somebody looks, for each cause as a metric would cost by the month.
"""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contract.errors import GIVEN_UP
from contract.metrics import SECONDS_TO_SEARCHABLE, Metric
from contract.prices import DOLLARS_A_CALL
from infra.alarms import counted
from infra.intake import LaneQueues, ObjectEvents
from infra.regions import QuotaParameters

_MINUTE, _FIVE_MINUTES, _DAY = Duration.minutes(1), Duration.minutes(5), Duration.days(1)
_HALF, _FULL, _HEIGHT = 12, 24, 6


class Dashboard(Construct):
    """One dashboard, named after the stack by CloudFormation."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        intake: ObjectEvents,
        processor: lambda_.Function,
        quotas: QuotaParameters,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        board = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.hours(3))
        lanes = {"live": intake.images, "bulk": intake.bulk}
        board.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=_FULL, height=3))
        board.add_widgets(_throughput(quotas), _latency())
        board.add_widgets(_calls(), _dollars())
        board.add_widgets(_waiting(lanes), _ages(lanes))
        board.add_widgets(_dead_letters(lanes), _causes(processor))


def _throughput(quotas: QuotaParameters) -> cloudwatch.GraphWidget:
    calls = cloudwatch.MathExpression(
        expression="calls / PERIOD(calls)",
        using_metrics={"calls": counted(Metric.CALLS_MADE, period=_MINUTE)},
        label="calls a second, all detectors",
        period=_MINUTE,
    )
    return _graph(
        "Throughput against quota",
        [calls],
        annotations=[
            cloudwatch.HorizontalAnnotation(
                value=quotas.number(lambda each: int(sum(each.values()))), label="deployed quota"
            )
        ],
    )


def _latency() -> cloudwatch.GraphWidget:
    return _graph(
        "From upload to searchable, seconds",
        [
            cloudwatch.Metric(
                namespace=counted(Metric.CALLS_MADE).namespace,
                metric_name=SECONDS_TO_SEARCHABLE,
                dimensions_map={"service": "processors"},
                statistic=statistic,
                label=statistic,
                period=_FIVE_MINUTES,
            )
            for statistic in ("p50", "p90", "p99")
        ],
    )


def _calls() -> cloudwatch.GraphWidget:
    names = {
        Metric.CALLS_MADE: "made",
        Metric.CALLS_AVOIDED: "avoided",
        Metric.CALLS_THROTTLED: "throttled",
    }
    return _graph(
        "Calls in five minutes",
        [counted(metric, period=_FIVE_MINUTES).with_(label=label) for metric, label in names.items()],
    )


def _dollars() -> cloudwatch.SingleValueWidget:
    """Show a day's money: a period of a day begins at midnight UTC."""
    spent, saved = (
        cloudwatch.MathExpression(
            expression=f"{name} * {DOLLARS_A_CALL}",
            using_metrics={name: counted(metric, period=_DAY)},
            label=label,
            period=_DAY,
        )
        for name, metric, label in (
            ("made", Metric.CALLS_MADE, "spent on Rekognition, $ at most"),
            ("avoided", Metric.CALLS_AVOIDED, "saved, $"),
        )
    )
    recognized = counted(Metric.IMAGES_RECOGNIZED, period=_DAY).with_(label="recognized")
    rejected = counted(Metric.IMAGES_REJECTED, period=_DAY).with_(label="rejected")
    return cloudwatch.SingleValueWidget(
        title="Today (UTC)", metrics=[spent, saved, recognized, rejected], width=_HALF, height=_HEIGHT
    )


def _waiting(lanes: dict[str, LaneQueues]) -> cloudwatch.GraphWidget:
    return _graph(
        "Messages that wait",
        [
            lane.queue.metric_approximate_number_of_messages_visible(
                period=_MINUTE, statistic="Maximum", label=name
            )
            for name, lane in lanes.items()
        ],
    )


def _ages(lanes: dict[str, LaneQueues]) -> cloudwatch.GraphWidget:
    return _graph(
        "Age of the oldest message, seconds",
        [
            lane.queue.metric_approximate_age_of_oldest_message(
                period=_MINUTE, statistic="Maximum", label=name
            )
            for name, lane in lanes.items()
        ],
    )


def _dead_letters(lanes: dict[str, LaneQueues]) -> cloudwatch.GraphWidget:
    return _graph(
        "Dead letters that lie there",
        [
            lane.dead_letters.metric_approximate_number_of_messages_visible(
                period=_FIVE_MINUTES, statistic="Maximum", label=name
            )
            for name, lane in lanes.items()
        ],
    )


def _causes(processor: lambda_.Function) -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title="Dead letters by cause",
        log_group_names=[processor.log_group.log_group_name],
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        query_lines=[
            f'filter message like "{GIVEN_UP}"',
            "stats count(*) as letters, latest(@timestamp) as last by cause",
            "sort letters desc",
        ],
        width=_HALF,
        height=_HEIGHT,
    )


def _graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    annotations: Sequence[cloudwatch.HorizontalAnnotation] = (),
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=left,
        width=_HALF,
        height=_HEIGHT,
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        left_annotations=list(annotations),
    )
