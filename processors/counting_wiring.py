"""The tally put together, once for each Lambda environment, by its entry."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import botocore.session
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contract.metrics import TallyMetric
from contract.settings import TallySettings, load
from contract.tallies import AUDIT_EVENT
from processors.adapters.client_config import lambda_config
from processors.adapters.dynamodb_contents import DynamoDBContents
from processors.adapters.dynamodb_counting import DynamoDBTallies
from processors.counting.contents import ContentNames
from processors.counting.label_counter import LabelCounter, changed_keys
from processors.counting.recounting import Recount
from processors.powertools import PowertoolsLog
from processors.retrying import PATIENT_ATTEMPTS, retry_policy
from processors.telemetry import Log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from processors.counting.auditing import Audit

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers events. Raises SettingsError naming everything that is missing."""
    settings = load(TallySettings, os.environ)
    session = botocore.session.get_session()
    client = cast("DynamoDBClient", session.create_client("dynamodb", config=lambda_config()))
    stores = (
        DynamoDBTallies(client, settings.table_name),
        DynamoDBContents(client, settings.table_name, lambda: uuid4().hex),
    )

    def new_audit(count: Callable[[TallyMetric, int], None], log: Log) -> Audit:
        # Imported when it is asked for: most starts of the tally are for the stream.
        from processors.audit_wiring import build_audit

        return build_audit(settings, count, log)

    return assemble(*stores, Logger(), Metrics(), new_audit)


def assemble(
    store: DynamoDBTallies,
    content_store: DynamoDBContents,
    logger: Logger,
    metrics: Metrics,
    new_audit: Callable[[Callable[[TallyMetric, int], None], Log], Audit],
) -> Answering:
    """Put together what answers: changes of the table, the schedule of audits, or whoever runs it.

    The latter asks with `{"recount": true}` or `{"audit": "now"}`.
    """

    def count(what: TallyMetric, by: int) -> None:
        metrics.add_metric(name=what, unit=MetricUnit.Count, value=by)

    retry = retry_policy(attempts=PATIENT_ATTEMPTS)
    contents = ContentNames(content_store, retry, time.time)
    log = PowertoolsLog(logger)
    tally = LabelCounter(store, contents, retry, count, log, time.time)
    recount = Recount(store, tally, contents)

    def work(event: dict[str, Any], context: Any) -> dict[str, Any]:
        def seconds_left() -> float:
            return float(context.get_remaining_time_in_millis() / 1000)

        answer: dict[str, Any] = {"changed": 0}
        try:
            if "recount" in event:
                answer = recount.answer(event, seconds_left)
            elif AUDIT_EVENT in event:
                answer |= new_audit(count, log).answer(event[AUDIT_EVENT], seconds_left)
            else:
                answer["changed"] = tally.bring_in_line(changed_keys(event))
        finally:
            count(TallyMetric.IMAGES_TALLIED, answer["changed"])
        return answer

    measured: Answering = metrics.log_metrics(work)
    logged: Answering = logger.inject_lambda_context(measured)
    return logged
