"""The one retry policy. botocore gets one attempt; whatever is tried again is tried again here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_random_exponential

from contract.errors import TransientError

Value = TypeVar("Value")
Parameters = ParamSpec("Parameters")

FIRST_WAIT_SECONDS = 0.2


@dataclass(frozen=True)
class RetryPolicy:
    """Try what failed for the moment again, after full-jitter exponential waits, for a bounded time."""

    attempts: int
    total_seconds: float
    longest_wait_seconds: float
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, attempt: Callable[[], Value]) -> Value:
        """Call until it works, fails for good, or has failed often enough; then raise its last failure."""
        return Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(self.attempts) | stop_after_delay(self.total_seconds),
            wait=wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=self.longest_wait_seconds),
            sleep=self.sleep,
            reraise=True,
        )(attempt)

    def around(self, call: Callable[Parameters, Value]) -> Callable[Parameters, Value]:

        def retried(*arguments: Parameters.args, **named: Parameters.kwargs) -> Value:
            return self(partial(call, *arguments, **named))

        return retried
