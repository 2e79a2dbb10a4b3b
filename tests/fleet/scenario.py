"""What is to be simulated: how much work, how large the quota, how many workers, and what goes wrong when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.capacity import DEFAULT_BATCH_SIZE, needed_workers
from contract.detectors import OPERATIONS


def deployed_workers(quota: float, batch_size: int = DEFAULT_BATCH_SIZE) -> int:
    """Return how many workers a lane gets, where the deployment does not choose."""
    return needed_workers({"": quota}, batch_size)


@dataclass(frozen=True)
class Scenario:
    """One simulation. Times are seconds since its start, rates are a second, `quotas` are by operation.

    `backlog` photos lie in the bulk queue at the start, or in the live queue where `backlog_is_live`; a photo
    is uploaded every `1 / live_rate` seconds in the span `live_span`. `shares` are changes of the real quotas
    (when, to which share), of which the processor is not told. `outage` is a span in which the budget item
    does not answer; `kills` are times at which a worker is killed. `first_workers` is how many batches are
    taken at once at the start. The figures of the steady state are taken over `steady`.
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
    outage: tuple[float, float] | None = None
    kills: tuple[float, ...] = ()
    program: str = "budget"
    longest: float = 3600.0
    seed: int = 1
    notes: str = ""
    told_quotas: Mapping[str, float] = field(default_factory=dict)

    @property
    def operations(self) -> tuple[str, ...]:
        """The Rekognition operations that each photo takes."""
        return tuple(OPERATIONS[name] for name in self.detectors)
