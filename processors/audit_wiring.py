"""The audit put together when it is asked for: its clients would make every start of the tally slower."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session

from aws.calls import TableBatches
from contract.errors import ConfigurationError
from contract.metrics import TallyMetric
from contract.settings import TallySettings
from processors.adapters.aws_errors import translated
from processors.adapters.client_config import lambda_config
from processors.adapters.dynamodb_audits import DynamoDBAudits
from processors.adapters.s3_listing import S3Listing
from processors.adapters.sqs_depths import SqsDepths
from processors.counting.auditing import Audit
from processors.retrying import PATIENT_ATTEMPTS, retry_policy
from processors.telemetry import Log

# The reads of one page of keys, a hundred each, go side by side.
READS_AT_ONCE = 10


def build_audit(settings: TallySettings, count: Callable[[TallyMetric, int], None], log: Log) -> Audit:
    """Build the audit. Raise ConfigurationError where the deployment has none."""
    if not settings.bucket_name:
        raise ConfigurationError("NoAudit", "this deployment has no audit: deploy with -c daily_check=true")
    session = botocore.session.get_session()

    def client(service: str) -> Any:
        return session.create_client(service, config=lambda_config(connections=READS_AT_ONCE))

    retry = retry_policy(attempts=PATIENT_ATTEMPTS)
    dynamodb, name = client("dynamodb"), settings.table_name
    executor = ThreadPoolExecutor(READS_AT_ONCE)
    return Audit(
        bucket=S3Listing(client("s3"), settings.bucket_name),
        store=DynamoDBAudits(
            dynamodb,
            name,
            batches=TableBatches(dynamodb, name, translated, retry, executor),
            late_batches=TableBatches(dynamodb, name, translated, retry, executor, consistent=False),
        ),
        waiting=SqsDepths(client("sqs"), settings.live_queue_urls, settings.bulk_queue_urls).waiting,
        retry=retry,
        count=count,
        log=log,
        clock=time.time,
    )
