"""One scenario carried out: photos in, completions followed, everything looked at on the way."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, repeat
from uuid import uuid4

from botocore.exceptions import BotoCoreError

from loadtest.completions import CompletionsQueue, following
from loadtest.gauges import (
    CallCounter,
    Gauges,
    Sample,
    calls_at_rekognition,
    calls_in_the_table,
    in_background,
)
from loadtest.photos import (
    JPEG,
    PhotoTracker,
    PhotoUpload,
    Uploader,
    distinct_photos,
    smallest_photo,
    uploads,
)
from loadtest.places import Target
from loadtest.scenario import Phase, Scenario
from loadtest.stack import set_aside
from local.cloud.services import interrupts_later

FOLLOWERS = 2
_RECEIVE_SECONDS = 2
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Seen:
    """What a run has shown. `gave_up` says that photos were still on their way at its end."""

    tracker: PhotoTracker
    samples: list[Sample]
    prefix: str
    seconds: float
    gave_up: bool


@dataclass
class ScenarioRun:
    """A scenario under way in a place. What it has subscribed or set is put back whatever ends it."""

    scenario: Scenario
    place: Target
    say: Callable[[str], None]
    show: Callable[[float, PhotoTracker, list[Sample]], None]
    tracker: PhotoTracker = field(default_factory=PhotoTracker)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.prefix = f"loadtest/{uuid4().hex[:8]}/"
        self._contents = count()
        self._begun = time.monotonic()

    def clock(self) -> float:
        return time.monotonic() - self._begun

    def carry_out(self) -> Seen:
        """Run all phases to their end, or until nothing has ended for too long. Raises LoadtestError."""
        stack, control = self.place.stack, self.place.control
        counter: CallCounter = partial(calls_in_the_table, stack)
        if control is not None:
            counter = partial(calls_at_rekognition, control)
        uploader = Uploader(stack, self.tracker, self.clock, self.stopping)
        with ExitStack() as until_over:
            with interrupts_later():
                completions = until_over.enter_context(following(stack))
                if control is not None:
                    until_over.enter_context(control.with_quotas(self.scenario.quotas))
            self._prepare(uploader)
            gauges = Gauges(stack, counter, self.clock, self.tracker.counts)
            self._begun = time.monotonic()
            with interrupts_later():
                until_over.enter_context(gauges.looking())
                until_over.enter_context(self._followed(completions))
            gave_up = self._follow_phases(uploader, gauges)
        return Seen(self.tracker, gauges.samples, self.prefix, self.clock(), gave_up)

    def _prepare(self, uploader: Uploader) -> None:
        prepared = [phase for phase in self.scenario.phases if phase.prepared]
        if not prepared:
            return
        with set_aside(self.place.stack):
            for phase in prepared:
                self.say(f"putting {phase.photos} photos in beforehand, for {phase.name}")
                uploader.prepare(phase, list(self._drawn(phase)))

    def _drawn(self, phase: Phase) -> Iterator[PhotoUpload]:
        first = next(self._contents) * 1_000_000
        return uploads(phase, self.prefix, self._bodies(), first)

    def _bodies(self) -> Iterator[bytes]:
        if not self.place.is_canned or self.scenario.endings != JPEG:
            return distinct_photos(endings=self.scenario.endings)
        small = smallest_photo().read_bytes()
        return (body + uuid4().bytes for body in repeat(small))

    def _follow_phases(self, uploader: Uploader, gauges: Gauges) -> bool:
        """Start the phases, carry out the changes, and wait; return whether it was given up."""
        with ThreadPoolExecutor(len(self.scenario.phases) + 1) as threads:
            try:
                running = [threads.submit(self._run_phase, phase, uploader) for phase in self.scenario.phases]
                changing = threads.submit(self._change_quotas)
                return self._await_end(running, changing, gauges)
            finally:
                self.stopping.set()

    def _await_end(self, running: list[Future[None]], changing: Future[None], gauges: Gauges) -> bool:
        last_progress, progress = self.clock(), (0, 0)
        while True:
            for future in (*running, changing):
                if future.done():
                    future.result()
            self.show(self.clock(), self.tracker, gauges.samples)
            sent, ended = self.tracker.counts()
            if all(future.done() for future in running) and sent == ended:
                return False
            if (sent, ended) != progress:
                last_progress, progress = self.clock(), (sent, ended)
            if self.clock() - last_progress > self.scenario.patience_seconds:
                return True
            time.sleep(_POLL_SECONDS)

    def _run_phase(self, phase: Phase, uploader: Uploader) -> None:
        before = {earlier.name: earlier for earlier in self.scenario.phases}
        if phase.after is not None:
            awaited = before[phase.after]
            while not self.tracker.is_over(awaited.name, awaited.photos):
                if self.stopping.wait(_POLL_SECONDS):
                    return
        if not self.stopping.wait(phase.start_seconds):
            uploader.run(phase, self._drawn(phase) if not phase.prepared else iter(()))

    def _change_quotas(self) -> None:
        for change in self.scenario.changes:
            if self.stopping.wait(max(0.0, change.at_seconds - self.clock())):
                return
            assert self.place.control is not None
            self.place.control.set_quotas(change.quotas)

    @contextmanager
    def _followed(self, completions: CompletionsQueue) -> Iterator[None]:
        def follow(over: threading.Event) -> None:
            while not over.is_set():
                try:
                    received = completions.receive(_RECEIVE_SECONDS)
                except BotoCoreError:  # no answer in time: what was taken comes again
                    continue
                for body in received:
                    if str(body["key"]).startswith(self.prefix):
                        self.tracker.ended(body, self.clock())

        with in_background(follow, FOLLOWERS):
            yield
