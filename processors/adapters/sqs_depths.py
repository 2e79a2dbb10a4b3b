"""For how many photos messages wait, on SQS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.capacity import KEYS_A_MESSAGE
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

# Those that may be received, those that a worker has, and those that were handed back to come later.
DEPTHS: Sequence[QueueAttributeNameType] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class SqsDepths:
    """The queues of work with their dead letters. S3 tells of one photo a message, bulk work of several."""

    client: SQSClient
    live_queue_urls: Sequence[str]
    bulk_queue_urls: Sequence[str]

    def waiting(self) -> int:
        """Return for how many photos messages wait at the most."""
        live = sum(map(self._depth, self.live_queue_urls))
        return live + KEYS_A_MESSAGE * sum(map(self._depth, self.bulk_queue_urls))

    def _depth(self, url: str) -> int:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
        with translated(f"GetQueueAttributes of {url}"):
            answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=DEPTHS)
        return sum(int(answer["Attributes"][name]) for name in DEPTHS)
