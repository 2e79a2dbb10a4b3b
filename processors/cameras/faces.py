"""Faces before a camera, where persons are looked for: where each is, and whose body is around it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contract.face_search import FaceBox
from contract.said_of_persons import is_same_face
from contract.sightings import FaceSighting, PictureBox, Sighting, rounded

_PERSON = "person"


def seen_faces(details: Iterable[Mapping[str, Any]], seen: Iterable[Sighting]) -> tuple[FaceSighting, ...]:
    """Return the faces of an answer of DetectFaces, each with the smallest box of a person around it."""
    persons = [each.box for each in seen if each.label.casefold() == _PERSON]
    return tuple(
        FaceSighting(number, rounded(face), _body(face, persons))
        for number, face in enumerate(map(FaceBox.of, details))
    )


def _body(face: FaceBox, persons: Iterable[PictureBox]) -> PictureBox | None:
    around = [box for box in persons if FaceBox(*box).holds_middle_of(face)]
    return min(around, key=lambda box: (box.width * box.height, box), default=None)


def renumbered(
    faces: Sequence[FaceSighting], details: Iterable[Mapping[str, Any]]
) -> tuple[FaceSighting, ...]:
    """Return faces under the numbers that they have in an answer that may be another one than theirs was."""
    boxes = list(map(FaceBox.of, details)) if faces else []
    numbers = (
        (face, number)
        for face in faces
        for number, box in enumerate(boxes)
        if is_same_face(FaceBox(*face.box), box)
    )
    return tuple(face._replace(number=number) for face, number in dict(numbers).items())
