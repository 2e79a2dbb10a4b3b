"""What is to be simulated: how much work, how large the quota, how many workers, and what goes wrong when."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.detectors import OPERATIONS
from contract.quotas import DEFAULT_BATCH_SIZE, needed_workers
from contract.timing import QUEUE_MAX_RECEIVES
from loadtest.faults.calls import AwsService
from loadtest.simulation.outages import Outage
from loadtest.simulation.queue import RETENTION_SECONDS


def deployed_workers(quota: float, batch_size: int = DEFAULT_BATCH_SIZE) -> int:
    """Return how many workers a lane gets, where the deployment does not choose."""
    return needed_workers({"": quota}, batch_size)


@dataclass(frozen=True)
class FleetScenario:
    """One simulation. Times are seconds since its start, rates are a second, `quotas` are by operation.

    `backlog` photos lie in the bulk queue at the start, or in the live queue where `backlog_is_live`; a photo
    is uploaded every `1 / live_rate` seconds in the span `live_span`. `shares` are changes of the real quotas
    (when, to which share), of which the processor is not told. `budget_away` is a span in which the budget
    item does not answer; `kills` are times at which a worker is killed. `first_workers` is how many batches
    are taken at once at the start. The figures of the steady state are taken over `steady`.

    `abroad` are the quotas by region of those that are asked too, nearest first. `outages` are those of whole
    services, in one region. A backlog that is `asked_for` came from requests to look at the
    bucket. `concurrency` says from when on how many may run at a time, where the account has few;
    `recursive_loop` is the function's recursion configuration, None for what the template has.
    """

    name: str
    title: str
    quotas: Mapping[str, float]
    steady: tuple[int, int]
    detectors: tuple[str, ...] = ("labels",)
    backlog: int = 0
    backlog_is_live: bool = False
    live_rate: float = 0.0
    live_span: tuple[float, float] = (0.0, 0.0)
    live_workers: int = 10
    bulk_workers: int = 10
    first_workers: int = 5
    batch_size: int = 10
    shares: tuple[tuple[float, float], ...] = ()
    budget_away: tuple[float, float] | None = None
    outages: tuple[Outage, ...] = ()
    asked_for: bool = False
    concurrency: tuple[tuple[float, int], ...] = ()
    recursive_loop: str | None = None
    most_receives: int = QUEUE_MAX_RECEIVES
    retention_seconds: float = RETENTION_SECONDS
    kills: tuple[float, ...] = ()
    program: str = "budget"
    longest: float = 3600.0
    seed: int = 1
    notes: str = ""
    abroad: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    told_quotas: Mapping[str, float] = field(default_factory=dict)

    @property
    def operations(self) -> tuple[str, ...]:
        """The Rekognition operations that each photo takes."""
        return tuple(OPERATIONS[name] for name in self.detectors)

    @property
    def total_quotas(self) -> Mapping[str, float]:
        """What may be called in all regions together, by operation."""
        return {
            operation: quota + sum(there.get(operation, 0.0) for there in self.abroad.values())
            for operation, quota in self.quotas.items()
        }

    @property
    def good_from(self) -> float:
        """When nothing is in the way any more and all photos are there."""
        ends = [one.end for one in self.outages] + [at for at, _ in self.concurrency]
        return max([self.live_span[1], *ends])

    @property
    def under_way(self) -> int:
        """The most detector calls that may be under way or unsaved at a time: all workers' full batches."""
        return (self.live_workers + self.bulk_workers) * self.batch_size * len(self.detectors)

    @property
    def may_pay_twice(self) -> int:
        """How many calls may be paid for twice: those whose answers come when the table is away, no other."""
        table_goes = sum(one.service is AwsService.DYNAMODB for one in self.outages)
        return self.under_way * table_goes
