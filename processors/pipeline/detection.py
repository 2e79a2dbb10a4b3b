"""Asking the detectors what nobody has asked yet: permits, claims, calls side by side, answers saved.

Whose failure it was that a detector gave no answer (the image's, the service's or the deployment's), one call
alone cannot tell. What the same detector said about the other images of the batch can.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from contract import errors
from contract.meaning import OF_OUR_OWN
from contract.metrics import Metric
from contract.records import ImageVersion, Unreadable
from contract.results import Result, ResultName
from contract.timing import PATIENCE_SECONDS, PICTURE_TIMEOUT_SECONDS
from processors.detectors import Detector
from processors.pipeline.objects import StoredObject
from processors.rate_limit import Lane
from processors.runtime import Deadline, Runtime, deadline_reached
from processors.telemetry import Metrics

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable
    from processors.adapters.pictures import PicturesFunction
    from processors.adapters.s3 import S3Objects


# Answers that come within this time are saved in one request. A kill costs them, beside the calls under way.
GATHER_SECONDS = 0.1
UNREADABLE_OBJECT = "InvalidS3ObjectException"
# What is left when a picture has been read at the last moment, to keep its answer.
SAVING_SECONDS = 5
NO_VIEWS: Mapping[ResultName, str] = MappingProxyType({})
NO_ANSWERS: Mapping[ResultName, Mapping[str, Any]] = MappingProxyType({})


class SupersededError(Exception):
    """The object is not, or not any more, the version that was asked about: its newer event will tell."""


Failure = errors.ImagepipeError | SupersededError
Answer = Result | Failure


def worst_of(failures: Sequence[Failure], order: Sequence[type[Exception]]) -> Failure:
    """Return a failure of the first kind that there is; of those that wait, the one that waits least."""
    worst = min(
        failures, key=lambda failure: next(i for i, kind in enumerate(order) if isinstance(failure, kind))
    )
    if not isinstance(worst, errors.NotReadyError):
        return worst
    waiting = [failure for failure in failures if isinstance(failure, errors.NotReadyError)]
    hinted = [failure for failure in waiting if failure.retry_within_seconds is not None]
    return min(hinted, key=lambda failure: failure.retry_within_seconds or 0, default=worst)


@dataclass(frozen=True)
class TimeToRead:
    """What a function of ours waits for: no quota, but it is not asked when it could not come to its end."""

    deadline: Deadline
    seconds: float = PICTURE_TIMEOUT_SECONDS

    def prepare(self, key: str) -> None:
        """Raise NotReadyError if the invocation may end before, say, a picture has been read."""
        if self.deadline.remaining_milliseconds() / 1000 < self.seconds + SAVING_SECONDS:
            raise deadline_reached(key)


class CallPermits(Protocol):
    """What says when the calls of a batch may be made: of one line, of several regions', or of no quota."""

    def prepare(self, key: str) -> None:
        """Make sure of the first call's turn. Raises NotReadyError if there is none in this invocation."""


class RekognitionPort(Protocol):
    """Rekognition in one region, or in several."""

    def ask(
        self, detector: Detector, version: ImageVersion, permits: Any, view: str | None = None
    ) -> Mapping[str, Any]:
        """Return the raw answer about one version, or about the view of it. Raises a word for failure."""
        ...


class MeaningPort(Protocol):
    """A function that makes vectors, of labels or of thumbnails."""

    def vector(
        self, name: ResultName, made_of: Mapping[str, Any], key: str, permits: Any
    ) -> Mapping[str, Any]:
        """Return the answer that is kept: a vector, or that there is none. Raises a word for failure."""
        ...


class DetectorCall(NamedTuple):
    """One call about one version, claimed by `owner`; `view` is the key of what is shown instead of it.

    `made_of` is the answer that this one is made of, where it is not about the photo itself.
    """

    name: ResultName
    version: ImageVersion
    owner: str
    permits: "CallPermits"
    view: str | None
    made_of: Mapping[str, Any] | None = None


class Caller(NamedTuple):
    """All that is needed to call one detector: it, its threads, and how a batch gets its turns.

    `permits` is told of each photo how many bytes are to be shown to the detector.
    """

    detector: Detector
    executor: Executor
    permits: Callable[[Lane, Sequence[int], Deadline], "CallPermits"]


