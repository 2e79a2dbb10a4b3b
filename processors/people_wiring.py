"""What is put together where persons are looked for; imported only there."""

from collections.abc import Callable, Sequence

from contract.detectors import SEARCH
from contract.face_search import FACES_ANSWERED, question_parameters
from contract.questions import Question
from contract.quotas import PICTURES_AT_ONCE
from contract.records import Findings
from contract.settings import ProcessorSettings
from processors.adapters.face_answers import FaceAnswers
from processors.adapters.face_search import FaceSearches, FaceSearching
from processors.adapters.rekognition import RekognitionDetectors
from processors.detectors import Detector
from processors.permits import Permits
from processors.pipeline.detection import Caller, DetectorRunner
from processors.pipeline.people import PersonLayer
from processors.rate_limit import Lane, SharedRateLimiter
from processors.runtime import Deadline


def person_layer(
    settings: ProcessorSettings,
    rekognition: RekognitionDetectors,
    runner: DetectorRunner,
    new_limiter: Callable[[str, float, int | None], SharedRateLimiter],
) -> PersonLayer:
    """Return what looks for persons, through what asks the detectors of one worker."""
    runtime, table = runner.runtime, runner.results
    question = Question(SEARCH.operation, question_parameters(settings.people_collection))
    # Its answers are read face by face.
    detector = Detector(FACES_ANSWERED, question, lambda _: Findings())
    limit = settings.daily_call_limits.get(SEARCH.operation)
    line = new_limiter(
        SEARCH.operation, settings.quotas[SEARCH.operation], None if limit is None else int(limit)
    )

    def permits(lane: Lane, faces: Sequence[int], deadline: Deadline) -> Permits:
        clock, sleep, spread = runtime.clock, runtime.sleep, runtime.spread
        return Permits(line, lane, len(faces), deadline, runtime.new_lock(), clock, sleep, spread)

    # Each thread may wait for the pictures function, which is asked by so many at once at most.
    caller = Caller(detector, runtime.new_executor(PICTURES_AT_ONCE), permits)
    assert runner.pictures is not None
    searching = FaceSearching(
        DetectorRunner(
            {FACES_ANSWERED: caller},
            rekognition,
            runner.objects,
            table,
            runner.metrics,
            runtime,
            runner.pictures,
        ),
        FaceSearches(rekognition.client, rekognition.bucket_name, rekognition.retry, rekognition.metrics),
        runner.pictures,
        runtime.new_lock,
    )
    return PersonLayer(FaceAnswers(table), searching, question.fingerprint, settings.answers_are_shared)
