"""The dashboard: what it shows is what is written, and nothing of it is there when it is off."""

import json
import re
from typing import Any

import pytest

from contract.errors import GIVEN_UP
from contract.metrics import SECONDS_TO_SEARCHABLE, Metric
from operations.costs import dashboard_a_month
from tests.infra.conftest import Synthesize
from tests.infra.template import Template

# https://aws.amazon.com/cloudwatch/pricing/: three dashboards of so many are free.
FREE_METRICS = 50


@pytest.fixture(scope="module")
def watched(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"dashboard": "true"}))


def body(template: Template) -> dict[str, Any]:
    """Return the dashboard, with a number in the place of what CloudFormation fills in."""
    written = template.properties("AWS::CloudWatch::Dashboard")["DashboardBody"]
    parts = written["Fn::Join"][1]
    document: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "1" for part in parts))
    return document


def test_without_it_the_template_is_as_it_was(template: Template, watched: Template) -> None:
    assert "dashboard" not in json.dumps(template.document).lower()
    assert "LATENCY" not in json.dumps(template.document)
    more = watched.document["Resources"].keys() - template.document["Resources"].keys()
    assert [watched.document["Resources"][name]["Type"] for name in more] == ["AWS::CloudWatch::Dashboard"]


def test_every_metric_of_ours_is_one_that_is_written(watched: Template) -> None:
    text = json.dumps(body(watched))
    named = set(re.findall(r'"1", "(\w+)", "service"', text))

    assert named <= {*Metric, SECONDS_TO_SEARCHABLE}
    assert {
        Metric.CALLS_MADE,
        Metric.CALLS_AVOIDED,
        Metric.CALLS_THROTTLED,
        SECONDS_TO_SEARCHABLE,
    } <= named


def test_the_latency_is_written_where_it_is_shown(watched: Template, template: Template) -> None:
    processor = watched.properties("AWS::Lambda::Function", "ProcessingProcessor")

    assert processor["Environment"]["Variables"]["LATENCY"] == "yes"


def test_it_is_free_where_the_account_has_fewer_than_three(watched: Template) -> None:
    metrics = [
        metric for widget in body(watched)["widgets"] for metric in widget["properties"].get("metrics", [])
    ]

    assert 0 < len(metrics) <= FREE_METRICS


def test_it_shows_what_operators_look_at(watched: Template) -> None:
    titles = [widget["properties"]["title"] for widget in body(watched)["widgets"]]

    assert titles == [
        "Alarms",
        "Throughput against quota",
        "From upload to searchable, seconds",
        "Calls in five minutes",
        "Today (UTC)",
        "Messages that wait",
        "Age of the oldest message, seconds",
        "Dead letters that lie there",
        "Dead letters by cause",
    ]


def test_every_alarm_is_on_it(watched: Template) -> None:
    (alarms,) = [each for each in body(watched)["widgets"] if each["type"] == "alarm"]

    assert len(alarms["properties"]["alarms"]) == len(watched.all("AWS::CloudWatch::Alarm"))


def test_causes_are_counted_by_the_field_that_the_log_has(watched: Template) -> None:
    (query,) = [each for each in body(watched)["widgets"] if each["type"] == "log"]

    assert GIVEN_UP in query["properties"]["query"]
    assert "by cause" in query["properties"]["query"]


def test_what_it_costs_is_known() -> None:
    assert dashboard_a_month() == {"metrics": 0.30, "dashboard beyond the third": 3.00}
