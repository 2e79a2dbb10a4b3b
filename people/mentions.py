"""What photos say of persons, taken out: of answers and corrections by us, of records by the workers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aws.calls import MAX_READS
from aws.queues import Outgoing, SqsQueue
from contract.notifications import look_again_parts
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from people.mentions_table import DynamoDBMentions, PersonMention
from people.progress import Steps

# On one machine no worker is at it for longer.
LOCAL_SETTLING_SECONDS = 5
LOOK_SECONDS = 2.0
# How often it is looked whether workers have made the records anew: ten minutes of looks.
MOST_LOOKS = 300
# How often the whole table is read: once, again to see that nothing is left, and for what came between.
MOST_PASSES = 3


class TakenOut(NamedTuple):
    """Of how many photos each person was taken out, by id, and who is still named by one."""

    photos: Mapping[str, int]
    left: frozenset[str]


@dataclass(frozen=True)
class MentionRemoval:
    """Takes persons who are not looked for any more out of all that is kept of photos.

    A worker that had read who is looked for before a person was marked may write for as long as it lasts:
    `settling_seconds`. `sleep` waits, `now` gives the time as text.
    """

    table: DynamoDBMentions
    queue: SqsQueue
    bucket: str
    now: Callable[[], str]
    sleep: Callable[[float], None]
    settling_seconds: float = PROCESSOR_TIMEOUT_SECONDS

    def remove(self, persons: frozenset[str]) -> Steps[TakenOut]:
        """Take these ids out of all that is kept."""
        photos, left = Counter[str](), frozenset[str]()
        if not persons:
            return TakenOut(photos, left)
        yield "waiting until no worker looks for them"
        self.sleep(self.settling_seconds)
        for _ in range(MOST_PASSES):
            named = yield from self._pass(persons - left)
            if not named:
                break
            self._ask_to_look([record.key for record in named])
            photos.update(person for record in named for person in record.persons)
            left |= _named_by((yield from self._made_anew(named)))
            if persons == left:
                break
        else:
            left |= _named_by(named)
        for person in sorted(persons - left):
            self.table.remove_rows(person)
        return TakenOut(photos, left)

    def _made_anew(self, named: Sequence[PersonMention]) -> Steps[list[PersonMention]]:
        """Wait until workers have made these records anew; return those that name persons still."""
        waiting, looks = list(named), 0
        while waiting and looks < MOST_LOOKS:
            looked_at, waiting = waiting[-MAX_READS:], waiting[:-MAX_READS]
            if still := self.table.still_named(looked_at):
                waiting += still
                looks += 1
                yield f"waiting until {len(waiting):,} photos are made anew"
                self.sleep(LOOK_SECONDS)
        return waiting

    def _pass(self, persons: frozenset[str]) -> Steps[list[PersonMention]]:
        """Go through the table: write answers, and what people say, without the persons.

        Return the records that name one.
        """
        yield "looking through what is kept of photos"
        records: list[PersonMention] = []
        corrected: set[str] = set()
        for mentions in self.table.find(persons):
            for mention in mentions:
                if mention.is_said:
                    corrected.update(self.table.take_out_of_said(mention))
                elif mention.answer is None:
                    records.append(mention)
                else:
                    self.table.take_out(mention)
        if others := sorted(corrected - {record.key for record in records}):
            self._ask_to_look(others)
        return records

    def _ask_to_look(self, keys: Sequence[str]) -> None:
        parts = look_again_parts(self.bucket, keys, self.now())
        messages = [Outgoing(str(number), body) for number, (_, body) in enumerate(parts)]
        for error in self.queue.send(messages).values():
            raise error


def _named_by(records: Sequence[PersonMention]) -> frozenset[str]:
    return frozenset(person for record in records for person in record.persons)
