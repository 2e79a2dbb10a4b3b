"""What each event of a batch asks for, given the record and the object that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.errors import ImagepipeError
from contract.notifications import ImageEvent
from contract.records import ImageRecord
from processors.pipeline.decisions import Action, decide, needs_a_look
from processors.pipeline.objects import StoredObject

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable
    from processors.adapters.s3 import S3Objects


@dataclass(frozen=True)
class WorkItem:
    """One key to be dealt with: its event, the record and the object that were seen, and what to do."""

    event: ImageEvent
    seen: ImageRecord | None
    present: StoredObject | None
    action: Action

    @property
    def key(self) -> str:
        """The object's key."""
        return self.event.key


@dataclass(frozen=True)
class Triage:
    """Finds out what the events of one batch ask for. `clock` gives seconds since 1970."""

    records: ImageTable
    objects: S3Objects
    executor: Executor
    fingerprints: Mapping[str, str]
    clock: Callable[[], float]

    def sort(self, events: Mapping[str, ImageEvent]) -> tuple[list[WorkItem], dict[str, ImagepipeError]]:
        """Return a work item for each event, and the keys that could not be looked at, with the reason.

        Raises a word for failure if the records cannot be read: then nothing is known of any.
        """
        if not events:
            return [], {}
        read = self.records.read_records(list(events))
        failures = {key: record for key, record in read.items() if isinstance(record, ImagepipeError)}
        seen = {key: record for key, record in read.items() if isinstance(record, ImageRecord)}
        readable = [event for key, event in events.items() if key not in failures]
        found = self.executor.map(lambda event: self._present(event, seen.get(event.key)), readable)
        items: list[WorkItem] = []
        for event, present in zip(readable, found, strict=True):
            if isinstance(present, ImagepipeError):
                failures[event.key] = present
                continue
            record = seen.get(event.key)
            items.append(WorkItem(event, record, present, decide(event, present, record, self.fingerprints)))
        return items, failures

    def _present(self, event: ImageEvent, record: ImageRecord | None) -> StoredObject | ImagepipeError | None:
        """Return what object there is: as the event says or, where it cannot know, as the bucket shows."""
        if not needs_a_look(event, record, self.clock()):
            return None if event.version is None else StoredObject(event.version)
        try:
            return self.objects.look(event.key)
        except ImagepipeError as failure:
            return failure
