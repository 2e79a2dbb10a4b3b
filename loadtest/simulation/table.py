"""The one table, as the processor's DynamoDB client sees it: what it holds, and what it costs.

Index rows are counted and not kept, for the processor never reads them; what is done with is forgotten
(`forget`), so that a long run needs no more memory than a short one. Expressions are compiled once: moto's
parser would take half of a run. Only what is in use is understood; the tests hold it to moto's.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, MutableMapping
from decimal import Decimal
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from contract.table import INDEX_PREFIX, RECORD, RECORD_PREFIX
from loadtest.simulation.outages import client_error
from local.rekognition.quotas import TokenBucket

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
PARTITION_WRITE_UNITS_A_SECOND = 1000
WRITE_UNIT_BYTES, READ_UNIT_BYTES = 1024, 4096
CONTENT_PREFIX = "content#"
Key = tuple[str, str]


class VirtualTable:
    """`on_record` is told of each record that is written; `broken` says which partitions do not answer."""

    def __init__(
        self,
        now: Callable[[], float],
        on_record: Callable[[str], None] = lambda _key: None,
        broken: Callable[[str], bool] = lambda _partition: False,
    ) -> None:
        self.items: MutableMapping[Key, Wire] = {}
        self.requests: Counter[str] = Counter()
        self.write_units: Counter[str] = Counter()
        self.read_units = 0
        self.throttled: Counter[str] = Counter()
        self.broken = broken
        self._now, self._on_record = now, on_record
        self._partitions: dict[str, TokenBucket] = {}
        self._of_content: defaultdict[str, set[Key]] = defaultdict(set)

    def batch_execute_statement(self, *, Statements: list[Any]) -> dict[str, Any]:
        self._begin("BatchExecuteStatement", "")
        return {"Responses": [self._insert(statement) for statement in Statements]}

    def get_item(self, *, TableName: str, Key: Wire, **asked: Any) -> dict[str, Any]:
        self._begin("GetItem", Key["pk"]["S"])
        item = self._read(key_of(Key), consistent=asked.get("ConsistentRead", False))
        self.read_units += _units(item or {}, READ_UNIT_BYTES)
        return {"Item": item} if item else {}

    def put_item(self, *, TableName: str, Item: Wire, **asked: Any) -> dict[str, Any]:
        return self._write("PutItem", Item, lambda _old: Item, asked)

    def update_item(
        self, *, TableName: str, Key: Wire, UpdateExpression: str, **asked: Any
    ) -> dict[str, Any]:
        change = update(UpdateExpression, _names(asked))
        values = asked.get("ExpressionAttributeValues", {})
        return self._write("UpdateItem", Key, lambda old: change({**Key, **old}, values), asked)

    def delete_item(self, *, TableName: str, Key: Wire, **asked: Any) -> dict[str, Any]:
        return self._write("DeleteItem", Key, lambda _old: None, asked)

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        ((table, asked),) = RequestItems.items()
        self._begin("BatchGetItem", "")
        consistent = asked.get("ConsistentRead", False)
        found = [self._read(key_of(key), consistent=consistent) for key in asked["Keys"]]
        self.read_units += sum(_units(item or {}, READ_UNIT_BYTES) for item in found)
        return {"Responses": {table: [item for item in found if item]}, "UnprocessedKeys": {}}

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        ((table, requests),) = RequestItems.items()
        assert len(requests) <= 25
        self._begin("BatchWriteItem", "")
        left = [request for request in requests if not self._write_row(request)]
        return {"UnprocessedItems": {table: left} if left else {}}

    def forget(self, key: str, content_id: str) -> bool:
        """Drop what stands about a key and its content; return whether its record was there."""
        for at in self._of_content.pop(f"{CONTENT_PREFIX}{content_id}", ()):
            self.items.pop(at, None)
        return self.items.pop((f"{RECORD_PREFIX}{key}", RECORD), None) is not None

    def _write(
        self, operation: str, key: Wire, make: Callable[[Wire], Wire | None], asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        at = key_of(key)
        self._begin(operation, at[0])
        old = self.items.get(at)
        text = asked.get("ConditionExpression")
        values = asked.get("ExpressionAttributeValues", {})
        if text is not None and not condition(text, _names(asked))(old or {}, values):
            self._spend(at, old or {}, operation)
            told = {"Item": old} if old and "ReturnValuesOnConditionCheckFailure" in asked else {}
            raise client_error("ConditionalCheckFailedException", operation, "not now", **told)
        new = make(old or {})
        self._spend(at, max(new or {}, old or {}, key=_size), operation)
        if new is None:
            self.items.pop(at, None)
        else:
            self._keep(at, new)
        shown = {"ALL_OLD": old, "ALL_NEW": new, "UPDATED_OLD": old, "UPDATED_NEW": new}
        returned = shown.get(asked.get("ReturnValues", "NONE"))
        return {"Attributes": returned} if returned else {}

    def _write_row(self, request: Wire) -> bool:
        item = put_or_key(request)
        at = key_of(item)
        try:
            self._spend(at, item, "BatchWriteItem")
        except ClientError:  # a throttled row is one that was left unprocessed
            return False
        if "DeleteRequest" in request:
            self.items.pop(at, None)
        else:
            self._keep(at, item)
        return True

    def _insert(self, statement: Wire) -> Wire:
        item = inserted(statement)
        self._spend(key_of(item), item, "BatchExecuteStatement")
        if key_of(item) in self.items:
            return {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}}
        self._keep(key_of(item), item)
        return {}

    def _read(self, at: Key, *, consistent: bool) -> Wire | None:
        return self.items.get(at)

    def _keep(self, at: Key, item: Wire) -> None:
        if at[0].startswith(INDEX_PREFIX):
            return
        self.items[at] = item
        if at[0].startswith(CONTENT_PREFIX):
            self._of_content[at[0]].add(at)
        if at[1] == RECORD:
            self._on_record(at[0].removeprefix(RECORD_PREFIX))

    def _begin(self, operation: str, partition: str) -> None:
        self.requests[operation] += 1
        if self.broken(partition):
            raise client_error("InternalServerError", operation, "as arranged")

    def _spend(self, at: Key, item: Wire, operation: str) -> None:
        """Count write units. A partition that many write to lets through no more than DynamoDB's would."""
        units, kind = _units(item, WRITE_UNIT_BYTES), _kind(at, item)
        if kind in ("index rows", "budget", "counts"):
            if at[0] not in self._partitions:
                self._partitions[at[0]] = TokenBucket(PARTITION_WRITE_UNITS_A_SECOND, self._now)
            if not self._partitions[at[0]].take(units):
                self.throttled[kind] += 1
                raise client_error("ProvisionedThroughputExceededException", operation, "a hot partition")
        self.write_units[kind] += units


