"""How many calls a second an account may make, and the budget item by which all workers share them.

AWS limits each operation by itself, in each account and region. The budget of an operation is one item of the
table: the time of its next free slot, and what was learned from throttles. A worker takes a run of slots by
moving that time on in one update, so no two workers ever hold the same slot and calls are evenly spaced.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from contract.detectors import CALLS, OPERATIONS, SEARCH, SPECS
from contract.meaning import INVOKE_MODEL, VECTORS_A_SECOND
from contract.timing import DAY_SECONDS, QUEUE_RETENTION_DAYS

# Microseconds since 1970 stay below it for long; what does not is a float's infinity, or nonsense.
LARGEST_NUMBER = 1e17
MICROSECONDS = 1_000_000
NUMBERS = ("next_at", "bulk_at", "quota", "cut_at", "cut_from", "daily_limit", "day_calls")
# https://docs.aws.amazon.com/general/latest/gr/rekognition.html
LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
_ASKED = (*SPECS.values(), SEARCH)
IN_LARGE_REGIONS: Mapping[str, float] = {spec.operation: spec.quota for spec in _ASKED}
ELSEWHERE: Mapping[str, float] = {spec.operation: spec.quota_elsewhere for spec in _ASKED}


def usual_quota(operation: str, region: str) -> float:
    """Return the calls a second that a new account has for an operation in a region."""
    if operation == INVOKE_MODEL:
        return VECTORS_A_SECOND
    return (IN_LARGE_REGIONS if region in LARGE_REGIONS else ELSEWHERE)[operation]


# What follows a throttle: the curve of TCP CUBIC, as botocore's adaptive mode has it, here shared by all
# workers. The rate falls to this share of what it was, ...
BETA = 0.7
# ... returns to where it was cut and stays near it, and then tries for more, ever faster: this share of the
# quota, times the cube of the seconds since it was back, ...
SCALE = 0.0015
# ... but by no larger share a second than this: a throttle is heard of a second late, and until then as much
# of all calls is throttled.
PROBING_A_SECOND = 0.1
LARGEST_EXPONENT = 100.0
# However often it is throttled, an operation is still tried at this share of its quota.
LEAST_SHARE = 0.02
# A throttle that is further ahead than this was written down by a clock that is wrong.
MOST_AHEAD_SECONDS = 10.0


@dataclass(frozen=True)
class CubicCalculator:
    """How fast an operation may be called. Rates are calls a second, times are seconds since 1970.

    `cut_from` is the rate at which calls were throttled last, at `cut_at`; None where none ever were.
    """

    quota: float
    cut_at: float | None = None
    cut_from: float | None = None

    def rate(self, now: float) -> float:
        """Return the rate for now: the quota, or less for some seconds after a throttle."""
        if self.cut_at is None or self.cut_from is None or self.cut_at > now + MOST_AHEAD_SECONDS:
            return self.quota
        scale, least = SCALE * self.quota, LEAST_SHARE * self.quota
        k = ((1 - BETA) * self.cut_from / scale) ** (1 / 3)
        since_back = max(0.0, now - self.cut_at) - k
        rate: float = self.cut_from + scale * since_back**3
        if since_back > 0:
            # Days later it is a number that no float holds.
            growth = math.exp(min(PROBING_A_SECOND * since_back, LARGEST_EXPONENT))
            rate = min(rate, max(self.cut_from, least) * growth)
        return min(self.quota, max(least, rate))


@dataclass(frozen=True)
class BudgetItem:
    """The budget of one operation, as it stands in the table. Times are seconds since 1970.

    The next slot that nobody has is at `next_at`, or now if that is past. `bulk_at` is when the bulk lane had
    its last one. `quota` (calls a second) and `daily_limit` (calls a day), where an operator has set one, go
    before those of the deployment; a limit of 0 allows none. `day_calls` slots were taken on `calls_day` (ISO
    8601, UTC).
    """

    next_at: float = 0.0
    bulk_at: float = 0.0
    quota: float | None = None
    cut_at: float | None = None
    cut_from: float | None = None
    daily_limit: int | None = None
    calls_day: str = ""
    day_calls: int = 0

    def calls_on(self, day: str) -> int:
        """Return how many slots were taken on a day (ISO 8601, UTC); only the last one is known."""
        return self.day_calls if self.calls_day == day else 0

    def pace(self, deployed_quota: float) -> CubicCalculator:
        """Return the pace that follows from this item and the deployment's own quota."""
        return CubicCalculator(self.quota or deployed_quota, self.cut_at, self.cut_from)

    def calls_left(self, deployed_limit: int | None) -> int | None:
        """Return how many calls may still be made on `calls_day`, None where nothing bounds them."""
        limit = deployed_limit if self.daily_limit is None else self.daily_limit
        return None if limit is None else max(0, limit - self.day_calls)

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> "BudgetItem":
        """Read the attributes of a DynamoDB item, in which times are whole microseconds.

        Raises ValueError for an item that nothing of ours can have written.
        """
        daily_limit = _number(item, "daily_limit")
        return cls(
            next_at=(_number(item, "next_at") or 0) / MICROSECONDS,
            bulk_at=(_number(item, "bulk_at") or 0) / MICROSECONDS,
            quota=_number(item, "quota"),
            cut_at=None if (cut_at := _number(item, "cut_at")) is None else cut_at / MICROSECONDS,
            cut_from=_number(item, "cut_from"),
            daily_limit=None if daily_limit is None else int(daily_limit),
            calls_day=str(item.get("calls_day", "")),
            day_calls=int(_number(item, "day_calls") or 0),
        )


