"""An import, page by page: whose each answer is, kept where the pipeline looks for it, and photos queued.

No record is written here. An answer is put where the processor keeps its own, on the condition that none is
there, and a photo all of whose answers are there is queued: the processor finds them, calls nobody, and
commits the record as it always does. A photo that lacks an answer is not queued, for that would be paid.

The steps are safe to be done again: what is there stays, what has its record is not queued.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from aws.calls import in_batches
from aws.queues import Outgoing, SqsQueue
from contract.key_filter import EVERY_KEY, KeyFilter
from contract.moments import to_text
from contract.notifications import look_again
from contract.photos import PICTURE
from contract.records import ImageVersion, content_id
from contract.results import Result, ResultName, pack
from contract.scenes import marked, unmarked
from operations.adapters.account import DeployedProcessor
from operations.adapters.dynamodb import ASSESSED
from operations.adapters.dynamodb_answers import DynamoDBAnswers, ImportOutcome
from operations.adapters.s3_objects import NamedObjects
from operations.film_hours import films_are_taken
from operations.importing.lines import BroughtPhoto
from operations.importing.questions import AnswerCheck, RefusedAnswerError
from operations.inventory import Listed
from operations.terminal import OperatorError

# An item of DynamoDB holds 400 KB, names and keys included.
MOST_PACKED_BYTES = 390_000
MESSAGES_AT_ONCE = 80


class Moved(NamedTuple):
    """Where photos of another bucket are now: their keys begin with `prefix` in place of `source`'s."""

    bucket: str
    source: str
    prefix: str

    def key_of(self, photo: BroughtPhoto) -> str | None:
        if photo.bucket != self.bucket or not photo.key.startswith(self.source):
            return None
        return self.prefix + photo.key.removeprefix(self.source)


class NumberedPhoto(NamedTuple):
    """A photo's answers, and where they were read, for people."""

    where: str
    photo: BroughtPhoto


class Refusal(NamedTuple):
    """What was not taken over. `what` is a key, and a detector where only its answer is meant."""

    where: str
    what: str
    reason: str


class _Meant(NamedTuple):
    """A photo's answers, and the key in our bucket that they are meant for."""

    where: str
    photo: BroughtPhoto
    key: str
    is_moved: bool


class _Matched(NamedTuple):
    """Answers, and the object that they are about. Its version matters where answers are not shared."""

    meant: _Meant
    listed: Listed
    version_id: str | None

    def content_id(self, *, shares_answers: bool) -> str:
        version = ImageVersion(self.listed.key, self.listed.etag, self.listed.size_bytes, self.version_id, "")
        return version.kept_by(shares_answers=shares_answers)


