"""Writes to DynamoDB on a condition: that it does not hold is an outcome, and no error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError


class WriteOutcome(NamedTuple):
    """Whether a write was done, and what DynamoDB answered.

    The answer to a write that was not done has under `Item` what stands there instead, if it was asked for by
    `ReturnValuesOnConditionCheckFailure` and there is anything.
    """

    is_done: bool
    answer: Mapping[str, Any]


def write_if(call: Callable[..., Mapping[str, Any]], **request: Any) -> WriteOutcome:
    """Make a conditional write, by a method of the client. Raises what botocore raises of anything else."""
    try:
        return WriteOutcome(True, call(**request))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return WriteOutcome(False, error.response)
