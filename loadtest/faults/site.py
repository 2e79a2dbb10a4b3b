"""The place under fault: functions that call through the proxy, impatient queues, completions followed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from contract.settings import ProcessorSettings
from local.cloud.clients import LocalClients
from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Outputs
from processors.detectors import chosen

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sns import SNSClient

# In place of contract.timing.VISIBILITY_SECONDS (361 s), so that a killed worker's messages are back in time
# for the run to end. Most batches take less; those that take longer come back while they are being worked on.
VISIBILITY_SECONDS = 30
_HANDLER = "processors.handler.handler"
_MESSAGES_AT_ONCE = 10
_WAIT_SECONDS = 2


@dataclass
class FaultSite:
    """A running environment, what its functions say (`log`), and what was announced since it was followed."""

    outputs: Outputs
    clients: LocalClients
    log: Path
    completions_url: str = ""
    announced: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    repeats: int = 0

    @cached_property
    def _sns(self) -> SNSClient:
        return boto3.client("sns", **_connection(self.outputs))

    @cached_property
    def _lambda(self) -> LambdaClient:
        return boto3.client("lambda", **_connection(self.outputs))

    def send_through(self, proxy_url: str) -> None:
        """Point the processor, and nothing else, at the proxy: a function's own variables win."""
        functions = self._lambda.get_paginator("list_functions").paginate()
        (processor,) = (
            function
            for page in functions
            for function in page["Functions"]
            if function["Handler"] == _HANDLER
        )
        variables = {
            **processor["Environment"]["Variables"],
            "AWS_ENDPOINT_URL": proxy_url,
            "AWS_ENDPOINT_URL_REKOGNITION": proxy_url,
        }
        self._lambda.update_function_configuration(
            FunctionName=processor["FunctionName"], Environment={"Variables": variables}
        )

    def be_impatient(self) -> None:
        """Lower the visibility timeout of both queues."""
        for url in (self.outputs.queue_url, self.outputs.bulk_queue_url):
            self.clients.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
            )

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        """Follow completions while the block lasts."""
        sqs = self.clients.sqs
        name = sqs.create_queue(QueueName="completions-of-the-fault-run")["QueueUrl"].rsplit("/", 2)
        self.completions_url = "/".join([self.outputs.endpoint_url, *name[1:]])
        arn = sqs.get_queue_attributes(QueueUrl=self.completions_url, AttributeNames=["QueueArn"])
        subscription = self._sns.subscribe(
            TopicArn=self.outputs.topic_arn,
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        yield
        self._sns.unsubscribe(SubscriptionArn=subscription)

    def listen(self) -> bool:
        """Take in completions, waiting a little for one; say whether there were any."""
        sqs = self.clients.sqs
        received = sqs.receive_message(
            QueueUrl=self.completions_url,
            MaxNumberOfMessages=_MESSAGES_AT_ONCE,
            WaitTimeSeconds=_WAIT_SECONDS,
        ).get("Messages", [])
        for message in received:
            completion = json.loads(message["Body"])
            self.repeats += completion["id"] in self.announced
            self.announced[completion["id"]] = completion
        if received:
            sqs.delete_message_batch(
                QueueUrl=self.completions_url,
                Entries=[
                    {"Id": str(environment), "ReceiptHandle": message["ReceiptHandle"]}
                    for environment, message in enumerate(received)
                ],
            )
        return bool(received)

    def announced_keys(self) -> set[str]:
        """Give the keys of which anything was announced."""
        return {str(completion["key"]) for completion in list(self.announced.values())}

    def unannounced(self, bucket: Mapping[str, tuple[str, str | None] | None]) -> set[str]:
        """Give the keys whose version that is there now (None: whose deletion) was not announced yet."""
        said: dict[str, set[tuple[str, str | None] | None]] = {}
        for completion in self.announced.values():
            deleted = completion["status"] == "deleted"
            version = None if deleted else (completion["etag"], completion["version_id"])
            said.setdefault(completion["key"], set()).add(version)
        return {key for key, present in bucket.items() if present not in said.get(key, set())}

    def messages_left(self) -> int:
        """Count the messages in both queues of work: waiting, being worked on, or kept away for a while."""
        total = 0
        for url in (self.outputs.queue_url, self.outputs.bulk_queue_url):
            attributes = self.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
                "Attributes"
            ]
            total += sum(
                int(value) for name, value in attributes.items() if name.startswith("ApproximateNumber")
            )
        return total

    def labels_of(self, photo: bytes) -> Mapping[str, float]:
        """Ask the local Rekognition once more, past the proxy, as the processor asks."""
        detector = chosen(ProcessorSettings("", "", "", "", "", "", ""))["labels"]
        rekognition = boto3.client(
            "rekognition", **{**_connection(self.outputs), "endpoint_url": self.outputs.rekognition_url}
        )
        answer = rekognition.detect_labels(Image={"Bytes": photo}, **detector.question.parameters)
        return detector.read(answer).labels

    def calls_by_content(self) -> dict[tuple[str, str], int]:
        """Read Rekognition's own log: accepted calls by operation and SHA-256 of the bytes."""
        with urllib.request.urlopen(f"{self.outputs.rekognition_url}/_local/calls", timeout=30) as answer:
            contents = json.load(answer)["contents"]
        return {
            (operation, digest): count
            for operation, counts in contents.items()
            for digest, count in counts.items()
        }


def _connection(outputs: Outputs) -> Any:
    return {
        "endpoint_url": outputs.endpoint_url,
        "region_name": REGION,
        "aws_access_key_id": ACCESS_KEY_ID,
        "aws_secret_access_key": SECRET_ACCESS_KEY,
        "config": Config(proxies={}),
    }
