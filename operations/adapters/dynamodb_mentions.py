"""The one table, as far as photos say that a person is on them: answers about faces, and records."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from aws.calls import pages, projection, write_if
from contract import table
from contract.face_search import FACES_ANSWERED
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, from_wire, key_to_wire, to_wire
from contract.records import pack, unpack
from operations.adapters.dynamodb import OperatedTable

_PERSONS, _ANSWER = "persons", "answer"


class PersonMention(NamedTuple):
    """An item that names a person; `answer` is what is kept of a face, None where the item is a record."""

    at: ItemKey
    answer: bytes | None

    @property
    def key(self) -> str:
        """The key of the photo, where the item is a record."""
        return self.at.pk.removeprefix(table.RECORD_PREFIX)


class DynamoDBMentions(OperatedTable):
    """Finds what names a person, and takes the name out of answers. Records are made anew by workers."""

    def find(self, person_id: str) -> Iterator[list[PersonMention]]:
        """Read the whole table, as of now, a megabyte at a time."""
        expression, names = projection((PARTITION_KEY, SORT_KEY, _PERSONS, _ANSWER))
        found = pages(
            self._call("Scan", self.client.scan),
            FilterExpression=f"begins_with(#{SORT_KEY}, :faces) OR attribute_exists(#{_PERSONS})",
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":faces": {"S": f"{FACES_ANSWERED}#"}},
            ConsistentRead=True,
        )
        for page in found:
            items = (from_wire(item) for item in page["Items"])
            yield [_mention(item) for item in items if _names(item, person_id)]

    def take_out(self, mention: PersonMention, person_id: str) -> None:
        """Write an answer about a face without the person, unless it was changed or removed meanwhile."""
        assert mention.answer is not None
        answer = unpack(mention.answer)
        matches = [match for match in answer["UserMatches"] if match["User"]["UserId"] != person_id]
        self._call("UpdateItem of an answer", partial(write_if, self.client.update_item))(
            Key=key_to_wire(mention.at),
            UpdateExpression=f"SET {_ANSWER} = :without",
            ConditionExpression=f"{_ANSWER} = :seen",
            ExpressionAttributeValues=to_wire(
                {":without": pack({**answer, "UserMatches": matches}), ":seen": mention.answer}
            ),
        )

    def has_rows(self, person_id: str) -> bool:
        """Return whether an index row still leads from the person to a photo."""
        query = self._call("Query of a person's rows", self.client.query)
        return any(
            page["Items"]
            for partition in table.term_partitions(table.person_term(person_id))
            for page in pages(
                query,
                KeyConditionExpression=f"{PARTITION_KEY} = :partition",
                ExpressionAttributeValues={":partition": {"S": partition}},
                ConsistentRead=True,
            )
        )


def _names(item: Mapping[str, Any], person_id: str) -> bool:
    """Return whether an item names the person. What cannot be read is nobody's mention."""
    if _ANSWER not in item:
        return person_id in item.get(_PERSONS, {})
    return any(match["User"]["UserId"] == person_id for match in unpack(item[_ANSWER])["UserMatches"])


def _mention(item: Mapping[str, Any]) -> PersonMention:
    return PersonMention(ItemKey(item[PARTITION_KEY], item[SORT_KEY]), item.get(_ANSWER))
