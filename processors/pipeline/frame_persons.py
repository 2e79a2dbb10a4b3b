"""Looking for persons in films by frames: each good face of a frame that was asked about is searched once.

Every answer is kept as it comes, beside those about faces of photos. The film comes back until all are there,
and then has one answer of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from contract import errors
from contract.face_search import FaceAnswerName, FaceBox, SearchScope, is_searchable, matches_in
from contract.film_persons import answer_name, film_persons_answer, most_searched
from contract.films import IN_FRAMES, Frame, of_frame
from contract.photos import PhotoFacts
from contract.quotas import FRAMES_AT_ONCE
from contract.records import ImageVersion
from contract.results import Result, ResultName
from processors.detectors import UNREADABLE
from processors.pipeline.detection import Answer, SupersededError, worst_of
from processors.pipeline.people import AskAboutFaces, FaceOfPhoto, SearchedPhoto, newest_by_face
from processors.rate_limit import Lane
from processors.runtime import Deadline

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable

# Searched before the film comes again.
FACES_AT_ONCE = 100
_FACES = "faces"
Kept = Mapping[ResultName, Result | errors.ImagepipeError]


class SearchedFilm(NamedTuple):
    """A film to be looked at for who is in `scope`; `kept` is what was answered about its faces."""

    version: ImageVersion
    content_id: str
    facts: PhotoFacts
    scope: SearchScope
    kept: Kept


class _Shown(NamedTuple):
    """A frame with faces to be asked about; `key` is where its picture stands."""

    frame: Frame
    key: str
    faces: tuple[FaceOfPhoto, ...]


@dataclass(frozen=True)
class FramePersonSearch:
    """Answers who is in a film. `question` is the fingerprint of searches, `faces` that of DetectFaces.

    `now` gives ISO 8601 times in UTC.
    """

    table: "ImageTable"
    ask: AskAboutFaces
    question: str
    faces: str
    now: Callable[[], str]

    def answer(self, film: SearchedFilm, lane: Lane, deadline: Deadline) -> Answer:
        """Return the film's own answer, or why there is none as yet."""
        known = newest_by_face(film.kept, self.question, film.scope.wanted)
        try:
            frames = list(self._frames(film))
        except errors.ImagepipeError as failure:
            return failure
        except UNREADABLE as fault:
            lacking = f"an answer about faces of {film.version.key} lacks {fault!r}"
            return errors.TransientError("UnexpectedAnswer", lacking)
        missing = {
            FaceAnswerName(self.question, film.scope.revision, face.name).of(film.content_id): (shown, face)
            for shown in frames
            for face in shown.faces
            if face.name not in known
        }
        asked = dict(list(missing.items())[:FACES_AT_ONCE])
        answers = self._asked(film, asked, lane, deadline) if asked else {}
        known |= {asked[name][1].name: (film.scope.revision, answer) for name, answer in answers.items()}
        failures = [answer for _, answer in known.values() if not isinstance(answer, Result)]
        if failures:
            order = (SupersededError, errors.ConfigurationError, errors.PermanentError, errors.ImagepipeError)
            return worst_of(failures, order)
        if len(asked) < len(missing):
            left = f"{len(missing) - len(asked)} faces of {film.version.key} are still to be searched"
            return errors.NotReadyError("FilmUnderWay", left, retry_within_seconds=1)
        return self._together(film, frames, known)

    def _asked(
        self,
        film: SearchedFilm,
        asked: Mapping[ResultName, tuple[_Shown, FaceOfPhoto]],
        lane: Lane,
        deadline: Deadline,
    ) -> Mapping[ResultName, Answer]:
        pictures = {
            shown.frame.name: SearchedPhoto(film.content_id, film.version, shown.key, shown.faces, True)
            for shown, _ in asked.values()
        }
        return self.ask({name: face for name, (_, face) in asked.items()}, pictures, lane, deadline)

    def _frames(self, film: SearchedFilm) -> Iterator[_Shown]:
        """Yield the frames that show faces, each with those that are worth a call; a few answers are held.

        Raise a word for failure where an answer is not there.
        """
        own = ResultName(film.content_id, _FACES, self.faces)
        steps = self._read([own])[own].response[IN_FRAMES]
        rows = [(Frame(*where), str(key)) for *where, key, short in steps if short.get(_FACES)]
        for first in range(0, len(rows), FRAMES_AT_ONCE):
            batch = rows[first : first + FRAMES_AT_ONCE]
            answers = self._read([of_frame(own, frame) for frame, _ in batch])
            for frame, key in batch:
                details = answers[of_frame(own, frame)].response["FaceDetails"]
                good = [
                    FaceOfPhoto(number, FaceBox.of(face), frame.name)
                    for number, face in enumerate(details)
                    if is_searchable(face, film.facts.width, film.facts.height)
                ]
                # Of a crowd, the largest.
                good.sort(key=lambda face: -face.box.width * face.box.height)
                yield _Shown(frame, key, tuple(good[: most_searched(frame)]))

    def _read(self, names: list[ResultName]) -> Mapping[ResultName, Result]:
        found = self.table.read_results(dict.fromkeys(names))
        for name in names:
            answer = found.get(name)
            if not isinstance(answer, Result):
                raise answer or errors.TransientError(
                    "AnswerIsGone",
                    f"what was answered about faces of {name.content_id} is not there any more",
                )
        return {name: answer for name, answer in found.items() if isinstance(answer, Result)}

    def _together(
        self, film: SearchedFilm, frames: list[_Shown], known: Mapping[str, tuple[int, Answer]]
    ) -> Answer:
        """Keep the film's answer, of the first revision that one of its faces was searched in."""
        used = [known[face.name] for shown in frames for face in shown.faces]
        alike = {
            face.name: matches_in(answer.response, film.scope.persons)
            for shown in frames
            for face in shown.faces
            if isinstance(answer := known[face.name][1], Result)
        }
        found = film_persons_answer(
            (shown.frame, shown.key, [alike[face.name] for face in shown.faces]) for shown in frames
        )
        revision = min((revision for revision, _ in used), default=film.scope.revision)
        result = Result(answer_name(film.content_id, revision), found, self.now())
        return self.table.save_results([result]).get(result.name, result)