def _kind(at: Key, item: Wire) -> str:
    if at[0].startswith(INDEX_PREFIX):
        return "index rows"
    if at[0].startswith(CONTENT_PREFIX):
        return "results" if "answer" in item else "claims"
    return {"image": "records", "quota": "budget"}.get(at[0].partition("#")[0], "counts")


def _units(item: Wire, unit_bytes: int) -> int:
    return max(1, math.ceil(_size(item) / unit_bytes))


def _size(item: Wire) -> int:
    """Return the size of an item in bytes, as DynamoDB counts: names and values."""
    return sum(len(name) + _value_size(value) for name, value in item.items())


def _value_size(tagged: Wire) -> int:
    ((tag, value),) = tagged.items()
    if tag == "M":
        return 3 + len(value) + _size(value)
    if tag == "L":
        return 3 + len(value) + sum(map(_value_size, value))
    return len(value) // 2 + 1 if tag == "N" else 1 if tag in ("BOOL", "NULL") else len(value)


def _names(asked: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(asked.get("ExpressionAttributeNames", {}).items())


def key_of(item: Wire) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def put_or_key(request: Wire) -> Wire:
    """Return the item that a request of BatchWriteItem puts, or the key that it deletes."""
    item: Wire = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
    return item


def inserted(statement: Wire) -> Wire:
    """Return the item that a statement of BatchExecuteStatement inserts."""
    names = re.findall(r"'(\w+)': \?", statement["Statement"])
    return dict(zip(names, statement["Parameters"], strict=True))


Wire = dict[str, Any]
Condition = Callable[[Wire, Wire], bool]
Update = Callable[[Wire, Wire], Wire]

_TOKEN = re.compile(r"\s*(<=|>=|<>|=|<|>|\(|\)|,|\+|-|[:#]?\w+)")
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "(": "(", ")": ")"}
_COMPARED = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CLAUSES = ("SET", "REMOVE", "ADD")

