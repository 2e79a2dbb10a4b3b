"""Services that are away for hours: from when to when, and what they answer meanwhile.

AWS has such hours: DynamoDB could not be reached in us-east-1 for three of them
(https://aws.amazon.com/message/101925), and a role loses a permission until somebody gives it back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from loadtest.faults.calls import DENIALS, ERRORS, THROTTLES, AwsService


def client_error(code: str, operation: str, message: str = "as arranged", **extra: object) -> ClientError:
    status = 500 if code.startswith(("Internal", "ServiceUnavailable", "500")) else 400
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **extra,
    }
    return ClientError(answer, operation)


class Trouble(StrEnum):
    """What is wrong: the service is away, the role lost its permission, or others use up the quota."""

    AWAY = "away"
    DENIED = "permission missing"
    THROTTLED = "quota used up by others"


@dataclass(frozen=True)
class Outage:
    """One service in trouble, from `begin` to `end`, in seconds since the start: a share of its calls.

    `region` is empty for the one where the stack is.
    """

    service: AwsService
    begin: float
    end: float
    trouble: Trouble = Trouble.AWAY
    share: float = 1.0
    region: str = ""


# What Rekognition says when it cannot read the object on the role's behalf, for whatever reason.
UNREADABLE = ("InvalidS3ObjectException", 400)


@dataclass
class Outages:
    """The outages of one simulation. `seconds` tells the time since its start, `dice` give 0 to 1."""

    seconds: Callable[[], float]
    all: Sequence[Outage] = ()
    dice: Callable[[], float] = lambda: 0.0
    _ways: Callable[[], object] = field(default_factory=lambda: cycle((True, False)).__next__)

    def trouble_of(self, service: AwsService, region: str = "") -> Trouble | None:
        """Return what is wrong with a service for a call that is made now, None for nothing."""
        now = self.seconds()
        for one in self.all:
            is_it = (one.service, one.region) == (service, region)
            if is_it and one.begin <= now < one.end and self.dice() < one.share:
                return one.trouble
        return None

    def strike(self, service: AwsService, operation: str, region: str = "") -> None:
        """Raise what a call to the service meets now. What is away answers a 5xx or not at all, by turns."""
        if not self.all:
            return
        match self.trouble_of(service, region):
            case Trouble.AWAY:
                raise _refusal((ERRORS[service], 500), operation) if self._ways() else _unreachable(service)
            case Trouble.DENIED:
                raise _refusal(DENIALS[service], operation)
            case Trouble.THROTTLED:
                raise _refusal(THROTTLES[service][0], operation)
        # Rekognition reads the object itself, with the caller's permissions; it has one word for all trouble.
        # https://docs.aws.amazon.com/rekognition/latest/APIReference/API_S3Object.html
        reads_itself = service is AwsService.REKOGNITION and not region
        if reads_itself and self.trouble_of(AwsService.S3) is not None:
            raise _refusal(UNREADABLE, operation)


def _refusal(said: tuple[str, int], operation: str) -> ClientError:
    code, status = said
    # An answer to HEAD has no body, so that its code is the bare status.
    shown = str(status) if operation == "head_object" else code
    return client_error(shown, operation, ResponseMetadata={"HTTPStatusCode": status})


def _unreachable(service: AwsService) -> BotoCoreError:
    return EndpointConnectionError(endpoint_url=f"https://{service.lower()}.us-east-1.amazonaws.com/")
