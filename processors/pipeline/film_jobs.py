"""Films are recognized by jobs of Rekognition on the whole film, where it has one for what is asked.

A job is begun under a lease, and its end is told to another function, which keeps the answer and has the film
looked at again. Until then its message comes back. What no job takes is asked by frames: another codec,
another detector, a film that is longer than a day's minutes, a job that failed again and again.
docs/decisions/0039-jobs-on-films-hold-a-lease.md
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

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
    from processors.pipeline.films import FilmRecognizer

# How long a film's message stays away while its job runs: its end has the film looked at before.
RUNNING_SECONDS = 600
FULL_SECONDS = 60
# A start that was not heard of for so long is made again, with the same token.
STARTING_SECONDS = 60
# Others may change the item in between, and do so rarely twice.
ATTEMPTS = 8


class OpenJobsPort(Protocol):
    """The item that all workers share. Raises the words for failure."""

    def read(self) -> OpenJobs: ...

    def write(self, jobs: OpenJobs) -> bool:
        """Put the next revision of these in place of that which was read; return whether it still stood."""
        ...


def change(port: OpenJobsPort, how: Callable[[OpenJobs], OpenJobs]) -> OpenJobs:
    """Change the item as it stands. Raises what `how` raises, and NotReadyError where others are faster."""
    for _ in range(ATTEMPTS):
        standing = port.read()
        changed = how(standing)
        if changed == standing or port.write(changed):
            return changed
    raise errors.NotReadyError("OpenJobsBusy", "many workers are changing the jobs on films; it comes again")


class CannotStartError(Exception):
    """No job can be begun on this film: frames are to be asked."""


class StartJobs(Protocol):
    """Begins jobs."""

    def start(self, job: OpenJob, detector: Detector) -> str:
        """Return Rekognition's id; the same one for the same token.

        Raises CannotStartError, SupersededError where the film is gone, and the words for failure.
        """
        ...


@dataclass(frozen=True)
class FilmJobRecognizer:
    """Answers about films by jobs, `most` at once, and for `daily_seconds` of film a day (None: no limit)."""

    frames: "FilmRecognizer"
    detectors: Mapping[str, Detector]
    kept: "ImageTable"
    open_jobs: OpenJobsPort
    starting: StartJobs
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
            elif not verdict.by_frames and (answer := self._asked(version, facts, name, verdict)) is not None:
                found[name] = answer
        rest = [name for name in wanted if name not in found]
        return found | (self.frames.answers(version, picture, rest, lane, deadline) if rest else {})

    def _verdicts(self, asked: Sequence[ResultName]) -> dict[ResultName, JobVerdict | errors.ImagepipeError]:
        kept = self.kept.read_results(map(JobVerdict.name_for, asked))
        found: dict[ResultName, JobVerdict | errors.ImagepipeError] = {}
        for name in asked:
            result = kept.get(JobVerdict.name_for(name))
            if isinstance(result, Result):
                found[name] = JobVerdict.from_json(result.response)
            else:
                found[name] = JobVerdict() if result is None else result
        return found

    def _asked(
        self, version: ImageVersion, facts: PhotoFacts, name: ResultName, verdict: JobVerdict
    ) -> Answer | None:
        """Return why there is no answer as yet; None where frames are to be asked from now on."""
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
        if self.daily_seconds is not None and job.seconds > self.daily_seconds:
            return self._given_up(name, verdict, "it lasts longer than jobs may take a day", is_final=True)
        try:
            mine = self._lease(job)
        except NoLeaseError as refusal:
            return _no_lease(version, is_day_over=refusal.is_day_over)
        except errors.ImagepipeError as failure:
            return failure
        if mine is None:
            return _running(version, name)
        return self._begin(version, mine, verdict)

    def _lease(self, job: OpenJob) -> OpenJob | None:
        """Return the job that is to be begun by this worker; None where it was begun.

        One that somebody else was about to begin, and did not tell of, is begun again as it was written down.
        """
        taken: OpenJob | None = None

        def lease(standing: OpenJobs) -> OpenJobs:
            nonlocal taken
            open_job = standing.by_name(job.name)
            if open_job is None:
                leased = standing.leased(job, self.most, day_of(self.clock()), self.daily_seconds)
                taken = leased.by_name(job.name)
                return leased
            is_lost = not open_job.id and open_job.started + STARTING_SECONDS < self.clock()
            taken = open_job if is_lost else None
            return standing.joined(job.name, job.key)

        change(self.open_jobs, lease)
        return taken

    def _begin(self, version: ImageVersion, job: OpenJob, verdict: JobVerdict) -> Answer | None:
        try:
            job_id = self.starting.start(job, self.detectors[job.name.detector])
        except CannotStartError as refusal:
            answer = self._given_up(job.name, verdict, str(refusal), is_final=True)
            change(self.open_jobs, lambda standing: standing.ended(job.token))
            return answer
        except (errors.ThrottledError, errors.ConfigurationError, SupersededError) as refusal:
            change(self.open_jobs, lambda standing: standing.ended(job.token))
            return refusal
        except errors.ImagepipeError as failure:
            # It may have been begun after all: the lease stays, and it is begun again under the same token.
            return failure
        change(self.open_jobs, lambda standing: standing.begun(job.token, job_id))
        return _running(version, job.name)

    def _given_up(
        self, name: ResultName, verdict: JobVerdict, reason: str, *, is_final: bool
    ) -> Answer | None:
        after = verdict.after_failure(reason, is_final=is_final)
        kept = Result(JobVerdict.name_for(name), after.to_json(), self.now())
        if unsaved := self.kept.save_results([kept]):
            return next(iter(unsaved.values()))
        if after.by_frames:
            return None
        return errors.NotReadyError("FilmJobFailed", f"{reason}; it is begun anew", retry_within_seconds=1)


def _running(version: ImageVersion, name: ResultName) -> errors.NotReadyError:
    return errors.NotReadyError(
        "FilmJobRuns",
        f"a job of Rekognition looks for {name.detector} in {version.key}",
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
