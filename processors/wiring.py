"""The composition root: everything is made here, once for each Lambda environment, by its entry."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger, Metrics

from contract.settings import ProcessorSettings, load
from processors.adapters.client_config import lambda_config
from processors.adapters.dynamodb_daily_counters import DynamoDBDailyCounters
from processors.assembly import Clients, assemble
from processors.batch import Worker
from processors.powertools import PowertoolsLog, PowertoolsMetrics
from processors.runtime import real


def build() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Build what answers events. Raises SettingsError naming everything that is missing."""
    settings = load(ProcessorSettings, os.environ)
    runtime, aws = real(), clients(settings)
    log, metrics = PowertoolsLog(Logger()), PowertoolsMetrics(Metrics())
    daily_counters = DynamoDBDailyCounters(aws.dynamodb, settings.table_name, runtime.now)
    return Worker(assemble(settings, aws, metrics, log, runtime), metrics, daily_counters, log).answer


def clients(settings: ProcessorSettings) -> Clients:
    """Make the clients: one attempt each, for retrying is our own policy's, and short time-outs.

    Each keeps as many connections as there are threads that may use it: those of all detectors call
    Rekognition, and those, beside the ones for everything else, the table and the bucket. With fewer, a call
    over their number would make a connection of its own, and botocore a line in the log.

    They come from botocore, which is what boto3's clients are; boto3 around them would cost cold starts.
    """
    callers = settings.concurrent_calls * len(settings.detectors)
    everyone = callers + settings.concurrent_calls
    session = botocore.session.get_session()

    def client(service: str, connections: int) -> Any:
        return session.create_client(service, config=lambda_config(connections=connections))

    return Clients(
        dynamodb=client("dynamodb", everyone),
        rekognition=client("rekognition", callers),
        s3=client("s3", everyone),
        sns=client("sns", settings.concurrent_calls),
        sqs=client("sqs", settings.concurrent_calls),
    )
