"""The secrets by which cursors are signed: one item of the table, made anew by whoever needs it first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from aws.calls import write_if
from contract import table
from contract.table import PARTITION_KEY, key_to_wire, to_wire
from contract.timing import DAY_SECONDS
from query_api.adapters.aws_errors import translated
from query_api.adapters.dynamodb_items import read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROTATED_AFTER_SECONDS = 30 * DAY_SECONDS
# Every copy of the function looks again after this time. A new secret signs nothing for twice as long, so
# that all copies know it when the first cursor comes that it has signed.
KEPT_SECONDS = 3_600
LEAST_BYTES = 16


class Secrets(NamedTuple):
    """The newest secret, when it was made (seconds since 1970), and the one before it."""

    newest: bytes
    made_at: int
    previous: bytes | None = None

    def by_use(self, now: float) -> tuple[bytes, ...]:
        """Return the secret that signs, and then the other that is taken too."""
        if self.previous is None:
            return (self.newest,)
        is_known_to_all = now - self.made_at >= 2 * KEPT_SECONDS
        return (self.newest, self.previous) if is_known_to_all else (self.previous, self.newest)


@dataclass
class DynamoDBSecrets:
    """Reads the secrets and keeps them for an hour. `make` makes one, of 32 random bytes."""

    client: DynamoDBClient
    table_name: str
    make: Callable[[], bytes]
    now: Callable[[], float]
    _known: tuple[bytes, ...] = field(default=(), init=False)
    _read_at: float = field(default=0.0, init=False)

    def __call__(self) -> tuple[bytes, ...]:
        """Return the secret that signs, and then others that are taken. Raises ImagepipeError."""
        now = self.now()
        if not self._known or not 0 <= now - self._read_at < KEPT_SECONDS:
            self._known, self._read_at = self._current(now).by_use(now), now
        return self._known

    def _current(self, now: float) -> Secrets:
        item = self._read()
        found = _secrets(item)
        # One that was made by a clock far ahead would never be old.
        if found is not None and -KEPT_SECONDS < now - found.made_at < ROTATED_AFTER_SECONDS:
            return found
        made = Secrets(self.make(), int(now), found and found.newest)
        return made if self._replace(item, made) else _secrets(self._read()) or made

    def _read(self) -> Mapping[str, Any] | None:
        with translated(f"GetItem on {self.table_name}"):
            answer = self.client.get_item(
                TableName=self.table_name, Key=key_to_wire(table.signing_key()), ConsistentRead=True
            )
        return answer.get("Item")

    def _replace(self, seen: Mapping[str, Any] | None, made: Secrets) -> bool:
        """Put secrets there unless another copy of this function was first."""
        attributes = {"secret": made.newest, "made_at": made.made_at}
        if made.previous is not None:
            attributes["previous"] = made.previous
        with translated(f"PutItem on {self.table_name}"):
            return write_if(
                self.client.put_item,
                TableName=self.table_name,
                Item={**key_to_wire(table.signing_key()), **to_wire(attributes)},
                **_unless_changed(seen),
            ).is_done


def _unless_changed(seen: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the condition that the item is as it was seen: absent, of that time, or of no readable time."""
    if seen is None:
        return {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
    made_at = seen.get("made_at", {})
    if "N" not in made_at:
        return {
            "ConditionExpression": "NOT attribute_type(made_at, :number)",
            "ExpressionAttributeValues": {":number": {"S": "N"}},
        }
    return {"ConditionExpression": "made_at = :seen", "ExpressionAttributeValues": {":seen": made_at}}


def _secrets(item: Mapping[str, Any] | None) -> Secrets | None:
    """Read the item; None where it is absent or means nothing. One without a time is old."""
    if item is None:
        return None
    read = read_item(item)
    newest, made_at = _secret(read.get("secret")), read.get("made_at", 0)
    if newest is None or not isinstance(made_at, int | float):
        return None
    return Secrets(newest, int(made_at), _secret(read.get("previous")))


def _secret(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) >= LEAST_BYTES else None
