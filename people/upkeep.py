"""What is done about persons by itself: consents that have ended, and photos that are gone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contract.errors import ImagepipeError
from contract.people import PEOPLE_DUE, PHOTOS_DUE, Person, PersonStatus
from people.forgetting import PersonRemoval, Receipt
from people.progress import Steps, UnfinishedError, Value

# Says that an event happened, with these facts.
Tell = Callable[..., None]


@dataclass
class PersonUpkeep:
    """Carries out what is due. Killed anywhere, the next run goes on; one person's failure stops no other.

    What is told names no person and no photo. `is_gone` says of a key whether it is certain that no object is
    there; it raises ImagepipeError where that is not known.
    """

    removal: PersonRemoval
    is_gone: Callable[[str], bool]
    today: Callable[[], str]
    tell: Tell
    tell_failure: Tell

    def carry_out(self, due: str) -> Mapping[str, int]:
        """Do what is due, by its name. Raise UnfinishedError at the end where something is left."""
        work = {PEOPLE_DUE: self._forget_ended, PHOTOS_DUE: self._remove_gone}
        done, failures = work[due]()
        if failures:
            raise UnfinishedError(
                "PeopleLeft", f"{failures} times something of a person could not be removed; the log says why"
            )
        return {due: done}

    def _forget_ended(self) -> tuple[int, int]:
        """Forget whose consent is over, and remove what nobody owns; return of how many, and failures."""
        failures = 0
        removed: list[tuple[Person, Receipt]] = []
        for person in self.removal.ended(self.today()):
            try:
                removed.append((person, _finished(self.removal.remove_biometrics(person))))
            except ImagepipeError as error:
                failures += self._failed("the faces of a person stay", error, person.id)
        failures += self._remove_unowned()
        count = 0

        def tell(receipt: Receipt) -> None:
            nonlocal count
            count += 1
            self.tell("a person is forgotten, for the consent is over", receipt=receipt.to_json())

        try:
            _finished(self.removal.remove_the_rest(removed, tell))
        except ImagepipeError as error:
            failures += self._failed("photos still name persons", error)
        return count, failures

    def _remove_unowned(self) -> int:
        """Remove what a command left that was killed; return how many failures there were."""
        try:
            if unowned := _finished(self.removal.remove_unowned()):
                self.tell("faces of persons who had been forgotten are removed", faces=unowned)
        except ImagepipeError as error:
            return self._failed("faces that are nobody's stay, or photos name them", error)
        return 0

    def _remove_gone(self) -> tuple[int, int]:
        """Remove faces whose photo is in the bucket no more; return how many, and failures."""
        count = failures = 0
        for person in self.removal.people.everybody():
            if person.status is PersonStatus.FORGETTING:
                continue
            try:
                gone = frozenset(source for source, key in person.keys.items() if self.is_gone(key))
                if gone:
                    faces = _finished(self.removal.remove_photos(person, gone))
                    self.tell(
                        "photos of a person are gone, and so are the faces", person=person.id, faces=faces
                    )
                    count += faces
            except ImagepipeError as error:
                failures += self._failed("faces of photos that are gone stay", error, person.id)
        return count, failures

    def _failed(self, what: str, error: ImagepipeError, person: str = "") -> int:
        """Log that something is left, without the error's message: it may name a person, or a photo."""
        self.tell_failure(f"{what}; the next run tries again", cause=error.code, person=person)
        return 1


def _finished(steps: Steps[Value]) -> Value:
    """Go through all steps; return what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: Value = end.value
            return value
