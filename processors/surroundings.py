"""Time, chance and threads, as they come from outside: passed in, so that a test can hold them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4


@dataclass(frozen=True)
class Surroundings:
    """What the pipeline takes from its machine.

    `clock` gives seconds since 1970, `sleep` waits for seconds, `spread` gives a random number from 0 to its
    argument, `new_id` a name that nobody else has.
    """

    executor: Executor
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    spread: Callable[[float], float]
    new_id: Callable[[], str]

    def now(self) -> str:
        """Give the time as the table holds times: ISO 8601, UTC, milliseconds."""
        moment = datetime.fromtimestamp(self.clock(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def real(threads: int) -> Surroundings:
    """Give those of this machine."""
    return Surroundings(
        executor=ThreadPoolExecutor(threads, thread_name_prefix="call"),
        clock=time.time,
        sleep=time.sleep,
        spread=lambda longest: random.uniform(0, longest),  # noqa: S311 - jitter, not a secret
        new_id=lambda: uuid4().hex,
    )
