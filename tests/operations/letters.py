"""Dead letters for tests."""

from aws.queues import Received
from contract.dead_letters import DeadLetter, read
from contract.errors import FAILURE_ATTRIBUTE, Failure
from contract.moments import to_seconds
from contract.notifications import look_again
from tests.fakes.s3 import BUCKET

FIRST = "2026-01-01T00:00:00.000Z"
LAST = "2026-01-01T01:00:00.000Z"
SENT = "2026-01-01T02:00:00.000Z"


def body(*keys: str) -> str:
    return look_again(BUCKET, list(keys), FIRST)


def explained(
    *keys: str, code: str = "ServiceUnavailable", kind: str = "transient", detector: str | None = "labels"
) -> dict[str, str]:
    """Give the attributes of a letter that the processor sent."""
    return {FAILURE_ATTRIBUTE: Failure(kind, code, "it was down", detector, keys, 8, FIRST, LAST).to_json()}


def letter(text: str, attributes: dict[str, str] | None = None, queue: str = "images") -> DeadLetter:
    received = Received("m1", text, "handle", to_seconds(SENT), attributes or {})
    return read(*received, queue=queue, bucket_name=BUCKET)
