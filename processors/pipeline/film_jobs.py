"""Films are recognized by jobs of Rekognition on the whole film, where it has one for what is asked.

A job is begun under a lease, and its end is told to another function, which keeps the answer and has the film
looked at again. Until then its message comes back. What no job takes is asked by frames: another codec,
another detector, a film that is longer than a day's minutes, a job that failed again and again.
docs/decisions/0039-jobs-on-films-hold-a-lease.md
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from contract import errors
from contract.film_jobs import FORMATS, JOBS, JobVerdict, NoLeaseError, OpenJob, OpenJobs
from contract.moments import day_of
from contract.photos import PhotoFacts
from contract.records import ImageVersion
from contract.results import Result, ResultName
from processors.detectors import Detector
from processors.pipeline.detection import Answer, SupersededError
from processors.rate_limit import Lane
from processors.runtime import Deadline

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable
    from processors.adapters.film_jobs import DynamoDBOpenJobs, RekognitionJobs
    from processors.pipeline.films import FilmRecognizer

# How long a film's message stays away while its job runs: its end has the film looked at before.
RUNNING_SECONDS = 600
FULL_SECONDS = 60
# A start that was not heard of for so long is made again, with the same token.
STARTING_SECONDS = 60
# Others may change the item in between, and do so rarely twice.
ATTEMPTS = 8


def change(port: "DynamoDBOpenJobs", how: Callable[[OpenJobs], OpenJobs]) -> OpenJobs:
    """Change the item as it stands. Raises what `how` raises, and NotReadyError where others are faster."""
    for _ in range(ATTEMPTS):
        standing = port.read()
        changed = how(standing)
        if changed == standing or port.write(changed):
            return changed
    raise errors.NotReadyError("OpenJobsBusy", "many workers are changing the jobs on films; it comes again")


class CannotStartError(Exception):
    """No job can be begun on this film: frames are to be asked."""


class _Lease(NamedTuple):
    """A job that this worker may begin. Nobody can have begun it before where it `is_fresh`."""

    job: OpenJob
    is_fresh: bool


@dataclass(frozen=True)
class FilmJobRecognizer:
    """Answers about films by jobs, `most` at once, and for `daily_seconds` of film a day (None: no limit)."""

    frames: "FilmRecognizer"
    detectors: Mapping[str, Detector]
    kept: "ImageTable"
    open_jobs: "DynamoDBOpenJobs"
    starting: "RekognitionJobs"
    most: int
    daily_seconds: int | None
    clock: Callable[[], float]
    now: Callable[[], str]

    def answers(
        self,
        version: ImageVersion,
        picture: Result,
        wanted: Sequence[ResultName],
        lane: Lane,
        deadline: Deadline,
    ) -> dict[ResultName, Answer]:
        """Return why there is no answer as yet for what a job is asked, and for the rest what frames say."""
        facts = PhotoFacts.from_json(picture.response)
        if lane is Lane.LIVE:
            return self.frames.answers(version, picture, wanted, lane, deadline)
        asked = [name for name in wanted if name.detector in JOBS and facts.format in FORMATS]
        found: dict[ResultName, Answer] = {}
        verdicts = self._verdicts(asked)
        for name in asked:
            verdict = verdicts[name]
            if isinstance(verdict, errors.ImagepipeError):
                found[name] = verdict
            elif not verdict.by_frames and (answer := self.asked(version, facts, name, verdict)) is not None:
                found[name] = answer
        rest = [name for name in wanted if name not in found]
        return found | (self.frames.answers(version, picture, rest, lane, deadline) if rest else {})

    def _verdicts(self, asked: Sequence[ResultName]) -> dict[ResultName, JobVerdict | errors.ImagepipeError]:
        kept = self.kept.read_results(map(JobVerdict.name_for, asked))
        return {name: verdict_in(kept.get(JobVerdict.name_for(name))) for name in asked}

    def asked(
        self,
        version: ImageVersion,
        facts: PhotoFacts,
        name: ResultName,
        verdict: JobVerdict,
        is_as_good: Callable[[ResultName], bool] | None = None,
    ) -> Answer | None:
        """Return why there is no answer as yet; None where frames are to be asked from now on.

        `is_as_good` says of another answer that a job for it, where one is open, will do.
        """
        assert facts.duration_seconds is not None
        job = OpenJob(
            name=name,
            attempt=0,
            key=version.key,
            etag=version.etag,
            size_bytes=version.size_bytes,
            version_id=version.version_id,
            poster=facts.view_key(name.content_id) or "",
            duration_ms=round(facts.duration_seconds * 1000),
            started=int(self.clock()),
        )
        try:
            if self.daily_seconds is not None and job.seconds > self.daily_seconds:
                self._ask_frames(name, verdict, "it lasts longer than jobs may take a day")
                return None
            lease = self._lease(job, is_as_good or job.name.__eq__)
            return _running(version, name) if lease is None else self._under(lease, version)
        except NoLeaseError as refusal:
            return _no_lease(version, is_day_over=refusal.is_day_over)
        except errors.ImagepipeError as failure:
            return failure

    def _lease(self, job: OpenJob, is_as_good: Callable[[ResultName], bool]) -> _Lease | None:
        """Return the job that is to be begun by this worker; None where it was begun.

        One that somebody else was about to begin, and did not tell of, is begun again as it was written down.
        """
        taken: _Lease | None = None

        def lease(standing: OpenJobs) -> OpenJobs:
            nonlocal taken
            open_job = next((each for each in standing.jobs if is_as_good(each.name)), None)
            if open_job is None:
                leased = standing.leased(job, self.most, day_of(self.clock()), self.daily_seconds)
                mine = leased.by_name(job.name)
                taken = None if mine is None else _Lease(mine, is_fresh=True)
                return leased
            is_lost = not open_job.id and self._may_be_others(open_job)
            taken = _Lease(open_job, is_fresh=False) if is_lost else None
            return standing.joined(open_job.name, job.key)

        change(self.open_jobs, lease)
        return taken

    def _may_be_others(self, job: OpenJob) -> bool:
        """Return whether others take a lease without a job for lost."""
        return job.started + STARTING_SECONDS < self.clock()

    def _under(self, lease: _Lease, version: ImageVersion) -> Answer | None:
        """Begin a job, unless it has ended between reading what is kept and taking the lease."""
        job = lease.job
        kept = self.kept.read_results([job.name, JobVerdict.name_for(job.name)])
        answer, verdict = kept.get(job.name), verdict_in(kept.get(JobVerdict.name_for(job.name)))
        if answer is None and isinstance(verdict, JobVerdict) and not verdict.by_frames:
            return self._begin(lease, version, verdict)
        self._give_back(lease)
        if answer is not None:
            return answer
        return verdict if isinstance(verdict, errors.ImagepipeError) else None

    def _begin(self, lease: _Lease, version: ImageVersion, verdict: JobVerdict) -> Answer | None:
        job = lease.job
        try:
            job_id = self.starting.start(job, self.detectors[job.name.detector])
        except CannotStartError as refusal:
            change(self.open_jobs, lambda standing: standing.given_back(job.token))
            self._ask_frames(job.name, verdict, str(refusal))
            return None
        except (errors.ThrottledError, errors.ConfigurationError, SupersededError) as refusal:
            self._give_back(lease)
            if isinstance(refusal, SupersededError) and job.key != version.key:
                return _waits_for_another(version, job)
            return refusal
        # After any other failure it may have begun: the lease stays, and is begun again under its token.
        change(self.open_jobs, lambda standing: standing.begun(job.token, job_id))
        return _running(version, job.name)

    def _give_back(self, lease: _Lease) -> None:
        """Return a lease to the open jobs if nobody can have begun a job under it; keep any other."""
        if lease.is_fresh and not self._may_be_others(lease.job):
            change(self.open_jobs, lambda standing: standing.given_back(lease.job.token))

    def _ask_frames(self, name: ResultName, verdict: JobVerdict, reason: str) -> None:
        """Keep that frames are asked from now on. Raises a word for failure where that cannot be kept."""
        after = verdict.after_failure(reason, is_final=True)
        kept = Result(JobVerdict.name_for(name), after.to_json(), self.now())
        for failure in self.kept.save_results([kept]).values():
            raise failure


def verdict_in(kept: Result | errors.ImagepipeError | None) -> JobVerdict | errors.ImagepipeError:
    if isinstance(kept, Result):
        return JobVerdict.from_json(kept.response)
    return JobVerdict() if kept is None else kept


def _running(version: ImageVersion, name: ResultName) -> errors.NotReadyError:
    return errors.NotReadyError(
        "FilmJobRuns",
        f"a job of Rekognition looks for {name.detector} in {version.key}",
        retry_within_seconds=RUNNING_SECONDS,
    )


def _waits_for_another(version: ImageVersion, job: OpenJob) -> errors.NotReadyError:
    return errors.NotReadyError(
        "AskedForAnother",
        f"{version.key} waits for a job that may have begun on {job.key}, the same film, which is gone; "
        "if no end of it is told, another is begun",
        retry_within_seconds=RUNNING_SECONDS,
    )


def _no_lease(version: ImageVersion, *, is_day_over: bool) -> errors.NotReadyError:
    if is_day_over:
        return errors.NotReadyError(
            "FilmMinutesUsedUp",
            f"{version.key} has to wait: the minutes of film that jobs may take today are begun; raise "
            "video_minutes_a_day, or wait for tomorrow (UTC)",
        )
    return errors.NotReadyError(
        "FilmJobsFull",
        f"{version.key} waits until another job on a film has ended",
        retry_within_seconds=FULL_SECONDS,
    )
