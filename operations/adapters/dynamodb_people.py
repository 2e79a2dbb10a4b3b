"""The one table, as far as it says who agreed to be looked for."""

from functools import partial

from aws.calls import WriteOutcome, pages, write_if
from contract.items import PARTITION_KEY, SORT_KEY, from_wire, key_to_wire, to_wire
from contract.people import PEOPLE, PERSON_PREFIX, Person, person_key
from operations.adapters.dynamodb import OperatedTable


class DynamoDBPeople(OperatedTable):
    """The one table. What is read is as of now."""

    def find(self, name: str) -> Person | None:
        items = self._read([person_key(name)])
        return next((Person.from_item(from_wire(item)) for item in items), None)

    def everybody(self) -> list[Person]:
        """Return all persons, in order of their names."""
        found = pages(
            self._call("Query of people", self.client.query),
            KeyConditionExpression=f"{PARTITION_KEY} = :pk AND begins_with({SORT_KEY}, :person)",
            ExpressionAttributeValues={":pk": {"S": PEOPLE}, ":person": {"S": PERSON_PREFIX}},
            ConsistentRead=True,
        )
        return [Person.from_item(from_wire(item)) for page in found for item in page["Items"]]

    def put(self, person: Person, before: Person | None) -> bool:
        """Write a person who is as in `before`, or is not there; say whether that was so."""
        put = self._call(f"PutItem of {person.at.sk}", partial(write_if, self.client.put_item))
        written: WriteOutcome = put(Item=to_wire(person.to_item()), **_as(before))
        return written.is_done

    def remove(self, person: Person) -> None:
        """Remove a person, unless another of that name has come meanwhile."""
        self._call(f"DeleteItem of {person.at.sk}", partial(write_if, self.client.delete_item))(
            Key=key_to_wire(person.at),
            ConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": "id"},
            ExpressionAttributeValues={":id": {"S": person.id}},
        )


def _as(before: Person | None) -> dict[str, object]:
    if before is None:
        return {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
    return {
        "ConditionExpression": "#id = :id AND #status = :status",
        "ExpressionAttributeNames": {"#id": "id", "#status": "status"},
        "ExpressionAttributeValues": {":id": {"S": before.id}, ":status": {"S": str(before.status)}},
    }
