"""From image versions to findings: what was never asked about these bytes is asked, the rest is reused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.counts import Count
from contract.errors import ConfigurationError, PermanentError, PostponedError, TransientError
from contract.identity import ImageVersion
from contract.records import Findings
from contract.results import Result, ResultName
from processors.asking import Answer, Asker, Failure, SupersededError
from processors.budget.lanes import Lane
from processors.deadline import Deadline
from processors.detectors.detector import Detector
from processors.telemetry import Counter


class KeptResults(Protocol):
    """Where raw answers are kept."""

    def read_results(self, names: Iterable[ResultName]) -> Mapping[ResultName, Result]:
        """Give those of the named results that are there."""


@dataclass(frozen=True)
class Recognizer:
    """Recognizes the images of one batch, side by side."""

    detectors: Mapping[str, Detector]
    kept: KeptResults
    asker: Asker
    counter: Counter

    def recognize(
        self, versions: Sequence[ImageVersion], lane: Lane, deadline: Deadline
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
        answers: dict[ResultName, Answer] = dict(self.kept.read_results(names))
        self.counter.add(Count.CALLS_AVOIDED, len(answers) + self._shared_calls(versions, representatives))
        wanted = {name: representatives[name.content_id] for name in names if name not in answers}
        answers |= self.asker.ask(wanted, lane, deadline)
        return {version: self._findings(version, representatives, answers) for version in versions}

    def fingerprints(self) -> dict[str, str]:
        """Give the fingerprint of each detector that every image is to have."""
        return {name: detector.question.fingerprint for name, detector in self.detectors.items()}

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
        return ResultName(content_id, detector.name, detector.question.fingerprint)


def _worst(failures: Sequence[Failure]) -> Failure:
    """Choose what to do about an image of which several detectors failed.

    What is gone needs nothing else. What may be repaired comes before a verdict on the image: a rejection is
    written only when nothing is left to try.
    """
    order = (SupersededError, ConfigurationError, TransientError, PermanentError)
    return min(
        failures, key=lambda failure: next(i for i, kind in enumerate(order) if isinstance(failure, kind))
    )