@dataclass
class Import:
    """Takes answers over. `clock` gives seconds since 1970.

    `asked_at` (seconds since 1970) is when the answers were had that do not say which bytes they are about:
    an object that has changed since is not theirs. `originals` finds objects of `moved`'s bucket,
    `keys` are those that are recognized.
    `kept` counts answers, `queued` photos, `lacking` photos by what else they would have to be asked.
    """

    bucket: str
    deployed: DeployedProcessor
    check: AnswerCheck
    table: DynamoDBAnswers
    objects: NamedObjects
    queue: SqsQueue
    clock: Callable[[], float]
    asked_at: float | None = None
    keys: KeyFilter = EVERY_KEY
    moved: Moved | None = None
    originals: NamedObjects | None = None
    kept: Counter[ImportOutcome] = field(default_factory=Counter)
    queued: int = 0
    current: int = 0
    archived: int = 0
    lacking: Counter[tuple[str, ...]] = field(default_factory=Counter)
    refused: int = 0

    @property
    def shares_answers(self) -> bool:
        return self.deployed.settings.answers_are_shared

    def take(self, page: Sequence[NumberedPhoto]) -> list[Refusal]:
        """Take a page over; return what was refused. Raise OperatorError if SQS takes no messages."""
        refusals: list[Refusal] = []
        meant = list(self._meant(page, refusals))
        matched = list(self._matched(meant, refusals))
        results = self._results(matched, refusals)
        outcomes = self.table.keep([result for result, _ in results.values()], self.clock)
        self.kept.update(outcomes)
        refusals += [
            Refusal(*at, "a worker is asking about the same content right now; import it again")
            for (_, at), outcome in zip(results.values(), outcomes, strict=True)
            if outcome is ImportOutcome.BEING_ASKED
        ]
        self._queue(matched)
        self.refused += len(refusals)
        return refusals

    def _meant(self, page: Sequence[NumberedPhoto], refusals: list[Refusal]) -> Iterator[_Meant]:
        for where, photo in page:
            moved = self.moved.key_of(photo) if self.moved else None
            key = photo.key if moved is None else moved
            if moved is None and photo.bucket not in (None, self.bucket):
                reason = (
                    f"it is about s3://{photo.bucket}; where its photos are in s3://{self.bucket} now, "
                    f"say so: --moved s3://{photo.bucket}/=PREFIX"
                )
                refusals.append(Refusal(where, photo.key, reason))
            elif not self.keys.accepts(key):
                refusals.append(Refusal(where, key, f"this deployment recognizes {self.keys} alone"))
            else:
                yield _Meant(where, photo, key, is_moved=moved is not None)

    def _matched(self, meant: Sequence[_Meant], refusals: list[Refusal]) -> Iterator[_Matched]:
        """Yield those that are about the bytes that are there now."""
        there = _found(self.objects, [each.key for each in meant])
        version_ids = self._version_ids(there)
        sources = [each.photo.key for each in meant if each.is_moved and not each.photo.names_its_bytes]
        originals = _found(self.originals, sources) if self.originals else {}
        for each in meant:
            if each.key not in version_ids:
                reason = f"there is no s3://{self.bucket}/{each.key}"
            else:
                matched = _Matched(each, there[each.key], version_ids[each.key])
                reason = self._difference(matched, originals.get(each.photo.key))
                if not reason:
                    yield matched
                    continue
            refusals.append(Refusal(each.where, each.key, reason))

    def _version_ids(self, there: Mapping[str, Listed]) -> Mapping[str, str | None]:
        """Return the version of each object, which is looked up only where answers are not shared."""
        if self.shares_answers:
            return dict.fromkeys(there)
        looked_at = self.objects.executor.map(self.objects.bucket.look, there)
        return {
            listed.key: found.version_id
            for listed, found in zip(there.values(), looked_at, strict=True)
            if found is not None and found.content_id == content_id(listed.etag, listed.size_bytes)
        }

    def _difference(self, matched: _Matched, original: Listed | None) -> str:
        """Return why answers are not about the bytes of an object; nothing where they are."""
        meant, listed, version_id = matched
        photo, what = meant.photo, "the object"
        if photo.names_its_bytes:
            if (photo.etag, photo.size_bytes) != (listed.etag, listed.size_bytes):
                return f"it is about other bytes (ETag {photo.etag}) than are there now (ETag {listed.etag})"
            is_other = not self.shares_answers and photo.version_id != version_id
            return "it is about another version, and answers are not shared here" if is_other else ""
        if self.asked_at is None:
            return (
                "it does not say which bytes it is about; say by --asked-at when such answers were had, so "
                "that an object that has changed since is not taken for theirs"
            )
        if meant.is_moved:
            what = f"s3://{photo.bucket}/{photo.key}"
            if (difference := self._from_original(listed, original, what)) or original is None:
                return difference
            listed = original
        return f"{what} was changed after --asked-at" if listed.modified_at > self.asked_at else ""

    def _from_original(self, listed: Listed, original: Listed | None, what: str) -> str:
        """Return why an object is not known to be a copy of its original; nothing where it is."""
        if not self.shares_answers:
            return "it was had of another object, and answers are not shared here"
        if original is None:
            return f"there is no {what} any more to compare its copy with"
        if (original.etag, original.size_bytes) != (listed.etag, listed.size_bytes):
            return (
                f"its copy (ETag {listed.etag}) and {what} (ETag {original.etag}) are not known to have the "
                "same bytes"
            )
        return ""

    def _results(
        self, matched: Sequence[_Matched], refusals: list[Refusal]
    ) -> dict[ResultName, tuple[Result, tuple[str, str]]]:
        """Return the answers that are to what is asked here, each with where it was read."""
        results: dict[ResultName, tuple[Result, tuple[str, str]]] = {}
        for each in matched:
            content = each.content_id(shares_answers=self.shares_answers)
            for detector, answer in each.meant.photo.answers.items():
                at = each.meant.where, f"{each.meant.key} ({detector})"
                try:
                    accepted = self.check.accept(detector, answer)
                except RefusedAnswerError as refused:
                    refusals.append(Refusal(*at, str(refused)))
                    continue
                if len(pack(accepted.response)) > MOST_PACKED_BYTES:
                    refusals.append(Refusal(*at, "it is larger than the table takes"))
                    continue
                name = ResultName(content, detector, accepted.fingerprint)
                called_at = answer.called_at or to_text(self.asked_at or each.listed.modified_at)
                results.setdefault(name, (Result(name, accepted.response, called_at), at))
        return results

    def _queue(self, matched: Sequence[_Matched]) -> None:
        """Queue photos that have no current record, and of which everything that costs a call is answered."""
        photos = {each.listed.key: each for each in matched}
        records = self.table.summaries(list(photos), ASSESSED)
        # What was rejected before films were taken is no record that stays.
        takes_films = films_are_taken(self.deployed.settings)
        to_do: list[_Matched] = []
        for key, each in photos.items():
            record = records.get(key)
            if record is not None and self.check.scenes:
                record = replace(record, fingerprints=unmarked(record.fingerprints))
            marks = self.deployed.fingerprints_of[key]
            if record is not None and record.is_current(each.listed, marks, takes_films=takes_films):
                self.current += 1
            else:
                to_do.append(each)
        wanted = {each.listed.key: self._names(each) for each in to_do}
        every = [name for names in wanted.values() for either in names.values() for name in either]
        there = self.table.lasting(list(dict.fromkeys(every)), self.clock())
        ready: list[str] = []
        for each in to_do:
            missing = tuple(
                detector for detector, either in wanted[each.listed.key].items() if there.isdisjoint(either)
            )
            if missing:
                self.lacking[missing] += 1
            elif each.listed.is_archived:
                self.archived += 1
            else:
                ready.append(each.listed.key)
        for some in in_batches(ready, MESSAGES_AT_ONCE):
            self._send(some)

    def _names(self, matched: _Matched) -> dict[str, tuple[ResultName, ...]]:
        """Return by detector the answers any of which is enough."""
        content = matched.content_id(shares_answers=self.shares_answers)
        return {
            detector: tuple(
                ResultName(content, detector, fingerprint)
                for fingerprint in (mark, *((marked(mark),) if self.check.scenes else ()))
            )
            for detector, mark in self.deployed.fingerprints_of[matched.listed.key].items()
            if detector != PICTURE
        }

    def _send(self, keys: Sequence[str]) -> None:
        now = to_text(self.clock())
        messages = [
            Outgoing(str(number), look_again(self.bucket, [key], now)) for number, key in enumerate(keys)
        ]
        refused = self.queue.send(messages)
        if refused:
            reason = next(iter(refused.values()))
            raise OperatorError(
                f"SQS did not take {len(refused)} of {len(keys)} messages ({reason.message}); "
                "the same command goes on from there"
            )
        self.queued += len(keys)


def _found(objects: NamedObjects, keys: Sequence[str]) -> dict[str, Listed]:
    ordered = sorted(set(keys), key=str.encode)
    return {listed.key: listed for some in objects.find(ordered) for listed in some}
