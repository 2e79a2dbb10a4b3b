"""Lambda's side of the queue: a batch of SQS records in, exactly the failed message ids out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import BasePartialBatchProcessor, EventType

from contract.counts import Count
from contract.errors import ConfigurationError, ImagepipeError, PermanentError, TransientError
from processors.attempts import Attempts
from processors.deadline import Deadline
from processors.handing_back import HandBack
from processors.messages import Message
from processors.pipeline import Outcome, Pipeline
from processors.telemetry import Counter, Log


class ImageBatch(BasePartialBatchProcessor):
    """Powertools' partial-batch reply around a pipeline that works on the batch as a whole.

    Reports every failed message, and nothing else; never raises because all have failed, for that would
    bring back the whole batch a second time.
    """

    def __init__(
        self, pipeline: Pipeline, attempts: Attempts, hand_back: HandBack, counter: Counter, log: Log
    ) -> None:
        super().__init__(EventType.SQS, raise_on_entire_batch_failure=False)
        self._pipeline = pipeline
        self._attempts = attempts
        self._hand_back = hand_back
        self._counter = counter
        self._log = log
        self._failures: Mapping[str, ImagepipeError] = {}

    def answer(self, event: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """Work through one Lambda event and give the reply that Lambda's event source expects."""
        self.records = event["Records"]
        messages = [Message.from_record(record) for record in self.records]
        hopeless = self._attempts.begin(messages)
        outcomes = {message_id: Outcome((), failure) for message_id, failure in hopeless.items()}
        outcomes |= self._run([message for message in messages if message.id not in hopeless], deadline)
        failed = [
            (message, failure)
            for message in messages
            if (failure := outcomes[message.id].failure) is not None
        ]
        for message, failure in failed:
            self._tell(message, failure)
        kept = self._hand_back.settle(
            failed,
            {message_id: outcome.failed_keys for message_id, outcome in outcomes.items()},
            self._attempts,
        )
        self._failures = {message.id: failure for message, failure in failed if message.id in kept}
        with self:
            self.process()
        return dict(self.response())

    def _run(self, messages: Sequence[Message], deadline: Deadline) -> Mapping[str, Outcome]:
        """Run the batch and, should a fault of ours stop it, each message alone: one must not cost others.

        What was paid for before the fault was saved, and is not paid for again.
        """
        try:
            return self._pipeline.run(messages, deadline)
        except Exception as fault:  # noqa: BLE001 - the edge of the program: told, and its message comes back
            self._log.fault("a fault of this program", fault)
            if len(messages) == 1:
                return {messages[0].id: Outcome((), TransientError("UnexpectedFault", f"{fault!r}"))}
        outcomes: dict[str, Outcome] = {}
        for message in messages:
            outcomes.update(self._run([message], deadline))
        return outcomes

    def _process_record(self, record: dict[str, Any]) -> tuple[str, Any, Any]:
        failure = self._failures.get(record["messageId"])
        data = self._to_batch_type(record, event_type=EventType.SQS)
        if failure is None:
            return self.success_handler(record=data, result=None)
        return self.failure_handler(record=data, exception=(type(failure), failure, failure.__traceback__))

    async def _async_process_record(self, record: dict[str, Any]) -> tuple[str, Any, Any]:
        return self._process_record(record)

    def _tell(self, message: Message, failure: ImagepipeError) -> None:
        facts = {
            "message_id": message.id,
            "receive_count": message.receive_count,
            "code": failure.code,
            "detector": failure.detector,
        }
        if isinstance(failure, ConfigurationError):
            self._counter.add(Count.CONFIGURATION_ERRORS)
            self._log.error(f"the deployment is at fault, nothing is lost: {failure.message}", **facts)
        elif isinstance(failure, PermanentError):
            self._log.error(f"this message can never be work: {failure.message}", **facts)
        else:
            self._log.warning(f"to be tried again: {failure.message}", **facts)
