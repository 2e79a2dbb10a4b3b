from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from contract.timing import VISIBILITY_SECONDS
from loadtest.simulation.clock import START, Clock
from loadtest.simulation.fleet import (
    ALLOW,
    COLD_START_SECONDS,
    INVOCATION_SECONDS,
    LONGEST_LINEAGE,
    Environment,
    EventSource,
    VirtualFunction,
)
from loadtest.simulation.queue import VirtualPhoto, VirtualQueue
from processors.runtime import Deadline

Reply = Mapping[str, Any]


class FleetSite:
    """A function whose handler takes some seconds, fed from a queue; `batches` are their sizes by time."""

    def __init__(
        self,
        photos: int,
        *,
        seconds: float,
        maximum: int = 100,
        fails: bool = False,
        sends_anew: bool = False,
        concurrency: int | None = None,
    ) -> None:
        self.clock = Clock()
        self.queue = VirtualQueue("images", self.clock.now)
        self.queue.stock((VirtualPhoto("images", number, START) for number in range(photos)), photos)
        self.batches: list[tuple[float, int]] = []
        self.fails, self.sends_anew = fails, sends_anew
        self.seconds = seconds
        self.function = VirtualFunction(self.clock, self._build, concurrency=concurrency)
        self.source = EventSource(self.clock, self.queue, self.function, batch_size=10, maximum=maximum)
        self.source.start()

    def _build(self, environment: Environment) -> Any:
        return partial(self._handle, environment)

    def _handle(self, environment: Environment, event: dict[str, Any], _deadline: Deadline) -> Reply:
        self.batches.append((self.clock.seconds, len(event["Records"])))
        self.clock.sleep(self.seconds)
        if self.fails:
            raise ValueError("as arranged")
        if self.sends_anew:
            for record in event["Records"]:
                self.queue.send(record["body"], {}, 0, environment.lineage)
        return {"batchItemFailures": []}


def test_five_batches_are_taken_at_once_and_five_more_each_second_up_to_the_maximum() -> None:
    site = FleetSite(10_000, seconds=1000, maximum=12)
    site.function.timeout_seconds = 2000
    running = []
    for second in (0.5, 1.5, 2.5, 9):
        site.clock.run(second)
        running.append(site.source.running)
    assert running == [7, 12, 12, 12]


def test_a_batch_that_is_not_full_waits_for_the_window() -> None:
    site = FleetSite(3, seconds=0)
    site.clock.run(5)
    ((at, size),) = site.batches
    assert size == 3
    assert at == pytest.approx(1 + COLD_START_SECONDS + INVOCATION_SECONDS, abs=0.05)


def test_a_warm_worker_starts_at_once_and_a_cold_one_does_not() -> None:
    site = FleetSite(20, seconds=1, maximum=1)
    site.clock.run(10)
    (cold, _), (warm, _) = site.batches
    assert cold == pytest.approx(COLD_START_SECONDS + INVOCATION_SECONDS, abs=0.05)
    assert warm == pytest.approx(cold + 1 + INVOCATION_SECONDS, abs=0.05)
    assert site.function.counts["cold starts"] == 1


def test_what_is_done_is_gone_from_the_queue() -> None:
    site = FleetSite(25, seconds=1)
    site.clock.run(2 * VISIBILITY_SECONDS)
    assert site.queue.empty()
    assert sum(size for _, size in site.batches) == 25


def test_a_batch_that_fails_comes_back_whole_after_the_visibility_timeout() -> None:
    site = FleetSite(10, seconds=1, fails=True)
    site.clock.run(VISIBILITY_SECONDS + 10)
    assert [size for _, size in site.batches] == [10, 10]


def test_an_invocation_is_killed_when_its_time_is_over_and_its_batch_comes_back() -> None:
    site = FleetSite(10, seconds=100)
    site.clock.run(90)
    assert site.function.counts["timed out"] == 1
    assert site.source.running == 0
    assert site.function.worker_seconds == pytest.approx(
        60 + COLD_START_SECONDS + INVOCATION_SECONDS, abs=0.1
    )
    site.clock.run(VISIBILITY_SECONDS + 10)
    assert len(site.batches) == 2
    assert site.function.counts["cold starts"] == 2


def test_what_is_sent_to_its_own_queue_over_and_over_is_refused_after_sixteen_invocations() -> None:
    site = FleetSite(1, seconds=0, sends_anew=True)
    site.clock.run(2 * VISIBILITY_SECONDS)
    assert len(site.batches) == LONGEST_LINEAGE
    assert site.function.counts["RecursiveInvocationsDropped"] == 2
    (message,) = site.queue.messages()
    assert message.receives == 2


def test_a_function_that_may_call_itself_is_not_stopped() -> None:
    site = FleetSite(1, seconds=0, sends_anew=True)
    site.function.recursive_loop = ALLOW
    site.clock.run(60)
    assert len(site.batches) > 2 * LONGEST_LINEAGE
    assert site.function.counts["RecursiveInvocationsDropped"] == 0


def test_batches_beyond_the_concurrency_are_refused_and_come_back_after_the_visibility_timeout() -> None:
    site = FleetSite(50, seconds=20, concurrency=2)
    site.clock.run(5)
    assert [size for _, size in site.batches] == [10, 10]
    assert site.function.counts["Throttles"] == 3
    assert site.queue.visible() == 0
    site.clock.run(VISIBILITY_SECONDS + 100)
    assert sum(size for _, size in site.batches) >= 40
    assert site.queue.most_received >= 2


def test_an_event_source_takes_fewer_batches_after_a_throttle() -> None:
    site = FleetSite(1000, seconds=1000, concurrency=1)
    site.function.timeout_seconds = 2000
    site.clock.run(3)
    # One runs, and one more is tried each time that the allowance has grown by one: five a second.
    assert 10 <= site.function.counts["Throttles"] <= 4 + 3 * 5


def test_a_message_that_is_handed_back_is_taken_when_it_was_told_to_come() -> None:
    site = FleetSite(1, seconds=1, fails=True)
    site.clock.at(4, lambda: site.queue.hide(site.queue.messages()[0].receipt or "", 6))
    site.clock.run(15)
    assert [at for at, _ in site.batches] == pytest.approx([1.8, 11.0], abs=0.1)
