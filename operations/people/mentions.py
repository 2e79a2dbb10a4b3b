"""What photos say of a person, taken out of them: answers by us, records by the workers, who are asked to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aws.queues import Outgoing, SqsQueue
from contract.notifications import look_again
from contract.quotas import KEYS_A_MESSAGE
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from operations.adapters.dynamodb_mentions import DynamoDBMentions
from operations.terminal import OperatorError, Steps

# On one machine no worker is at it for longer.
LOCAL_SETTLING_SECONDS = 5
LOOK_SECONDS = 2.0
# How often it is looked whether workers have made the records anew: ten minutes of looks.
MOST_LOOKS = 300


@dataclass(frozen=True)
class MentionRemoval:
    """Takes a person who is not looked for any more out of all that is kept of photos.

    A worker that had read who is looked for before the person was marked may write for as long as it lasts:
    `settling_seconds`. `sleep` waits, `now` gives the time as text.
    """

    table: DynamoDBMentions
    queue: SqsQueue
    bucket: str
    now: Callable[[], str]
    sleep: Callable[[float], None]
    settling_seconds: float = PROCESSOR_TIMEOUT_SECONDS

    def remove(self, person_id: str) -> Steps[int]:
        """Take the person out; return of how many photos. Raise OperatorError where some are left."""
        yield "waiting until no worker looks for the person"
        self.sleep(self.settling_seconds)
        photos: set[str] = set()
        for _ in range(MOST_LOOKS):
            found = yield from self._pass(person_id)
            if not found and not self.table.has_rows(person_id):
                return len(photos)
            if new := [key for key in found if key not in photos]:
                self._ask_to_look(new)
                photos |= set(new)
            yield f"waiting until {len(found):,} photos are made anew"
            self.sleep(LOOK_SECONDS)
        raise OperatorError(
            "photos that name the person are not made anew yet; look whether the pipeline works "
            "(imagepipe status), and run the command again"
        )

    def _pass(self, person_id: str) -> Steps[list[str]]:
        """Go through the table: write answers, and what people say, without the person.

        Return the keys whose records name it.
        """
        yield "looking through what is kept of photos"
        keys: list[str] = []
        corrected: list[str] = []
        for mentions in self.table.find(person_id):
            for mention in mentions:
                if mention.is_said:
                    corrected += self.table.take_out_of_said(mention, person_id)
                elif mention.answer is None:
                    keys.append(mention.key)
                else:
                    self.table.take_out(mention, person_id)
        if others := [key for key in corrected if key not in keys]:
            self._ask_to_look(others)
        return keys

    def _ask_to_look(self, keys: Sequence[str]) -> None:
        parts = [list(keys[start : start + KEYS_A_MESSAGE]) for start in range(0, len(keys), KEYS_A_MESSAGE)]
        messages = [
            Outgoing(str(number), look_again(self.bucket, part, self.now()))
            for number, part in enumerate(parts)
        ]
        for error in self.queue.send(messages).values():
            raise error
