"""Forgetting persons, and photos that persons were enrolled by; it ends in a search that finds nothing."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from contract.errors import ImagepipeError
from contract.people import Person, PersonStatus, owner_of, source_of
from people.collection import CollectionFace, FaceCollection, UnusablePhotoError, image_of
from people.mentions import MentionRemoval
from people.persons import DynamoDBPeople
from people.progress import Steps, UnfinishedError

# What no command can reach.
WHAT_REMAINS = (
    "point-in-time recovery of the table: for 35 days it can be restored as it was, with the name and no "
    "face; forget again after a restore",
    "the photos themselves: imagepipe forget KEY removes one with all that is known of it",
    "what jobs have found in films (people_in_films), by ids of faces: Rekognition keeps it for 7 days",
)


class Receipt(NamedTuple):
    """What was removed of a person, and how it was looked whether it is gone. Without name and biometrics."""

    person: str
    forgotten_at: str
    purpose: str
    agreed_on: str
    faces_removed: int
    photos_searched_by: int
    photos_gone: int
    photos_freed: int

    def to_json(self) -> dict[str, object]:
        return {**self._asdict(), "remains": list(WHAT_REMAINS)}


@dataclass(frozen=True)
class PersonRemoval:
    """Removes persons, and faces of them. Stopped anywhere, the same run again goes on.

    Faces are freed, then removed, and then the user: removing the user first would leave faces that nobody
    is named for, and that searches find. A person is in the table until nothing is found any more, and no
    photo names the person.
    """

    people: DynamoDBPeople
    collection: FaceCollection
    bucket: str
    now: Callable[[], str]
    mentions: MentionRemoval

    def forget(self, persons: Sequence[Person], tell: Callable[[Receipt], None]) -> Steps[None]:
        """Remove persons, and look whether that is so; `tell` of each who is gone.

        Raise ImagepipeError with what is still found, of the first of whom it is. All faces are gone before
        the first mention is looked for: the table is read for all persons at once.
        """
        removed, failures = [], list[ImagepipeError]()
        for person in persons:
            try:
                removed.append((person, (yield from self.remove_biometrics(person))))
            except ImagepipeError as error:
                failures.append(error)
        yield from self.remove_the_rest(removed, tell)
        for failure in failures:
            raise failure

    def remove_the_rest(
        self, removed: Sequence[tuple[Person, Receipt]], tell: Callable[[Receipt], None]
    ) -> Steps[None]:
        """Remove what else is kept of persons whose faces are gone, and tell of each who is.

        Raise UnfinishedError where photos still name somebody.
        """
        taken_out = yield from self.mentions.remove(frozenset(person.id for person, _ in removed))
        for person, receipt in removed:
            if person.id not in taken_out.left:
                self.people.remove(person)
                photos = taken_out.photos.get(person.id, 0)
                tell(receipt._replace(forgotten_at=self.now(), photos_freed=photos))
        if taken_out.left:
            raise _not_made_anew(taken_out.left)

    def remove_biometrics(self, person: Person) -> Steps[Receipt]:
        """Mark a person, and remove the faces and the user; return what was removed."""
        marked = replace(person, status=PersonStatus.FORGETTING)
        if person.status is not PersonStatus.FORGETTING and not self.people.put(marked, person):
            raise _changed(person)
        faces = self._faces_of(marked)
        yield f"removing {len(faces)} faces of {person.name}"
        self._remove(marked, faces)
        yield f"removing the user of {person.name}"
        self.collection.delete_user(marked.id)
        yield "looking whether anything is left"
        if self._faces_of(marked) or marked.id in self.collection.users():
            raise UnfinishedError(
                "StillThere",
                f"{person.name} is still in {self.collection.collection_id}; run the command again",
            )
        searched = gone = 0
        for key in marked.keys.values():
            yield f"searching by {key}"
            searched_by_it = self._search_by(marked, key)
            searched, gone = searched + searched_by_it, gone + (not searched_by_it)
        return Receipt(
            person=marked.id,
            forgotten_at="",
            purpose=marked.consent.purpose,
            agreed_on=marked.consent.agreed_on,
            faces_removed=len(faces),
            photos_searched_by=searched,
            photos_gone=gone,
            photos_freed=0,
        )

    def remove_collection(self) -> None:
        """Remove the collection, once nobody is in the table. Raise UnfinishedError where somebody is."""
        if there := self.people.everybody():
            raise UnfinishedError(
                "SomebodyAdded",
                f"{there[0].name} was added meanwhile, so the collection stays; run the command again",
            )
        self.collection.delete()

    def remove_photos(self, person: Person, sources: frozenset[str]) -> Steps[int]:
        """Remove the faces that were taken from these photos; return how many there were."""
        faces = [face for face in self._faces_of(person) if source_of(face.external_id) in sources]
        yield f"removing {len(faces)} faces of {person.name}"
        self._remove(person, faces)
        left = person.without(sources)
        # Who has no face any more is not looked for.
        is_known = left.has_faces and left.photos
        faces_at = self.people.next_faces_at(self.now()) if is_known else ""
        if not self.people.put(replace(left, faces_at=faces_at), person):
            raise _changed(person)
        return len(faces)

    def shown_on(self, is_meant: Callable[[str], bool]) -> list[tuple[Person, frozenset[str]]]:
        """Return who was enrolled by objects with these keys, and by which of their photos."""
        found = []
        for person in self.people.everybody():
            sources = frozenset(source for source, key in person.keys.items() if is_meant(key))
            if sources:
                found.append((person, sources))
        return found

    def ended(self, today: str) -> list[Person]:
        """Return those whose consent is over, and those of whom it was begun."""
        return [
            person
            for person in self.people.everybody()
            if person.consent.has_ended(today) or person.status is PersonStatus.FORGETTING
        ]

    def remove_unowned(self) -> Steps[int]:
        """Remove faces and users of persons who are not in the table any more; return how many faces.

        A command that was adding, and was killed after the person had been forgotten, leaves them, and photos
        may name them. A user goes last, so that whoever is stopped before goes on. Who is in the table is
        read last: a person is there before any face is.
        """
        faces, users = self.collection.faces(), self.collection.users()
        there = [person.id for person in self.people.everybody()]
        unowned = [face for face in faces if _owner(face) and _owner(face) not in there]
        nobodys = (users | {_owner(face) for face in unowned}) - set(there)
        for user in sorted(nobodys):
            mine = [face.face_id for face in faces if face.user_id == user]
            yield f"removing what is left of {user}"
            self.collection.disassociate(user, mine)
            self.collection.delete_faces([face.face_id for face in unowned if _owner(face) == user])
        taken_out = yield from self.mentions.remove(frozenset(nobodys))
        for user in sorted(nobodys - taken_out.left):
            self.collection.delete_user(user)
        if taken_out.left:
            raise _not_made_anew(taken_out.left)
        return len(unowned)

    def faces_by_person(self) -> dict[str, int]:
        """Return how many faces are each user's, by its id."""
        counts: dict[str, int] = {}
        for face in self.collection.faces():
            if face.user_id:
                counts[face.user_id] = counts.get(face.user_id, 0) + 1
        return counts

    def _faces_of(self, person: Person) -> list[CollectionFace]:
        faces = self.collection.faces()
        return [face for face in faces if person.owns(face.external_id) or face.user_id == person.id]

    def _remove(self, person: Person, faces: Sequence[CollectionFace]) -> None:
        mine = [face.face_id for face in faces if face.user_id == person.id]
        if mine:
            self.collection.disassociate(person.id, mine)
        self.collection.delete_faces([face.face_id for face in faces])

    def _search_by(self, person: Person, key: str) -> bool:
        """Search by one of the person's photos; say whether there was one. Raise UnfinishedError if found."""
        image: dict[str, Any] = image_of(self.bucket, key)
        try:
            faces, users = self.collection.search(image)
        except UnusablePhotoError:
            return False
        if person.id in users or any(map(person.owns, faces)):
            raise UnfinishedError(
                "StillFound", f"{person.name} is still found by {key}; run the command again"
            )
        return True


def _owner(face: CollectionFace) -> str:
    """Return the id of the person whose face it is; empty where nobody here has put it there."""
    return owner_of(face.external_id) or face.user_id


def _not_made_anew(persons: Collection[str]) -> UnfinishedError:
    return UnfinishedError(
        "NotMadeAnew",
        f"photos that name {', '.join(sorted(persons))} are not made anew yet; look whether the pipeline "
        "works (imagepipe status), and run the command again",
    )


def _changed(person: Person) -> UnfinishedError:
    return UnfinishedError(
        "ChangedMeanwhile", f"{person.name} was changed by somebody else meanwhile; run the command again"
    )
