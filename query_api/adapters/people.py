"""Who agreed to be looked for, on DynamoDB."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aws.calls import pages
from contract.items import beginning_with
from contract.people import PEOPLE, PERSON_PREFIX, Person
from query_api.adapters.clients import translated
from query_api.adapters.readable import BROKEN, Unreadable, read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def read_names(
    client: "DynamoDBClient", table_name: str, today: Callable[[], str], unreadable: Unreadable
) -> Mapping[str, str]:
    """Return the names of persons by their ids, as of now, but for those who are not looked for any more."""
    found = pages(
        translated(f"Query of people on {table_name}")(client.query),
        TableName=table_name,
        **beginning_with(PEOPLE, PERSON_PREFIX),
    )
    names: dict[str, str] = {}
    for item in (read_item(each) for page in found for each in page["Items"]):
        try:
            person = Person.from_item(item)
        except BROKEN as error:
            unreadable(f"a person in the partition {PEOPLE}", error)
            continue
        if person.is_looked_for(today()):
            names[person.id] = person.name
    return names
