"""Jobs of Rekognition on whole films: which detectors have one, which are open, and what one has found.

An account has few jobs at once, and all workers share those that are ours: one item of the table names the
open ones and the minutes that were begun today. It is changed under an optimistic lock.
docs/decisions/0039-jobs-on-films-hold-a-lease.md
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, ClassVar, NamedTuple

from contract.films import Frame
from contract.items import ItemKey
from contract.moments import day_of
from contract.results import ResultName
from contract.table import BUDGET_PREFIX

# Of an account in a region (L-A6079699): https://docs.aws.amazon.com/general/latest/gr/rekognition.html
ACCOUNT_JOBS = 20
DEFAULT_JOBS = 10
# What a job reads: H.264 in these. Which codec it is, the job itself finds out.
# https://docs.aws.amazon.com/rekognition/latest/dg/video.html
FORMATS = frozenset({"MP4", "MOV"})
# A job that Rekognition has lost is begun anew so often; then frames are asked instead.
MOST_ATTEMPTS = 3
# So many other keys of the same film are looked at when its job has ended; more come back by themselves.
MOST_OTHERS = 20
SWEEP_EVENT = "sweep"
SWEEP_MINUTES = 5
OPEN_JOBS = ItemKey(f"{BUDGET_PREFIX}film-jobs", "jobs")
# The answer of a job is told for steps of no less than this, and of a long film for no more of them than so.
STEP_MS = 500
MOST_STEPS = 3600
# Where something is, which no film's answer tells, and which is most of what a job says of words.
_PLACES = frozenset({"Geometry", "Instances"})


class JobSpec(NamedTuple):
    """The operations of a kind of job, and the member of its results that holds what was found.

    `answer` and `detail` are the names in the answer about one photo, and in a result of the job; `asks` are
    the parameters of the detector's question that are the job's too.
    """

    start: str
    get: str
    answer: str
    detail: str
    is_in_segments: bool
    asks: tuple[str, ...] = ("MinConfidence",)


JOBS: Mapping[str, JobSpec] = {
    "labels": JobSpec("StartLabelDetection", "GetLabelDetection", "Labels", "Label", True),
    "moderation": JobSpec(
        "StartContentModeration", "GetContentModeration", "ModerationLabels", "ModerationLabel", True
    ),
    "text": JobSpec("StartTextDetection", "GetTextDetection", "TextDetections", "TextDetection", False, ()),
}


@dataclass(frozen=True)
class OpenJob:
    """A lease on one of the jobs of the account, for what is to be kept as `name`.

    `attempt` differs from that of all leases before; `poster` is the key of the film's rendition. `id` is
    Rekognition's, empty until it has said it. `others` are keys of the same film that wait too. `started` is
    in seconds since 1970.
    """

    name: ResultName
    attempt: int
    key: str
    etag: str
    size_bytes: int
    version_id: str | None
    poster: str
    duration_ms: int
    started: int
    id: str = ""
    others: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """Return the ClientRequestToken, and JobTag: a job that is begun twice under it is one."""
        asked = [self.name.content_id, self.name.detector, self.name.fingerprint, self.key, str(self.attempt)]
        return hashlib.blake2b("\n".join(asked).encode(), digest_size=24).hexdigest()

    @property
    def seconds(self) -> int:
        """Return how much film the job is about: what is charged."""
        return ceil(self.duration_ms / 1000)

    def to_json(self) -> dict[str, Any]:
        name = [self.name.content_id, self.name.detector, self.name.fingerprint]
        rest = {each: getattr(self, each) for each in self.__dataclass_fields__ if each != "name"}
        return {"name": name, **rest}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "OpenJob":
        return cls(**{**written, "name": ResultName(*written["name"]), "others": tuple(written["others"])})


class NoLeaseError(Exception):
    """There is no room for a job now: `is_day_over` says whether there is none for its minutes today."""

    def __init__(self, *, is_day_over: bool) -> None:
        super().__init__()
        self.is_day_over = is_day_over


@dataclass(frozen=True)
class OpenJobs:
    """The open jobs, and how many seconds of film were begun on `day` (ISO 8601, UTC)."""

    jobs: tuple[OpenJob, ...] = ()
    day: str = ""
    day_seconds: int = 0
    revision: int = 0

    def by_token(self, wanted: str) -> OpenJob | None:
        return next((job for job in self.jobs if job.token == wanted), None)

    def by_name(self, wanted: ResultName) -> OpenJob | None:
        return next((job for job in self.jobs if job.name == wanted), None)

    def leased(self, job: OpenJob, most: int, today: str, daily_seconds: int | None) -> "OpenJobs":
        """Return these and one more, under an attempt of its own. Raise NoLeaseError."""
        assert self.by_name(job.name) is None
        # A worker whose clock is behind at midnight goes by the others'.
        spent = self.day_seconds if self.day >= today else 0
        if daily_seconds is not None and spent + job.seconds > daily_seconds:
            raise NoLeaseError(is_day_over=True)
        if len(self.jobs) >= most:
            raise NoLeaseError(is_day_over=False)
        mine = replace(job, attempt=self.revision)
        return replace(
            self, jobs=(*self.jobs, mine), day=max(today, self.day), day_seconds=spent + job.seconds
        )

    def joined(self, name: ResultName, key: str) -> "OpenJobs":
        """Return these with a key among those that wait for a job."""
        job = self.by_name(name)
        if job is None or key in (job.key, *job.others) or len(job.others) >= MOST_OTHERS:
            return self
        mine = replace(job, others=(*job.others, key))
        return replace(self, jobs=tuple(mine if each is job else each for each in self.jobs))

    def begun(self, wanted: str, job_id: str) -> "OpenJobs":
        jobs = tuple(replace(job, id=job_id) if job.token == wanted else job for job in self.jobs)
        return replace(self, jobs=jobs)

    def ended(self, wanted: str) -> "OpenJobs":
        return replace(self, jobs=tuple(job for job in self.jobs if job.token != wanted))

    def given_back(self, wanted: str) -> "OpenJobs":
        """Return these without a lease that nothing was begun under: its minutes are not spent."""
        job = self.by_token(wanted)
        if job is None or job.id:
            return self
        unspent = job.seconds if day_of(job.started) == self.day else 0
        return replace(self.ended(wanted), day_seconds=self.day_seconds - unspent)

    def to_item(self) -> dict[str, object]:
        jobs = json.dumps([job.to_json() for job in self.jobs], separators=(",", ":"))
        day = {"day": self.day, "day_seconds": self.day_seconds}
        return {**OPEN_JOBS._asdict(), "jobs": jobs, **day, "revision": self.revision}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "OpenJobs":
        """Raise KeyError, TypeError or ValueError for what `to_item` did not write."""
        jobs = tuple(OpenJob.from_json(each) for each in json.loads(str(item["jobs"])))
        return cls(jobs, str(item["day"]), int(item["day_seconds"]), int(item["revision"]))


@dataclass(frozen=True)
class JobVerdict:
    """What is known of the jobs for one answer: how many were lost, and whether frames are asked instead.

    For persons there are no frames to ask: then nobody is found in the film.
    """

    MARK: ClassVar = "@job"

    failed: int = 0
    by_frames: bool = False
    reason: str = ""

    @classmethod
    def name_for(cls, name: ResultName) -> ResultName:
        """Return what the verdict is kept by, beside the answer that it is about."""
        return replace(name, fingerprint=f"{name.fingerprint}{cls.MARK}")

    @classmethod
    def about(cls, name: ResultName) -> ResultName | None:
        """Return what the verdict of this name is about; None where it is that of an answer."""
        fingerprint = name.fingerprint.removesuffix(cls.MARK)
        return None if fingerprint == name.fingerprint else replace(name, fingerprint=fingerprint)

    def after_failure(self, reason: str, *, is_final: bool) -> "JobVerdict":
        failed = self.failed + 1
        return JobVerdict(failed, is_final or failed >= MOST_ATTEMPTS, reason)

    def to_json(self) -> dict[str, Any]:
        return {"failed": self.failed, "by_frames": self.by_frames, "reason": self.reason}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "JobVerdict":
        return cls(int(written["failed"]), bool(written["by_frames"]), str(written["reason"]))


def step_ms(duration_ms: int) -> int:
    return max(STEP_MS, ceil(duration_ms / MOST_STEPS))


def by_steps(
    spec: JobSpec, results: Iterable[Mapping[str, Any]], duration_ms: int
) -> Iterator[tuple[Frame, dict[str, Any]]]:
    """Yield what a job has found as answers about photos: one for each step of the film, none left out.

    Where it told of segments, an answer has all those that the step is part of. No more than what is read is
    held of the results, which are taken one after the other.
    """
    step = step_ms(duration_ms)
    steps = max(1, ceil(duration_ms / step))
    found: list[list[Any]] = [[] for _ in range(steps)]
    for result in results:
        first = int(result["Timestamp"])
        end = first + 1
        if spec.is_in_segments:
            first, end = int(result["StartTimestampMillis"]), int(result["EndTimestampMillis"])
        detail = {name: value for name, value in result[spec.detail].items() if name not in _PLACES}
        last = min(max(ceil(end / step), first // step + 1), steps)
        for place in range(min(first // step, steps - 1), last):
            found[place].append(detail)
    begin = 0
    for place in range(steps):
        if place + 1 < steps and found[place + 1] == found[place]:
            continue
        first, end = begin * step, min((place + 1) * step, duration_ms)
        yield Frame(first, max(end, first + 1), first, ""), {spec.answer: found[place]}
        begin = place + 1
