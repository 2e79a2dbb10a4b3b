"""How many messages a queue of SQS holds. SQS knows it nearly, and a minute late."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_ATTRIBUTES: "Sequence[QueueAttributeNameType]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class QueueDepth(NamedTuple):
    """Messages that may be received, that a consumer has, and that were sent or handed back to come later."""

    visible: int
    in_flight: int
    delayed: int = 0

    @property
    def waiting(self) -> int:
        return self.visible + self.delayed

    @property
    def total(self) -> int:
        return self.visible + self.in_flight + self.delayed


def read_depth(client: "SQSClient", url: str) -> QueueDepth:
    """Read the depth of a queue. Raises what botocore raises.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=_ATTRIBUTES)["Attributes"]
    return QueueDepth(*(int(found[name]) for name in _ATTRIBUTES))