@dataclass(frozen=True)
class DetectorRunner:
    """Asks for the results of one batch."""

    callers: Mapping[str, Caller]
    rekognition: RekognitionPort
    objects: "S3Objects"
    results: "ImageTable"
    metrics: Metrics
    runtime: Runtime
    pictures: "PicturesFunction | None" = None
    meanings: Mapping[str, MeaningPort] = field(default_factory=dict)

    def ask(
        self,
        wanted: Mapping[ResultName, ImageVersion],
        lane: Lane,
        deadline: Deadline,
        views: Mapping[ResultName, str] = NO_VIEWS,
        made_of: Mapping[ResultName, Mapping[str, Any]] = NO_ANSWERS,
    ) -> dict[ResultName, Answer]:
        """Return the answer to each name, asked about its version, or why there is none.

        The first permits are had before the claims, so that work which has to wait claims nothing. `views`
        are the keys of what Rekognition is shown instead of a photo that it cannot read; `made_of` are the
        raw answers that others are made of.
        """
        if not wanted:
            return {}
        permits, answers = self._permits(wanted, lane, deadline, views)
        ready = [name for name in wanted if name not in answers]
        owner = self.runtime.new_id()
        known = self.results.claim(ready, owner)
        self.metrics.add(Metric.CALLS_AVOIDED, calls_avoided(known.values()))
        calls = {
            name: DetectorCall(
                name,
                wanted[name],
                owner,
                permits[name.detector],
                views.get(name),
                made_of.get(name),
            )
            for name in ready
            if name not in known
        }
        pending = {
            self.callers[name.detector].executor.submit(self._call, call): name
            for name, call in calls.items()
        }
        answers.update(known)
        answers.update(attributed(self._gather(pending)))
        for name, answer in answers.items():
            if isinstance(answer, errors.ImagepipeError):
                answer.detector = name.detector
        return answers

    def _permits(
        self,
        wanted: Mapping[ResultName, ImageVersion],
        lane: Lane,
        deadline: Deadline,
        views: Mapping[ResultName, str],
    ) -> tuple[dict[str, CallPermits], dict[ResultName, Answer]]:
        """Get into the line of each detector; give the turns, and the names of those without as failures."""
        of_detector: dict[str, list[ResultName]] = {}
        for name in wanted:
            of_detector.setdefault(name.detector, []).append(name)
        permits = {
            detector: self.callers[detector].permits(
                # A view is small, however large its photo is.
                lane,
                [0 if name in views else wanted[name].size_bytes for name in names],
                deadline,
            )
            for detector, names in of_detector.items()
        }
        queueing = {
            detector: self.callers[detector].executor.submit(
                _prepared, permits[detector], wanted[of_detector[detector][0]].key
            )
            for detector in permits
        }
        refusals = {detector: future.result() for detector, future in queueing.items()}
        return permits, {name: refusal for name in wanted if (refusal := refusals[name.detector]) is not None}

    def _call(self, call: DetectorCall) -> Answer:
        try:
            response = self._response(call)
        except (errors.ImagepipeError, SupersededError) as failure:
            self.results.release(call.name, call.owner)
            return failure
        return Result(call.name, response, self.runtime.now())

    def _response(self, call: DetectorCall) -> Mapping[str, Any]:
        """Ask about exactly this version: where it has no name, make sure afterwards that it was the one.

        The pictures function makes sure itself, and a view was made of this content and no other.
        """
        version = call.version
        try:
            if isinstance(call.permits, TimeToRead):
                call.permits.prepare(version.key)
            if call.made_of is not None:
                port = self.meanings[call.name.detector]
                return port.vector(call.name, call.made_of, version.key, call.permits)
            if isinstance(call.permits, TimeToRead):
                assert self.pictures is not None
                return self.pictures.read(call.name, version, call.owner)
            detector = self.callers[call.name.detector].detector
            response = self.rekognition.ask(detector, version, call.permits, call.view)
        except errors.PermanentError as verdict:
            raise self._examined(verdict, call) from verdict
        self.metrics.add(Metric.CALLS_MADE)
        if version.version_id is None and call.view is None:
            self._require_presence(version)
        return response

    def _examined(self, verdict: errors.PermanentError, call: DetectorCall) -> errors.ImagepipeError:
        """Return what a verdict comes to, by what is known of the object."""
        version = call.version
        if call.view is not None:
            return _about_a_view(verdict, version.key)
        if verdict.code == UNREADABLE_OBJECT:
            return self.why_unreadable(version)
        if version.version_id is None:
            self._require_presence(version)
        if verdict.code == DOUBTFUL_VERDICT and not isinstance(verdict, errors.ConfirmedError):
            size = self.objects.size_of(version)
            if size is not None and size.is_large_enough:
                return our_request_refused(verdict, f"{version.key} has {size.width} x {size.height} pixels")
            if size is not None:
                return errors.ConfirmedError(verdict.code, verdict.message)
        return verdict

    def why_unreadable(self, version: ImageVersion) -> errors.ImagepipeError:
        """Return why an object was not read, as the bucket tells. Raise SupersededError if it is gone."""
        return self._require_presence(version).why_unreadable() or errors.TransientError(
            UNREADABLE_OBJECT,
            f"{version.key} is there, but Rekognition cannot read it: "
            "check that the bucket is in its region and that the role may get the object",
        )

    def _require_presence(self, version: ImageVersion) -> StoredObject:
        present = self.objects.look(version.key, version)
        if present is None or present.version.content_id != version.content_id:
            raise SupersededError(f"{version.key} is not what it was when its event was sent")
        return present

    def _gather(self, pending: dict[Future[Answer], ResultName]) -> dict[ResultName, Answer]:
        """Save answers as they come, a tenth of a second's worth at a time.

        A fault of ours in one call is raised when the answers of all the others are safe.
        """
        answers: dict[ResultName, Answer] = {}
        fault: BaseException | None = None
        while pending:
            self.runtime.wait(pending.keys(), GATHER_SECONDS)
            finished = {future: name for future, name in pending.items() if future.done()}
            for future in finished:
                del pending[future]
            fault = next((met for future in finished if (met := future.exception())), fault)
            came = {name: future.result() for future, name in finished.items() if not future.exception()}
            results = [answer for answer in came.values() if isinstance(answer, Result)]
            answers |= {**came, **(self.results.save_results(results) if results else {})}
        if fault is not None:
            raise fault
        return answers


