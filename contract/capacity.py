"""How many photos the quotas let through, how many workers that takes, and how much may wait in a queue."""

from __future__ import annotations

import math
from collections.abc import Mapping

from contract.timing import DAY_SECONDS, QUEUE_RETENTION_DAYS

# From one batch's reading to the next one's, when no call has to wait: the call itself takes about half a
# second. Fewer workers than that times the quota would leave slots empty, more would be paid for waiting.
SECONDS_A_BATCH = 2.0
FEWEST_WORKERS = 2
MOST_WORKERS = 1000
DEFAULT_BATCH_SIZE = 10
# What all callers together may ask of each costly route of the API, unless a deployment says otherwise.
COSTLY_REQUESTS_A_SECOND = 20
# How many keys a request to look again may name.
KEYS_A_MESSAGE = 10

# A photo that was uploaded now should be found within minutes: what has waited for so long is stuck.
MOST_LIVE_DAYS = 2
# A backfill queues no more than can be worked in half the time that messages are kept.
BACKFILL_DAYS = QUEUE_RETENTION_DAYS / 2
# What it queued should be gone by then; there is still time to act before messages expire.
MOST_BULK_DAYS = BACKFILL_DAYS + 1
# More work than this in a queue is too much for the time that messages are kept.
MOST_WAITING_DAYS = QUEUE_RETENTION_DAYS * 3 / 4


def photos_a_second(quotas: Mapping[str, float]) -> float:
    """Return how many photos a second can be recognized: the slowest operation decides."""
    return min(quotas.values())


def photos_in(days: float, quotas: Mapping[str, float]) -> int:
    """Return how many photos the quotas let through in so many days."""
    return int(photos_a_second(quotas) * days * DAY_SECONDS)


def needed_workers(quotas: Mapping[str, float], batch_size: int) -> int:
    """Return how many copies of the processor fill the quotas, within what Lambda takes as a bound."""
    needed = math.ceil(photos_a_second(quotas) * SECONDS_A_BATCH / batch_size)
    return max(FEWEST_WORKERS, min(MOST_WORKERS, needed))
