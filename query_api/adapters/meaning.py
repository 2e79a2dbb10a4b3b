"""Vectors: those of texts, by the meaning function, and those near them, by the table's index."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.session import Session

from aws.client_config import client_config
from contract.errors import ConfigurationError, TransientError
from contract.meaning import (
    CAPTURED,
    IN_SPACE,
    PART_OF,
    UPLOADED,
    VECTOR,
    VECTOR_INDEX,
    Vector,
    read_vector,
)
from contract.timing import QUERY_TIMEOUT_SECONDS
from query_api.adapters.clients import CONNECT_SECONDS, CONNECTIONS, translated
from query_api.ports import Narrowing, Neighbor, RangesRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

# Of the function's own time, for the search and the records.
SPARED_SECONDS = 2
# The last of what text can hold: all that begins with a prefix is before the prefix and this.
_LAST = "\U0010ffff"
_INVALID = "ValidationException"
_NO_RANGES = (
    "the vector index of {table} takes no ranges ({why}): until this process ends, questions by meaning that "
    "ask for a prefix or a time, and those of callers who may see some prefixes alone, are answered from the "
    "photos that are nearest of all, 1,600 at most; nobody is shown more than before (docs/search.md)"
)


def make_lambda_client(session: Session) -> "LambdaClient":
    """Make the client that asks functions: one attempt, which may take nearly all the time that there is."""
    config = client_config(
        connect_seconds=CONNECT_SECONDS,
        read_seconds=QUERY_TIMEOUT_SECONDS - SPARED_SECONDS,
        attempts=1,
        connections=CONNECTIONS,
    )
    return cast("LambdaClient", session.create_client("lambda", config=config))


@dataclass(frozen=True)
class TextVectors:
    """Asks the meaning function. `client` makes the client at the first such question: few need it.

    Where that is paid for, `take` counts each call before it is made.
    """

    client: "Callable[[], LambdaClient]"
    function: str
    take: "Callable[[], None] | None" = None

    def __call__(self, text: str) -> Vector:
        """Return the vector of a text. Raise ImagepipeError where there is none at the moment.

        Raise DayUsedUpError where none may be asked for today.
        """
        if self.take is not None:
            self.take()
        with translated(f"Invoke of {self.function}"):
            answer = self.client().invoke(
                FunctionName=self.function, Payload=json.dumps({"text": text}).encode()
            )
            said = answer["Payload"].read()
        with suppress(KeyError, TypeError, ValueError):
            return read_vector(json.loads(said)[VECTOR])
        raise TransientError(
            "MeaningFunctionFailed", f"the meaning function gave no vector of a text: {said[:300]!r}"
        )


@dataclass
class VectorIndex:
    """Searches one space of the index of vectors, its parts side by side.

    When the service was new, in August 2026, its conditions took `=` alone; its reference has ranges. Where
    they are refused and the same search without them is not, that is noticed once, and `warn` is told.
    """

    client: "DynamoDBClient"
    table_name: str
    executor: Executor
    space: str
    warn: "Callable[[str], None]"
    takes_ranges: bool = True

    def nearest(self, vector: Vector, within: Sequence[Narrowing], most: int) -> list[list[Neighbor]]:
        asked = [{"N": f"{number:.7g}"} for number in vector]
        try:
            if len(within) == 1:
                return [self._nearest(asked, within[0], most)]
            return list(self.executor.map(lambda each: self._nearest(asked, each, most), within))
        except ConfigurationError as refusal:
            narrowed = next((each for each in within if each.has_ranges), None)
            if refusal.code != _INVALID or narrowed is None:
                raise
            # If this is refused too, it was not for the ranges.
            self._nearest(asked, Narrowing(part=narrowed.part), most)
            self.takes_ranges = False
            self.warn(_NO_RANGES.format(table=self.table_name, why=refusal.message))
            raise RangesRefusedError from refusal

    def _nearest(self, vector: list[dict[str, str]], within: Narrowing, most: int) -> list[Neighbor]:
        condition = _Condition(within, self.space)
        with translated(f"SearchVectors on {self.table_name}"):
            answer: Mapping[str, Any] = self.client.search_vectors(
                TableName=self.table_name,
                IndexName=VECTOR_INDEX,
                SearchVector=cast("Any", vector),
                TopK=most,
                SearchConditionExpression=condition.expression,
                ExpressionAttributeNames=condition.names,
                ExpressionAttributeValues=cast("Any", condition.values),
                ProjectionExpression="#key, revision",
            )
        return [
            Neighbor(found["Item"]["key"]["S"], found["Item"]["revision"]["S"], 1 - float(found["Score"]))
            for found in answer["SearchResults"]
        ]


class _Condition:
    """A narrowing as SearchVectors takes it. A missing time of capture is in no span.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchFilterReference.html
    """

    def __init__(self, within: Narrowing, space: str) -> None:
        # `key` is a reserved word, and shown in any case.
        self.names = {"#key": "key", "#space": IN_SPACE}
        self.values: dict[str, Any] = {":space": {"S": space}}
        self.expression = " AND ".join(["#space = :space", *self._narrowed(within)])

    def _narrowed(self, within: Narrowing) -> Iterator[str]:
        if within.part is not None:
            number, parts = within.part
            self.names["#part"], self.values[":part"] = PART_OF[parts], {"S": f"{number:x}"}
            yield "#part = :part"
        for name, span in ((UPLOADED, within.uploaded), (CAPTURED, within.captured)):
            if span is not None:
                yield self._between(name, *span)
        if within.prefixes is not None:
            any_of = [self._between("key", prefix, prefix + _LAST) for prefix in within.prefixes]
            yield any_of[0] if len(any_of) == 1 else f"({' OR '.join(any_of)})"

    def _between(self, name: str, first: str, last: str) -> str:
        number = len(self.values)
        self.names[f"#{name}"] = name
        self.values |= {f":first{number}": {"S": first}, f":last{number}": {"S": last}}
        return f"#{name} BETWEEN :first{number} AND :last{number}"
