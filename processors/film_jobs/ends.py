"""The ends of jobs on films: what a job has found is kept, its lease is given back, its film looked at again.

A completion may come late, twice or never: it only says which job to ask about. What became of a job,
Rekognition says; which jobs there are, the leases say, and the schedule asks about all that are open. Doing
it twice changes nothing: the answer is kept first, then the lease is given back, and only then is the film
looked at again. Whoever dies in between has it done by the next one.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, Any

from contract.errors import ImagepipeError
from contract.film_jobs import JOBS, JobVerdict, OpenJob, by_steps
from contract.films import film_answer
from contract.results import Result
from processors.detectors import UNREADABLE, reader
from processors.pipeline.film_jobs import change
from processors.telemetry import Log

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable
    from processors.adapters.film_jobs import DynamoDBOpenJobs, RekognitionAnswers
    from processors.adapters.s3_renditions import S3Renditions
    from processors.film_jobs.persons import PersonsFound

# After so long without a word of its job, the film of a lease is looked at: that begins the same job again.
UNBEGUN_SECONDS = 900
# No job takes longer than its film: https://docs.aws.amazon.com/rekognition/latest/dg/video.html
LOST_SECONDS = 24 * 3600
# Rekognition needs a while to tell of an end; asking in every round would be a call for nothing.
YOUNG_SECONDS = 240


@dataclass(frozen=True)
class JobEnds:
    """Takes the ends of jobs. `clock` gives seconds since 1970, `now` ISO 8601 times in UTC.

    `is_there` says whether a key stands for the film of a job now, `look_again` has keys looked at.
    `persons` keeps who was found; None where nobody is looked for in films.
    """

    open_jobs: "DynamoDBOpenJobs"
    found: "RekognitionAnswers"
    kept: "ImageTable"
    is_there: Callable[[OpenJob, str], bool]
    look_again: Callable[[list[str]], None]
    renditions: "S3Renditions"
    clock: Callable[[], float]
    now: Callable[[], str]
    log: Log
    persons: "PersonsFound | None" = None

    def told(self, completion: Mapping[str, Any]) -> bool:
        """Take a completion; return whether it was of an open job that has ended."""
        job = self.open_jobs.read().by_token(str(completion.get("JobTag", "")))
        if job is None:
            return False
        if not job.id:  # its end was faster than the note of its beginning
            token, job_id = job.token, str(completion["JobId"])
            job = change(self.open_jobs, lambda standing: standing.begun(token, job_id)).by_token(token)
            if job is None:
                return False
        return self.end(job)

    def sweep(self) -> int:
        """Ask about the open jobs of which nobody has told; return how many have ended.

        One that cannot be asked about keeps no other from it. Raise its word for failure afterwards.
        """
        ended = 0
        failures: list[ImagepipeError] = []
        for job in self.open_jobs.read().jobs:
            try:
                ended += self._swept(job)
            except ImagepipeError as error:
                self.log.warning(f"the job on {job.key} could not be asked about: {error}", job=job.id)
                failures.append(error)
        if failures:
            raise failures[0]
        return ended

    def _swept(self, job: OpenJob) -> bool:
        if self._is_of_nobody(job):
            return self.end(job)
        age = self.clock() - job.started
        if not job.id:
            if age > UNBEGUN_SECONDS:
                self._begin_again(job, age)
            return False
        return age > YOUNG_SECONDS and self.end(job)

    def end(self, job: OpenJob) -> bool:
        """Do what follows where a job has ended; return whether it has.

        Of a film that is nowhere any more nothing is kept. Where versions have no names, nothing is kept
        either once the job's own key stands for something else: it may have read that.
        """
        if self._is_of_nobody(job):
            self._give_back(job, self._present(job))
            return True
        pages = self.found.pages(job)
        first = None if pages is None else next(pages)
        if pages is not None and first is not None and first["JobStatus"] == "IN_PROGRESS":
            if self.clock() - job.started <= LOST_SECONDS:
                return False
            first = None
        present = self._present(job)
        if pages is None or first is None:
            self._failed(job, present, "Rekognition knows nothing of its end", is_final=False)
        elif first["JobStatus"] != "SUCCEEDED":
            said = str(first.get("StatusMessage", "no reason given"))
            self._failed(job, present, said, is_final=True)
        elif _is_about(job, present):
            present = self._keep(job, first, pages, present)
        self._give_back(job, present)
        return True

    def _is_of_nobody(self, job: OpenJob) -> bool:
        """Return whether a job looks for persons where nobody is looked for in films any more."""
        return self.persons is None and job.name.detector not in JOBS

    def _begin_again(self, job: OpenJob, age: float) -> None:
        """Have a film looked at whose job may have begun, and keep its lease.

        Under another lease it would have another token, and what has begun be paid for twice. Where its own
        key is gone, and copies wait, it cannot be begun again; one that runs has told of its end in time. A
        film whose answer came before the lease needs none.
        """
        present = self._present(job)
        if self._is_answered(job):
            self._give_back(job, present)
        elif job.key in present and age <= LOST_SECONDS:
            self.look_again(present)
        elif not present or age > UNBEGUN_SECONDS + job.seconds:
            self._give_back(job, present)

    def _present(self, job: OpenJob) -> list[str]:
        return [key for key in (job.key, *job.others) if self.is_there(job, key)]

    def _keep(
        self,
        job: OpenJob,
        first: Mapping[str, Any],
        following: Iterator[Mapping[str, Any]],
        present: list[str],
    ) -> list[str]:
        """Keep what was found, and all that was said beside the poster; return the keys that are there still.

        Reading may take minutes: what is gone by then has nobody to remove what would be kept.
        """
        if job.name.detector not in JOBS:
            return self._keep_persons(job, chain((first,), following), present)
        spec, read, said = JOBS[job.name.detector], reader(job.name.detector), _SaidByAJob()
        pages = (said.take(page.get(spec.answer, [])) for page in chain((first,), following))
        try:
            steps = by_steps(spec, chain.from_iterable(pages), job.duration_ms)
            answer = film_answer((step, job.poster, read(found)) for step, found in steps)
        except UNREADABLE as fault:
            return self._unreadable(job, present, fault)
        present = self._present(job)
        if _is_about(job, present):
            directory = job.poster.rpartition("/")[0]
            self.renditions.put(f"{directory}/job-{job.token}.json.gz", said.packed(), "application/gzip")
            self._save(Result(job.name, answer, self.now()))
        return present

    def _keep_persons(
        self, job: OpenJob, pages: Iterator[Mapping[str, Any]], present: list[str]
    ) -> list[str]:
        """Keep who was found, and nothing else of what was said: it is about the faces of strangers too."""
        assert self.persons is not None
        try:
            answer = self.persons.read(job, chain.from_iterable(page.get("Persons", []) for page in pages))
        except UNREADABLE as fault:
            return self._unreadable(job, present, fault)
        present = self._present(job)
        if _is_about(job, present):
            self.persons.keep(job, answer)
        return present

    def _unreadable(self, job: OpenJob, present: list[str], fault: Exception) -> list[str]:
        self._failed(job, present, f"what it has found lacks {fault!r}", is_final=True)
        return present

    def _failed(self, job: OpenJob, present: list[str], reason: str, *, is_final: bool) -> None:
        self.log.warning(f"a job on {job.key} failed: {reason}", detector=job.name.detector, job=job.id)
        if not present:
            return
        after = self._verdict(job).after_failure(reason, is_final=is_final)
        self._save(Result(JobVerdict.name_for(job.name), after.to_json(), self.now()))

    def _verdict(self, job: OpenJob) -> JobVerdict:
        name = JobVerdict.name_for(job.name)
        standing = self.kept.read_results([name]).get(name)
        return JobVerdict.from_json(standing.response) if isinstance(standing, Result) else JobVerdict()

    def _is_answered(self, job: OpenJob) -> bool:
        """Return whether nothing is to be asked of a job any more."""
        return bool(self.kept.read_results([job.name])) or self._verdict(job).by_frames

    def _save(self, result: Result) -> None:
        for failure in self.kept.save_results([result]).values():
            raise failure

    def _give_back(self, job: OpenJob, present: list[str]) -> None:
        change(self.open_jobs, lambda standing: standing.ended(job.token))
        if present:
            self.look_again(present)


def _is_about(job: OpenJob, present: list[str]) -> bool:
    """Return whether a job has read the film that these keys stand for, and not what came in its place."""
    return bool(present) and (job.version_id is not None or job.key in present)


class _SaidByAJob:
    """All that a job has said, packed as it comes: unpacked, what is read on a long film has 400 MB."""

    def __init__(self) -> None:
        self._packed = BytesIO()
        self._file = gzip.GzipFile(fileobj=self._packed, mode="wb", mtime=0)
        self._between = b"["

    def take(self, results: list[Any]) -> list[Any]:
        """Take a page, and hand it on."""
        if results:
            self._file.write(self._between + json.dumps(results).encode()[1:-1])
            self._between = b","
        return results

    def packed(self) -> bytes:
        """Return a list in JSON, gzipped. Nothing is taken afterwards."""
        self._file.write(b"]" if self._between == b"," else b"[]")
        self._file.close()
        return self._packed.getvalue()
