"""What runs in an environment: the real pipeline with its budget, and other ways to go about the quota."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from contract.metrics import Metric
from contract.settings import ProcessorSettings
from loadtest.simulation.clients import Services, clients
from loadtest.simulation.clock import VirtualLock, wait
from loadtest.simulation.fleet import Environment, Handler
from processors.runtime import Runtime
from processors.wiring import Clients, assemble

# So many calls a second that the budget never makes anybody wait.
UNLIMITED = 1e9


class NoLog:
    """Keeps count of what is said and drops the words."""

    def __init__(self, said: dict[str, int]) -> None:
        self._said = said

    def warning(self, message: str, **facts: object) -> None:
        self._count(str(facts.get("code", "warning")))

    def error(self, message: str, **facts: object) -> None:
        self._count(str(facts.get("code", "error")))

    def exception(self, message: str, **facts: object) -> None:
        self._count(f"fault {sys.exception()!r}")

    def _count(self, what: str) -> None:
        self._said[what] = self._said.get(what, 0) + 1


@dataclass
class MetricCounts:
    """What the processor counts, by name."""

    of: Counter[Metric] = field(default_factory=Counter)

    def add(self, count: Metric, by: int = 1) -> None:
        self.of[count] += by

    def __getitem__(self, count: Metric) -> int:
        return self.of[count]


@dataclass
class FleetSite:
    """What all environments of a simulation share."""

    services: Services
    settings: ProcessorSettings
    chance: random.Random
    tally: MetricCounts
    said: dict[str, int]


Program = Callable[[FleetSite, Environment], Handler]


def pipeline(site: FleetSite, environment: Environment) -> Handler:
    """Return the pipeline as it is deployed."""
    return _assembled(site, environment, clients(site.services, environment), site.settings)


def without_limiter(site: FleetSite, environment: Environment) -> Handler:
    """Return the pipeline with nothing between it and the quota but its retries."""
    return with_rekognition(lambda _site, client: client, site, environment)


def with_rekognition(
    wrap: Callable[[FleetSite, object], object], site: FleetSite, environment: Environment
) -> Handler:
    """Return the pipeline without our limiter, and with another around its Rekognition client."""
    aws = clients(site.services, environment)
    limited = replace(aws, rekognition=wrap(site, aws.rekognition), dynamodb=_NoBudget(aws.dynamodb))
    quotas: Mapping[str, float] = dict.fromkeys(site.settings.quotas, UNLIMITED)
    return _assembled(site, environment, limited, replace(site.settings, quotas=quotas))


class _NoBudget:
    """A DynamoDB client for which the budget item is always free, at no cost and in no time."""

    def __init__(self, client: object) -> None:
        self._client = client

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def update_item(self, *, ExpressionAttributeValues: Mapping[str, Any], **_: object) -> Mapping[str, Any]:
        return {"Attributes": {"next_at": ExpressionAttributeValues[":now"]}}


def _assembled(
    site: FleetSite, environment: Environment, aws: Clients, settings: ProcessorSettings
) -> Handler:
    return assemble(settings, aws, site.tally, NoLog(site.said), runtime(site, environment)).answer


_NAMES = count()


def runtime(site: FleetSite, environment: Environment) -> Runtime:
    """Return time, chance and threads of the simulation."""
    clock = environment.clock
    return Runtime(
        new_executor=environment.new_executor,
        new_lock=lambda: VirtualLock(clock),
        wait=partial(wait, clock),
        clock=clock.now,
        sleep=clock.sleep,
        spread=lambda longest: site.chance.uniform(0, longest),
        new_id=lambda: f"id-{next(_NAMES)}",
    )
