"""Photos that lack what people say of their content, for they were named by it only after it was corrected.

Whoever corrects a content has all photos made anew that are named by it. A name is written here, some seconds
after its record. So once it is, what people say of the content is read: of the two who come at the same time,
one at least sees the other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from aws.retries import RetryPolicy
from contract.quotas import KEYS_A_MESSAGE
from contract.records import Status
from contract.tallies import CountedImage


class CorrectionNumbers(Protocol):
    """Where corrections and records are. All is read as of now."""

    def corrections(self, content_ids: Collection[str]) -> Mapping[str, int]:
        """Return how often contents were corrected, of those that were."""

    def read_records(self, keys: Collection[str]) -> Mapping[str, Mapping[str, object]]:
        """Read the attributes of records, of those keys that have one."""


@dataclass(frozen=True)
class LateCorrections:
    """Finds them among photos that were just named. `ask` has keys looked at again."""

    store: CorrectionNumbers
    retry: RetryPolicy
    ask: Callable[[Sequence[str]], None]

    def ask_for(self, standing: Mapping[str, CountedImage]) -> None:
        """Have those looked at again whose records have other corrections than stand."""
        contents = {
            key: counted.share.content
            for key, counted in standing.items()
            if counted.share.status is Status.RECOGNIZED and counted.share.content is not None
        }
        if not contents:
            return
        numbers = self.retry(partial(self.store.corrections, set(contents.values())))
        doubtful = [key for key, content_id in contents.items() if content_id in numbers]
        records = self.retry(partial(self.store.read_records, doubtful)) if doubtful else {}
        late = sorted(
            key
            for key, record in records.items()
            if record.get("status") == Status.RECOGNIZED
            and record.get("corrections", 0) != numbers[contents[key]]
        )
        for start in range(0, len(late), KEYS_A_MESSAGE):
            self.ask(late[start : start + KEYS_A_MESSAGE])
