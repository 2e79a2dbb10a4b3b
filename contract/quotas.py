"""How many calls a second an account may make, and the budget item by which all workers share them.

AWS limits each operation by itself, in each account and region. The budget of an operation is one item of the
table: the time of its next free slot, and what was learned from throttles. A worker takes a run of slots by
moving that time on in one update, so no two workers ever hold the same slot and calls are evenly spaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

# https://docs.aws.amazon.com/general/latest/gr/rekognition.html
LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
IN_LARGE_REGIONS: Mapping[str, float] = {
    "DetectLabels": 50,
    "DetectModerationLabels": 50,
    "DetectText": 50,
    "DetectFaces": 100,
}
ELSEWHERE: Mapping[str, float] = {
    "DetectLabels": 5,
    "DetectModerationLabels": 5,
    "DetectText": 5,
    "DetectFaces": 25,
}


def usual_quota(operation: str, region: str) -> float:
    """Give the calls a second that a new account has for an operation in a region."""
    return (IN_LARGE_REGIONS if region in LARGE_REGIONS else ELSEWHERE)[operation]


# What follows a throttle: the curve of TCP CUBIC, as botocore's adaptive mode has it, here shared by all
# workers. The rate falls to this share of what it was, ...
KEPT_AFTER_A_CUT = 0.7
# ... returns to where it was cut and stays near it, and then tries for more, ever faster: this share of the
# quota, times the cube of the seconds since it was back.
CURVATURE_A_SECOND_CUBED = 0.0015
# However often it is throttled, an operation is still tried at this share of its quota.
LEAST_SHARE = 0.02


@dataclass(frozen=True)
class Pace:
    """How fast an operation may be called. Rates are calls a second, times are seconds since 1970.

    `cut_from` is the rate at which calls were throttled last, at `cut_at`; None where none ever were.
    """

    quota: float
    cut_at: float | None = None
    cut_from: float | None = None

    def rate(self, now: float) -> float:
        """Give the rate for now: the quota, or less for some seconds after a throttle."""
        if self.cut_at is None or self.cut_from is None:
            return self.quota
        curvature = CURVATURE_A_SECOND_CUBED * self.quota
        until_back: float = ((1 - KEPT_AFTER_A_CUT) * self.cut_from / curvature) ** (1 / 3)
        rate: float = self.cut_from + curvature * (now - self.cut_at - until_back) ** 3
        return min(self.quota, max(LEAST_SHARE * self.quota, rate))


@dataclass(frozen=True)
class BudgetItem:
    """The budget of one operation, as it stands in the table. Times are seconds since 1970.

    The next slot that nobody has is at `next_at`, or now if that is past. `bulk_at` is when the bulk lane had
    its last one. `quota` (calls a second), where an operator has set one, goes before that of the deployment,
    and so does `daily_limit` (calls a day; 0 allows none). `day_calls` were reserved on `day`, an ISO 8601
    date in UTC.
    """

    next_at: float = 0.0
    bulk_at: float = 0.0
    quota: float | None = None
    cut_at: float | None = None
    cut_from: float | None = None
    daily_limit: int | None = None
    day: str = ""
    day_calls: int = 0

    def calls_on(self, day: str) -> int:
        """Return how many calls were reserved on a day (ISO 8601, UTC); only the last one is known."""
        return self.day_calls if self.day == day else 0

    def pace(self, deployed_quota: float) -> Pace:
        """Give the pace that follows from this item and the deployment's own quota."""
        return Pace(self.quota or deployed_quota, self.cut_at, self.cut_from)

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> BudgetItem:
        """Read the attributes of a DynamoDB item, in which times are whole microseconds."""
        return cls(
            next_at=from_microseconds(item.get("next_at")) or 0.0,
            bulk_at=from_microseconds(item.get("bulk_at")) or 0.0,
            quota=_number(item.get("quota")),
            cut_at=from_microseconds(item.get("cut_at")),
            cut_from=_number(item.get("cut_from")),
            daily_limit=_count(item.get("daily_limit")),
            day=str(item.get("day", "")),
            day_calls=_count(item.get("day_calls")) or 0,
        )


def to_microseconds(seconds: float) -> int:
    """Write a time or a span as the table holds it."""
    return round(seconds * 1_000_000)


def from_microseconds(value: object) -> float | None:
    """Read a time as the table holds it."""
    number = _number(value)
    return None if number is None else number / 1_000_000


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _count(value: object) -> int | None:
    """Read a number of calls; what is none says nothing, so that a slip of a hand stops nobody."""
    try:
        number = int(Decimal(str(value)))
    except (ArithmeticError, ValueError):
        return None
    return number if number >= 0 else None
