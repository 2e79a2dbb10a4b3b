"""The secrets of cursors: made once, known to all copies of the function, and renewed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from mypy_boto3_dynamodb import DynamoDBClient

from contract.items import key_to_wire
from contract.table import signing_key
from query_api.adapters.dynamodb import ROTATED_AFTER_SECONDS, SECRETS_KEPT_SECONDS, DynamoDBSecrets
from tests.fakes.late_reads import LateReads
from tests.query_api.conftest import TABLE_NAME

START = 1_800_000_000.0


@dataclass
class Copies:
    """Copies of the function, which share a clock, and a table that is read late.

    `reads` counts what they read.
    """

    client: DynamoDBClient
    now: float = START
    numbers: Iterator[int] = field(default_factory=count)
    reads: int = 0

    def __post_init__(self) -> None:
        self.late: Any = LateReads(self.client, TABLE_NAME)
        self.client.meta.events.register("before-call.dynamodb.GetItem", self._count)

    def _count(self, **_: object) -> None:
        self.reads += 1

    def copy(self, make: Callable[[], bytes] | None = None) -> DynamoDBSecrets:
        return DynamoDBSecrets(self.late, TABLE_NAME, make or self.make, lambda: self.now)

    def make(self) -> bytes:
        return f"secret number {next(self.numbers):04}".encode()

    def put(self, **attributes: Any) -> None:
        self.late.put_item(TableName=TABLE_NAME, Item={**key_to_wire(signing_key()), **attributes})


@pytest.fixture
def copies(dynamodb: DynamoDBClient) -> Copies:
    return Copies(dynamodb)


FIRST, SECOND, THIRD = (f"secret number {number:04}".encode() for number in range(3))


def test_a_secret_is_made_once_for_all_copies_and_kept(copies: Copies) -> None:
    one, other = copies.copy(), copies.copy()

    assert [one(), one(), one()] == [(FIRST,)] * 3
    assert copies.reads == 1, "no more than once"
    assert other() == (FIRST,)


def test_of_two_copies_that_make_one_at_the_same_moment_the_first_wins(copies: Copies) -> None:
    other = copies.copy()

    def make_late() -> bytes:
        other()
        return b"this one comes too late"

    assert copies.copy(make_late)() == other() == (FIRST,)


def test_a_secret_is_renewed_after_a_month_and_the_one_before_is_taken_as_long(copies: Copies) -> None:
    copies.copy()()
    copies.now += ROTATED_AFTER_SECONDS

    assert copies.copy()() == (FIRST, SECOND), "the new one signs nothing until all copies know it"
    copies.now += 2 * SECRETS_KEPT_SECONDS
    assert copies.copy()() == (SECOND, FIRST)
    copies.now += ROTATED_AFTER_SECONDS
    assert copies.copy()() == (SECOND, THIRD), "the first is forgotten"


def test_no_copy_is_ever_shown_a_cursor_of_a_secret_that_it_does_not_know(copies: Copies) -> None:
    running = [copies.copy() for _ in range(4)]
    steps = 13 * 60
    for step in range(2 * ROTATED_AFTER_SECONDS // steps + 30):
        copies.now = START + steps * step
        # Hours are skipped in which nothing changes.
        if 20 < step % (ROTATED_AFTER_SECONDS // steps) < ROTATED_AFTER_SECONDS // steps - 5:
            continue
        signs = running[step % 4]()[0]
        assert all(signs in copy() for copy in running[: 1 + step % 4])


def test_of_two_copies_that_renew_it_at_the_same_moment_the_first_wins(copies: Copies) -> None:
    copies.copy()()
    copies.now += ROTATED_AFTER_SECONDS
    other = copies.copy()

    def make_late() -> bytes:
        other()
        return b"this one comes too late"

    assert copies.copy(make_late)() == other() == (FIRST, SECOND)


@pytest.mark.parametrize(
    "rubbish",
    [
        {},
        {"secret": {"S": "text"}, "made_at": {"N": str(START)}},
        {"secret": {"B": b""}, "made_at": {"N": "1"}},
        {"secret": {"B": b"short"}},
        {"secret": {"SS": ["a"]}, "made_at": {"SS": ["b"]}},
        {"secret": {"NULL": True}, "made_at": {"M": {"a": {"N": "1"}}}},
    ],
    ids=str,
)
def test_what_is_no_secret_is_replaced(copies: Copies, rubbish: dict[str, Any]) -> None:
    copies.put(**rubbish)

    assert copies.copy()() == copies.copy()() == (FIRST,)


@pytest.mark.parametrize("made_at", [{}, {"made_at": {"S": "yesterday"}}, {"made_at": {"N": str(9 * START)}}])
def test_a_secret_of_no_possible_time_is_renewed(copies: Copies, made_at: dict[str, Any]) -> None:
    copies.put(secret={"B": b"kept before there were times"}, **made_at)

    expected = (FIRST,) if "S" in str(made_at) else (b"kept before there were times", FIRST)
    assert copies.copy()() == copies.copy()() == expected
