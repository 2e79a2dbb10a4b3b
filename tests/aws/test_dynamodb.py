"""What a batch, a page and a condition come to, on a client that answers as it is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws.calls import BatchGet, TableBatches, pages, write_if
from aws.errors import ErrorTranslator
from contract.errors import ConfigurationError, NotReadyError, ThrottledError, TransientError
from loadtest.simulation.outages import client_error

TRANSLATED = ErrorTranslator(NotReadyError, ConfigurationError, ConfigurationError)
KEYS = [{"pk": {"S": str(number)}} for number in range(230)]


class Table:
    """Answers for no more than `most` keys or puts a call; keeps what it was asked."""

    def __init__(self, most: int) -> None:
        self.most, self.asked = most, list[Any]()

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
        asked = RequestItems["table"]
        self.asked.append(asked)
        left = {"table": {**asked, "Keys": asked["Keys"][self.most :]}} if asked["Keys"][self.most :] else {}
        return {"Responses": {"table": asked["Keys"][: self.most]}, "UnprocessedKeys": left}

    def batch_write_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
        requests = RequestItems["table"]
        self.asked.append(requests)
        left = requests[self.most :]
        return {"UnprocessedItems": {"table": left} if left else {}}


def batches(table: Table, attempts: int) -> TableBatches:
    def retry(attempt: Callable[[], None]) -> None:
        for number in range(attempts):
            try:
                return attempt()
            except TransientError:
                if number == attempts - 1:
                    raise
        return None

    return TableBatches(table, "table", TRANSLATED, retry, ThreadPoolExecutor(1))  # type: ignore[arg-type]


def test_more_than_a_batch_takes_is_read_in_full_and_in_order() -> None:
    table = Table(most=60)

    assert batches(table, 2).read(KEYS, ("pk", "status")) == KEYS

    assert [len(asked["Keys"]) for asked in table.asked] == [100, 40, 100, 40, 30]
    assert all(
        asked["ExpressionAttributeNames"] == {"#pk": "pk", "#status": "status"} for asked in table.asked
    )
    assert all(asked["ConsistentRead"] for asked in table.asked)


def test_what_is_not_answered_for_to_the_end_is_throttling() -> None:
    with pytest.raises(ThrottledError, match="UnprocessedKeys"):
        batches(Table(most=60), 1).read(KEYS)


def test_a_batch_says_whether_there_is_more_to_be_asked_for() -> None:
    get = BatchGet(Table(most=1), "table", TRANSLATED, KEYS[:2], consistent=False)  # type: ignore[arg-type]

    assert [get.ask(), get.ask()] == [False, True]
    assert get.found == KEYS[:2]


def test_what_is_not_written_to_the_end_is_told_and_the_rest_is_written() -> None:
    puts = [{"PutRequest": {"Item": key}} for key in KEYS[:30]]

    undone = batches(Table(most=20), 1).write(puts)

    assert [put for put, _ in undone] == puts[20:25]
    assert {type(error) for _, error in undone} == {ThrottledError}
    assert batches(Table(most=20), 2).write(puts) == []


def test_what_nothing_was_said_of_is_not_taken_for_inserted() -> None:
    class Forgetful:
        def batch_execute_statement(self, *, Statements: Any) -> Any:  # noqa: N803
            return {"Responses": [{} for _ in Statements[1:]]}

    with pytest.raises(ValueError, match="shorter"):
        batches(Forgetful(), 1).insert(KEYS[:3])  # type: ignore[arg-type]


def test_pages_go_on_where_the_last_one_ended() -> None:
    answers = {None: {"Items": [1], "LastEvaluatedKey": "a"}, "a": {"Items": [2]}}

    def query(*, ExclusiveStartKey: str | None = None, Limit: int) -> Any:  # noqa: N803
        assert Limit == 7
        return answers[ExclusiveStartKey]

    assert [page["Items"] for page in pages(query, Limit=7)] == [[1], [2]]


def test_a_condition_that_does_not_hold_is_an_outcome_and_other_refusals_are_not() -> None:
    def refusing(code: str) -> Callable[..., Any]:
        def put(**_: Any) -> Any:
            raise client_error(code, "PutItem", "no", Item={"pk": {"S": "there"}})

        return put

    assert write_if(lambda **asked: asked, Key="a") == (True, {"Key": "a"})
    is_done, answer = write_if(refusing("ConditionalCheckFailedException"), Key="a")
    assert not is_done
    assert answer["Item"] == {"pk": {"S": "there"}}
    with pytest.raises(ClientError):
        write_if(refusing("ValidationException"), Key="a")
