"""boto3 clients for the local environment, whatever this person's AWS configuration says."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from botocore.config import Config

from aws.local_sessions import local_session
from local.cloud.environment import REGION, LocalEnvironment

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_s3 import S3Client, S3ServiceResource
    from mypy_boto3_s3.type_defs import ObjectTypeDef
    from mypy_boto3_sqs import SQSClient


class LocalClients:
    """The clients of one environment, each made when it is first asked for."""

    def __init__(self, environment: LocalEnvironment) -> None:
        self._endpoint_url = environment.endpoint_url
        self._session = local_session(REGION)
        self._config = Config(proxies={}, max_pool_connections=16, retries={"total_max_attempts": 3})

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", endpoint_url=self._endpoint_url, config=self._config)

    def objects(self, bucket: str) -> dict[str, ObjectTypeDef]:
        """List what is in a bucket, by key."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}

    @cached_property
    def buckets(self) -> S3ServiceResource:
        return self._session.resource("s3", endpoint_url=self._endpoint_url, config=self._config)

    @cached_property
    def sqs(self) -> SQSClient:
        return self._session.client("sqs", endpoint_url=self._endpoint_url, config=self._config)

    @cached_property
    def tables(self) -> DynamoDBServiceResource:
        """DynamoDB, as resources: numbers are Decimal, sets are sets."""
        return self._session.resource("dynamodb", endpoint_url=self._endpoint_url, config=self._config)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._session.client("cloudformation", endpoint_url=self._endpoint_url, config=self._config)
