"""From image versions to findings: ask for what was never asked about these bytes, reuse the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Protocol

from contract.counts import Count
from contract.errors import (
    ConfigurationError,
    ImagepipeError,
    PermanentError,
    PostponedError,
    TransientError,
)
from contract.identity import ImageVersion
from contract.records import Findings
from contract.results import Result, ResultName
from processors.deadline import Deadline
from processors.detectors.detector import Detector
from processors.telemetry import Counter


class SupersededError(Exception):
    """The object is not, or not any more, the version that was asked about: its newer event will tell."""


class Rekognition(Protocol):
    """Where detectors are asked."""

    def ask(self, detector: Detector, version: ImageVersion) -> Mapping[str, Any]:
        """Give the raw answer for the version, or raise a word for failure.

        PermanentError `UNREADABLE_OBJECT` says that Rekognition could not get at the object.
        """


class Objects(Protocol):
    """Where images are kept."""

    def look(self, key: str, version_id: str | None = None) -> ImageVersion | None:
        """Give what is there now (or that one version), None if there is nothing."""


class ResultStore(Protocol):
    """Where raw answers are kept."""

    def read_results(self, names: Iterable[ResultName]) -> Mapping[ResultName, Result]:
        """Give those of the named results that are there."""

    def claim(self, name: ResultName, owner: str) -> Result | None:
        """Take the right to make a call, for as long as an invocation can last, or give the result there is.

        Raises PostponedError if another worker has it.
        """

    def release(self, name: ResultName, owner: str) -> None:
        """Give the right back, if it is still the owner's, because there will be no result."""

    def save_result(self, result: Result) -> None:
        """Keep a result in place of the claim; returns when it is durable."""


UNREADABLE_OBJECT = "InvalidS3ObjectException"

Failure = ImagepipeError | SupersededError
Answer = Result | Failure


@dataclass(frozen=True)
class Recognizer:
    """Recognizes the images of one batch, side by side.

    `now` gives ISO 8601 times in UTC, `new_id` a name that nobody else has.
    """

    detectors: Mapping[str, Detector]
    rekognition: Rekognition
    objects: Objects
    store: ResultStore
    executor: Executor
    counter: Counter
    now: Callable[[], str]
    new_id: Callable[[], str]

    def recognize(
        self, versions: Sequence[ImageVersion], deadline: Deadline
    ) -> dict[ImageVersion, Findings | Failure]:
        """Give the findings of each version, or why there are none.

        Versions with the same content are asked about once. Answers are saved as they come, so that what
        fails beside them costs nothing twice.
        """
        representatives = {version.content_id: version for version in reversed(versions)}
        names = [
            self._name(content_id, detector)
            for content_id in representatives
            for detector in self.detectors.values()
        ]
        answers: dict[ResultName, Answer] = dict(self.store.read_results(names))
        self.counter.add(Count.CALLS_AVOIDED, len(answers) + self._shared_calls(versions, representatives))
        pending: dict[ResultName, Future[Answer]] = {
            name: self.executor.submit(self._ask, name, representatives[name.content_id], deadline)
            for name in names
            if name not in answers
        }
        answers.update({name: future.result() for name, future in pending.items()})
        return {version: self._findings(version, representatives, answers) for version in versions}

    def fingerprints(self) -> dict[str, str]:
        """Give the fingerprint of each detector that every image is to have."""
        return {name: detector.fingerprint for name, detector in self.detectors.items()}

    def _ask(self, name: ResultName, version: ImageVersion, deadline: Deadline) -> Answer:
        try:
            deadline.require_time_for_a_call(version.key)
            owner = self.new_id()
            known = self.store.claim(name, owner)
            if known is not None:
                self.counter.add(Count.CALLS_AVOIDED)
                return known
            result = self._call(name, version, owner)
            self.store.save_result(result)
        except ImagepipeError as failure:
            return failure.during(name.detector)
        except SupersededError as superseded:
            return superseded
        return result

    def _call(self, name: ResultName, version: ImageVersion, owner: str) -> Result:
        try:
            response = self._response(self.detectors[name.detector], version)
        except (ImagepipeError, SupersededError):
            self.store.release(name, owner)
            raise
        return Result(name, response, self.now())

    def _response(self, detector: Detector, version: ImageVersion) -> Mapping[str, Any]:
        """Ask about exactly this version: where it has no name, make sure afterwards that it was the one."""
        try:
            response = self.rekognition.ask(detector, version)
        except PermanentError as failure:
            if failure.code == UNREADABLE_OBJECT or version.version_id is None:
                self._require_presence(version)
            if failure.code != UNREADABLE_OBJECT:
                raise
            raise TransientError(
                failure.code,
                f"{version.key} is there, but Rekognition cannot read it: "
                "check that the bucket is in its region and that the role may get the object",
            ) from failure
        self.counter.add(Count.CALLS_MADE)
        if version.version_id is None:
            self._require_presence(version)
        return response

    def _require_presence(self, version: ImageVersion) -> None:
        present = self.objects.look(version.key, version.version_id)
        if present is None or present.content_id != version.content_id:
            raise SupersededError(f"{version.key} is not what it was when its event was sent")

    def _findings(
        self,
        version: ImageVersion,
        representatives: Mapping[str, ImageVersion],
        answers: Mapping[ResultName, Answer],
    ) -> Findings | Failure:
        mine = [answers[self._name(version.content_id, detector)] for detector in self.detectors.values()]
        failures = [answer for answer in mine if not isinstance(answer, Result)]
        if not failures:
            try:
                return self._read(answer for answer in mine if isinstance(answer, Result))
            except (KeyError, TypeError, ValueError) as fault:
                return TransientError("UnexpectedAnswer", f"the answer about {version.key} lacks {fault!r}")
        worst = _worst(failures)
        if isinstance(worst, SupersededError) and representatives[version.content_id] != version:
            return PostponedError(
                "AskedForAnother", f"{version.key} shares its content with an object now gone"
            )
        return worst

    def _read(self, results: Iterable[Result]) -> Findings:
        found = Findings()
        for result in results:
            found = found.with_those_of(self.detectors[result.name.detector].read(result.response))
        return found

    def _shared_calls(
        self, versions: Sequence[ImageVersion], representatives: Mapping[str, ImageVersion]
    ) -> int:
        return (len(set(versions)) - len(representatives)) * len(self.detectors)

    def _name(self, content_id: str, detector: Detector) -> ResultName:
        return ResultName(content_id, detector.name, detector.fingerprint)


def _worst(failures: Sequence[Failure]) -> Failure:
    """Choose what to do about an image of which several detectors failed.

    What is gone needs nothing else. What may be repaired comes before a verdict on the image: a rejection is
    written only when nothing is left to try.
    """
    order = (SupersededError, ConfigurationError, TransientError, PermanentError)
    return min(
        failures, key=lambda failure: next(i for i, kind in enumerate(order) if isinstance(failure, kind))
    )
