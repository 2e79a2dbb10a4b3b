"""What is put together where persons are looked for; imported only there."""

from collections.abc import Callable
from dataclasses import replace

from contract.detectors import SEARCH
from contract.face_search import FACES_ANSWERED, question_parameters
from contract.questions import Question
from contract.records import Findings
from contract.settings import ProcessorSettings
from processors.adapters.face_answers import FaceAnswers
from processors.adapters.face_search import FaceSearches, FaceSearching
from processors.adapters.rekognition import RekognitionDetectors
from processors.detectors import Detector
from processors.pipeline.detection import Caller, DetectorRunner
from processors.pipeline.people import PersonLayer


def person_layer(
    settings: ProcessorSettings,
    rekognition: RekognitionDetectors,
    runner: DetectorRunner,
    new_caller: Callable[[Detector], Caller],
) -> PersonLayer:
    """Return what looks for persons, through what asks the detectors of one worker.

    `new_caller` makes what calls at home, in a line of its own.
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
    return PersonLayer(kept, searching, question.fingerprint, settings.answers_are_shared)
