"""Pipelines as they are usually published: no limiter, each image for itself, retries, then SQS again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from aws.retries import FIRST_WAIT_SECONDS
from contract.table import record_key
from contract.wire import key_to_wire
from loadtest.simulation.clients import clients
from loadtest.simulation.fleet import Environment, Handler
from loadtest.simulation.photos import BUCKET
from loadtest.simulation.programs import Site, runtime
from processors.deadline import Deadline
from processors.retrying import ATTEMPTS, LONGEST_WAIT_SECONDS
from processors.runtime import Runtime


class OneImage:
    """Asks about one image, puts one item, announces it. The retries are as many and as long as ours."""

    def __init__(self, site: Site, environment: Environment) -> None:
        self._aws = clients(site.services, environment)
        self._around: Runtime = runtime(site, environment)

    def recognize(self, body: str) -> None:
        key = json.loads(body)["Records"][0]["s3"]["object"]["key"]
        image = {"S3Object": {"Bucket": BUCKET, "Name": key}}
        answer: Mapping[str, Any] = Retrying(
            retry=retry_if_exception_type(ClientError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS),
            sleep=self._around.sleep,
            reraise=True,
        )(lambda: self._aws.rekognition.detect_labels(Image=image))
        labels = {"S": json.dumps(answer["Labels"])}
        self._aws.dynamodb.put_item(
            TableName="images", Item={**key_to_wire(record_key(key)), "labels": labels}
        )
        entry = {"Id": "0", "Message": json.dumps({"key": key})}
        self._aws.sns.publish_batch(TopicArn="completions", PublishBatchRequestEntries=[entry])


def one_message_a_call(site: Site, environment: Environment) -> Handler:
    """One message an invocation; what fails after its retries fails the invocation."""
    one = OneImage(site, environment)

    def handler(event: dict[str, Any], _deadline: Deadline) -> Mapping[str, Any]:
        for record in event["Records"]:
            one.recognize(record["body"])
        return {"batchItemFailures": []}

    return handler


def powertools_serial(site: Site, environment: Environment) -> Handler:
    """Powertools' batch processor, as its documentation has it: one record after the other."""
    one = OneImage(site, environment)

    def handler(event: dict[str, Any], _deadline: Deadline) -> Mapping[str, Any]:
        reply: Mapping[str, Any] = process_partial_response(
            event=event,
            record_handler=lambda record: one.recognize(record.body),
            processor=BatchProcessor(event_type=EventType.SQS),
        )
        return reply

    return handler
