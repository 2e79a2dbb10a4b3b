"""Taking a person in: all photos that were shown, or nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from contract.errors import ImagepipeError
from contract.people import MOST_FACES_A_PERSON, Consent, Person, PersonStatus, source_of
from operations.people.photos import ShownPhoto
from operations.terminal import OperatorError, Steps
from people.collection import (
    NOT_THERE,
    CollectionFace,
    FaceCollection,
    RefusedFace,
    UnusablePhotoError,
)
from people.persons import DynamoDBPeople

_LOW = "LOW_MATCH_CONFIDENCE"
_CHANGED = "{} was changed by somebody else meanwhile; look: imagepipe people show"
_FORGOTTEN = "{} was forgotten by somebody else meanwhile; no face was added"


class Enrolled(NamedTuple):
    """A person who was taken in, and how many faces are the person's now."""

    person: Person
    faces: int


@dataclass(frozen=True)
class Enrolment:
    """Takes persons in. Stopped anywhere, the same command run again goes on; `forget` removes what is there.

    `new_id` makes ids that are no names; `now` gives the time as text.
    """

    people: DynamoDBPeople
    collection: FaceCollection
    new_id: Callable[[], str]
    now: Callable[[], str]

    def add(self, name: str, consent: Consent, photos: Sequence[ShownPhoto]) -> Steps[Enrolled]:
        """Take a person in, or add to one who is there. Raise OperatorError; then all is as it was before."""
        yield from self._look(photos)
        before = self.people.find(name)
        if before is not None and before.status is PersonStatus.FORGETTING:
            raise OperatorError(f"{name} is being forgotten; finish that first: imagepipe people forget")
        kept = self._faces(before) if before is not None else []
        associated = [face for face in kept if face.user_id]
        sources = {*(before.photos if before else ()), *(photo.source for photo in photos)}
        if len(sources) > MOST_FACES_A_PERSON:
            raise OperatorError(
                f"{name} would have {len(sources):,} photos, and a person has {MOST_FACES_A_PERSON} at most; "
                "nothing was changed"
            )
        person = self._begin(name, before, photos, consent)
        yield f"making {name} known"
        self.collection.create()
        self.collection.create_user(person.id)
        faces: dict[str, str] = {}
        try:
            yield from self._index(person, photos, faces)
            yield from self._associate(person, faces, is_first=not associated)
            yield f"waiting until searches know {name}"
            self.collection.wait_until_active(person.id)
        except _RefusedError as refused:
            yield "taking back what was done"
            self._take_back(person, associated, faces)
            self._restore(person, before, associated)
            raise OperatorError(f"{refused}; nothing was changed") from None
        except ImagepipeError as error:
            if error.code == NOT_THERE and self._is_forgotten(person):
                self._take_back(person, associated, faces)
                raise OperatorError(_FORGOTTEN.format(name)) from error
            raise
        faces_at = self.people.next_faces_at(self.now())
        enrolled = replace(person, consent=consent, status=PersonStatus.ENROLLED, faces_at=faces_at)
        if not self.people.put(enrolled, person):
            if self._is_forgotten(person):
                self._take_back(person, [], faces)
                raise OperatorError(_FORGOTTEN.format(name))
            raise OperatorError(_CHANGED.format(name))
        return Enrolled(enrolled, len(self._faces(person)))

    def _look(self, photos: Sequence[ShownPhoto]) -> Steps[None]:
        """Look whether each photo shows one face, before anything is changed."""
        faults = []
        for photo in photos:
            yield f"looking at {photo.name}"
            try:
                count = self.collection.count_faces(photo.image)
            except UnusablePhotoError as unusable:
                faults.append(f"{photo.name} {unusable}")
                continue
            if count == 0:
                faults.append(f"{photo.name} shows no face")
            elif count > 1:
                faults.append(f"{photo.name} shows {count} faces; cut out the one that is meant")
        if faults:
            raise OperatorError(f"{'; '.join(faults)}; nothing was changed")

    def _begin(
        self, name: str, before: Person | None, photos: Sequence[ShownPhoto], consent: Consent
    ) -> Person:
        """Write down who is to be taken in, before there is a face of the person anywhere."""
        shown = {photo.source: photo.name for photo in photos}
        if before is None:
            person = Person(self.new_id(), name, consent, PersonStatus.ADDING, self.now(), shown)
        else:
            person = replace(before, status=PersonStatus.ADDING, photos={**before.photos, **shown})
        if not self.people.put(person, before):
            raise OperatorError(_CHANGED.format(name))
        return person

    def _index(self, person: Person, photos: Sequence[ShownPhoto], faces: dict[str, str]) -> Steps[None]:
        """Keep the face of each photo; put the names of the photos into `faces`, by the ids of their faces.

        Among them are those that a run which was stopped has kept.
        """
        for photo in photos:
            yield f"taking the face of {photo.name}"
            try:
                faces[self.collection.index(photo.image, person.external_id(photo.source))] = photo.name
            except UnusablePhotoError as unusable:
                raise _RefusedError(f"{photo.name} {unusable}") from unusable
        for face in self._faces(person):
            if not face.user_id:
                source = source_of(face.external_id)
                faces.setdefault(face.face_id, person.photos.get(source, source))

    def _associate(self, person: Person, faces: dict[str, str], *, is_first: bool) -> Steps[None]:
        """Make the faces the person's. Those of a new person are held against the first of them."""
        ids = list(faces)
        batches = [ids[:1], ids[1:]] if is_first else [ids]
        for batch in filter(None, batches):
            yield f"comparing {len(batch)} faces of {person.name}"
            if refused := self.collection.associate(person.id, batch):
                raise _RefusedError("; ".join(_why(each, faces[each.face_id], person) for each in refused))

    def _take_back(self, person: Person, associated: Sequence[CollectionFace], faces: Iterable[str]) -> None:
        """Remove what was added to these faces, and the user where there were none.

        That is `faces`, the ids that Rekognition gave in this run, and what else a list of the collection
        shows, which may be behind.
        """
        stay = {face.face_id for face in associated}
        added = sorted({*faces, *(face.face_id for face in self._faces(person))} - stay)
        self.collection.disassociate(person.id, added)
        self.collection.delete_faces(added)
        if not associated:
            self.collection.delete_user(person.id)

    def _restore(self, person: Person, before: Person | None, associated: Sequence[CollectionFace]) -> None:
        """Write down what was known before, of the faces that are there."""
        if before is None or not associated:
            self.people.remove(person)
            return
        there = {source_of(face.external_id) for face in associated}
        known = before.without(frozenset(before.photos.keys() - there))
        faces_at = known.faces_at or self.people.next_faces_at(self.now())
        self.people.put(replace(known, status=PersonStatus.ENROLLED, faces_at=faces_at), person)

    def _is_forgotten(self, person: Person) -> bool:
        """Return whether somebody else forgets the person, or has done so."""
        now = self.people.find(person.name)
        return now is None or now.id != person.id or now.status is PersonStatus.FORGETTING

    def _faces(self, person: Person) -> list[CollectionFace]:
        return [face for face in self.collection.faces() if person.owns(face.external_id)]


class _RefusedError(Exception):
    """Rekognition does not take a face. The message says of which photo, and why."""


def _why(refused: RefusedFace, photo: str, person: Person) -> str:
    if _LOW in refused.reasons and refused.similarity is not None:
        return (
            f"the face on {photo} is not like the others of {person.name}: {refused.similarity:.0f} of 100, "
            "and 75 are needed"
        )
    reasons = ", ".join(refused.reasons) or "no reason given"
    return f"Rekognition does not take the face on {photo} for {person.name} ({reasons})"
