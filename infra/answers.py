"""The HTTP API that answers what is in the photos."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contract import timing
from contract.cameras import write_cameras
from contract.meaning import BY_BEDROCK, INVOKE_MODEL
from contract.quotas import OPERATOR_BURST, OPERATOR_REQUESTS_A_SECOND
from contract.settings import QuerySettings
from contract.table import RANK_INDEX, signing_key
from infra.accepted import NO_ACCESS_LOGS, accept
from infra.distribution import PageDistribution
from infra.functions import PythonFunction, allow, retention
from infra.intake import ObjectEvents
from infra.operator import OPERATORS_GROUP
from infra.pictures import Pictures, environment
from infra.settings import DeploymentSettings
from infra.sign_in import SignIn

# What the function answers: tests hold this list to its own. The greedy form takes keys with slashes, encoded
# or not, and what comes after them (`/raw`).
ROUTES = (
    "GET /images",
    "GET /images/{key+}",
    "GET /labels",
    "GET /stats",
    "GET /health",
)
# Permission to upload: only where the settings have it.
UPLOAD_ROUTE = "POST /uploads"
# What the caller may see: only where a claim of the token says so.
ACCESS_ROUTE = "GET /access"
# What is to be reviewed: only where a policy says so.
REVIEWS_ROUTE = "GET /reviews"
# What cameras have seen come and go: only where there are cameras.
EVENTS_ROUTE = "GET /events"
# Who is looked for: only where persons are.
PEOPLE_ROUTE = "GET /people"
# What reads most of the table, asks other services, or spends calls: it has a throttle of its own.
COSTLY_ROUTES = (
    *("GET /images", "GET /labels", "GET /stats"),
    *(UPLOAD_ROUTE, REVIEWS_ROUTE, EVENTS_ROUTE, PEOPLE_ROUTE),
)
# For operators, and answered by a function of their own: only where the settings have it. Each is a route, so
# that a policy of IAM can allow looking without sending back.
RETRY_ROUTE = "POST /retries"
OPERATOR_ROUTES = ("GET /pipeline", "GET /failures", RETRY_ROUTE)
OPERATOR_PAGE = "GET /status"
# What people say of photos: answered by a function of its own, only where the settings have it.
CORRECTION_ROUTES = ("PATCH /images", "PATCH /images/{key+}")
# Pages, scripts and descriptions without any data: a browser gets them before anybody has signed in.
STATIC_ROUTES = ("GET /", "GET /page/{file+}", "GET /docs", "GET /openapi.json")

_OPEN = {
    True: "pages, scripts and descriptions without data: a browser gets them before anybody has signed in",
    False: "`api_access` is `open`: that was chosen, and docs/security.md says what it can cost",
}

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


class Answers(Construct):
    """The query Lambda behind an HTTP API. Closed unless the settings open it: callers sign with IAM."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        intake: ObjectEvents,
        table: dynamodb.ITable,
        pictures: Pictures | None,
        operator: lambda_.IFunction | None,
        editor: lambda_.IFunction | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.settings = settings
        self._operator, self._editor = operator, editor
        images, bulk = intake.images, intake.bulk
        self.function = PythonFunction(
            self,
            "Query",
            room="query_api",
            code=code,
            environment=self._without_what_is_off(
                QuerySettings(
                    bucket_name=intake.bucket.bucket_name,
                    table_name=table.table_name,
                    queue_url=images.queue.queue_url,
                    dead_letter_queue_url=images.dead_letters.queue_url,
                    bulk_queue_url=bulk.queue.queue_url,
                    bulk_dead_letter_queue_url=bulk.dead_letters.queue_url,
                    confidence_order="yes" if settings.confidence_order else "no",
                    uploads="yes" if settings.takes_uploads else "no",
                    renditions_bucket=pictures.renditions.bucket_name if pictures else "",
                    near_duplicates="yes" if settings.near_duplicates else "no",
                    keep_location="yes" if settings.keep_location else "no",
                    bucket_prefix=settings.bucket_prefix,
                    bucket_suffixes=settings.bucket_suffixes,
                    prefix_claim=settings.prefix_claim,
                    operator="yes" if settings.operator else "no",
                    policy=settings.policy_json,
                    corrections="yes" if settings.corrections else "no",
                    block_tag="yes" if settings.block_tag else "no",
                    meaning_by=BY_BEDROCK if settings.meaning == BY_BEDROCK else "",
                    question_limits={
                        name: limit
                        for name, limit in settings.daily_call_limit.items()
                        if name == INVOKE_MODEL and settings.meaning == BY_BEDROCK
                    },
                    people_similarity_percent=settings.people_similarity_percent if settings.people else 0,
                    cameras=write_cameras(settings.all_cameras),
                )
            ),
            timeout_seconds=timing.QUERY_TIMEOUT_SECONDS,
            memory_mb=512,
            log_retention_days=settings.log_retention_days,
            reserved_concurrency=settings.query_reserved_concurrency,
            snapstart=settings.snapstart,
        ).function
        self._allow(intake, table)
        if pictures is not None:
            pictures.show(self.function)
        for queue in (images.queue, images.dead_letters, bulk.queue, bulk.dead_letters):
            queue.grant(self.function, "sqs:GetQueueAttributes")
        self.api = self._http_api()
        self.distribution = (
            PageDistribution(self, "Front", settings, self.api) if settings.cloudfront else None
        )
        self.sign_in = self._sign_in() if settings.sign_in else None
        routes = self._route()
        self._throttle(routes)
        if intake.own_bucket is not None:
            self._let_pages_in(intake.own_bucket)

    @property
    def page_origin(self) -> str:
        """Return where people open the page."""
        return self.distribution.origin if self.distribution else self.api.api_endpoint

    def _sign_in(self) -> SignIn:
        """Have people sign in, and tell the page where.

        Neither the API nor what is before it needs to know of the pool, so the pool can know their names:
        only the routes and the function come after it.
        """
        addresses = ("/", "/status") if self._operator else ("/",)
        pages = [f"{self.page_origin}{address}" for address in addresses]
        people = SignIn(self, "SignIn", pages=pages, retained=self.settings.retained)
        if self._operator:
            people.add_operators(OPERATORS_GROUP)
        self.function.add_environment("SIGN_IN_URL", people.url)
        self.function.add_environment("SIGN_IN_CLIENT", people.client_id)
        return people

    def _without_what_is_off(self, settings: QuerySettings) -> dict[str, str]:
        told = environment(settings)
        for name in ("OPERATOR", "CORRECTIONS", "BLOCK_TAG"):
            if told[name] == "no":
                del told[name]
        if not settings.people_similarity_percent:
            del told["PEOPLE_SIMILARITY_PERCENT"]
        return told

    def _let_pages_in(self, bucket: s3.Bucket) -> None:
        """Let pages ask the bucket, which is another host than theirs.

        They put photos there, and learn from the answer which version is their own.
        """
        uploads = self.settings.takes_uploads
        bucket.add_cors_rule(
            allowed_origins=[self.page_origin, *self.settings.cors_origins],
            allowed_methods=[s3.HttpMethods.GET, *([s3.HttpMethods.PUT] if uploads else [])],
            allowed_headers=["*"],
            exposed_headers=["etag", "x-amz-version-id"] if uploads else None,
        )

    def _allow(self, intake: ObjectEvents, table: dynamodb.ITable) -> None:
        """Let it read the table, write the one item with which it signs cursors, and sign for photos.

        What it signs can do what it may do: show an object, and put one there if that is wanted.
        """
        allow(self.function, ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"], table.table_arn)
        if self.settings.confidence_order:
            allow(self.function, ["dynamodb:Query"], f"{table.table_arn}/index/{RANK_INDEX}")
        only_secrets = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [signing_key().pk]}}
        allow(self.function, ["dynamodb:PutItem"], table.table_arn, conditions=only_secrets)
        uploading = ["s3:PutObject"] if self.settings.takes_uploads else []
        signed_for = ["s3:GetObject", "s3:GetObjectVersion", *uploading]
        intake.allow_photos(self.function, signed_for)

    @property
    def _takes_posts(self) -> bool:
        return self.settings.takes_uploads or self.settings.operator

    def _http_api(self) -> apigateway.HttpApi:
        origins = list(self.settings.cors_origins)
        api = apigateway.HttpApi(
            self,
            "Api",
            cors_preflight=apigateway.CorsPreflightOptions(
                allow_origins=origins,
                allow_methods=[
                    apigateway.CorsHttpMethod.GET,
                    *([apigateway.CorsHttpMethod.POST] if self._takes_posts else []),
                    *([apigateway.CorsHttpMethod.PATCH] if self._editor else []),
                ],
                allow_headers=["authorization", "content-type", *(["if-match"] if self._editor else [])],
                expose_headers=["etag"] if self._editor else None,
            )
            if origins
            else None,
        )
        if self.settings.access_logs:
            AccessLog(self, "AccessLog", _stage(api), self.settings.log_retention_days)
        else:
            accept(_stage(api), "APIG1", NO_ACCESS_LOGS)
        return api

    def _throttle(self, routes: Sequence[apigateway.HttpRoute]) -> None:
        """Bound what all callers together may ask, and the costly routes further.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
        """
        stage = _stage(self.api)
        rate, burst = self.settings.api_requests_a_second, self.settings.api_burst
        stage.default_route_settings = apigateway.CfnStage.RouteSettingsProperty(
            throttling_rate_limit=rate, throttling_burst_limit=burst
        )
        # This property is JSON to CDK, so its names are CloudFormation's own.
        costly = {
            "ThrottlingRateLimit": min(rate, self.settings.api_costly_requests_a_second),
            "ThrottlingBurstLimit": min(burst, self.settings.api_costly_burst),
        }
        operators = {
            "ThrottlingRateLimit": min(rate, OPERATOR_REQUESTS_A_SECOND),
            "ThrottlingBurstLimit": min(burst, OPERATOR_BURST),
        }
        stage.route_settings = {
            **dict.fromkeys(self._costly_routes(), costly),
            **dict.fromkeys(OPERATOR_ROUTES if self._operator else (), operators),
            **dict.fromkeys(CORRECTION_ROUTES if self._editor else (), operators),
        }
        # A stage whose settings name a route that is not there yet cannot be made.
        # https://github.com/aws/serverless-application-model/issues/2479
        stage.node.add_dependency(*routes)

    def _costly_routes(self) -> list[str]:
        has = {
            UPLOAD_ROUTE: self.settings.takes_uploads,
            REVIEWS_ROUTE: bool(self.settings.policy),
            EVENTS_ROUTE: bool(self.settings.cameras),
            PEOPLE_ROUTE: self.settings.people,
        }
        return [route for route in COSTLY_ROUTES if has.get(route, True)]

    def _route(self) -> list[apigateway.HttpRoute]:
        # One permission for all routes: each of them asks the same function, and one for each was a tenth of
        # the template.
        integration = integrations.HttpLambdaIntegration(
            "QueryIntegration", self._asked(), scope_permission_to_route=False
        )
        access = self._authorizer()
        static_access = apigateway.HttpNoneAuthorizer() if self.settings.api_access == "jwt" else access
        uploads = (UPLOAD_ROUTE,) if self.settings.takes_uploads else ()
        # Of several scopes, a token needs one.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
        scopes = [self.settings.upload_scope] if self.settings.upload_scope else None
        pages = (*STATIC_ROUTES, OPERATOR_PAGE) if self._operator else STATIC_ROUTES
        made: list[apigateway.HttpRoute] = []
        by_prefix = (ACCESS_ROUTE,) if self.settings.prefix_claim else ()
        reviews = (REVIEWS_ROUTE,) if self.settings.policy else ()
        events = (EVENTS_ROUTE,) if self.settings.cameras else ()
        people = (PEOPLE_ROUTE,) if self.settings.people else ()
        for route in (*ROUTES, *uploads, *by_prefix, *reviews, *events, *people, *pages):
            method, path = route.split()
            made += self.api.add_routes(
                path=path,
                methods=[apigateway.HttpMethod[method]],
                integration=integration,
                authorizer=static_access if route in pages else access,
                authorization_scopes=scopes if route == UPLOAD_ROUTE else None,
            )
            is_page = route in pages
            if self.settings.api_access == "open" or (is_page and static_access is not access):
                accept(made[-1], "APIG4", _OPEN[is_page])
        seeing, correcting = self.settings.operator_scope, self.settings.correct_scope
        of_operators = {
            **dict.fromkeys(OPERATOR_ROUTES, seeing),
            RETRY_ROUTE: self.settings.retry_scope or seeing,
        }
        return [
            *made,
            *self._route_apart("OperatorIntegration", self._operator, of_operators, access),
            *self._route_apart(
                "EditorIntegration", self._editor, dict.fromkeys(CORRECTION_ROUTES, correcting), access
            ),
        ]

    def _route_apart(
        self,
        integration_id: str,
        function: lambda_.IFunction | None,
        scopes: Mapping[str, str],
        access: apigateway.IHttpRouteAuthorizer,
    ) -> list[apigateway.HttpRoute]:
        """Lead routes to a function of their own, if there is one; each with the scope that a token needs."""
        if function is None:
            return []
        integration = integrations.HttpLambdaIntegration(
            integration_id, function, scope_permission_to_route=False
        )
        made: list[apigateway.HttpRoute] = []
        for route, scope in scopes.items():
            method, path = route.split()
            made += self.api.add_routes(
                path=path,
                methods=[apigateway.HttpMethod[method]],
                integration=integration,
                authorizer=access,
                authorization_scopes=[scope] if scope else None,
            )
            if self.settings.api_access == "open":
                accept(made[-1], "APIG4", _OPEN[False])
        return made

    def _asked(self) -> lambda_.IFunction:
        """Return what the API invokes: the function, or by an alias the version that has a snapshot.

        CDK publishes a version for each change of the code or of its variables, and takes the one before
        away, with its snapshot.
        https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
        """
        if not self.settings.snapstart:
            return self.function
        return lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)

    def _authorizer(self) -> apigateway.IHttpRouteAuthorizer:
        match self.settings.api_access:
            case "iam":
                return authorizers.HttpIamAuthorizer()
            case "jwt" if self.sign_in:
                # An access token of Cognito's has no `aud`; API Gateway then takes `client_id` for it.
                # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
                return authorizers.HttpJwtAuthorizer(
                    "People", self.sign_in.issuer, jwt_audience=[self.sign_in.client_id]
                )
            case "jwt":
                return authorizers.HttpJwtAuthorizer(
                    "People", self.settings.jwt_issuer, jwt_audience=list(self.settings.jwt_audience)
                )
            case _:
                return apigateway.HttpNoneAuthorizer()


def _stage(api: apigateway.HttpApi) -> apigateway.CfnStage:
    assert api.default_stage is not None
    return cast("apigateway.CfnStage", api.default_stage.node.default_child)


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
