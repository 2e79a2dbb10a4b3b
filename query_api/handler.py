"""The Lambda's entry: an HTTP API event (payload 2.0) in, its answer out."""

from typing import Any

from query_api.wiring import answering


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a question.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    return answering()(event, context)
