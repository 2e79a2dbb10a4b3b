"""The dead letters of both lanes on SQS: looked at for a short while, and sent back."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from aws.queue_passes import QueuePass
from aws.queues import Outgoing, Received, SqsQueue
from contract import dead_letters
from contract.dead_letters import DeadLetter, DeadLetterFilter
from contract.errors import NotReadyError
from contract.moments import to_text
from contract.notifications import look_again
from contract.quotas import LETTERS_A_REQUEST
from contract.timing import LETTERS_HOLD_SECONDS, LETTERS_SECONDS
from query_api.ports import LettersSeen, SentBack

Value = TypeVar("Value")
# Entries of a batch that failed for the moment are no failed call, so botocore does not retry them.
ENTRY_ATTEMPTS = 3


def at_once(attempt: Callable[[], Value]) -> Value:
    """Make an attempt, and again at once what was not done of it: somebody waits for the answer."""
    for _ in range(ENTRY_ATTEMPTS - 1):
        try:
            return attempt()
        except NotReadyError:
            continue
    return attempt()


class LaneLetters(NamedTuple):
    """A queue of work and its dead letters. `name` is images or bulk."""

    name: str
    queue: SqsQueue
    dead_letters: SqsQueue


@dataclass(frozen=True)
class SqsDeadLetters:
    """Looks at up to LETTERS_A_REQUEST letters, for LETTERS_SECONDS at most. `clock` is seconds since 1970.

    What is looked at does not count as visible meanwhile, by which the alarm on dead letters goes: so looks
    are short, and nobody looks by a timer.
    """

    lanes: tuple[LaneLetters, LaneLetters]
    bucket_name: str
    clock: Callable[[], float]

    def look(self) -> LettersSeen:
        look = Look(self)
        with closing(look.steps()) as steps:
            seen = [letter for _, _, letters in steps for letter in letters]
        return LettersSeen(seen, look.is_all)

    def send_back(self, chosen: DeadLetterFilter) -> SentBack:
        look, refused, twice = Look(self), 0, 0
        sent: list[DeadLetter] = []
        with closing(look.steps()) as steps:
            for lane, reading, letters in steps:
                meant = [letter for letter in letters if chosen.sends_back(letter)]
                moved = reading.move(meant, lane.queue)
                sent += [letter for letter in meant if letter.id in moved.sent]
                refused, twice = refused + len(moved.refused), twice + len(moved.left)
                if meant and chosen.message_id is not None:
                    break
        return SentBack(look.looked_at, sent, refused, twice, look.is_all)

    def look_again(self, key: str) -> None:
        body = look_again(self.bucket_name, [key], to_text(self.clock()))
        _, bulk = self.lanes
        for error in bulk.queue.send([Outgoing("key", body)]).values():
            raise error


@dataclass
class Look:
    """One look at the dead letters of both lanes, within the bounds of a request.

    `is_all` says that there were no more, here and in other hands.
    """

    of: SqsDeadLetters
    looked_at: int = field(default=0, init=False)
    is_all: bool = field(default=True, init=False)

    def steps(self) -> Generator[tuple[LaneLetters, QueuePass[DeadLetter], list[DeadLetter]], None, None]:
        """Yield the letters that each request to SQS brings, with their lane and the pass that holds them."""
        end = self.of.clock() + LETTERS_SECONDS
        for lane in self.of.lanes:
            with QueuePass(lane.dead_letters, self._reader(lane.name), LETTERS_HOLD_SECONDS) as reading:
                self.is_all = self.is_all and not reading.before.in_flight
                for letters in reading.batches() if reading.before.visible else ():
                    self.looked_at += len(letters)
                    yield lane, reading, letters
                    if self.looked_at >= LETTERS_A_REQUEST or self.of.clock() >= end:
                        self.is_all = False
                        return

    def _reader(self, queue: str) -> Callable[[Received], DeadLetter]:
        return lambda message: dead_letters.read(*message, queue=queue, bucket_name=self.of.bucket_name)
