"""How many faces workers will search for persons, reckoned before they look at any photo."""

from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

from contract.face_search import FaceAnswerName, FaceBox, SearchScope, face_name, is_searchable
from contract.film_persons import revision_of
from contract.photos import PICTURE, PhotoFacts
from contract.results import Result, ResultName
from operations.adapters.dynamodb_searches import DynamoDBSearches
from operations.inventory import RecordSummary

FACES = "faces"
# Of a photo whose faces nobody has looked for, as docs/cost.md has it: two in five, with 2.5 faces each.
RECKONED_FACES = 1
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html
MOST_FACES = 100


class FaceCount(NamedTuple):
    """The searches that a photo takes. `is_known` says that they are so many at most; else it is reckoned."""

    searches: int
    is_known: bool


NO_FACES = FaceCount(0, is_known=True)
NOT_COUNTED = FaceCount(RECKONED_FACES, is_known=False)


@dataclass(frozen=True)
class FacesToSearch:
    """Counts the faces that are to be searched, at most: what is kept about a face is not asked again.

    `question` is the fingerprint of what is asked about each face, `fingerprints` are those of detectors.
    """

    table: DynamoDBSearches
    executor: Executor
    scope: SearchScope
    question: str
    fingerprints: Mapping[str, str]

    def of_record(self, record: RecordSummary) -> FaceCount:
        """Return what a record takes that says all else: its faces, where an operator wants them searched."""
        is_behind = self.scope.persons and record.searched < self.scope.wanted
        return FaceCount(record.faces if is_behind else 0, is_known=True)

    def of_contents(self, missing: Mapping[str, Collection[str]]) -> dict[str, FaceCount]:
        """Return what contents take whose faces are asked for, by the detectors that each lacks."""
        if not self.scope.persons:
            return dict.fromkeys(missing, NO_FACES)
        looked_at = [content_id for content_id, lacking in missing.items() if FACES not in lacking]
        found = self.table.answers([name for each in looked_at for name in self._names(each)])
        counted = self.executor.map(
            lambda content_id: self._left(content_id, *(found.get(name) for name in self._names(content_id))),
            looked_at,
        )
        return dict.fromkeys(missing, NOT_COUNTED) | dict(zip(looked_at, counted, strict=True))

    def has_film_to_search(self, content_id: str) -> bool:
        """Return whether persons are still to be looked for in a film."""
        revisions = map(revision_of, self.table.about_faces(content_id)) if self.scope.persons else ()
        return bool(self.scope.persons) and not any(
            revision is not None and revision >= self.scope.wanted for revision in revisions
        )

    def _names(self, content_id: str) -> tuple[ResultName, ResultName]:
        faces, picture = (ResultName(content_id, name, self.fingerprints[name]) for name in (FACES, PICTURE))
        return faces, picture

    def _left(self, content_id: str, faces: Result | None, picture: Result | None) -> FaceCount:
        if faces is None:  # it has expired since it was looked up
            return NOT_COUNTED
        boxes = _searchable(faces, picture)
        if not boxes:
            return NO_FACES
        kept = {
            name.face
            for name in map(FaceAnswerName.read, self.table.about_faces(content_id))
            if name is not None and name.question == self.question and name.revision >= self.scope.wanted
        }
        return FaceCount(len(boxes - kept), is_known=True)


def _searchable(faces: Result, picture: Result | None) -> set[str]:
    """Return the names of the faces that are good enough; of all, where the picture's size is not known."""
    found = faces.response.get("FaceDetails", [])
    if found and picture is not None:
        facts = PhotoFacts.from_json(picture.response)
        found = [face for face in found if is_searchable(face, facts.width, facts.height)]
    return {face_name(FaceBox.of(face)) for face in found}
