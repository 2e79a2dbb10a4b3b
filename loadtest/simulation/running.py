"""Running a scenario: put the world together, let time pass until all work has ended, give what was seen."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from unittest.mock import patch

import tenacity

from contract.regions import line_name
from contract.settings import ProcessorSettings
from contract.table import budget_key
from loadtest.simulation.clients import Services, VirtualRekognition
from loadtest.simulation.clock import START, Clock
from loadtest.simulation.fleet import TERMINATE, EventSource, VirtualFunction
from loadtest.simulation.outages import Outages
from loadtest.simulation.programs import PROGRAMS, FleetSite
from loadtest.simulation.queue import (
    BUCKET,
    QueuedMessage,
    VirtualDeadLetter,
    VirtualPhoto,
    VirtualQueue,
    dead_letters,
)
from loadtest.simulation.scenario import FleetScenario
from loadtest.simulation.table import VirtualTable

SQS_URL = "https://sqs.us-east-1.amazonaws.com/123456789012"
LIVE, BULK = "images", "bulk"
# How often a run is looked at, in parts of its longest time: a second of an hour.
LOOKS = 3600


@dataclass
class Record:
    """What was seen. `searchable` is by whole second; times are seconds since the start.

    `latencies` are by lane: when each photo was uploaded, and the seconds until it was searchable.
    `announced` are the seconds from upload to announcement of live photos. `lost` are photos that are neither
    done nor in a queue nor among the dead letters, `dead` the dead letters of both queues. `done_at` is when
    the last message was let go of.
    """

    scenario: FleetScenario
    table: VirtualTable
    rekognition: VirtualRekognition
    abroad: Mapping[str, VirtualRekognition]
    function: VirtualFunction
    queues: Sequence[VirtualQueue]
    latencies: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {LIVE: [], BULK: []})
    announced: list[float] = field(default_factory=list)
    searchable: Counter[int] = field(default_factory=Counter)
    uploaded: int = 0
    lost: int = 0
    dead: list[VirtualDeadLetter] = field(default_factory=list)
    done_at: float = 0.0
    ended_at: float = 0.0
    real_seconds: float = 0.0

    def accepted(self, operation: str) -> Counter[int]:
        """Count the calls that were accepted in each second, in all regions together."""
        return self._in_all_regions(lambda one: one.accepted[operation])

    def throttled(self, operation: str) -> Counter[int]:
        return self._in_all_regions(lambda one: one.throttled[operation])

    def _in_all_regions(self, counted: Callable[[VirtualRekognition], Counter[int]]) -> Counter[int]:
        found = Counter(counted(self.rekognition))
        for one in self.abroad.values():
            found.update(counted(one))
        return found


class World:
    """A simulation put together."""

    def __init__(self, scenario: FleetScenario) -> None:
        self.scenario = scenario
        self.clock = Clock()
        chance = random.Random(scenario.seed)
        self.queues = {name: self._queue(name) for name in (LIVE, BULK)}
        self.dead = {name: VirtualQueue(f"{name}-dead", self.clock.now) for name in self.queues}
        self.table = VirtualTable(self.clock.now, self._searchable, self._broken)
        self.rekognition = VirtualRekognition(
            self.clock.now, {name: scenario.quotas[name] for name in scenario.operations}, START
        )
        self.abroad = {
            region: VirtualRekognition(self.clock.now, quotas, START, self.rekognition.paid)
            for region, quotas in scenario.abroad.items()
        }
        services = Services(
            self.clock,
            chance,
            self.table,
            self.rekognition,
            {f"{SQS_URL}/{queue.name}": queue for queue in (*self.queues.values(), *self.dead.values())},
            Outages(lambda: self.clock.seconds, scenario.outages, chance.random),
            self._announced,
            self.abroad,
        )
        site = FleetSite(services, _settings(scenario), chance)
        self.function = VirtualFunction(
            self.clock,
            partial(PROGRAMS[scenario.program], site),
            recursive_loop=scenario.recursive_loop or TERMINATE,
        )
        self.record = Record(
            scenario, self.table, self.rekognition, self.abroad, self.function, tuple(self.queues.values())
        )
        self._waiting: dict[str, float] = {}
        self._unannounced: dict[str, float] = {}
        self._sources = [self._source(LIVE, scenario.live_workers), self._source(BULK, scenario.bulk_workers)]

    def run(self) -> Record:
        began = time.perf_counter()
        self._arrange()
        for source in self._sources:
            source.start()
        step = max(1.0, self.scenario.longest / LOOKS)
        while self.clock.seconds < self.scenario.longest and not self._over():
            self.clock.run(self.clock.seconds + step)
        self.record.ended_at = self.clock.seconds
        self.record.dead = dead_letters(self.queues.values(), self.dead.values())
        self.record.lost = len(self._unaccounted_for())
        self.record.real_seconds = time.perf_counter() - began
        return self.record

    def _queue(self, name: str) -> VirtualQueue:
        return VirtualQueue(
            name,
            self.clock.now,
            most_receives=self.scenario.most_receives,
            retention_seconds=self.scenario.retention_seconds,
        )

    def _unaccounted_for(self) -> set[str]:
        """Return the photos that are not done, and of which no queue and no dead letter knows any more."""
        there = {message.key for queue in self.queues.values() for message in queue.messages()}
        undone = self._waiting.keys() | self._unannounced.keys()
        return undone - there - {letter.key for letter in self.record.dead}

    def _arrange(self) -> None:
        scenario = self.scenario
        name = LIVE if scenario.backlog_is_live else BULK
        self.queues[name].stock(self._backlog(name), scenario.backlog)
        self.record.uploaded += scenario.backlog
        if scenario.live_rate:
            self.clock.start(self._upload)
        for at, share in scenario.shares:
            self.clock.at(at, partial(self.rekognition.set_share, share, scenario.quotas))
        for at, running in scenario.concurrency:
            self.clock.at(at, partial(self.function.allow, running))
        for at in scenario.kills:
            self.clock.at(at, self.function.kill_one)

    def _backlog(self, lane: str) -> Iterator[VirtualPhoto]:
        for number in range(self.scenario.backlog):
            photo = VirtualPhoto(f"{lane}-backlog", number, START, self.scenario.asked_for)
            self._expect(photo)
            yield photo

    def _upload(self) -> None:
        first, last = self.scenario.live_span
        self.clock.sleep(first)
        number = 0
        while self.clock.seconds < last:
            photo = VirtualPhoto(LIVE, number, self.clock.now())
            self._expect(photo)
            self.queues[LIVE].put(photo)
            self.record.uploaded += 1
            number += 1
            self.clock.sleep(1 / self.scenario.live_rate)

    def _expect(self, photo: VirtualPhoto) -> None:
        self._waiting[photo.key] = photo.uploaded
        self._unannounced[photo.key] = photo.uploaded

    def _over(self) -> bool:
        return self.clock.seconds > self.scenario.live_span[1] and all(
            queue.empty() for queue in self.queues.values()
        )

    def _source(self, name: str, workers: int) -> EventSource:
        return EventSource(
            self.clock,
            self.queues[name],
            self.function,
            batch_size=self.scenario.batch_size,
            maximum=workers,
            first=self.scenario.first_workers,
            done=self._done,
        )

    def _searchable(self, key: str) -> None:
        uploaded = self._waiting.pop(key, None)
        if uploaded is not None:
            lane = LIVE if key.startswith(f"{LIVE}/") else BULK
            self.record.latencies[lane].append((uploaded - START, self.clock.now() - uploaded))
            self.record.searchable[int(self.clock.seconds)] += 1

    def _announced(self, key: str) -> None:
        uploaded = self._unannounced.pop(key, None)
        if uploaded is not None and key.startswith(f"{LIVE}/"):
            self.record.announced.append(self.clock.now() - uploaded)

    def _done(self, message: QueuedMessage) -> None:
        """Forget what nobody will ask about any more."""
        self.record.done_at = self.clock.seconds
        if message.key not in self._waiting and message.key not in self._unannounced:
            self.table.forget(message.key, VirtualPhoto.named(message.key).content_id)

    def _broken(self, partition: str) -> bool:
        away = self.scenario.budget_away
        if away is None or not away[0] <= self.clock.seconds < away[1]:
            return False
        return partition in {budget_key(operation).pk for operation in self.scenario.operations}


def run(scenario: FleetScenario) -> Record:
    random.seed(scenario.seed)  # tenacity's jitter
    world = World(scenario)
    with _virtual_tenacity(world.clock):
        return world.run()


@contextmanager
def _virtual_tenacity(clock: Clock) -> Iterator[None]:
    """Let tenacity measure how long it has tried on the virtual clock."""
    with patch.object(tenacity, "time", SimpleNamespace(monotonic=clock.now, sleep=clock.sleep)):
        yield


def _settings(scenario: FleetScenario) -> ProcessorSettings:
    return ProcessorSettings(
        bucket_name=BUCKET,
        table_name="images",
        topic_arn="arn:aws:sns:us-east-1:123456789012:completions",
        queue_url=f"{SQS_URL}/{LIVE}",
        dead_letter_queue_url=f"{SQS_URL}/{LIVE}-dead",
        bulk_queue_url=f"{SQS_URL}/{BULK}",
        bulk_dead_letter_queue_url=f"{SQS_URL}/{BULK}-dead",
        detectors=scenario.detectors,
        quotas={**scenario.quotas, **scenario.told_quotas},
        workers=scenario.live_workers + scenario.bulk_workers,
        regional_quotas={
            line_name(region, operation): quota
            for region, quotas in scenario.abroad.items()
            for operation, quota in quotas.items()
        },
    )
