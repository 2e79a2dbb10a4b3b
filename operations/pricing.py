"""The cost model with the numbers of one deployment: dollars and hours of what a listing would take."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contract.detectors import CALLS, operation_of
from contract.meaning import BY_BEDROCK, BY_LABELS, INVOKE_MODEL, detector_by
from contract.picture_usage import PictureWork
from contract.quotas import photo_rates, photos_a_second
from contract.regions import share_sent, total_quotas
from contract.settings import ProcessorSettings
from contract.timing import DAY_SECONDS
from contract.usage import Assumptions, Work
from operations.adapters.account import DeployedProcessor
from operations.adapters.dynamodb import OperatedTable
from operations.costs import Bill, bill
from operations.film_hours import CALLS_KEPT, NO_FILMS, FilmHours
from operations.meaning_costs import meaning_bill

MEGABYTES_A_GB = 1024
# A batch looks for a short line, and calls abroad are counted at home too: as in docs/fleet.md.
BUDGET_WRITES_OF_REGIONS = 3.5


@dataclass(frozen=True)
class Pricing:
    """The cost model with the numbers of one deployment.

    `quotas` are calls a second by operation, `daily_limits` calls a day, where there is such a limit.
    Dollars are those of a month that begins with this work: after a million calls they are less.
    `settings` say whether photos are looked at as files too; `sent` is the share of calls for which a photo
    is sent to another region.
    """

    quotas: Mapping[str, float]
    memory_gb: float
    daily_limits: Mapping[str, int] = field(default_factory=dict)
    settings: ProcessorSettings | None = None
    sent: float = 0.0

    @classmethod
    def of(cls, deployed: DeployedProcessor, table: OperatedTable) -> "Pricing":
        """Read the quotas and limits that the workers go by now, those of all regions together."""
        items = table.budgets([*deployed.operations, *deployed.lines_abroad])
        at_home, abroad = (
            {line: items[line].quota or quota for line, quota in quotas.items()}
            for quotas in (deployed.quotas, deployed.lines_abroad)
        )
        limits = {name: item.daily_limit for name, item in items.items() if item.daily_limit is not None}
        memory_gb = deployed.memory_mb / MEGABYTES_A_GB
        bounds = {**deployed.daily_limits, **limits}
        return cls(
            total_quotas(at_home, abroad), memory_gb, bounds, deployed.settings, share_sent(at_home, abroad)
        )

    def bill(
        self,
        records: int,
        calls: Mapping[str, int],
        *,
        is_bulk: bool,
        read: int = 0,
        converted: int = 0,
        meant: Mapping[str, int] | None = None,
        films: FilmHours = NO_FILMS,
    ) -> Bill:
        """Return what so many new records cost, with these calls by detector, and files that are read.

        `meant` are the vectors that are to be made, by detector: where photos are searched by meaning, one
        for each record and space at most. Of `records` that are films, `films` has the rest.
        """
        assumed = Assumptions(quotas=self.quotas, memory_gb=self.memory_gb)
        if self.sent:
            assumed = replace(assumed, share_sent=self.sent, budget_writes_a_batch=BUDGET_WRITES_OF_REGIONS)
        work = Work(records, self._by_call(calls), is_bulk)
        found = bill(work, assumed, pictures=self.picture_work(records, read, converted))
        if films.seconds:
            found = found.plus(films.bill(by_jobs=self.begins_jobs))
        for made_by in self.meanings:
            contents = None if meant is None else meant.get(detector_by(made_by), 0)
            found = found.plus(meaning_bill(records, contents, made_by=made_by))
        return found

    @property
    def meanings(self) -> tuple[str, ...]:
        """What makes vectors: of both spaces where one is filled while the other is searched."""
        if self.settings is None:
            return ()
        of_labels = (BY_LABELS,) if self.settings.meaning_function else ()
        return (*of_labels, BY_BEDROCK) if self.settings.sees_meaning else of_labels

    @property
    def fills_a_space(self) -> bool:
        """Whether vectors of two kinds are made: photos are found by those of one."""
        return len(self.meanings) > 1

    def picture_work(self, records: int, read: int, converted: int) -> PictureWork | None:
        """Return the looking at photos as files; None where that is off."""
        if self.settings is None or not self.settings.pictures_function:
            return None
        keeps_location, near_duplicates = (
            word == "yes" for word in (self.settings.keep_location, self.settings.near_duplicates)
        )
        return PictureWork(records, read, converted, keeps_location, near_duplicates)

    @property
    def sees_meaning(self) -> bool:
        """Whether vectors are made by a model that has a quota."""
        return self.settings is not None and self.settings.sees_meaning

    @property
    def begins_jobs(self) -> bool:
        """Whether jobs of Rekognition look at films."""
        return self.settings is not None and bool(self.settings.film_jobs)

    def calls_of(self, calls: Mapping[str, int], films: FilmHours) -> dict[str, int]:
        """Return calls by detector with those about frames of films, as many as films have by the model."""
        return dict(Counter(calls) + Counter(films.frames(by_jobs=self.begins_jobs)))

    def seconds_of_jobs(self, films: FilmHours) -> float:
        """Return how long jobs on films have to wait for more of a day's minutes, where these have a limit.

        How long Rekognition takes for a job nobody knows beforehand.
        """
        limit = self.settings.film_job_minutes_a_day if self.settings is not None else 0
        if not self.begins_jobs or not limit:
            return 0.0
        return max(0, math.ceil(films.job_minutes() / limit) - 1) * float(DAY_SECONDS)

    def seconds(self, calls: Mapping[str, int], meant: int = 0, films: FilmHours = NO_FILMS) -> float:
        """Return how long calls by detector, `meant` vectors of a model's and films take.

        Operations go side by side, and the slowest decides.
        """
        if films.seconds:
            return max(self.seconds(self.calls_of(calls, films), meant), self.seconds_of_jobs(films))
        counts = dict.fromkeys(self.quotas, 0.0)
        for call, count in self._by_call(calls).items():
            counts[operation_of(call)] += count
        if self.sees_meaning:
            counts[INVOKE_MODEL] = meant
        return max(self.seconds_of(*counted) for counted in counts.items())

    def seconds_of(self, operation: str, count: float) -> float:
        """Return how long so many calls of an operation take: without end where none are allowed.

        What goes beyond a daily limit waits for the next midnight.
        """
        if not count:
            return 0.0
        limit = self.daily_limits.get(operation, math.inf)
        midnights = math.ceil(count / limit) - 1 if limit else math.inf
        return max(count / self.quotas[operation], midnights * DAY_SECONDS)

    def slowest(self) -> float:
        """Return the photos a second that there can be at most, in the course of days."""
        bounds = {
            operation: min(quota, self.daily_limits.get(operation, math.inf) / DAY_SECONDS)
            for operation, quota in self.quotas.items()
        }
        if self.settings is None:
            return photos_a_second(bounds)
        rates = photo_rates(bounds, self.settings.every_detector)
        return photos_a_second(rates | {INVOKE_MODEL: bounds[INVOKE_MODEL]} if self.sees_meaning else rates)

    def _by_call(self, calls: Mapping[str, int]) -> dict[str, float]:
        deployed = self.settings.every_detector if self.settings else ()
        charged = dict.fromkeys((CALLS[name] for name in deployed), 0.0) or dict.fromkeys(self.quotas, 0.0)
        return charged | {CALLS_KEPT[name]: count for name, count in calls.items()}


def hours(seconds: float) -> float | None:
    """Return hours for JSON; None is without end."""
    return round(seconds / 3600, 3) if math.isfinite(seconds) else None
