"""Holding the table against the bucket, one round a day: what says that an event of S3's was lost.

A photo that S3 never told of waits in no queue and becomes no dead letter. So all keys are listed, and each
is held against its record; and more records than there are keys means that a deletion was lost.

Nothing that is merely under way is a difference. What is younger than an hour is not judged; of what has no
record, as much as messages wait for, dead letters among them, is taken to be theirs; and images that were
deleted while the round went on are taken off. While much waits, little can be found; the next rounds will.

The same bytes uploaded anew count as recognized, as they do in the tally. `imagepipe reconcile` tells them
apart, names every key, and puts it right.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from aws.retries import RetryPolicy
from contract.metrics import TallyMetric
from contract.tallies import NOW, AuditRound
from contract.timing import AUDIT_SECONDS, SETTLED_SECONDS
from processors.telemetry import Log

if TYPE_CHECKING:
    from processors.adapters.audits import DynamoDBAudits

RESERVE_SECONDS = 30
MOST_NAMED = 10


class ListedPhoto(NamedTuple):
    """An object as a listing shows it; `modified_at` is in seconds since 1970."""

    key: str
    content_id: str
    modified_at: float


class ListedPage(NamedTuple):
    """The next current objects that are meant, in the order of their keys. `last_key` is the last that was
    looked at, meant or not; None where the bucket ends.
    """

    photos: Sequence[ListedPhoto]
    last_key: str | None


@dataclass(frozen=True)
class Audit:
    """Goes on with the day's round.

    `page` lists the next current objects behind a key. `waiting` says for how many photos messages wait at
    the most.
    """

    page: Callable[[str], ListedPage]
    store: "DynamoDBAudits"
    waiting: Callable[[], int]
    retry: RetryPolicy
    count: Callable[[TallyMetric, int], None]
    log: Log
    clock: Callable[[], float]

    def answer(self, wanted: object, seconds_left: Callable[[], float]) -> dict[str, object]:
        """Look at keys until the round is done or time is up; `now` begins a round before it is due."""
        so_far = self._due(wanted)
        if so_far is None:
            return {"audited": 0}
        before = so_far.listed
        waiting = self.retry(self.waiting)
        differing: list[str] = []
        while seconds_left() > RESERVE_SECONDS:
            page = self.retry(partial(self.page, so_far.after))
            if page.last_key is None:
                so_far = so_far._replace(is_done=True)
                break
            differing += self._differing(page.photos)
            so_far = so_far._replace(after=page.last_key, listed=so_far.listed + len(page.photos))
        so_far = so_far._replace(differing=so_far.differing + max(0, len(differing) - waiting))
        gone = max(0, self._without_photo(so_far) - waiting) if so_far.is_done else 0
        self.retry(partial(self.store.keep, so_far))
        found = so_far.differing + gone
        if found:
            self.log.error(
                "the bucket and the table differ: run `imagepipe reconcile --fix`",
                photos_without_their_record=so_far.differing,
                records_without_photo=gone,
                some_keys=differing[:MOST_NAMED],
                waiting=waiting,
            )
        if found or so_far.is_done:
            self.count(TallyMetric.DIFFERENCES_FOUND, found)
        return {
            "audited": so_far.listed - before,
            "photos_without_their_record": so_far.differing,
            "records_without_photo": gone,
            "waiting": waiting,
            "is_done": so_far.is_done,
        }

    def _due(self, wanted: object) -> AuditRound | None:
        """Return the round to go on with, which may be a new one, or None before it is time for that."""
        last, now = self.retry(self.store.last_round), self.clock()
        if last is not None and not last.is_done:
            return last
        if last is not None and wanted != NOW and now - last.began_at < AUDIT_SECONDS:
            return None
        return AuditRound(
            int(now), self.retry(self.store.images), self.retry(partial(self.store.deletions, now, now))
        )

    def _differing(self, page: Sequence[ListedPhoto]) -> list[str]:
        """Return the keys that have no record, or that of other bytes."""
        settled = [listed for listed in page if listed.modified_at <= self.clock() - SETTLED_SECONDS]
        recorded = self.store.contents([listed.key for listed in settled])
        return [listed.key for listed in settled if recorded.get(listed.key) != listed.content_id]

    def _without_photo(self, done: AuditRound) -> int:
        """Return how many records at least were there all the time and have no photo.

        What was uploaded meanwhile is in the later count alone. What was deleted is in the earlier one alone,
        or, where as many were uploaded, in neither difference: so deletions are taken off.
        """
        images = min(done.images, self.retry(self.store.images))
        worked = self.retry(partial(self.store.deletions, done.began_at, self.clock())) - done.deletions
        return images - done.listed - worked
