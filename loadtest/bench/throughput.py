"""Images a second, end to end, beside what the local recognizer does when it is asked directly.

And what the processes of the place take meanwhile: processor time, and memory at its highest.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import islice
from statistics import median
from typing import Any
from uuid import uuid4

import psutil  # type: ignore[import-untyped]

from loadtest import LoadtestError
from loadtest.bench.figures import Figure
from loadtest.completions import CompletionsQueue, await_all
from loadtest.gauges import looking_every
from loadtest.photos import distinct_photos, photos_in
from loadtest.places import LocalPlace
from loadtest.stack import ControlApi, DeployedFunction, Stack
from loadtest.verifying import Api

AIM = 0.8
_AGAINST = "asked directly"


@dataclass(frozen=True)
class Round:
    """Some photos recognized: the seconds it took, and the processor seconds of each group of processes.

    `steady_rate` is in images a second, between the first and the last tenth of the completions.
    """

    photos: int
    seconds: float
    cpu_seconds: Mapping[str, float]
    steady_rate: float | None = None

    @property
    def rate(self) -> float:
        return self.photos / self.seconds

    def cpu_ms_an_image(self, group: str) -> float:
        """Return the milliseconds of processor time that an image cost a group of processes."""
        return self.cpu_seconds.get(group, 0.0) * 1000 / self.photos


def photos_a_round(rate: float, round_seconds: float, mix: int) -> int:
    """Choose how many photos take about so long at a rate: a multiple of the mix, so each comes as often."""
    return mix * max(1, round(rate * round_seconds / mix))


def steady_rate(told: list[float]) -> float | None:
    """Return completions a second between the first and the last tenth; None if there are too few."""
    first, last = len(told) // 10, len(told) - 1 - len(told) // 10
    return (last - first) / (told[last] - told[first]) if told[last] > told[first] else None


def figures(direct: list[Round], pipeline: list[Round]) -> list[Figure]:
    own = median(round_.rate for round_ in direct)
    steady = [round_.steady_rate for round_ in pipeline if round_.steady_rate is not None]
    found = [
        Figure(
            "end to end, first upload to last completion",
            median(round_.rate for round_ in pipeline),
            "images/s",
            _AGAINST,
            own,
            at_least=AIM,
        )
    ]
    if steady:
        found.append(Figure("of that, while all is flowing", median(steady), "images/s", _AGAINST, own))
    return found


def cpu_figures(direct: list[Round], pipeline: list[Round]) -> list[Figure]:
    """Return where the processor time of one image goes, in both; the costliest first."""
    groups = {group for round_ in (*pipeline, *direct) for group, used in round_.cpu_seconds.items() if used}
    ours, own = ({group: _cpu_ms(rounds, group) for group in groups} for rounds in (pipeline, direct))
    found = [
        Figure(group, ours[group], "ms", _AGAINST, own[group])
        for group in sorted(groups, key=ours.__getitem__)
    ]
    return [Figure("all together", sum(ours.values()), "ms", _AGAINST, sum(own.values())), *found][::-1]


def _cpu_ms(rounds: list[Round], group: str) -> float:
    return median(round_.cpu_ms_an_image(group) for round_ in rounds)


# As many as keep the recognizer at work without a pause; with 2 or 8 it does the same.
CALLERS = 4
UPLOADERS = 4
CALLS_A_PHOTO = 2
_DIRECT_BUCKET = "bench-asked-directly"


@dataclass
class Throughput:
    """Puts photos nobody has seen through the recognizer alone, and through the whole pipeline."""

    services: Stack
    completions: CompletionsQueue
    watch: "ProcessWatcher"

    def __post_init__(self) -> None:
        self._photos = distinct_photos()
        self.services.s3.create_bucket(Bucket=_DIRECT_BUCKET)

    def ask_directly(self, photos: int) -> Round:
        """Call DetectLabels, then DetectFaces, on objects that are there already."""
        keys = self._new_keys(photos)
        self._upload(_DIRECT_BUCKET, keys)
        before = self.watch.cpu_seconds()
        begun = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(self._detect, keys))
        seconds = time.monotonic() - begun
        return Round(photos, seconds, _since(before, self.watch.cpu_seconds()))

    def put_through(self, photos: int) -> Round:
        """Upload photos and wait for their completions; the time is from the first upload to the last told.

        Raises LoadtestError if a photo was not recognized, or if not every photo was worked for once.
        """
        calls_before, before = self._calls(), self.watch.cpu_seconds()
        begun = time.monotonic()
        keys = self._new_keys(photos)
        with ThreadPoolExecutor(1) as beside:
            uploading = beside.submit(self._upload, self.services.bucket, keys)
            told = await_all(self.completions, set(keys))
            uploading.result()
        cpu_seconds = _since(before, self.watch.cpu_seconds())
        calls = self._calls() - calls_before
        if calls != CALLS_A_PHOTO * photos:
            raise LoadtestError(f"{photos} photos took {calls} detector calls, not {CALLS_A_PHOTO} each")
        return Round(photos, told[-1] - begun, cpu_seconds, steady_rate(told))

    def _detect(self, key: str) -> None:
        image: Any = {"S3Object": {"Bucket": _DIRECT_BUCKET, "Name": key}}
        self.services.rekognition.detect_labels(Image=image, MaxLabels=50, MinConfidence=40)
        self.services.rekognition.detect_faces(Image=image, Attributes=["ALL"])

    def _new_keys(self, photos: int) -> list[str]:
        folder = uuid4().hex
        return [f"{folder}/{place}.jpg" for place in range(photos)]

    def _upload(self, bucket: str, keys: list[str]) -> None:
        def put(key: str, body: bytes) -> None:
            self.services.s3.put_object(Bucket=bucket, Key=key, Body=body)

        with ThreadPoolExecutor(UPLOADERS) as uploaders:
            list(uploaders.map(put, keys, islice(self._photos, len(keys))))

    def _calls(self) -> int:
        totals = ControlApi(self.services.outputs["rekognition_url"]).totals()
        return sum(counts["accepted"] for counts in totals.values())


def rounds_of_both(
    throughput: Throughput, rounds: int, round_seconds: float, say: Callable[[str], None]
) -> tuple[list[Round], list[Round]]:
    """Warm everything, then measure in turn: direct, pipeline, direct, pipeline …"""
    say("throughput: warming up")
    throughput.put_through(photos_in())
    photos = photos_a_round(throughput.ask_directly(photos_in()).rate, round_seconds, photos_in())
    direct, pipeline = [], []
    for number in range(1, rounds + 1):
        say(f"throughput: round {number} of {rounds}, the recognizer asked directly about {photos} photos")
        direct.append(throughput.ask_directly(photos))
        say(f"throughput: round {number} of {rounds}, {photos} photos through the pipeline")
        pipeline.append(throughput.put_through(photos))
    return direct, pipeline


def _since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    return {group: seconds - before.get(group, 0.0) for group, seconds in now.items()}


CLOUD, REKOGNITION, CALLER = "MiniStack", "local Rekognition", "the caller"
LOOK_EVERY_SECONDS = 0.3

# A process: its group, its id, and when it started, for ids come back.
_Who = tuple[str, int, float]


def function_group(room: str) -> str:
    return f"function of {room}"


@dataclass
class ProcessWatcher:
    """Looks at the place's processes now and then; what has ended in between keeps what was last seen.

    The functions are children of MiniStack, each with its function's name in its command.
    """

    place: LocalPlace
    functions: Mapping[str, DeployedFunction]
    _cpu_seconds: dict[_Who, float] = field(default_factory=dict)
    _peak_mib: dict[_Who, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cpu_seconds(self) -> dict[str, float]:
        self._look()
        with self._lock:
            return {group: sum(found) for group, found in _by_group(self._cpu_seconds).items()}

    def peak_mib(self) -> dict[str, float]:
        """Return the most resident memory that one process of each group has had."""
        self._look()
        with self._lock:
            return {group: max(found) for group, found in _by_group(self._peak_mib).items()}

    def watching(self) -> AbstractContextManager[None]:
        return looking_every(LOOK_EVERY_SECONDS, self._look)

    def _look(self) -> None:
        for group, process in self._processes():
            try:
                with process.oneshot():
                    who = (group, process.pid, process.create_time())
                    times, resident = process.cpu_times(), process.memory_info().rss
            except psutil.Error:
                continue
            with self._lock:
                self._cpu_seconds[who] = times.user + times.system
                self._peak_mib[who] = max(resident / 2**20, self._peak_mib.get(who, 0.0))

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        cloud = psutil.Process(self.place.pid("cloud"))
        yield CLOUD, cloud
        yield REKOGNITION, psutil.Process(self.place.pid("rekognition"))
        yield CALLER, psutil.Process()
        for child in cloud.children():
            try:
                command = " ".join(child.cmdline())
            except psutil.Error:
                continue
            for room, function in self.functions.items():
                if function.name in command:
                    yield function_group(room), child


def _by_group(values: Mapping[_Who, float]) -> dict[str, list[float]]:
    groups = defaultdict(list)
    for (group, _, _), value in values.items():
        groups[group].append(value)
    return groups


ASKERS = 4
ASKING_SECONDS = 4.0


def ask_for_a_while(services: Stack) -> int:
    """Keep the query function at work: pages of 50, and single images. Return the number of answers."""
    api = Api(services)
    animals: dict[str, object] = {"label": "Animal", "limit": 50}
    listed = _asked(api, animals)["images"]
    questions = [animals, {"label": "Person", "min_confidence": 80, "limit": 50}]
    questions += [{"key": image["key"]} for image in listed[:2]]
    end = time.monotonic() + ASKING_SECONDS

    def keep_asking(question: Mapping[str, object]) -> int:
        answers = 0
        while time.monotonic() < end:
            _asked(api, question)
            answers += 1
        return answers

    with ThreadPoolExecutor(ASKERS) as askers:
        return sum(askers.map(keep_asking, questions))


def _asked(api: Api, question: Mapping[str, object]) -> Any:
    status, answer = api.ask("/images", **question)
    if status != HTTPStatus.OK:
        raise LoadtestError(f"the query API answers {status} to {question}")
    return answer


def memory_figures(peak_mib: Mapping[str, float], functions: Mapping[str, DeployedFunction]) -> list[Figure]:
    """Compare each function with the memory that the template gives it; the rest has no baseline."""
    found = [
        Figure(
            f"one process of the {function_group(room)}",
            peak_mib[function_group(room)],
            "MiB",
            "memory given to it",
            float(function.memory_mb),
            at_most=1.0,
        )
        for room, function in sorted(functions.items())
        if function_group(room) in peak_mib
    ]
    found += [Figure(name, peak_mib[name], "MiB") for name in (CLOUD, REKOGNITION) if name in peak_mib]
    return found
