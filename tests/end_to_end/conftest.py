"""What end-to-end tests talk through: the AWS CLI, boto3, HTTP, and a queue that follows completions."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.bundles import ROOT
from local.cloud.assembly import STACK_NAME
from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.conftest import RunningCloud

PATIENCE_SECONDS = 120
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
LONGEST_SECONDS = 900


@dataclass
class Site:
    """A running environment, as somebody sees it who has only its outputs."""

    running: RunningCloud
    completions_url: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    unclaimed: list[dict[str, Any]] = field(default_factory=list)

    @property
    def bucket(self) -> str:
        return self.running.outputs.bucket

    def put(self, key: str, body: bytes) -> None:
        self.running.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def aws(self, *arguments: str, program: Path = ROOT / ".venv/bin/aws") -> str:
        """Run the AWS CLI: version 1, which is locked with everything else, or another."""
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
        }
        command = [
            str(program),
            "--endpoint-url",
            self.running.outputs.endpoint_url,
            *arguments,
        ]
        finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def completions(self, keys: Collection[str], *, status: str | None = None) -> dict[str, dict[str, Any]]:
        """Wait until a completion of each key was announced; give the last of each."""
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            for announced in self.unclaimed[:]:
                if announced["key"] in keys and status in (None, announced["status"]):
                    found[announced["key"]] = announced
                    self.unclaimed.remove(announced)
            if len(found) == len(keys):
                return found
            assert time.monotonic() < deadline, f"no completion of {sorted(set(keys) - set(found))}"
            self.listen()

    def get(self, path: str, **parameters: object) -> tuple[int, Any]:
        """Ask the API; give the status and the JSON."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        try:
            with urllib.request.urlopen(self.running.outputs.api_url + path + query) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def record(self, key: str) -> dict[str, Any]:
        """Ask the API for everything about one image."""
        status, answer = self.get("/images", key=key)
        assert status == 200, answer
        record: dict[str, Any] = answer
        return record

    def rekognition(self, path: str, change: object = None) -> dict[str, Any]:
        """Use the control API of the local Rekognition, or change its settings."""
        request = urllib.request.Request(
            f"{self.running.outputs.rekognition_url}/_local/{path}",
            method="GET" if change is None else "PUT",
            data=None if change is None else json.dumps(change).encode(),
        )
        with urllib.request.urlopen(request) as answer:
            said: dict[str, Any] = json.load(answer)
        return said

    def calls(self, key: str) -> int:
        """Count the calls that Rekognition accepted for an object, over all operations."""
        objects = self.rekognition("calls")["objects"]
        return sum(counts.get(f"{self.bucket}/{key}", 0) for counts in objects.values())

    def all_calls(self) -> int:
        """Count all calls that Rekognition accepted."""
        return sum(counts["accepted"] for counts in self.rekognition("calls")["operations"].values())

    def dead_letters(self) -> list[dict[str, Any]]:
        """Take what is among the dead letters."""
        taken = []
        while messages := self._take(self.running.outputs.dead_letter_queue_url, wait_seconds=1):
            taken += messages
        return taken

    def listen(self) -> None:
        """Take in completions; wait some seconds for one."""
        messages = self._take(self.completions_url, wait_seconds=5)
        announced = [json.loads(message["Body"]) for message in messages]
        self.seen += announced
        self.unclaimed += announced

    def _take(self, url: str, wait_seconds: int) -> list[Any]:
        sqs = self.running.clients.sqs
        received = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return received


def function_of(running: RunningCloud, part: str) -> str:
    """Return the name of the function whose logical id has a part."""
    resources = running.clients.cloudformation.describe_stack_resources(StackName=STACK_NAME)
    (name,) = [
        each["PhysicalResourceId"]
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::Lambda::Function" and part in each["LogicalResourceId"]
    ]
    return str(name)


def client_of(running: RunningCloud, service: str, config: Config | None = None) -> Any:
    """Return a client of one of the place's services."""
    return boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION).client(
        service,  # type: ignore[call-overload]
        endpoint_url=running.outputs.endpoint_url,
        config=config,
    )


def invoke(running: RunningCloud, function: str, question: dict[str, object]) -> Any:
    """Invoke a function by its name, once, however long it takes; return what it answers."""
    once = Config(read_timeout=LONGEST_SECONDS, retries={"total_max_attempts": 1})
    client = client_of(running, "lambda", once)
    return json.load(client.invoke(FunctionName=function, Payload=json.dumps(question).encode())["Payload"])


def taking_from(topic: str, queue: str) -> str:
    """The policy of a queue that a topic may send to: without it, SNS tells it nothing."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def site(running: RunningCloud, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site whose completions are followed from now on."""
    with followed(running, request.module.__name__.rsplit("_", 1)[-1]) as site:
        yield site


@contextmanager
def followed(running: RunningCloud, name: str) -> Iterator[Site]:
    """Follow the completions of a stack while the block lasts, in a queue of that name."""
    sqs = running.clients.sqs
    sns = client_of(running, "sns")
    url = sqs.create_queue(QueueName=f"completions-{name}")["QueueUrl"]
    url = f"{running.outputs.endpoint_url}{urllib.parse.urlsplit(url).path}"
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": taking_from(running.outputs.topic_arn, arn)})
    subscription = sns.subscribe(
        TopicArn=running.outputs.topic_arn,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    yield Site(running, url)
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)
