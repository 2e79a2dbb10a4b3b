"""The one table, as far as it names who is on photos: answers about faces, corrections, and records."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

from aws.calls import pages, projection, write_if
from contract import film_persons, table
from contract.corrections import CORRECTIONS, Corrections
from contract.face_search import FACES_ANSWERED
from contract.film_jobs import JobVerdict
from contract.items import (
    PARTITION_KEY,
    SORT_KEY,
    ItemKey,
    beginning_with,
    from_wire,
    key_of,
    key_to_wire,
    to_wire,
)
from contract.results import pack, unpack
from contract.tallies import NAME_PREFIX, UNREADABLE
from people.table import PeopleTable

_PERSONS, _ANSWER, _CHANGES = "persons", "answer", "changes"
_FAULTS = (*UNREADABLE, RecursionError, zlib.error)


class PersonMention(NamedTuple):
    """An item that names some `persons`: a record, corrections, or the `answer` about a face, or a film."""

    at: ItemKey
    answer: bytes | None
    persons: frozenset[str]

    @property
    def is_said(self) -> bool:
        """Whether the item is what people say of a photo."""
        return self.at.sk == CORRECTIONS

    @property
    def key(self) -> str:
        """The key of the photo, where the item is a record."""
        return self.at.pk.removeprefix(table.RECORD_PREFIX)


class DynamoDBMentions(PeopleTable):
    """Finds what names a person, and takes the name out of answers. Records are made anew by workers."""

    def find(self, persons: frozenset[str]) -> Iterator[list[PersonMention]]:
        """Read the whole table for what names one of these, as of now, a megabyte at a time."""
        expression, names = projection((PARTITION_KEY, SORT_KEY, _PERSONS, _ANSWER, _CHANGES))
        found = pages(
            self._call("Scan", self.batches.client.scan),
            FilterExpression=(
                f"begins_with(#{SORT_KEY}, :faces) OR attribute_exists(#{_PERSONS}) OR #{SORT_KEY} = :said"
            ),
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":faces": {"S": f"{FACES_ANSWERED}#"}, ":said": {"S": CORRECTIONS}},
            ConsistentRead=True,
        )
        for page in found:
            items = (from_wire(item) for item in page["Items"])
            yield [mention for item in items if (mention := _mention(item, persons)).persons]

    def take_out(self, mention: PersonMention) -> None:
        """Write an answer about a face without its persons, whoever else writes it meanwhile.

        One that cannot be read may name anybody, and is of use to nobody: it is removed.
        """
        get, update, delete = (
            self._call("GetItem of an answer", self.batches.client.get_item),
            self._call("UpdateItem of an answer", partial(write_if, self.batches.client.update_item)),
            self._call("DeleteItem of an answer", partial(write_if, self.batches.client.delete_item)),
        )
        at, seen = key_to_wire(mention.at), mention.answer
        while seen is not None:
            values, condition = {":seen": seen}, f"{_ANSWER} = :seen"
            if (answer := _read(seen)) is None:
                written = delete(
                    Key=at, ConditionExpression=condition, ExpressionAttributeValues=to_wire(values)
                )
            else:
                written = update(
                    Key=at,
                    UpdateExpression=f"SET {_ANSWER} = :without",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_wire(
                        {**values, ":without": pack(_without(answer, mention.persons))}
                    ),
                )
            if written.is_done:
                return
            seen = from_wire(get(Key=at, ConsistentRead=True).get("Item", {})).get(_ANSWER)

    def take_out_of_said(self, mention: PersonMention) -> list[str]:
        """Write what people say of a content without its persons; return the keys of the content.

        The tally has named those, some seconds late.
        """
        get, update = (
            self._call("GetItem of corrections", self.batches.client.get_item),
            self._call("UpdateItem of corrections", partial(write_if, self.batches.client.update_item)),
        )
        while "Item" in (found := get(Key=key_to_wire(mention.at), ConsistentRead=True)):
            said = Corrections.from_item(from_wire(found["Item"]))
            without = reduce(Corrections.without_person, mention.persons, said)
            if without is said:
                break
            if update(Key=key_to_wire(mention.at), **_written_over(said, without)).is_done:
                break
        return self._keys_of(mention.at.pk)

    def _keys_of(self, partition: str) -> list[str]:
        found = pages(
            self._call("Query of a content's names", self.batches.client.query),
            **beginning_with(partition, NAME_PREFIX),
        )
        return [str(from_wire(item)["key"]) for page in found for item in page["Items"]]

    def still_named(self, records: Sequence[PersonMention]) -> list[PersonMention]:
        """Return those of up to a hundred records that name some of their persons still, as of now."""
        persons = {record.at: record.persons for record in records}
        read = self.batches.read([key_to_wire(at) for at in persons], (PARTITION_KEY, SORT_KEY, _PERSONS))
        now = [_mention(from_wire(item), persons[key_of(item)]) for item in read]
        return [mention for mention in now if mention.persons]

    def remove_rows(self, person_id: str) -> None:
        """Remove the index rows that lead from a person to photos, once no record names the person.

        They are of a worker that was killed before it had removed them, or before it wrote its record.
        """
        query = self._call("Query of a person's rows", self.batches.client.query)
        for partition in table.term_partitions(table.person_term(person_id)):
            found = pages(
                query,
                KeyConditionExpression=f"{PARTITION_KEY} = :partition",
                ExpressionAttributeValues={":partition": {"S": partition}},
                ConsistentRead=True,
            )
            for page in found:
                rows = [key_to_wire(key_of(item)) for item in page["Items"]]
                for _, error in self.batches.write([{"DeleteRequest": {"Key": row}} for row in rows]):
                    raise error


def _written_over(seen: Corrections, after: Corrections) -> dict[str, Any]:
    """Return what an UpdateItem asks for that takes persons out of corrections, if they stand as seen.

    What the tally has put beside them, as when they expire with their content, stays.
    """
    item = after.to_item()
    values = {name: item[name] for name in ("number", _CHANGES, _PERSONS) if name in item}
    sets = "SET " + ", ".join(f"#{name} = :{name}" for name in values)
    return {
        "UpdateExpression": sets if _PERSONS in values else f"{sets} REMOVE #{_PERSONS}",
        "ConditionExpression": "#number = :seen",
        "ExpressionAttributeNames": {f"#{name}": name for name in ("number", _CHANGES, _PERSONS)},
        "ExpressionAttributeValues": to_wire(
            {":seen": seen.number, **{f":{name}": value for name, value in values.items()}}
        ),
    }


def _read(packed: bytes) -> Mapping[str, Any] | None:
    """Return an answer about a face, or a film; None where it cannot be read."""
    try:
        answer = unpack(packed)
        _persons_in(answer)
    except _FAULTS:
        return None
    return answer


def _persons_in(answer: Mapping[str, Any]) -> set[str]:
    if film_persons.IN_FILM in answer:
        return film_persons.persons_in(answer)
    return {match["User"]["UserId"] for match in answer["UserMatches"]}


def _without(answer: Mapping[str, Any], persons: frozenset[str]) -> dict[str, Any]:
    if film_persons.IN_FILM in answer:
        return film_persons.without_persons(answer, persons)
    kept = [match for match in answer["UserMatches"] if match["User"]["UserId"] not in persons]
    return {**answer, "UserMatches": kept}


def _mention(item: Mapping[str, Any], persons: frozenset[str]) -> PersonMention:
    """Return which of the persons an item names: all, where it is an answer that cannot be read."""
    packed = item.get(_ANSWER)
    named: set[str] = set(item.get(_PERSONS, {}))
    if item[SORT_KEY] == CORRECTIONS:
        changed = [each[_PERSONS].values() for each in item.get(_CHANGES, []) if _PERSONS in each]
        named.update(person for parts in changed for those in parts for person in those)
    elif packed is not None and not str(item[SORT_KEY]).endswith(JobVerdict.MARK):
        answer = _read(packed)
        named = set(persons) if answer is None else _persons_in(answer)
    return PersonMention(ItemKey(item[PARTITION_KEY], item[SORT_KEY]), packed, persons & named)
