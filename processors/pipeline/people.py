"""Looking for persons who agreed, on the faces of a batch that were found, and only as long as they agree.

Who is looked for is read before anything is asked, and once more after records are written: who was forgotten
meanwhile, or is to be looked for anew, is met by one of both.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from contract import errors
from contract.errors import ImagepipeError, NotReadyError
from contract.face_search import (
    UNREADABLE_NOW,
    FaceAnswerName,
    FaceBox,
    SearchScope,
    assigned,
    face_name,
    is_searchable,
    matches_in,
)
from contract.records import Findings, ImageRecord, ImageVersion, Status
from contract.results import Result, ResultName
from processors.pipeline.commit import Decided
from processors.pipeline.detection import Answer, SupersededError, is_about_the_object
from processors.pipeline.objects import StoredObject
from processors.pipeline.triage import Action, WorkItem
from processors.rate_limit import Lane
from processors.runtime import Deadline

if TYPE_CHECKING:
    from processors.adapters.face_answers import FaceAnswers
    from processors.pipeline.film_persons import FilmPersonSearch

Found = Findings | ImagepipeError | SupersededError


class FaceOfPhoto(NamedTuple):
    """A face to be asked about: its number on the photo, and where it is; of a film, on which frame of it."""

    number: int
    box: FaceBox
    frame: str = ""

    @property
    def name(self) -> str:
        return face_name(self.box, self.frame)


class SearchedPhoto(NamedTuple):
    """A photo with faces to be asked about.

    `view` is the key of what shows it where Rekognition is not shown the photo itself; `is_readable` says
    whether it can be looked at now.
    """

    content_id: str
    version: ImageVersion
    view: str | None
    faces: tuple[FaceOfPhoto, ...]
    is_readable: bool

    @property
    def usefulness(self) -> tuple[bool, bool]:
        """Of several photos of one content the most useful is asked about: where faces were looked for."""
        return bool(self.faces), self.is_readable


# Asks about faces, each with its permit and its claim; the photos are by content id. Returns the answer to
# each name, or why there is none.
AskAboutFaces = Callable[
    [Mapping[ResultName, FaceOfPhoto], Mapping[str, SearchedPhoto], Lane, Deadline],
    Mapping[ResultName, Answer],
]


@dataclass(frozen=True)
class PersonLayer:
    """Puts persons into findings. `question` is the fingerprint of what is asked about each face.

    `films` looks for persons in films; None where nobody does.
    """

    kept: "FaceAnswers"
    ask: AskAboutFaces
    question: str
    shares_answers: bool
    films: "FilmPersonSearch | None" = None

    def behind(self, records: Iterable[ImageRecord]) -> set[str]:
        """Return the keys whose records name who is not looked for any more, or are to be searched anew.

        Raise a word for failure where that cannot be read.
        """
        with_faces = [record for record in records if _has_faces(record)]
        if not with_faces:
            return set()
        scope = self.kept.scope()
        return {
            record.key
            for record in with_faces
            if (self._is_searched(record.findings) and record.findings.searched < scope.wanted)
            or record.findings.persons.keys() - scope.persons
        }

    def search(
        self, items: Sequence[WorkItem], found: Mapping[str, Found], lane: Lane, deadline: Deadline
    ) -> dict[str, Found]:
        """Return the findings by key, with who is on each photo; or why nobody can tell."""
        photos: dict[str, SearchedPhoto] = {}
        of_key: dict[str, SearchedPhoto] = {}
        films: dict[str, tuple[StoredObject, Findings]] = {}
        seen: dict[str, Found] = dict(found)
        for item in items:
            findings = found.get(item.key)
            if (
                item.action is not Action.RECOGNIZE
                or item.present is None
                or not isinstance(findings, Findings)
            ):
                continue
            if _is_film(findings):
                films[item.key] = item.present, findings
                continue
            try:
                faces = _searchable(findings)
            except (ArithmeticError, KeyError, TypeError, ValueError) as fault:
                seen[item.key] = errors.TransientError(
                    "UnexpectedAnswer", f"the answer about faces of {item.key} lacks {fault!r}"
                )
                continue
            photo = self._photo(item, findings, faces)
            of_key[item.key] = photo
            standing = photos.get(photo.content_id)
            if standing is None or photo.usefulness > standing.usefulness:
                photos[photo.content_id] = photo
        if not of_key and not films:
            return seen
        scope = self.kept.scope()
        for key, film in films.items():
            seen[key] = self._in_film(*film, scope, (lane, deadline))
        answers = self._answers(photos, scope, lane, deadline)
        for key, photo in of_key.items():
            findings = seen[key]
            assert isinstance(findings, Findings)
            is_of_another = photos[photo.content_id].version != photo.version
            of_content = answers.get(photo.content_id, {})
            if not is_of_another:
                of_content = _where_readable(of_content)
            named = self._named(findings, photo, of_content, scope)
            seen[key] = named
            if is_of_another and not isinstance(named, Findings) and is_about_the_object(named):
                seen[key] = NotReadyError(
                    "AskedForAnother",
                    f"{key} shares its content with an object that is gone or cannot be read",
                )
        return seen

    def _is_searched(self, findings: Findings) -> bool:
        return self.films is not None or not _is_film(findings)

    def _in_film(
        self, film: StoredObject, findings: Findings, scope: SearchScope, during: tuple[Lane, Deadline]
    ) -> Found:
        """Return the findings of a film with who is in it.

        A film none of whose frames shows a face is not searched.
        """
        if self.films is None:
            return replace(findings, persons={}, searched=0)
        if not scope.persons or not findings.faces:
            return replace(findings, persons={}, searched=scope.revision)
        content_id = film.version.kept_by(shares_answers=self.shares_answers)
        return self.films.search(film, content_id, findings, scope, during)

    def without_forgotten(self, decided: Collection[Decided]) -> list[Decided]:
        """Return what is to be written without persons who are not looked for, whoever has named them."""
        if not any(work.record.findings.persons for work in decided):
            return list(decided)
        persons = self.kept.scope().persons
        return [work._replace(record=_only(work.record, persons)) for work in decided]

    def come_too_late(self, written: Iterable[ImageRecord]) -> dict[str, ImagepipeError]:
        """Return the keys whose persons changed while their records were written: they come again."""
        records = [record for record in written if record.findings.searched != UNREADABLE_NOW]
        try:
            behind = self.behind(records)
        except ImagepipeError as failure:
            return {record.key: failure for record in records}
        return {
            key: NotReadyError(
                "PersonsChangedMeanwhile",
                f"who is looked for changed while the record of {key} was written; it is made anew",
            )
            for key in behind
        }

    def _photo(self, item: WorkItem, findings: Findings, faces: tuple[FaceOfPhoto, ...]) -> SearchedPhoto:
        assert item.present is not None
        version, photo = item.present.version, findings.photo
        content_id = version.kept_by(shares_answers=self.shares_answers)
        view = None if photo is None or photo.is_direct else photo.view_key(content_id)
        return SearchedPhoto(content_id, version, view, faces, item.present.obstacle is None)

    def _answers(
        self, photos: Mapping[str, SearchedPhoto], scope: SearchScope, lane: Lane, deadline: Deadline
    ) -> dict[str, dict[str, tuple[int, Answer]]]:
        """Return by content and face the revision of the answer, and the answer: kept ones, and new ones."""
        known: dict[str, dict[str, tuple[int, Answer]]] = {}
        wanted: dict[ResultName, FaceOfPhoto] = {}
        if not scope.persons:  # nobody is there who could be found: nothing is asked, and nothing is missing
            return known
        with_faces = {content_id: photo for content_id, photo in photos.items() if photo.faces}
        for content_id, results in self.kept.of_contents(list(with_faces)).items():
            known[content_id] = newest_by_face(results, self.question, scope.wanted)
        for content_id, photo in with_faces.items():
            for face in photo.faces:
                if photo.is_readable and face.name not in known.get(content_id, {}):
                    wanted[FaceAnswerName(self.question, scope.revision, face.name).of(content_id)] = face
        for name, answer in self.ask(wanted, with_faces, lane, deadline).items() if wanted else ():
            known.setdefault(name.content_id, {})[wanted[name].name] = (scope.revision, answer)
        return known

    def _named(
        self,
        findings: Findings,
        photo: SearchedPhoto,
        answers: Mapping[str, tuple[int, Answer]],
        scope: SearchScope,
    ) -> Found:
        alike: dict[int, dict[str, float]] = {}
        searched = scope.revision
        if scope.persons:
            for face in photo.faces:
                revision, answer = answers.get(face.name, (UNREADABLE_NOW, None))
                searched = min(searched, revision)
                if isinstance(answer, Result):
                    alike[face.number] = matches_in(answer.response, scope.persons)
                elif answer is not None:
                    return answer
        return replace(findings, persons=assigned(alike), searched=searched)


def newest_by_face(
    answers: Mapping[ResultName, Answer], question: str, wanted: int
) -> dict[str, tuple[int, Answer]]:
    """Return by face the answer to a question that is of the last revision, with that, if it is `wanted`."""
    newest: dict[str, tuple[int, Answer]] = {}
    for name, answer in answers.items():
        read = FaceAnswerName.read(name)
        if read is None or read.question != question or read.revision < wanted:
            continue
        if read.face not in newest or newest[read.face][0] < read.revision:
            newest[read.face] = read.revision, answer
    return newest


def _where_readable(answers: Mapping[str, tuple[int, Answer]]) -> dict[str, tuple[int, Answer]]:
    """Return the answers but for those that there are none, for a photo cannot be read now."""
    return {
        face: (revision, answer)
        for face, (revision, answer) in answers.items()
        if not (isinstance(answer, ImagepipeError) and is_about_the_object(answer))
    }


def _has_faces(record: ImageRecord) -> bool:
    return record.status is Status.RECOGNIZED and bool(record.findings.faces or record.findings.persons)


def _searchable(findings: Findings) -> tuple[FaceOfPhoto, ...]:
    """Return the faces that are worth a call.

    Boxes of another photo of a scene show nothing of this one.
    """
    photo = findings.photo
    if photo is None or "faces" in findings.inherited:
        return ()
    return tuple(
        FaceOfPhoto(number, FaceBox.of(face))
        for number, face in enumerate(findings.face_details)
        if is_searchable(face, photo.width, photo.height)
    )


def _is_film(findings: Findings) -> bool:
    return findings.photo is not None and findings.photo.is_film


def _only(record: ImageRecord, persons: Collection[str]) -> ImageRecord:
    found = record.findings
    kept: dict[str, Any] = {name: match for name, match in found.persons.items() if name in persons}
    return (
        record if len(kept) == len(found.persons) else replace(record, findings=replace(found, persons=kept))
    )
