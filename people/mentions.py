"""What photos say of persons, taken out: of answers and corrections by us, of records by the workers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aws.queues import Outgoing, SqsQueue
from contract.notifications import look_again
from contract.quotas import KEYS_A_MESSAGE
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from people.mentions_table import DynamoDBMentions, PersonMention
from people.progress import Steps, UnfinishedError

# On one machine no worker is at it for longer.
LOCAL_SETTLING_SECONDS = 5
LOOK_SECONDS = 2.0
# How often it is looked whether workers have made the records anew: ten minutes of looks.
MOST_LOOKS = 300


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

    def remove(self, persons: frozenset[str]) -> Steps[Mapping[str, int]]:
        """Take these ids out; return of how many photos each. Raise UnfinishedError where some are left."""
        freed = Counter[str]()
        if not persons:
            return freed
        yield "waiting until no worker looks for them"
        self.sleep(self.settling_seconds)
        asked: set[str] = set()
        for _ in range(MOST_LOOKS):
            found = yield from self._pass(persons)
            if not found and not any(map(self.table.has_rows, persons)):
                return freed
            new = [record for record in found if record.key not in asked]
            if new:
                self._ask_to_look([record.key for record in new])
                asked |= {record.key for record in new}
                freed.update(person for record in new for person in record.persons)
            yield f"waiting until {len(found):,} photos are made anew"
            self.sleep(LOOK_SECONDS)
        raise UnfinishedError(
            "NotMadeAnew",
            "photos that name who is forgotten are not made anew yet; look whether the pipeline works "
            "(imagepipe status), and run the command again",
        )

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
        parts = [list(keys[start : start + KEYS_A_MESSAGE]) for start in range(0, len(keys), KEYS_A_MESSAGE)]
        messages = [
            Outgoing(str(number), look_again(self.bucket, part, self.now()))
            for number, part in enumerate(parts)
        ]
        for error in self.queue.send(messages).values():
            raise error
