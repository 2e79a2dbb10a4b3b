"""Who is on the photos at the end: what records say, held against a calm look at the same faces.

And what is left of somebody who was forgotten, wherever the place keeps anything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from contract.face_search import FaceBox, assigned, face_name, is_searchable
from contract.records import ImageRecord, PersonMatch
from contract.results import ResultName
from loadtest.faults.calls import CutFace, part_of
from loadtest.faults.verdict import Evidence

FACES = "faces"
# Who is like the face in a picture, which is a part of the photo: similarities in percent, by person.
LookCalmly = Callable[[bytes, FaceBox], Mapping[str, float]]


def named_faces(
    evidence: Evidence, cut: Iterable[CutFace], content_id_of: Callable[[CutFace], str]
) -> dict[str, tuple[str, FaceBox, bytes]]:
    """Return what each picture of a face is called, by its SHA-256; with where it is, and the picture."""
    boxes = {
        (name.content_id, tuple(box.with_surroundings())): box
        for name, result in evidence.results.items()
        if name.detector == FACES
        for box in map(FaceBox.of, result.response.get("FaceDetails", ()))
    }
    found: dict[str, tuple[str, FaceBox, bytes]] = {}
    for face in cut:
        content_id = content_id_of(face)
        box = boxes.get((content_id, face.box))
        if box is not None:
            found[face.digest] = part_of(content_id, face_name(box)), box, face.picture
    return found


def strangers(
    evidence: Evidence, pictures: Mapping[str, tuple[FaceBox, bytes]], look: LookCalmly
) -> dict[str, str]:
    """Return the keys whose records name others than a calm look does, and why.

    `pictures` are those of faces by their names.
    """
    found: dict[str, str] = {}
    for key, record in evidence.records.items():
        alike: dict[int, Mapping[str, float]] = {}
        for number, face in _searchable(evidence, record):
            picture = pictures.get(part_of(record.version.content_id, face_name(face)))
            if picture is None:
                found[key] = f"face {number} was never looked at"
            else:
                alike[number] = look(picture[1], picture[0])
        true = assigned(alike)
        if key not in found and not _are_same(record.findings.persons, true):
            found[key] = f"{len(record.findings.persons)} persons are on it, where there are {len(true)}"
    return found


def _searchable(evidence: Evidence, record: ImageRecord) -> Iterator[tuple[int, FaceBox]]:
    photo = record.findings.photo
    if photo is None or photo.is_film or FACES not in record.detectors:
        return
    name = ResultName(record.version.content_id, FACES, record.detectors[FACES])
    for number, face in enumerate(evidence.results[name].response.get("FaceDetails", ())):
        if is_searchable(face, photo.width, photo.height):
            yield number, FaceBox.of(face)


def _are_same(one: Mapping[str, PersonMatch], other: Mapping[str, PersonMatch]) -> bool:
    """Compare who is on which face; a similarity is read back from a decimal number."""
    return {name: (match.face, round(match.similarity, 3)) for name, match in one.items()} == {
        name: (match.face, round(match.similarity, 3)) for name, match in other.items()
    }


def traces(texts: Iterable[tuple[str, str]], words: Iterable[str]) -> dict[str, str]:
    """Return the places whose text has one of the words, whatever its case."""
    folded = [word.casefold() for word in words]
    return {
        place: "it tells of who was forgotten"
        for place, text in texts
        if any(word in text.casefold() for word in folded)
    }
