"""The HTTP API that answers what is in the photos."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contract import timing
from contract.environment import dump
from contract.settings import QuerySettings
from infra.functions import Function
from infra.settings import DeploymentSettings

# The greedy form takes keys with slashes, encoded or not.
ROUTES = ("/images", "/images/{key+}", "/health")


class Answers(Construct):
    """The query Lambda behind an HTTP API. Closed unless the settings open it: callers sign with IAM."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        bucket: s3.Bucket,
        table: dynamodb.Table,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = Function(
            self,
            "Query",
            room="query_api",
            code=code,
            environment=dump(QuerySettings(bucket_name=bucket.bucket_name, table_name=table.table_name)),
            timeout_seconds=timing.QUERY_TIMEOUT_SECONDS,
            memory_mb=512,
            log_retention_days=settings.log_retention_days,
        ).function
        table.grant(self.function, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
        self.api = apigateway.HttpApi(
            self,
            "Api",
            default_authorizer=(
                authorizers.HttpIamAuthorizer()
                if settings.api_access == "iam"
                else apigateway.HttpNoneAuthorizer()
            ),
        )
        integration = integrations.HttpLambdaIntegration("QueryIntegration", self.function)
        for route in ROUTES:
            self.api.add_routes(path=route, methods=[apigateway.HttpMethod.GET], integration=integration)
