"""The batch calls of SQS and SNS, complete: what an answer of 200 says of single entries is looked at.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws.errors import ErrorTranslator
from contract.errors import ConfigurationError, ImagepipeError, NotReadyError

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_ENTRIES = 10
MAX_BATCH_BYTES = 256 * 1024

Entry = Mapping[str, Any]


class EntryBatch:
    """One batch call with up to ten entries, each by an id of the caller's.

    `what` says what is done to which queue or topic. What is refused for a fault of the sender's is not tried
    again if `sender_faults_are_final`; else by its code.
    """

    def __init__(
        self,
        what: str,
        call: Callable[[list[dict[str, Any]]], Any],
        entries: Mapping[str, Entry],
        translated: ErrorTranslator,
        *,
        sender_faults_are_final: bool = True,
    ) -> None:
        self.failures: dict[str, ImagepipeError] = {}
        self._what, self._call, self._translated = what, call, translated
        self._sender_faults_are_final = sender_faults_are_final
        # The ids of entries have to be short, and of few characters.
        self._waiting = {str(place): each for place, each in enumerate(entries.items())}

    def attempt(self) -> None:
        """Make the call for what is not done yet. Raise NotReadyError if some of it is to be tried again."""
        with self._translated(self._what):
            answer = self._call([{"Id": place, **entry} for place, (_, entry) in self._waiting.items()])
        for done in answer.get("Successful", []):
            identifier, _ = self._waiting.pop(done["Id"])
            self.failures.pop(identifier, None)
        for failed in answer.get("Failed", []):
            is_final = failed.get("SenderFault") and self._sender_faults_are_final
            identifier, _ = self._waiting.pop(failed["Id"]) if is_final else self._waiting[failed["Id"]]
            self.failures[identifier] = self._failure(failed, is_final=is_final)
        if self._waiting:
            raise NotReadyError("BatchFailed", f"{self._what}: {len(self._waiting)} entries are undone")

    def undone(self, error: ImagepipeError) -> Mapping[str, ImagepipeError]:
        """Return why entries are undone, after an error that was the last of all attempts."""
        return {identifier: error for identifier, _ in self._waiting.values()} | self.failures

    def _failure(self, failed: Mapping[str, Any], *, is_final: bool) -> ImagepipeError:
        if is_final:
            message = f"{failed.get('Message', 'no reason given')} ({self._what})"
            return ConfigurationError(failed["Code"], message)
        return self._translated.word_for_entry(failed, self._what)
