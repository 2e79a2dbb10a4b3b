"""Why messages are given up, in words that can be counted, and where to look for what is behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.failures import CRASHED

UNREADABLE = "UnreadableMessage"


@dataclass(frozen=True)
class Cause:
    """Why a message was given up."""

    kind: str
    code: str
    detector: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.code, self.detector) if part)

    def is_called(self, name: str) -> bool:
        """Tell whether a name means this cause: its kind, its code, `kind/code`, or all of it."""
        names = {self.kind, self.code, f"{self.kind}/{self.code}", str(self)}
        return name.casefold() in {known.casefold() for known in names}


# SQS moved the message after it was received too often, and no function has ever said anything about it.
NO_VERDICT = Cause("crash", "NoVerdict")
NO_VERDICT_MESSAGE = (
    "SQS moved it, for it was received too often, and no function said why: each time, the function crashed "
    "or timed out, or Lambda could not run it, or stopped it as a recursive loop; where to look for each: "
    "imagepipe dlq summary"
)

# By code: what may be behind it, and where that is to be seen.
_ADVICE: Mapping[str, tuple[str, ...]] = {
    NO_VERDICT.code: (
        "SQS moved these by itself, without a reason; one of three is behind it:",
        "  the function crashed or timed out each time: the processor's log, around the time of the last "
        "receive, for 'Task timed out', 'Runtime exited' or a traceback;",
        "  Lambda had no room to run it: the metric Throttles of the processor's function, and the account's "
        "concurrency (aws lambda get-account-settings);",
        "  Lambda took it for a recursive loop: the metric RecursiveInvocationsDropped of the function, and "
        "the AWS Health Dashboard.",
    ),
    CRASHED: (
        "The function crashed or timed out with these again and again, until the processor gave them up. How "
        "often: imagepipe dlq show KEY. Why: the processor's log around the last time.",
    ),
}


def advice(cause: Cause) -> tuple[str, ...]:
    """Return lines on what may be behind a cause that does not say it itself.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    return _ADVICE.get(cause.code, ())
