"""Lambda's side of the queue: a batch of SQS records in, exactly the failed message ids out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from contract.errors import ConfigurationError, ImagepipeError, PermanentError, TransientError
from contract.metrics import Metric
from processors.messages import FailedMessages, Message
from processors.pipeline.pipeline import MessageOutcome, Pipeline
from processors.runtime import Deadline
from processors.telemetry import Log, Metrics, PowertoolsMetrics

if TYPE_CHECKING:
    from processors.adapters.dynamodb_counters import DynamoDBDailyCounters


@dataclass(frozen=True)
class ImageBatch:
    """Works on a batch as a whole, and replies with the messages that SQS is to bring again.

    Reports every failed message, and nothing else; never raises because all have failed, for that would
    bring back the whole batch a second time.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """

    pipeline: Pipeline
    failed_messages: FailedMessages
    metrics: Metrics
    log: Log

    def answer(self, event: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """Work through one Lambda event and return the reply that Lambda's event source expects."""
        messages = [Message.from_record(record) for record in event["Records"]]
        hopeless = self.failed_messages.attempts.begin(messages)
        outcomes = {message_id: MessageOutcome((), failure) for message_id, failure in hopeless.items()}
        outcomes |= self._run([message for message in messages if message.id not in hopeless], deadline)
        failed = [
            (message, failure)
            for message in messages
            if (failure := outcomes[message.id].failure) is not None
        ]
        keys = {message_id: outcome.failed_keys for message_id, outcome in outcomes.items()}
        for message, failure in failed:
            self._tell(message, failure, keys[message.id])
        kept = self.failed_messages.settle(failed, keys)
        return {
            "batchItemFailures": [
                {"itemIdentifier": message.id} for message, _ in failed if message.id in kept
            ]
        }

    def _run(self, messages: Sequence[Message], deadline: Deadline) -> Mapping[str, MessageOutcome]:
        """Run the batch and, should a fault of ours stop it, each message alone: one must not cost others.

        What was paid for before the fault was saved, and is not paid for again.
        """
        try:
            return self.pipeline.run(messages, deadline)
        except Exception as fault:  # the edge of the program: told, and its message comes back
            self.log.exception("a fault of this program")
            if len(messages) == 1:
                return {messages[0].id: MessageOutcome((), TransientError("UnexpectedFault", f"{fault!r}"))}
        outcomes: dict[str, MessageOutcome] = {}
        for message in messages:
            outcomes.update(self._run([message], deadline))
        return outcomes

    def _tell(self, message: Message, failure: ImagepipeError, keys: tuple[str, ...]) -> None:
        facts = self.failed_messages.facts(message, failure, keys)
        if isinstance(failure, ConfigurationError):
            self.metrics.add(Metric.CONFIGURATION_ERRORS)
            self.log.error(f"configuration error, nothing is lost: {failure.message}", **facts)
        elif isinstance(failure, PermanentError):
            self.log.error(f"this message can never be processed: {failure.message}", **facts)
        else:
            self.log.warning(f"transient failure, will retry: {failure.message}", **facts)


@dataclass(frozen=True)
class Worker:
    """Answers Lambda events."""

    batch: ImageBatch
    metrics: PowertoolsMetrics
    daily_counters: "DynamoDBDailyCounters"
    log: Logger

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        # By the name that Powertools has for it, as in the lines of all other functions.
        self.log.append_keys(function_request_id=context.aws_request_id)
        try:
            return self.batch.answer(event, Deadline(context.get_remaining_time_in_millis))
        finally:
            counted = self.metrics.flush()
            try:
                self.daily_counters.add(counted)
            except ImagepipeError as failure:
                self.log.warning(f"counts of a batch were not added up: {failure.message}", code=failure.code)
