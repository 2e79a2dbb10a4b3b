"""How a pipeline stands: what waits, how fast it may call, what a day's calls were and cost.

The figures of `imagepipe status`, of the API's `/pipeline` and of the page at `/status`, computed once.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from contract.metrics import Metric
from contract.moments import day_of, to_text
from contract.prices import DOLLARS_A_CALL, dollars_for_calls
from contract.quotas import BudgetItem
from contract.timing import DAY_SECONDS

# What the processor adds up of its calls, day by day.
CALL_COUNTS = (Metric.CALLS_MADE, Metric.CALLS_AVOIDED, Metric.CALLS_THROTTLED)
CountsByDay = Mapping[str, Mapping[str, int]]


class LaneStatus(NamedTuple):
    """One lane: messages that wait, that workers have, and that were given up. SQS knows them nearly."""

    name: str
    waiting: int
    in_flight: int
    dead_letters: int

    def to_json(self) -> dict[str, object]:
        return self._asdict()


class DailyLimit(NamedTuple):
    """The calls a day of one operation, by UTC; None is without a limit.

    `deployed` is the deployment's setting, `chosen` an operator's, which goes before it. `today` counts the
    calls that workers have reserved since midnight.
    """

    deployed: int | None
    chosen: int | None
    today: int

    @property
    def in_use(self) -> int | None:
        return self.deployed if self.chosen is None else self.chosen

    @property
    def is_reached(self) -> bool:
        return self.in_use is not None and self.today >= self.in_use

    def to_json(self) -> dict[str, object]:
        return {
            "deployed": self.deployed,
            "set": self.chosen,
            "in_use": self.in_use,
            "calls_today": self.today,
        }


class QuotaInUse(NamedTuple):
    """The calls a second of one operation, and what it may be called a day.

    Where other regions are asked, `operation` may be a line of theirs (`us-west-2:DetectLabels`). The day's
    limit is of all regions together, so its calls of today are counted with the operation, and once more, by
    themselves, with the line.
    `deployed` is the deployment's setting, `chosen` an operator's, which goes before it, `account` what the
    account is said to have. `rate` is what workers call at now: less than the quota for some seconds after a
    throttle. `line_seconds` is how far ahead the calls are reserved: above zero, the quota is used up.
    """

    operation: str
    deployed: float
    chosen: float | None
    account: float | None
    rate: float
    daily: DailyLimit
    line_seconds: float = 0.0

    @classmethod
    def of(
        cls,
        operation: str,
        deployed: float,
        daily_limit: float | None,
        budget: BudgetItem,
        *,
        now: float,
        account: float | None = None,
    ) -> "QuotaInUse":
        """Return what holds at a time (seconds since 1970), by the deployment and the limiter's item."""
        limit = None if daily_limit is None else int(daily_limit)
        return cls(
            operation,
            deployed,
            budget.quota,
            account,
            budget.pace(deployed).rate(now),
            DailyLimit(limit, budget.daily_limit, budget.calls_on(day_of(now))),
            max(0.0, budget.next_at - now),
        )

    @property
    def in_use(self) -> float:
        return self.chosen or self.deployed

    def to_json(self) -> dict[str, object]:
        return {
            "deployed": self.deployed,
            "set": self.chosen,
            "account": self.account,
            "in_use": self.in_use,
            "rate_now": round(self.rate, 3),
            "line_seconds": round(self.line_seconds, 1),
            "calls_a_day": self.daily.to_json(),
        }


class Calls(NamedTuple):
    """Detector calls of a span of time. An aid: a batch that crashed is not in it."""

    made: int = 0
    avoided: int = 0
    throttled: int = 0

    @classmethod
    def of(cls, days: Iterable[Mapping[str, int]]) -> "Calls":
        added = list(days)
        return cls(*(sum(counts.get(name, 0) for counts in added) for name in CALL_COUNTS))

    @property
    def hit_ratio(self) -> float | None:
        """Which part of the answers needed no call, 0 to 1; None where there was nothing to answer."""
        wanted = self.made + self.avoided
        return self.avoided / wanted if wanted else None

    @property
    def dollars_saved(self) -> float:
        """What the avoided calls would have cost, in US dollars."""
        return self.avoided * DOLLARS_A_CALL

    def to_json(self) -> dict[str, object]:
        return {
            "calls_made": self.made,
            "calls_avoided": self.avoided,
            "calls_throttled": self.throttled,
            "hit_ratio": None if self.hit_ratio is None else round(self.hit_ratio, 4),
            "dollars_saved": round(self.dollars_saved, 4),
        }


class Spent(NamedTuple):
    """What Rekognition's calls cost, in US dollars, by its prices without the free tier."""

    today: float
    month: float

    @classmethod
    def of(cls, counts: CountsByDay, day: str) -> "Spent":
        """Return what a day and its month cost up to now; `counts` has the days of that month.

        A call costs less the more were made in its month.
        """
        before = sum(
            counted.get(Metric.CALLS_MADE, 0)
            for other, counted in counts.items()
            if other[:7] == day[:7] and other < day
        )
        made = counts.get(day, {}).get(Metric.CALLS_MADE, 0)
        return cls(dollars_for_calls(made, before), dollars_for_calls(before + made))

    def to_json(self) -> dict[str, object]:
        return {"today": round(self.today, 4), "month": round(self.month, 4)}


def days_of_month(now: float) -> list[str]:
    """Return the days of the month (ISO 8601, UTC) up to today, today first."""
    return [day_of(now - back * DAY_SECONDS) for back in range(int(day_of(now)[8:]))]


class PipelineStatus(NamedTuple):
    """How things stand at a time (seconds since 1970). `today` are all counts of the day, by UTC."""

    at: float
    lanes: tuple[LaneStatus, ...]
    quotas: tuple[QuotaInUse, ...]
    today: Mapping[str, int]
    spent: Spent

    @property
    def calls(self) -> Calls:
        return Calls.of([self.today])

    def rates(self, before: "PipelineStatus | None") -> dict[str, float]:
        """Return how many calls a second were reserved of each operation since `before`, by its name.

        Nothing of an operation of which that cannot be told: there is no moment before, or a new day began.
        """
        if before is None or self.at <= before.at:
            return {}
        then = {quota.operation: quota.daily.today for quota in before.quotas}
        return {
            quota.operation: (quota.daily.today - then[quota.operation]) / (self.at - before.at)
            for quota in self.quotas
            if quota.daily.today >= then.get(quota.operation, quota.daily.today + 1)
        }

    def to_json(self) -> dict[str, object]:
        counted = {metric.name.lower(): self.today.get(metric, 0) for metric in Metric}
        return {
            "at": to_text(self.at),
            "lanes": {lane.name: lane.to_json() for lane in self.lanes},
            "quotas": {quota.operation: quota.to_json() for quota in self.quotas},
            "today": counted,
            "dollars": self.spent.to_json(),
        }
