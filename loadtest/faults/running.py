"""The fault run from its first photo to its verdict, and what is shown meanwhile."""

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from contract.policy import ModerationAction
from loadtest.faults.calls import AwsService
from loadtest.faults.cameras import FIRST
from loadtest.faults.ending import RunEnd
from loadtest.faults.enrolling import enroll
from loadtest.faults.films import films
from loadtest.faults.ledger import Ledger
from loadtest.faults.plan import OUTAGE_SECONDS, OUTAGES, FaultPlan, Spell, StagedOutages
from loadtest.faults.proxy import Proxy, ProxyServer
from loadtest.faults.script import Act, Actor, ScriptStep, photos, script_of
from loadtest.faults.site import FaultSite, Killer
from loadtest.faults.verdict import RunVerdict, bucket_now
from loadtest.faults.wings import THE_POLICY, context_in
from local.cloud.environment import LocalClients
from local.cloud.running import CLOUD, running_environment
from local.cloud.services import PidFile


class Display:
    """Progress on a terminal; elsewhere, a line for each phase."""

    def __init__(self, console: Console, progress: Progress, task: TaskID) -> None:
        self._console = console
        self._progress = progress
        self._task = task
        self._lock = threading.Lock()

    def phase(self, name: str) -> None:
        self._progress.update(self._task, description=name)
        if not self._console.is_terminal:
            self._console.print(name, highlight=False)

    def advance(self, site: FaultSite, ledger: Ledger) -> None:
        with self._lock:
            self._progress.advance(self._task)
        self.show(site, ledger)

    def show(self, site: FaultSite, ledger: Ledger) -> None:
        announced, faults, kills = len(site.announced_keys()), ledger.injected(), len(ledger.kills)
        seen = f"{announced} announced, {faults} faults, {kills} kills"
        self._progress.update(self._task, seen=seen)


@contextmanager
def display(console: Console, steps: int) -> Iterator[Display]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[seen]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Display(console, progress, progress.add_task("", total=steps, seen=""))


# About as many calls does a photo cost the processor.
CALLS_A_PHOTO = 4
# The next wave comes when so many keys have been announced; the faults end when so many have.
NEXT_WAVE_SHARE = 0.5
HEAL_SHARE = 0.97
LONGEST_WAVE_SECONDS = 40.0
LONGEST_DRAIN_SECONDS = 240.0
MODEL_COPIES = 3
# Of the jobs on films that end in it nobody is told, of all others twice.
WAVE_OF_UNTOLD_ENDS = 2


@dataclass(frozen=True)
class RunOrder:
    """What is wanted of a run."""

    seed: int
    photos: int
    kills: int


@dataclass(frozen=True)
class OutageResult:
    """One outage, with the dead letters and the payments without a cause from its begin to the next one's."""

    spell: Spell
    dead: int
    paid_without_a_cause: int


@dataclass(frozen=True)
class Run:
    """What happened. `paid` counts calls that Rekognition accepted, `left_over` messages still queued.

    `alerts` counts different messages, `with_persons` photos on which somebody was found, `jobs` those that
    were begun on films.
    """

    order: RunOrder
    acts: Counter[Act]
    ledger: Ledger
    verdict: RunVerdict
    outages: Sequence[OutageResult]
    completions: int
    repeats: int
    by_action: Counter[ModerationAction | None]
    alerts: int
    with_persons: int
    vectors: int
    jobs: int
    paid: int
    left_over: int
    seconds_under_fault: float
    seconds_drained: float