def readable_part(item: Mapping[str, object]) -> dict[str, object]:
    """Return the attributes of a budget item but for those that nothing of ours can have written."""
    return {name: value for name, value in item.items() if name not in NUMBERS or _is_number(value)}


def to_microseconds(seconds: float) -> int:
    """Return a time or a span as the table holds it."""
    return round(seconds * MICROSECONDS)


def _number(item: Mapping[str, object], name: str) -> float | None:
    """Return a number of an item that is zero or more, None where there is none. Raises ValueError."""
    value = item.get(name)
    if value is None:
        return None
    if not _is_number(value):
        raise ValueError(f"{name} is {value!r}, which is no number of this item's")
    return float(str(value))


def _is_number(value: object) -> bool:
    is_one = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return is_one and 0 <= float(str(value)) < LARGEST_NUMBER


# From one batch's reading to the next one's, when no call has to wait: the call itself takes about half a
# second. Fewer workers than that times the quota would leave slots empty, more would be paid for waiting.
SECONDS_A_BATCH = 2.0
FEWEST_WORKERS = 2
MOST_WORKERS = 1000
DEFAULT_BATCH_SIZE = 10
# Files that one worker has read at the same time: each takes a copy of the pictures function.
PICTURES_AT_ONCE = 4
# The same of slices of films, and how many of their frames it asks about before it comes again.
SLICES_AT_ONCE = 8
FRAMES_AT_ONCE = 200
# What all callers together may ask of each costly route of the API, unless a deployment says otherwise.
COSTLY_REQUESTS_A_SECOND = 20
# The same of each route for operators, and how many dead letters one of their requests may look at or send.
OPERATOR_REQUESTS_A_SECOND = 2
OPERATOR_BURST = 10
LETTERS_A_REQUEST = 500
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


def photo_rates(quotas: Mapping[str, float], detectors: Iterable[str]) -> dict[str, float]:
    """Return the photos a second that each call allows: detectors that ask the same operation share it."""
    names = tuple(detectors)
    asked = Counter(OPERATIONS[name] for name in names)
    return {CALLS[name]: quotas[OPERATIONS[name]] / asked[OPERATIONS[name]] for name in names}


def photos_a_second(rates: Mapping[str, float]) -> float:
    """Return how many photos a second can be recognized: the slowest operation decides."""
    return min(rates.values())


def photos_in(days: float, rates: Mapping[str, float]) -> int:
    return int(photos_a_second(rates) * days * DAY_SECONDS)


def needed_workers(rates: Mapping[str, float], batch_size: int) -> int:
    """Return how many copies of the processor fill the quotas, within what Lambda takes as a bound."""
    needed = math.ceil(photos_a_second(rates) * SECONDS_A_BATCH / batch_size)
    return max(FEWEST_WORKERS, min(MOST_WORKERS, needed))