def calls_avoided(answers: Iterable[object]) -> int:
    """Count those that are kept answers of Rekognition: what functions of ours answer costs no call."""
    return sum(isinstance(answer, Result) and answer.name.detector not in OF_OUR_OWN for answer in answers)


def _about_a_view(verdict: errors.PermanentError, key: str) -> errors.ImagepipeError:
    if verdict.code == UNREADABLE_OBJECT:
        return errors.TransientError(
            "ViewMissing",
            f"the view of {key} cannot be read: check that it is in the bucket of renditions; where somebody "
            "has removed it, run `imagepipe forget` on the photo and upload it again",
        )
    return verdict


def is_about_the_object(failure: Failure) -> bool:
    """Whether a failure says something of the object that was asked about, and nothing of its content."""
    return isinstance(failure, SupersededError) or failure.code in set(Unreadable)


def _prepared(permits: CallPermits, key: str) -> errors.ImagepipeError | None:
    try:
        permits.prepare(key)
    except errors.ImagepipeError as refusal:
        return refusal
    return None


Outcome = TypeVar("Outcome")

# A verdict that may as well be about our own request, and that many images cannot share by chance.
DOUBTFUL_VERDICT = "InvalidParameterException"
MANY = 3


def attributed(answers: Mapping[ResultName, Outcome]) -> dict[ResultName, Outcome | errors.ImagepipeError]:
    """Return what came of the calls of one batch, each failure as that of whom it is.

    No answer is the image's own failure where most of the others were answered; else the service is away, or
    may be, and nobody is to blame (for PATIENCE_SECONDS: an image that always comes alone is found out then).
    A refused parameter is the deployment's fault where it is all that many images get.
    """
    attributions: dict[ResultName, Outcome | errors.ImagepipeError] = dict(answers)
    for detector in {name.detector for name in answers}:
        of_detector = {name: answer for name, answer in answers.items() if name.detector == detector}
        attributions |= _of_one_detector(of_detector)
    return attributions


def _of_one_detector(answers: Mapping[ResultName, Outcome]) -> dict[ResultName, errors.ImagepipeError]:
    unanswered = {name: error for name, error in answers.items() if isinstance(error, errors.UnansweredError)}
    doubtful = {name: error for name, error in answers.items() if _is_doubtful(error)}
    answered = sum(isinstance(answer, Result | errors.PermanentError) for answer in answers.values())
    changed: dict[ResultName, errors.ImagepipeError] = {}
    if answered <= len(unanswered):
        for name, error in unanswered.items():
            changed[name] = errors.NotReadyError(error.code, error.message, patience_seconds=PATIENCE_SECONDS)
    if len(doubtful) >= MANY and len(doubtful) == answered:
        for name, verdict in doubtful.items():
            assert isinstance(verdict, errors.PermanentError)
            changed[name] = our_request_refused(verdict, f"{len(doubtful)} images in a row were refused so")
    return changed


def our_request_refused(verdict: errors.PermanentError, why: str) -> errors.ConfigurationError:
    """Return a verdict as what it more likely is: a refusal of what we ask."""
    return errors.ConfigurationError(
        verdict.code,
        f"Rekognition refuses a parameter of the request and not the image, for {why}: {verdict.message}",
        patience_seconds=PATIENCE_SECONDS,
    )


def _is_doubtful(answer: object) -> bool:
    if not isinstance(answer, errors.PermanentError) or isinstance(answer, errors.ConfirmedError):
        return False
    return answer.code == DOUBTFUL_VERDICT
