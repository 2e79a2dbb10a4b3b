"""What the adapter does that only DynamoDB asks for. What every table does is in test_conformance.py."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber
from mypy_boto3_dynamodb import DynamoDBClient

from contract import table
from contract.errors import ConfigurationError, ImagepipeError, ThrottledError, TransientError
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, from_wire, key_to_wire
from query_api.adapters import clients
from query_api.adapters import dynamodb as adapter
from query_api.adapters.clients import translated
from query_api.adapters.dynamodb import QueryTable
from query_api.search.postings import RowRange
from tests.query_api.conftest import TABLE_NAME, MotoTable
from tests.query_api.photos import commit, photo


@dataclass
class Forgetful:
    """A client that leaves all but one key of each call unprocessed."""

    client: DynamoDBClient
    asked: list[int] = field(default_factory=list)

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        request = RequestItems[TABLE_NAME]
        self.asked.append(len(request["Keys"]))
        first: Any = {TABLE_NAME: {**request, "Keys": request["Keys"][:1]}}
        answer = self.client.batch_get_item(RequestItems=first)
        left = {TABLE_NAME: {**request, "Keys": request["Keys"][1:]}} if request["Keys"][1:] else {}
        return {**answer, "UnprocessedKeys": left}


def test_keys_left_unprocessed_are_asked_for_again(moto_table: MotoTable) -> None:
    for key in "abc":
        commit(moto_table, photo(key))
    client, pauses = Forgetful(moto_table.client), list[float]()
    forgetful = replace(moto_table, client=cast("DynamoDBClient", client), pause=pauses.append)

    assert set(forgetful.records(["a", "b", "c"])) == {"a", "b", "c"}
    assert client.asked == [3, 2, 1]
    assert len(pauses) == 2


def test_keys_left_unprocessed_for_ever_are_throttling(moto_table: MotoTable) -> None:
    forgetful = replace(moto_table, client=cast("DynamoDBClient", Forgetful(moto_table.client)))

    with pytest.raises(ThrottledError, match="UnprocessedKeys"):
        forgetful.records([str(number) for number in range(adapter.UNPROCESSED_ROUNDS + 1)])


def test_a_page_that_dynamodb_ends_at_a_megabyte_is_read_on(moto_table: MotoTable) -> None:
    (partition, *_) = table.term_partitions("label:cat")
    everything = RowRange(partition, "!", "~")
    item = {"key": "k" * 300_000, "revision": "r"}
    for number in range(7):
        place = ItemKey(partition, f"{number}#digest#revision")
        moto_table.put(place, {**item, PARTITION_KEY: place.pk, SORT_KEY: place.sk})

    found = moto_table.rows([everything], 6)[0]
    assert [row.place for row in found] == [f"{number}#digest" for number in (6, 5, 4, 3, 2, 1)]


def test_records_and_rows_are_read_as_they_are_now(dynamodb: DynamoDBClient) -> None:
    place = key_to_wire(table.record_key("a"))
    with Stubber(dynamodb) as stub, ThreadPoolExecutor(1) as executor:
        stub.add_response(
            "batch_get_item",
            {"Responses": {}, "UnprocessedKeys": {}},
            {"RequestItems": {TABLE_NAME: {"Keys": [place], "ConsistentRead": True}}},
        )
        stub.add_response(
            "query",
            {"Items": []},
            {
                "TableName": TABLE_NAME,
                "KeyConditionExpression": "pk = :partition AND #sort BETWEEN :low AND :high",
                "ExpressionAttributeNames": {"#sort": "sk"},
                "ExpressionAttributeValues": {
                    ":partition": {"S": "p"},
                    ":low": {"S": "l"},
                    ":high": {"S": "s"},
                },
                "ScanIndexForward": False,
                "ConsistentRead": True,
                "Limit": 7,
            },
        )
        asked = QueryTable(dynamodb, TABLE_NAME, executor, lambda what, error: None)

        assert asked.records(["a"]) == {}
        assert asked.rows([RowRange("p", "l", "s")], 7) == [[]]
        stub.assert_no_pending_responses()


def test_the_client_owns_retrying_and_gives_up_before_the_function_does(dynamodb: DynamoDBClient) -> None:
    config = dynamodb.meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 3}  # type: ignore[attr-defined]
    assert clients.ATTEMPTS * (clients.CONNECT_SECONDS + clients.READ_SECONDS) < 10


def test_a_missing_table_is_the_deployments_fault(moto_table: MotoTable) -> None:
    absent = replace(moto_table, table_name="absent")

    for ask in (
        absent.check,
        lambda: absent.records(["a"]),
        lambda: absent.rows([RowRange("p", "l", "s")], 1),
    ):
        with pytest.raises(ConfigurationError, match=r"ResourceNotFoundException.*absent"):
            ask()


def client_error(code: str, status: int) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "so it is"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Query")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (client_error("ProvisionedThroughputExceededException", 400), ThrottledError),
        (client_error("ThrottlingException", 400), ThrottledError),
        (client_error("RequestLimitExceeded", 400), ThrottledError),
        (client_error("InternalServerError", 500), TransientError),
        (client_error("ServiceUnavailable", 503), TransientError),
        (client_error("AccessDeniedException", 400), ConfigurationError),
        (client_error("ResourceNotFoundException", 400), ConfigurationError),
        (client_error("UnrecognizedClientException", 400), ConfigurationError),
        (client_error("ValidationException", 400), ConfigurationError),
        (NoCredentialsError(), ConfigurationError),
        (EndpointConnectionError(endpoint_url="http://nowhere"), TransientError),
        (ReadTimeoutError(endpoint_url="http://nowhere"), TransientError),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else str(each)[:60],
)
def test_what_aws_says_is_said_in_our_words(error: Exception, word: type[ImagepipeError]) -> None:
    with pytest.raises(word, match="Query on images") as raised, translated("Query on images"):
        raise error
    assert type(raised.value) is word


def test_a_type_that_no_item_of_ours_has_is_a_defect() -> None:
    with pytest.raises(TypeError, match="XS"):
        from_wire({"labels": {"XS": ["Cat"]}})
    assert from_wire({"labels": {"SS": ["Cat"]}, "sizes": {"NS": ["1"]}}) == {
        "labels": frozenset({"Cat"}),
        "sizes": frozenset({1}),
    }
    assert from_wire({"a": {"L": [{"NULL": True}, {"BOOL": False}]}}) == {"a": [None, False]}
