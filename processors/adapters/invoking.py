"""Functions of ours as the processor asks them: what is to be known goes in, and what one says comes out."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from aws.retries import RetryPolicy
from processors.adapters.calls import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Said(NamedTuple):
    """What a function says; `has_failed` where it came to no end, and then Lambda says why."""

    has_failed: bool
    answer: Mapping[str, Any]

    @property
    def why(self) -> str:
        kind = self.answer.get("errorType", "no reason given")
        return f"({kind}): {self.answer.get('errorMessage', 'see its log')}"


def ask(client: "LambdaClient", name: str, asked: Mapping[str, Any], about: str, retry: RetryPolicy) -> Said:
    """Invoke a function, and wait for what it says. Raise a word for failure where it was not reached."""

    @translated(f"Invoke of {name} about {about}")
    def attempt() -> Said:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(asked).encode())
        said = json.loads(answer["Payload"].read() or b"null")
        return Said("FunctionError" in answer, said if isinstance(said, dict) else {})

    return retry(attempt)
