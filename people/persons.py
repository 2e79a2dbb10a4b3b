"""The one table, as far as it says who agreed to be looked for."""

from functools import partial

from aws.calls import WriteOutcome, pages, write_if
from contract.face_search import SCOPE_BEGINNING, WANTED_KEY, revision_at, time_after
from contract.items import (
    PARTITION_KEY,
    SORT_KEY,
    Item,
    beginning_with,
    from_wire,
    key_to_wire,
    to_wire,
)
from contract.people import PEOPLE, PERSON_PREFIX, Person, person_key
from people.table import PeopleTable


class DynamoDBPeople(PeopleTable):
    """The one table. What is read is as of now."""

    def find(self, name: str) -> Person | None:
        items = self.batches.read([key_to_wire(person_key(name))])
        return next((Person.from_item(from_wire(item)) for item in items), None)

    def everybody(self) -> list[Person]:
        """Return all persons, in order of their names."""
        return [Person.from_item(item) for item in self._beginning_with(PERSON_PREFIX)]

    def next_faces_at(self, now: str) -> str:
        """Return a time for faces that have changed just now: after all that answers are of, or are wanted.

        The clocks of those who enrol may differ.
        """
        items = self._beginning_with(SCOPE_BEGINNING)
        revisions = [
            int(item["revision"])
            if item[SORT_KEY] == WANTED_KEY.sk
            else revision_at(Person.from_item(item).faces_at)
            for item in items
        ]
        return max([now, *map(time_after, filter(None, revisions))])

    def put(self, person: Person, before: Person | None) -> bool:
        """Write a person who is as in `before`, or is not there; say whether that was so."""
        put = self._call(
            f"PutItem of the person {person.id}", partial(write_if, self.batches.client.put_item)
        )
        written: WriteOutcome = put(Item=to_wire(person.to_item()), **_as(before))
        return written.is_done

    def remove(self, person: Person) -> None:
        """Remove a person, unless another of that name has come meanwhile."""
        self._call(
            f"DeleteItem of the person {person.id}", partial(write_if, self.batches.client.delete_item)
        )(
            Key=key_to_wire(person.at),
            ConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": "id"},
            ExpressionAttributeValues={":id": {"S": person.id}},
        )

    def _beginning_with(self, beginning: str) -> list[Item]:
        query = self._call("Query of people", self.batches.client.query)
        found = pages(query, **beginning_with(PEOPLE, beginning))
        return [from_wire(item) for page in found for item in page["Items"]]


def _as(before: Person | None) -> dict[str, object]:
    if before is None:
        return {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
    return {
        # An `add` that has begun and ended since leaves the status as it was, and renews the consent.
        "ConditionExpression": "#id = :id AND #status = :status AND agreed_on = :agreed AND ends_on = :ends "
        "AND photos = :photos AND (attribute_not_exists(faces_at) OR faces_at = :faces_at)",
        "ExpressionAttributeNames": {"#id": "id", "#status": "status"},
        "ExpressionAttributeValues": to_wire(
            {
                ":id": before.id,
                ":status": str(before.status),
                ":agreed": before.consent.agreed_on,
                ":ends": before.consent.ends_on,
                ":photos": dict(before.photos),
                ":faces_at": before.faces_at,
            }
        ),
    }
