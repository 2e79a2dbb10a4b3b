"""Completions that a queue brings: read, taken, and brought again where that failed."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from contract.errors import ImagepipeError
from processors.telemetry import Log

Announced = TypeVar("Announced")


def take_messages(
    records: Sequence[Mapping[str, Any]],
    read: Callable[[Any], Announced],
    take: Callable[[Mapping[str, Announced]], Iterable[str]],
    log: Log,
) -> dict[str, Any]:
    """Take the completions of a batch; return which messages SQS has to bring again.

    `take` gets what was read by the ids of the messages, and returns those that it could not take; if it
    raises, it took none.
    """
    announced: dict[str, Announced] = {}
    failed: list[str] = []
    for record in records:
        try:
            announced[record["messageId"]] = read(json.loads(record["body"]))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            log.exception(f"the message {record['messageId']} is no completion", error=repr(fault))
            failed.append(record["messageId"])
    try:
        failed += take(announced)
    except ImagepipeError as error:
        log.exception("completions could not be taken, and come again", error=str(error))
        failed += announced
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
