"""What is put together where persons are looked for; imported only there."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from contract.detectors import SEARCH
from contract.face_search import FACES_ANSWERED, question_parameters
from contract.questions import Question, questions
from contract.records import Findings
from contract.settings import ProcessorSettings
from processors.adapters.face_answers import FaceAnswers
from processors.adapters.face_search import FaceSearches, FaceSearching
from processors.adapters.rekognition import RekognitionDetectors
from processors.detectors import Detector
from processors.pipeline.detection import Caller, DetectorRunner
from processors.pipeline.people import PersonLayer

if TYPE_CHECKING:
    from processors.pipeline.film_jobs import FilmJobRecognizer
    from processors.pipeline.film_persons import FilmPersonSearch


def person_layer(
    settings: ProcessorSettings,
    rekognition: RekognitionDetectors,
    runner: DetectorRunner,
    new_caller: Callable[[Detector], Caller],
    jobs: "FilmJobRecognizer | None",
) -> PersonLayer:
    """Return what looks for persons, through what asks the detectors of one worker.

    `new_caller` makes what calls at home, in a line of its own. `jobs` look at films, where they do.
    """
    question = Question(SEARCH.operation, question_parameters(settings.people_collection))
    # Its answers are read face by face.
    detector = Detector(FACES_ANSWERED, question, lambda _: Findings())
    assert runner.pictures is not None
    searching = FaceSearching(
        replace(runner, callers={FACES_ANSWERED: new_caller(detector)}, rekognition=rekognition),
        FaceSearches(rekognition.client, rekognition.bucket_name, rekognition.retry, rekognition.metrics),
        runner.pictures,
        runner.runtime.new_lock,
    )
    kept = FaceAnswers(runner.results)
    films = None
    if settings.people_in_films:
        films = _in_films(settings, FaceSearched(runner, searching, question.fingerprint), kept, jobs)
    return PersonLayer(kept, searching, question.fingerprint, settings.answers_are_shared, films)


class FaceSearched(NamedTuple):
    """What asks about faces, and the fingerprint of what it asks."""

    runner: DetectorRunner
    ask: FaceSearching
    question: str


def _in_films(
    settings: ProcessorSettings,
    searched: FaceSearched,
    kept: FaceAnswers,
    jobs: "FilmJobRecognizer | None",
) -> "FilmPersonSearch":
    """Return what looks for persons in films; by jobs, within the leases and minutes of all of them."""
    from processors.pipeline.film_persons import FilmPersonSearch
    from processors.pipeline.frame_persons import FramePersonSearch

    faces = questions(settings)["faces"].fingerprint
    now = searched.runner.runtime.now
    frames = FramePersonSearch(searched.runner.results, searched.ask, searched.question, faces, now)
    return FilmPersonSearch(kept, frames, None if jobs is None else _searching(settings, jobs))


def _searching(settings: ProcessorSettings, jobs: "FilmJobRecognizer") -> "FilmJobRecognizer":
    """Return what begins jobs of all kinds."""
    from contract.film_jobs import JOBS
    from contract.film_persons import PERSONS_JOBS, question_parameters

    question = Question(PERSONS_JOBS[FACES_ANSWERED].start, question_parameters(settings.people_collection))
    detectors = {**jobs.detectors, FACES_ANSWERED: Detector(FACES_ANSWERED, question, lambda _: Findings())}
    starting = replace(jobs.starting, specs={**JOBS, **PERSONS_JOBS})
    return replace(jobs, detectors=detectors, starting=starting)
