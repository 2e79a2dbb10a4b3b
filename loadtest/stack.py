"""A running stack as somebody sees it who has only its outputs: names, addresses, and clients for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from aws.local_sessions import local_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONNECTIONS = 32


@dataclass(frozen=True)
class Stack:
    """What a stack has to offer.

    `outputs` has `bucket`, `table`, `topic_arn`, `api_url`, `region`, `queue_url`, `dead_letter_queue_url`
    and both again as `bulk_…`; a stack on this machine has also `endpoint_url` and `rekognition_url`.
    """

    outputs: Mapping[str, str]

    @property
    def is_local(self) -> bool:
        """Tell whether it runs on this machine."""
        return "endpoint_url" in self.outputs

    @property
    def bucket(self) -> str:
        """The bucket that photos are put into."""
        return self.outputs["bucket"]

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        return self.session.client("sqs", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        return self.session.client("sns", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint_url, config=self.config)

    @property
    def endpoint_url(self) -> str | None:
        """Where all services of a local cloud answer; None on AWS."""
        return self.outputs.get("endpoint_url")

    @cached_property
    def session(self) -> boto3.Session:
        """The session that clients are made of."""
        if not self.is_local:
            return boto3.Session(region_name=self.outputs.get("region"))
        return local_session(self.outputs["region"])

    @cached_property
    def config(self) -> Config:
        """Return how clients connect. Loopback is never reached through a proxy."""
        if not self.is_local:
            return Config(max_pool_connections=CONNECTIONS)
        return Config(proxies={}, max_pool_connections=CONNECTIONS, retries={"total_max_attempts": 2})