Names = tuple[tuple[str, str], ...]


@cache
def condition(text: str, names: Names = ()) -> Condition:
    """Compile a condition to a function of the item (empty, if there is none) and the values."""
    tokens, code = _Tokens(text, dict(names)), list[str]()
    while token := tokens.next():
        if token.upper() in _WORDS:
            code.append(_WORDS[token.upper()])
        elif token in ("attribute_exists", "attribute_not_exists"):
            tokens.expect("(")
            code.append(f"({tokens.path()!r} {'in' if token == 'attribute_exists' else 'not in'} item)")
            tokens.expect(")")
        else:
            left, sign = tokens.operand(token), _COMPARED[tokens.next()]
            code.append(f"compared({left}, {sign!r}, {tokens.operand(tokens.next())})")
    made: Condition = eval(f"lambda item, values: bool({' '.join(code)})", _SEEN_BY_CODE)
    return made


@cache
def update(text: str, names: Names = ()) -> Update:
    """Compile an update to a function of the item and the values that gives the new item."""
    tokens, steps, clause = _Tokens(text, dict(names)), list[str](), ""
    while token := tokens.next():
        if token.upper() in _CLAUSES:
            clause = token.upper()
        elif clause == "REMOVE":
            steps.append(f"new.pop({tokens.named(token)!r}, None)")
        elif clause == "ADD":
            at, by = tokens.named(token), tokens.operand(tokens.next())
            steps.append(f"put(new, {at!r}, added(item.get({at!r}) or {{'N': '0'}}, 1, {by}))")
        elif clause == "SET":
            tokens.expect("=")
            steps.append(f"put(new, {tokens.named(token)!r}, {_term(tokens)})")
        else:
            raise ValueError(f"no clause before {token!r} in {text!r}")
        if tokens.peek() == ",":
            tokens.next()
    code = f"lambda item, values: (new := dict(item), {', '.join(steps)})[0]"
    made: Update = eval(code, _SEEN_BY_CODE)
    return made


class _Tokens:
    """The words of an expression, from left to right; the empty word is the end."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._words: list[str] = _TOKEN.findall(text)
        if "".join(self._words) != "".join(text.split()):
            raise ValueError(f"not understood: {text!r}")
        self._names = names

    def peek(self) -> str:
        return self._words[0] if self._words else ""

    def next(self) -> str:
        return self._words.pop(0) if self._words else ""

    def expect(self, word: str) -> None:
        if (found := self.next()) != word:
            raise ValueError(f"expected {word!r}, found {found!r}")

    def path(self) -> str:
        return self.named(self.next())

    def named(self, word: str) -> str:
        return self._names[word] if word.startswith("#") else word

    def operand(self, word: str) -> str:
        if word == "if_not_exists":
            self.expect("(")
            at = self.path()
            self.expect(",")
            code = f"(item.get({at!r}) or {self.operand(self.next())})"
            self.expect(")")
            return code
        return f"values[{word!r}]" if word.startswith(":") else f"item.get({self.named(word)!r})"


def _term(tokens: _Tokens) -> str:
    left = tokens.operand(tokens.next())
    if tokens.peek() in ("+", "-"):
        sign = 1 if tokens.next() == "+" else -1
        return f"added({left}, {sign}, {tokens.operand(tokens.next())})"
    return left


def _compared(left: Wire | None, sign: str, right: Wire | None) -> bool:
    """Compare as DynamoDB does: what is not there, or of another type, is neither less nor more."""
    if left is None or right is None or left.keys() != right.keys():
        return sign == "!="
    ((tag, one),) = left.items()
    ((_, other),) = right.items()
    if tag == "N":
        one, other = Decimal(one), Decimal(other)
    return bool(_ORDER[sign](one, other))


def _added(left: Wire, sign: int, right: Wire) -> Wire:
    return {"N": str(Decimal(left["N"]) + sign * Decimal(right["N"]))}


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_SEEN_BY_CODE = {"compared": _compared, "added": _added, "put": dict.__setitem__, "bool": bool, "dict": dict}
