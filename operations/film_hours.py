"""Hours of film in a listing: how long each lasts, as far as anybody knows, and what all cost either way."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from contract.detectors import CALLS, SEARCH
from contract.face_search import FACES_ANSWERED
from contract.film_jobs import FORMATS, JOBS
from contract.film_persons import PERSONS_JOBS
from contract.film_usage import HOUR_SECONDS, FilmAssumptions
from contract.photos import MOST_FILM_SECONDS, PhotoFacts
from contract.settings import ProcessorSettings
from operations.costs import NOTHING, Bill, film_bill, film_jobs_bill
from operations.inventory import Listed

# What is charged for an answer, by what it is kept by: a detector, or the search for a face's person.
CALLS_KEPT: Mapping[str, str] = {**CALLS, FACES_ANSWERED: SEARCH.call}
# By its name alone, which container it likely is.
CONTAINERS: Mapping[str, str] = {
    ".mp4": "MP4",
    ".m4v": "MP4",
    ".mov": "MOV",
    ".mkv": "MKV",
    ".avi": "AVI",
    ".webm": "WebM",
}
_BY_JOBS = {*JOBS, *PERSONS_JOBS}
_JOBS = "jobs"
_FRAMES = "frames"


def is_film_by_name(key: str) -> bool:
    return PurePosixPath(key).suffix.lower() in CONTAINERS


@dataclass(frozen=True)
class FilmLength:
    """How long a film lasts, in seconds; `is_known` where its file was read, otherwise by its bytes."""

    seconds: float
    is_known: bool
    container: str

    @classmethod
    def of(cls, listed: Listed, facts: PhotoFacts | None) -> "FilmLength":
        """Return it by what its record says, or else by the size and the name of the object."""
        if facts is not None and facts.duration_seconds is not None:
            return cls(facts.duration_seconds, True, facts.format)
        seconds = listed.size_bytes / FilmAssumptions.film_bytes_an_hour * HOUR_SECONDS
        container = CONTAINERS.get(PurePosixPath(listed.key).suffix.lower(), "")
        return cls(min(seconds, MOST_FILM_SECONDS), False, container)


@dataclass(frozen=True)
class FilmHours:
    """Seconds of film to be looked at, by what is to be asked: detectors, and by which way they can be.

    Among these is what answers about persons are kept by, where somebody is looked for: a face a frame, or
    a job.

    `seconds` has keys as `jobs:labels,text`, so that a checkpoint can hold it.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)

    def plus(self, length: FilmLength, detectors: Sequence[str]) -> "FilmHours":
        way = _JOBS if length.container in FORMATS else _FRAMES
        asked = f"{way}:{','.join(detectors)}"
        return FilmHours({**self.seconds, asked: self.seconds.get(asked, 0.0) + length.seconds})

    @property
    def hours(self) -> float:
        return sum(self.seconds.values()) / HOUR_SECONDS

    def frames(self, *, by_jobs: bool) -> dict[str, int]:
        """Return the calls about frames, by detector; none of what jobs answer, where they do."""
        counts: Counter[str] = Counter()
        for hours, detectors, can_be_jobs in self._asked():
            left = [name for name in detectors if not (by_jobs and can_be_jobs and name in _BY_JOBS)]
            counts.update(dict.fromkeys(left, round(hours * FilmAssumptions.frames_an_hour)))
        return dict(counts)

    def job_minutes(self) -> float:
        """Return the minutes that jobs are charged for, all jobs together."""
        return 60 * sum(
            hours * sum(name in _BY_JOBS for name in detectors)
            for hours, detectors, can_be_jobs in self._asked()
            if can_be_jobs
        )

    def bill(self, *, by_jobs: bool) -> Bill:
        found = NOTHING
        for hours, detectors, can_be_jobs in self._asked():
            calls = tuple(dict.fromkeys(CALLS_KEPT[name] for name in detectors))
            priced = film_jobs_bill if by_jobs and can_be_jobs else film_bill
            found = found.plus(priced(hours, calls))
        return found

    def _asked(self) -> Iterator[tuple[float, tuple[str, ...], bool]]:
        for asked, seconds in self.seconds.items():
            way, _, names = asked.partition(":")
            yield seconds / HOUR_SECONDS, tuple(filter(None, names.split(","))), way == _JOBS


NO_FILMS = FilmHours()


def films_are_taken(settings: ProcessorSettings) -> bool:
    return bool(settings.films_function)
