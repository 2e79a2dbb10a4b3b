"""The meaning function as the processor calls it: a vector of an answer about labels, or of a thumbnail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from contract.errors import (
    ConfigurationError,
    ImagepipeError,
    NotReadyError,
    ThrottledError,
    TransientError,
    UnansweredError,
)
from contract.films import as_one_picture
from contract.meaning import VECTOR, labels_in, read_vector
from contract.metrics import Metric
from contract.photos import PhotoFacts
from contract.results import ResultName
from processors.adapters.invoking import Said, ask
from processors.permits import Permit, Permits
from processors.telemetry import Metrics

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from contract.policy import Policy
    from processors.pipeline.detection import TimeToRead


@dataclass(frozen=True)
class MeaningFunction:
    """Invokes the function, and waits for its vector. It is told no label that the policy hides."""

    client: "LambdaClient"
    name: str
    retry: RetryPolicy
    policy: "Policy | None" = None

    def vector(
        self, _name: ResultName, made_of: Mapping[str, Any], key: str, _permits: "TimeToRead"
    ) -> Mapping[str, Any]:
        """Return the answer that is kept: a vector, or none where there is no label.

        Raise a word for failure. What it does not answer is its own failure rather than a photo's.
        """
        try:
            response = as_one_picture(made_of)
            told = response if self.policy is None else self.policy.told(response, of_labels=True)
            labels = labels_in(told)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as fault:
            raise TransientError(
                "UnexpectedAnswer", f"the answer about labels of {key} lacks {fault!r}"
            ) from fault
        if not labels:
            return {VECTOR: None}
        said = ask(self.client, self.name, {"labels": labels}, key, self.retry)
        return _kept(said, key)


@dataclass(frozen=True)
class SeeingFunction:
    """Invokes the function that asks Bedrock about a photo's thumbnail, whenever there is a permit for it.

    `once` tries an invocation one time: whatever is tried again takes another permit.
    """

    client: "LambdaClient"
    name: str
    retry: RetryPolicy
    once: RetryPolicy
    metrics: Metrics

    def vector(
        self, name: ResultName, made_of: Mapping[str, Any], key: str, permits: Permits
    ) -> Mapping[str, Any]:
        """Return the answer that is kept: a vector, or none where the model refuses this picture for good.

        Raise a word for failure. The time to wait for the first permit is not part of the time for retries.
        """
        try:
            thumbnail = PhotoFacts.from_json(made_of).thumbnail_key(name.content_id)
        except (TypeError, ValueError) as fault:
            raise TransientError(
                "UnexpectedAnswer", f"what is kept of the picture {key} cannot be read: {fault}"
            ) from fault
        if thumbnail is None:
            return {VECTOR: None}
        permit: Permit | None = permits.wait(key)

        def attempt() -> Mapping[str, Any]:
            nonlocal permit
            mine, permit = permit or permits.wait(key), None
            said = ask(self.client, self.name, {"thumbnail": thumbnail}, key, self.once)
            failure = _failure_in(said)
            if isinstance(failure, ThrottledError):
                self.metrics.add(Metric.CALLS_THROTTLED)
                permits.throttled(mine)
            if failure is not None:
                raise failure
            if not said.has_failed and isinstance(said.answer.get("refused"), str):
                return {VECTOR: None, "refused": said.answer["refused"]}
            return _kept(said, key)

        return self.retry(attempt)


# What the function says in our words for failure; any other word of its is the photo's own failure.
_WORDS: Mapping[str, type[ImagepipeError]] = {
    word.__name__: word
    for word in (ConfigurationError, NotReadyError, ThrottledError, TransientError, UnansweredError)
}


def _failure_in(said: Said) -> ImagepipeError | None:
    match said.answer:
        case {"failed": {"word": str(word), "code": str(code), "message": str(message)}}:
            return _WORDS.get(word, TransientError)(code, message)
    return None


def _kept(said: Said, key: str) -> Mapping[str, Any]:
    """Return the vector that a function says, to be kept. Raise a word for failure where it says none."""
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
