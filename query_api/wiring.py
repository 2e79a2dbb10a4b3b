"""The Lambda put together, once: at its first question."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

from contract import table
from contract.environment import load
from contract.settings import QuerySettings
from query_api.adapters.dynamodb import DynamoDBTable, make_client
from query_api.details import Images
from query_api.exchange import Request
from query_api.listing import Listing
from query_api.routes import Routes
from query_api.telemetry import Count

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Answering = Callable[[Mapping[str, Any], Any], dict[str, Any]]


@cache
def answering() -> Answering:
    """Build what answers events, from the environment. Raises SettingsError."""
    return assemble(load(QuerySettings, os.environ), make_client())


def assemble(settings: QuerySettings, client: DynamoDBClient) -> Answering:
    """Build what answers events: logs with the request's id, and one line of metrics for each.

    Powertools' Tracer and router are left out on purpose: docs/decisions/0003-query-api-routing.md.
    """
    logger, metrics = Logger(), Metrics()
    executor = ThreadPoolExecutor(max_workers=table.SHARDS, thread_name_prefix="partition")
    reader = DynamoDBTable(client, settings.table_name, executor)

    def count(what: Count, by: int) -> None:
        metrics.add_metric(name=what, unit=MetricUnit.Count, value=by)

    routes = Routes(Images(reader, reader), Listing(reader, reader), reader, logger, count)

    def answer(event: Mapping[str, Any], _: Any) -> dict[str, Any]:
        return routes.reply(Request.from_event(event)).to_event()

    measured: Answering = metrics.log_metrics(answer)
    logged: Answering = logger.inject_lambda_context(
        measured, correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
    )
    return logged
