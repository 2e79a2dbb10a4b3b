"""The queries of docs/operations.md ask for fields and words that really are in the lines of the log."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aws_lambda_powertools import Logger

from contract.detectors import OPERATIONS
from contract.timing import MAX_ATTEMPTS, PATIENCE_SECONDS
from loadtest.simulation.outages import client_error
from processors.batch import Worker
from processors.telemetry import Log, PowertoolsMetrics
from processors.wiring import Clients, assemble
from query_api.endpoints.operating import OperatorEndpoints
from query_api.http.messages import Request
from tests.processors.world import SETTINGS, Delivery, World
from tests.query_api.operators import OperatorSite

PAGE = Path(__file__).resolve().parents[2] / "docs/operations.md"
QUERIES = re.findall(r"```insights\n(.*?)```", PAGE.read_text(), flags=re.S)
# What Logs Insights adds to every line, and its own words.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
DISCOVERED = {"@timestamp", "@message"}
WORDS = {
    *("fields", "filter", "stats", "sort", "by", "as", "and", "or", "like", "desc", "asc"),
    *("count", "count_distinct", "earliest", "latest", "ispresent"),
}


def lines_of(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What is written when a photo is given up, one waits for a permission, and an operator retries."""
    written = io.StringIO()
    world = World(settings=replace(SETTINGS, detectors=("labels",)))
    log = Logger(service="processors", stream=written)
    aws = Clients(world.table, world.rekognition, world.s3, world.topic, world.queues, world.pictures)
    batch = assemble(SETTINGS, aws, world.tally, cast("Log", log), world._around)
    counters: Any = SimpleNamespace(add=lambda _counted: None)
    worker = Worker(batch, PowertoolsMetrics(), counters, log)
    world._idle = []
    fault = "InternalServerError"

    def fail(operation: str) -> None:
        if operation == OPERATIONS["labels"]:
            raise client_error(fault, operation, "said so")

    world.calls.before = fail
    event = world.s3.put("holiday/beach.jpg", b"cat 97")

    def hand_over(receives: int, queue: str = "images") -> None:
        record = world._record(
            Delivery("m1", json.dumps({"Records": [event]}), receives, world.now - PATIENCE_SECONDS), queue
        )
        context = SimpleNamespace(aws_request_id="r1", get_remaining_time_in_millis=lambda: 60_000)
        worker.answer({"Records": [record]}, context)

    for receives in range(1, MAX_ATTEMPTS + 1):
        hand_over(receives)
    fault = "AccessDeniedException"
    hand_over(1, SETTINGS.bulk_queue_url.rsplit("/", 1)[1])

    site = OperatorSite()
    letter = site.bury("holiday/beach.jpg")
    operators = Logger(service="operator", stream=written)
    operators.append_keys(function_request_id="r2")
    OperatorEndpoints(site, site.letters(), operators.info)._retry(
        Request(
            "POST",
            "/retries",
            body=json.dumps({"id": letter}).encode(),
            headers={"content-type": "application/json"},
        )
    )
    return lines_of(written)


def test_there_is_a_query_for_each_of_the_five_commonest_questions() -> None:
    assert len(QUERIES) == 5


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_field_of_a_query_is_in_the_lines(query: str, lines: list[dict[str, Any]]) -> None:
    without_texts = re.sub(r'"[^"]*"', '""', query)
    named_here = set(re.findall(r"\bas (\w+)", without_texts))
    asked = {word.split(".")[0] for word in re.findall(r"[@\w][\w.]*", without_texts) if not word.isdigit()}

    known = {name for line in lines for name in line}
    assert asked - WORDS - named_here <= known | DISCOVERED


@pytest.mark.parametrize(
    "words", [said for query in QUERIES for said in re.findall(r'message (?:like|=) "([^"]*)"', query)]
)
def test_every_word_that_a_query_looks_for_is_written(words: str, lines: list[dict[str, Any]]) -> None:
    if words == "cannot be had":
        from processors import rate_limit

        assert words in Path(rate_limit.__file__).read_text()
        return
    assert any(words in line["message"] for line in lines)


def test_every_line_about_a_message_says_whose_why_and_in_which_request(lines: list[dict[str, Any]]) -> None:
    about = [line for line in lines if "receive_count" in line]

    assert len(about) == MAX_ATTEMPTS + 2
    for line in about:
        assert line["keys"] == ["holiday/beach.jpg"]
        assert line["function_request_id"] == "r1"
        assert line["service"] == "processors"
    assert {line["lane"] for line in about} == {"images", "bulk"}
    (given_up,) = [line for line in about if "attempts" in line]
    assert (given_up["level"], given_up["cause"], given_up["attempts"]) == (
        "ERROR",
        "transient/InternalServerError/labels",
        MAX_ATTEMPTS,
    )


def test_no_line_holds_more_than_operators_need(lines: list[dict[str, Any]]) -> None:
    written = json.dumps(lines)

    assert "cat 97" not in written
    assert "X-Amz" not in written
