"""The meaning function as the processor calls it: a vector made of a raw answer about labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from contract.errors import TransientError, UnansweredError
from contract.films import as_one_picture
from contract.meaning import VECTOR, labels_in, read_vector
from processors.adapters.invoking import ask

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from contract.policy import Policy


@dataclass(frozen=True)
class MeaningFunction:
    """Invokes the function, and waits for its vector. It is told no label that the policy hides."""

    client: "LambdaClient"
    name: str
    retry: RetryPolicy
    policy: "Policy | None" = None

    def of_labels(self, response: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Return the answer that is kept: a vector, or none where there is no label.

        Raise a word for failure. What it does not answer is its own failure rather than a photo's.
        """
        try:
            response = as_one_picture(response)
            told = response if self.policy is None else self.policy.told(response, of_labels=True)
            labels = labels_in(told)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as fault:
            raise TransientError(
                "UnexpectedAnswer", f"the answer about labels of {key} lacks {fault!r}"
            ) from fault
        if not labels:
            return {VECTOR: None}
        said = ask(self.client, self.name, {"labels": labels}, key, self.retry)
        if said.has_failed:
            raise UnansweredError(
                "MeaningFunctionFailed", f"the meaning function came to no end about {key} {said.why}"
            )
        try:
            read_vector(said.answer[VECTOR])
        except (KeyError, TypeError, ValueError) as fault:
            raise TransientError(
                "UnexpectedAnswer", f"what the meaning function says of {key} is no vector: {fault!r}"
            ) from fault
        return {VECTOR: said.answer[VECTOR]}
