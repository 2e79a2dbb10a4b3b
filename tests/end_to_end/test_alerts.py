"""Alerts on the running stack: the first photo that matches is told of, the others are counted for later."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from aws.local_sessions import local_session
from contract.alert_state import AlertState
from contract.alerts import alert_key
from contract.items import from_wire, key_to_wire
from loadtest.photos import smallest_photo
from loadtest.places import canned_rekognition
from local.cloud.assembly import LOCAL_CONTEXT
from local.cloud.environment import REGION, LocalClients, LocalEnvironment, asking, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

pytestmark = pytest.mark.nightly

PHOTOS, PATIENCE_SECONDS = 12, 90.0


def test_every_photo_that_matches_is_told_of_or_waits_to_be(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[[alerts]]\nname = "garden"\nprefix = "garden/"\ncooldown = "1 hour"\n')
    context = {**LOCAL_CONTEXT, "policy": str(policy)}
    with canned_rekognition(0.05) as url:
        environment = asking(on_ports(LocalEnvironment((tmp_path / "cloud").resolve()), 0), url)
        with at_work(environment):
            try:
                outputs = bring_up(environment, Stages(Console(stderr=True, quiet=True)), context)
                clients, photo = LocalClients(environment), smallest_photo().read_bytes()
                sns, table = _clients(environment)
                heard = _subscribed(clients, sns)
                for number in range(PHOTOS):
                    for folder in ("garden", "house"):
                        key = f"{folder}/{number}.jpg"
                        clients.s3.put_object(Bucket=outputs.bucket, Key=key, Body=photo + key.encode())
                told, deadline = 0, time.monotonic() + PATIENCE_SECONDS
                waiting = AlertState()
                while told + waiting.held < PHOTOS:
                    assert time.monotonic() < deadline, f"{told} were told of, {waiting.held} wait"
                    told += _told(clients, heard)
                    answer = table.get_item(
                        TableName=outputs.table, Key=key_to_wire(alert_key("garden")), ConsistentRead=True
                    )
                    if "Item" in answer:
                        waiting = AlertState.from_item(from_wire(answer["Item"]))
                time.sleep(5)
                told += _told(clients, heard)
                assert told + waiting.held == PHOTOS, "nothing of the house, and nothing twice"
                assert told >= 1
                assert all(each.key.startswith("garden/") for each in waiting.examples)
            finally:
                take_down(environment)


def _clients(environment: LocalEnvironment) -> "tuple[SNSClient, DynamoDBClient]":
    session, endpoint = local_session(REGION), environment.endpoint_url
    return session.client("sns", endpoint_url=endpoint), session.client("dynamodb", endpoint_url=endpoint)


def _subscribed(clients: LocalClients, sns: "SNSClient") -> str:
    topics = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
    (topic,) = (arn for arn in topics if "AlertsTopic" in arn)
    url = clients.sqs.create_queue(QueueName="heard")["QueueUrl"]
    attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    return url


def _told(clients: LocalClients, queue_url: str) -> int:
    """Return how many photos are in the messages that have come."""
    count = 0
    received = clients.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    for message in received.get("Messages", []):
        body = json.loads(message["Body"])
        assert body["Subject"].startswith("Alert garden: ")
        count += int(body["MessageAttributes"]["count"]["Value"])
        clients.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return count
