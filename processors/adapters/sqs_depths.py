"""For how many photos messages wait, on SQS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.queue_depths import read_depth
from contract.quotas import KEYS_A_MESSAGE
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


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
        with translated(f"GetQueueAttributes of {url}"):
            return read_depth(self.client, url).total
