"""Time, chance and threads, as they come from outside: passed in, so that a test can hold them."""

import random
import secrets
import time
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from contract.errors import NotReadyError
from contract.moments import to_text
from contract.timing import RESERVE_SECONDS


@dataclass(frozen=True)
class Runtime:
    """What the pipeline takes from its machine.

    `new_executor` gives so many threads and `new_lock` what keeps them apart; `wait` returns when all futures
    are done, or after some seconds. `clock` gives seconds since 1970, `sleep` waits for seconds, `spread`
    gives a random number from 0 to its argument, `new_id` a name that nobody else has.
    """

    new_executor: Callable[[int], Executor] = lambda threads: ThreadPoolExecutor(
        threads, thread_name_prefix="call"
    )
    new_lock: Callable[[], AbstractContextManager[Any]] = Lock
    wait: Callable[[Collection[Future[Any]], float], object] = wait
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    spread: Callable[[float], float] = lambda longest: random.uniform(0, longest)  # noqa: S311 - jitter, not a secret
    # Records hold it: with 16 characters more, most photos' would take a second write unit.
    new_id: Callable[[], str] = lambda: secrets.token_hex(8)

    def now(self) -> str:
        """Return the time as the table holds times: ISO 8601, UTC, milliseconds."""
        return to_text(self.clock())


@dataclass(frozen=True)
class Deadline:
    """The end of the invocation, asked of Lambda each time."""

    remaining_milliseconds: Callable[[], int]

    def seconds_for_calls(self) -> float:
        return self.remaining_milliseconds() / 1000 - RESERVE_SECONDS

    def require_time_for_a_call(self, key: str) -> None:
        """Raise NotReadyError `DeadlineReached` when a call started now might be paid for and lost."""
        if self.seconds_for_calls() < 0:
            raise deadline_reached(key)


def deadline_reached(key: str) -> NotReadyError:
    return NotReadyError(
        "DeadlineReached",
        f"{key} was not started, the invocation is about to end",
        retry_within_seconds=0,
    )
