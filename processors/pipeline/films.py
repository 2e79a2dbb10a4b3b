"""Films are recognized by their frames: slice by slice, each frame asked about as a photo would be.

Everything that comes of it is kept as it comes. A film takes several invocations: its message comes back
until all is there, in any order and however often, and then its record is committed as that of a photo.
docs/decisions/0035-a-film-is-a-message-that-comes-back.md
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract import errors
from contract.films import Frame, Slice, film_answer, frame_key, of_frame, slices_of
from contract.photos import PhotoFacts
from contract.quotas import FRAMES_AT_ONCE, SLICES_AT_ONCE
from contract.records import Findings, ImageVersion
from contract.results import Result, ResultName
from processors.detectors import UNREADABLE, Detector
from processors.pipeline.detection import Answer, DetectorRunner, Failure, SupersededError, worst_of
from processors.rate_limit import Lane
from processors.runtime import Deadline

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable


@dataclass(frozen=True)
class FilmRecognizer:
    """Answers about films what detectors are asked about photos. `now` gives ISO 8601 times in UTC."""

    detectors: Mapping[str, Detector]
    kept: "ImageTable"
    runner: DetectorRunner

    def answers(
        self,
        version: ImageVersion,
        picture: Result,
        wanted: Sequence[ResultName],
        lane: Lane,
        deadline: Deadline,
    ) -> dict[ResultName, Answer]:
        """Return the film's own answer of each detector, or why there is none as yet.

        `picture` is what is known of its file. A film that came among live photos goes out of their way.
        """
        if lane is Lane.LIVE:
            return dict.fromkeys(
                wanted,
                errors.LongWorkError(
                    "FilmIsLong",
                    f"{version.key} is a film, and goes on in the bulk lane",
                    retry_within_seconds=0,
                ),
            )
        found = self._slices(version, picture, lane, deadline)
        frames = _frames(picture.name.content_id, found)
        asked = {of_frame(name, frame): key for name in wanted for frame, key in frames}
        kept = self.kept.those_kept(asked)
        missing = [name for name in asked if name not in kept][:FRAMES_AT_ONCE]
        answered = self.runner.ask(
            dict.fromkeys(missing, version), lane, deadline, {name: asked[name] for name in missing}
        )
        answers = (*found.values(), *answered.values())
        failures = [answer for answer in answers if not isinstance(answer, Result)]
        if failures or len(kept) + len(missing) < len(asked):
            return dict.fromkeys(wanted, _reason(version, failures, len(asked)))
        return self._together(version, wanted, frames)

    def _slices(
        self, version: ImageVersion, picture: Result, lane: Lane, deadline: Deadline
    ) -> dict[ResultName, Answer]:
        """Return the answers about slices: those kept, some that are asked for, or that they are lacking.

        While there are some to ask for, those kept are left out: theirs were asked about when they came.
        """
        names = slices_of(picture.name, PhotoFacts.from_json(picture.response))
        kept: dict[ResultName, Answer] = dict(self.kept.read_results(names))
        missing = [name for name in names if name not in kept]
        if not missing:
            return kept
        answers = self.runner.ask(dict.fromkeys(missing[:SLICES_AT_ONCE], version), lane, deadline)
        for name in missing[SLICES_AT_ONCE:]:
            answers[name] = errors.NotReadyError(
                "FilmUnderWay",
                f"{len(kept)} of {len(names)} slices of {version.key} have been looked at",
                retry_within_seconds=1,
            )
        return answers if missing[SLICES_AT_ONCE:] else kept | answers

    def _together(
        self,
        version: ImageVersion,
        wanted: Sequence[ResultName],
        frames: Sequence[tuple[Frame, str]],
    ) -> dict[ResultName, Answer]:
        results = []
        for name in wanted:
            try:
                found = film_answer(self._found(version, name, frames))
            except errors.ImagepipeError as failure:
                return dict.fromkeys(wanted, failure)
            except UNREADABLE as fault:
                lacking = f"an answer about a frame of {version.key} lacks {fault!r}"
                return dict.fromkeys(wanted, errors.TransientError("UnexpectedAnswer", lacking))
            results.append(Result(name, found, self.runner.runtime.now()))
        unsaved = self.kept.save_results(results)
        return {result.name: unsaved.get(result.name, result) for result in results}

    def _found(
        self, version: ImageVersion, name: ResultName, frames: Sequence[tuple[Frame, str]]
    ) -> Iterator[tuple[Frame, str, Findings]]:
        """Yield what was found in each frame, a few answers in memory: all of a long film have 245 MB."""
        read = self.detectors[name.detector].read
        for first in range(0, len(frames), FRAMES_AT_ONCE):
            batch = frames[first : first + FRAMES_AT_ONCE]
            known = self.kept.read_results(dict.fromkeys(of_frame(name, frame) for frame, _ in batch))
            for frame, key in batch:
                answer = known.get(of_frame(name, frame), _under_way(version, len(frames)))
                if not isinstance(answer, Result):
                    raise answer
                yield frame, key, read(answer.response)


def _frames(content_id: str, slices: Mapping[ResultName, Answer]) -> list[tuple[Frame, str]]:
    """Return the frames of the slices that have an answer, in order, each with where its picture stands."""
    found = [Slice.from_json(each.response) for each in slices.values() if isinstance(each, Result)]
    frames = [
        (frame, frame_key(content_id, each.maker, frame.name)) for each in found for frame in each.frames
    ]
    return sorted(frames, key=lambda each: each[0])


def _reason(version: ImageVersion, failures: Sequence[Failure], frames: int) -> Failure:
    """Return what is to be done about a film that is not ready: what is gone or is no film goes first."""
    if failures:
        return worst_of(
            failures,
            (SupersededError, errors.ConfigurationError, errors.PermanentError, errors.ImagepipeError),
        )
    return _under_way(version, frames)


def _under_way(version: ImageVersion, frames: int) -> errors.NotReadyError:
    return errors.NotReadyError(
        "FilmUnderWay",
        f"not all of {frames} frames of {version.key} have been asked about",
        retry_within_seconds=1,
    )
