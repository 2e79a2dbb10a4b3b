"""The composition root: everything is made here, once for each Lambda environment, when first needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger, Metrics, Tracer
from botocore.config import Config

from contract import environment
from contract.settings import ProcessorSettings
from contract.timing import CALL_SECONDS
from processors.adapters.dynamodb_ledger import DynamoDBLedger
from processors.assembly import Clients, assemble
from processors.powertools import PowertoolsCounter, PowertoolsLog
from processors.surroundings import real
from processors.worker import Worker

CONNECT_SECONDS = 3


@cache
def answer() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Give what answers events, traced. Raises SettingsError naming everything that is missing."""
    settings = environment.load(ProcessorSettings, os.environ)
    around, aws = real(), clients(settings.concurrent_calls)
    log, counter = PowertoolsLog(Logger()), PowertoolsCounter(Metrics())
    ledger = DynamoDBLedger(aws.dynamodb, settings.table_name, around.now)
    worker = Worker(assemble(settings, aws, counter, log, around), counter, ledger, log)
    # Of all that Tracer can trace, the AWS calls are what there is; looking for the rest costs a cold start.
    tracer = Tracer(patch_modules=["botocore"])
    traced: Callable[[dict[str, Any], Any], dict[str, Any]] = tracer.capture_lambda_handler(worker.answer)
    return traced


def clients(connections: int) -> Clients:
    """Make the clients: one attempt each, for retrying is our own policy's, and short time-outs.

    They come from botocore, which is what boto3's clients are; boto3 around them would cost cold starts.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=CALL_SECONDS,
        max_pool_connections=connections,
    )
    session = botocore.session.get_session()
    return Clients(
        dynamodb=session.create_client("dynamodb", config=config),
        rekognition=session.create_client("rekognition", config=config),
        s3=session.create_client("s3", config=config),
        sns=session.create_client("sns", config=config),
        sqs=session.create_client("sqs", config=config),
    )
