"""The Lambda's entry: an SQS event in, the failed message ids out."""

from typing import Any

from processors.wiring import answer


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Recognize a batch of images.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    return answer()(event, context)
