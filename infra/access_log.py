"""Who asked the API for what, where the settings want it written down."""

from __future__ import annotations

import json

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.functions import retention

# The caller is a role or a user where requests are signed, the token's subject where people sign in. A path
# has a photo's key in it; what was searched for is in the query string, and is left out.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
_FIELDS = {
    "time": "$context.requestTime",
    "request": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
    "subject": "$context.authorizer.claims.sub",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "error": "$context.integrationErrorMessage",
}


class AccessLog(Construct):
    """A line of JSON for each request to a stage, in a log group of its own."""

    def __init__(
        self, scope: Construct, construct_id: str, stage: apigateway.CfnStage, retention_days: int
    ) -> None:
        super().__init__(scope, construct_id)
        group = logs.LogGroup(
            self, "Logs", retention=retention(retention_days), removal_policy=RemovalPolicy.DESTROY
        )
        stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn, format=json.dumps(_FIELDS)
        )