def run(order: RunOrder, display: Display, keep_log: Path) -> Run:
    """Run it all in a place of its own, which is gone afterwards; its log is kept. Raises LocalCloudError."""
    ledger = Ledger()
    with _proxied_site(order, ledger, display, keep_log) as (site, proxy):
        actor = Actor(site.clients, site.outputs, photos(order.seed), films(order.seed))
        waves = script_of(order.seed, order.photos)
        _send_the_first_picture(site, actor, proxy)
        begun = time.monotonic()
        for number, (wave, outage) in enumerate(zip(waves, OUTAGES, strict=True), start=1):
            display.phase(f"wave {number} of {len(waves)}: {outage.name}")
            site.tell_ends_of_jobs(0 if number == WAVE_OF_UNTOLD_ENDS else 2)
            ends_at = time.monotonic() + OUTAGE_SECONDS
            with proxy.outages.lasting(outage, site.log):
                actor.act_out(wave, lambda: display.advance(site, ledger))
                while time.monotonic() < ends_at:
                    site.listen()
                    display.show(site, ledger)
            display.phase(f"wave {number} of {len(waves)}: all is well again")
            last = number == len(waves)
            _listen_for_share(site, actor, ledger, display, HEAL_SHARE if last else NEXT_WAVE_SHARE)
            site.seek_lost_ends()
        proxy.healed.set()
        healed = time.monotonic()
        display.phase("healed, draining")
        left_over = _drain(site, ledger, display)
        drained = time.monotonic()
        overwritten = [step.key for wave in waves for step in wave if step.act is Act.OVERWRITE]
        end = RunEnd(site, actor, ledger, display.phase)
        verdict = end.judged(overwritten)
        return Run(
            order=order,
            acts=Counter(step.act for wave in waves for step in wave),
            ledger=ledger,
            verdict=verdict,
            outages=[_result(spell, proxy.outages, end) for spell in proxy.outages.spells],
            completions=len(site.announced),
            repeats=site.repeats,
            by_action=Counter(map(THE_POLICY.action_of, end.evidence.records.values())),
            alerts=len({message.id for message in site.alerts}),
            with_persons=sum(bool(record.findings.persons) for record in end.evidence.records.values()),
            vectors=len(end.evidence.vectors),
            jobs=sum(end.jobs.values()),
            paid=sum(end.calls.values()),
            left_over=left_over,
            seconds_under_fault=healed - begun,
            seconds_drained=drained - healed,
        )


def _send_the_first_picture(site: FaultSite, actor: Actor, proxy: Proxy) -> None:
    """Let the camera show its yard while all is well yet: this is what all others are held against."""
    proxy.healed.set()
    actor.act_out([ScriptStep(Act.PICTURE, FIRST)], lambda: None)
    ends_at = time.monotonic() + LONGEST_WAVE_SECONDS
    while FIRST not in site.announced_keys() and time.monotonic() < ends_at:
        site.listen()
    proxy.healed.clear()


def _result(spell: Spell, outages: StagedOutages, end: RunEnd) -> OutageResult:
    failed = [letter.failed_at for letter in end.evidence.letters if letter.failed_at is not None]
    return OutageResult(
        spell,
        sum(outages.of_moment(at) is spell for at in failed),
        sum(outages.of_moment(at) is spell for at in end.unexplained_at),
    )


@contextmanager
def _proxied_site(
    order: RunOrder, ledger: Ledger, display: Display, keep_log: Path
) -> Iterator[tuple[FaultSite, Proxy]]:
    display.phase("starting a place")
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as directory,
        running_environment(Path(directory), context_in(Path(directory))) as (environment, outputs),
    ):
        site = FaultSite(outputs, LocalClients(environment), environment.cloud_log)
        cloud = PidFile.read(environment.directory / f"{CLOUD}.pid.json")
        process = cloud.process() if cloud is not None else None
        assert process is not None, "MiniStack has just been started"
        server = ProxyServer()
        upstream = dict.fromkeys(AwsService, outputs.endpoint_url)
        upstream[AwsService.REKOGNITION] = outputs.rekognition_url
        plan = FaultPlan.of(order.seed, kills=order.kills, expected_calls=order.photos * CALLS_A_PHOTO)
        killer = Killer(process, server.server_address[1], ledger)
        proxy = Proxy(plan, ledger, upstream, killer.kill)
        server.serve(proxy)
        site.be_impatient()
        display.phase("enrolling somebody")
        enroll(environment.directory)
        site.warm_up(MODEL_COPIES)
        site.send_through(server.url)
        with site.subscribed():
            try:
                yield site, proxy
            finally:
                keep_log.parent.mkdir(parents=True, exist_ok=True)
                keep_log.write_bytes(environment.cloud_log.read_bytes())


def _listen_for_share(site: FaultSite, actor: Actor, ledger: Ledger, display: Display, share: float) -> None:
    """Listen until this share of the keys has been announced, but not for ever."""
    end = time.monotonic() + LONGEST_WAVE_SECONDS
    keys = {key for key, _ in actor.bodies}
    while time.monotonic() < end:
        if len(site.announced_keys() & keys) >= share * len(keys):
            return
        site.listen()
        display.show(site, ledger)


def _drain(site: FaultSite, ledger: Ledger, display: Display) -> int:
    """Listen until all of the bucket is announced and the queues are empty; count what is left there."""
    end = time.monotonic() + LONGEST_DRAIN_SECONDS
    bucket = bucket_now(site.clients, site.outputs.bucket)
    while time.monotonic() < end:
        site.seek_lost_ends()
        heard = site.listen()
        display.show(site, ledger)
        if not heard and not site.messages_left() and not site.unannounced(bucket):
            break
    while site.listen():
        pass
    return site.messages_left()
