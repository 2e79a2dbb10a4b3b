"""The names of photos in what rules of alerts have to say: found, and taken out; the photos stay counted."""

from collections.abc import Callable, Mapping
from typing import Any

from aws.calls import WriteOutcome
from contract.alert_state import AlertState, examples_of, named_keys
from contract.items import ItemKey, from_wire, key_to_wire, to_wire
from operations.inventory import Trace, TraceKind

# What is read of an item to find names in it.
ALERTS_TRACED = ("examples", "sending")


def alert_traces(at: ItemKey, item: Mapping[str, Any], prefix: str) -> list[Trace]:
    """Return a trace for each key in an item of a rule that begins so."""
    keys = sorted({key for key in named_keys(item) if key.startswith(prefix)})
    return [Trace(TraceKind.ALERT, at, key, is_alive=False, content_id=None) for key in keys]


def forget_in_alert(
    read: Callable[..., Mapping[str, Any]], write: Callable[..., WriteOutcome], trace: Trace
) -> None:
    """Take a key out of an item. One that was changed meanwhile is left, and found again by the next look."""
    place = key_to_wire(trace.at)
    answer = read(Key=place, ConsistentRead=True)
    if "Item" not in answer:
        return
    state = AlertState.from_item(from_wire(answer["Item"]))
    left = state.without(lambda key: key == trace.key)
    if left == state:
        return
    values: dict[str, Any] = {
        ":seen": state.version,
        ":next": state.version + 1,
        ":examples": examples_of(left.examples),
    }
    change = "SET #examples = :examples, #version = :next"
    names = {"#examples": "examples", "#version": "version"}
    if left.sending is not None:
        change += ", #sending.#examples = :sending"
        names["#sending"] = "sending"
        values[":sending"] = examples_of(left.sending.examples)
    write(
        Key=place,
        UpdateExpression=change,
        ConditionExpression="#version = :seen",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=to_wire(values),
    )
