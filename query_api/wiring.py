"""The Lambda put together, by its entry: once for each of its environments, or for all of them (SnapStart).

So what is built here holds no secret, no time and no connection; all of that begins with the first question.
"""

import os
import random
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

import botocore.session
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

from contract.environment import load
from contract.moments import day_of
from contract.settings import QuerySettings, policy_of
from query_api.adapters.clients import CONNECTIONS, QueueBacklogs, make_dynamodb_client, make_sqs_client
from query_api.adapters.dynamodb import DynamoDBSecrets, QueryTable
from query_api.adapters.s3_signing import S3Signer, bucket_url
from query_api.answering import Answering
from query_api.endpoints.page import SignInPages
from query_api.http.messages import Request
from query_api.http.routing import Route, Router
from query_api.ports import Counting, QueryMetric
from query_api.routes import Dependencies, all_routes
from query_api.search.cursors import Cursors
from query_api.search.listing import Listing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from contract.cameras import Cameras
    from query_api.adapters.readable import Unreadable
    from query_api.endpoints.people import KnownPeople

# Vectors of texts take 3 KB each.
KEPT_TEXTS = 256


def build() -> Answering:
    """Build what answers events, from the environment. Raises SettingsError."""
    return assemble(load(QuerySettings, os.environ), botocore.session.get_session())


def assemble(settings: QuerySettings, session: botocore.session.Session) -> Answering:
    """Build what answers events: logs with the request's id, and one line of metrics for each.

    Powertools' Tracer and router are left out on purpose: docs/decisions/0003-query-api-routing.md.
    """
    logger, metrics = Logger(), Metrics()

    def count(what: QueryMetric, by: int) -> None:
        metrics.add_metric(name=what, unit=MetricUnit.Count, value=by)

    parts = _by_policy(settings, _parts(settings, session, logger, count))
    router = Router(_routes(parts), logger, count)

    # Copies that start from one snapshot would all draw the same pauses between attempts, and throttle again.
    # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
    seed_once = cache(random.seed)

    def answer(event: Mapping[str, Any], _: Any) -> dict[str, Any]:
        seed_once()
        request = Request.from_event(event)
        return router.respond(request).to_event(gzipped=request.takes_gzip)

    measured: Answering = metrics.log_metrics(answer)
    logged: Answering = logger.inject_lambda_context(
        measured, correlation_id_path=correlation_paths.API_GATEWAY_HTTP
    )
    return logged


def _by_policy(settings: QuerySettings, parts: Dependencies) -> Dependencies:
    policy = policy_of(settings.policy)
    if policy is None:
        return parts
    from query_api.by_policy import answered_by

    return answered_by(parts, policy)


def _routes(parts: Dependencies) -> tuple[Route, ...]:
    if not parts.prefix_claim:
        return all_routes(parts)
    from query_api.visibility import routes_by_prefix

    return routes_by_prefix(parts)


def _parts(
    settings: QuerySettings, session: botocore.session.Session, logger: Logger, count: Counting
) -> Dependencies:
    client = make_dynamodb_client(session)
    executor = ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="partition")

    def unreadable(what: str, error: Exception) -> None:
        logger.warning("an item of the table cannot be read, and is left out", item=what, error=repr(error))
        count(QueryMetric.ITEMS_UNREADABLE, 1)

    table = QueryTable(client, settings.table_name, executor, unreadable)
    signing = DynamoDBSecrets(client, settings.table_name, partial(secrets.token_bytes, 32), time.time)
    region = client.meta.region_name
    photos_at = bucket_url(settings.bucket_name, region, os.environ)
    renditions = settings.renditions_bucket
    renditions_at = bucket_url(renditions, region, os.environ) if renditions else ""
    return Dependencies(
        table=table,
        listing=Listing(table),
        cursors=Cursors(signing),
        signer=S3Signer(photos_at, region, session.get_credentials, renditions_url=renditions_at),
        log=logger,
        count=count,
        counts=table,
        queues=QueueBacklogs(
            cache(partial(make_sqs_client, session)),
            settings.queue_url,
            settings.bulk_queue_url,
            (settings.dead_letter_queue_url, settings.bulk_dead_letter_queue_url),
            executor,
        ),
        now=lambda: datetime.now(UTC),
        confidence_order=settings.confidence_order == "yes",
        uploads=settings.uploads == "yes",
        near_duplicates=settings.near_duplicates == "yes",
        keep_location=settings.keep_location == "yes",
        prefix_claim=settings.prefix_claim,
        sign_in=SignInPages(settings.sign_in_url, settings.sign_in_client) if settings.sign_in_url else None,
        operator=settings.operator == "yes",
        corrections=settings.corrections == "yes",
        block_tag=settings.block_tag == "yes",
        photos_at=photos_at,
        renditions_at=renditions_at,
        keys=settings.keys,
        cameras=_cameras(settings.cameras),
        **_meaning(settings, session, client, executor, logger.warning),
        people=_people(settings, client, unreadable),
    )


def _people(
    settings: QuerySettings, client: "DynamoDBClient", unreadable: "Unreadable"
) -> "KnownPeople | None":
    if not settings.people_similarity_percent:
        return None
    from query_api.adapters.people import read_names
    from query_api.endpoints.people import KnownPeople

    return KnownPeople(
        partial(read_names, client, settings.table_name, lambda: day_of(time.time()), unreadable),
        settings.people_similarity_percent,
    )


def _meaning(
    settings: QuerySettings, session: Any, client: Any, executor: Executor, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return what finds photos by meaning, where there is that."""
    if not settings.meaning_function:
        return {}
    from contract.meaning import BY_BEDROCK, INVOKE_MODEL, space_by
    from query_api.adapters.meaning import TextVectors, VectorIndex, make_lambda_client

    take = None
    if settings.meaning_by == BY_BEDROCK:
        from query_api.adapters.daily_calls import DailyCalls

        limit = settings.question_limits.get(INVOKE_MODEL)
        allowed = None if limit is None else int(limit)
        take = DailyCalls(client, settings.table_name, INVOKE_MODEL, allowed, lambda: datetime.now(UTC)).take
    wording = TextVectors(cache(partial(make_lambda_client, session)), settings.meaning_function, take)
    return {
        "neighbors": VectorIndex(client, settings.table_name, executor, space_by(settings.meaning_by), warn),
        # The next page of a question asks for the same text.
        "wording": lru_cache(maxsize=KEPT_TEXTS)(wording),
    }


def _cameras(text: str) -> "Cameras | None":
    if not text:
        return None
    from contract.cameras import read_cameras

    return read_cameras(text)
