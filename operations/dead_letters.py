"""The dead letters of a lane, read one by one for whoever is at the terminal."""

from collections.abc import Iterator

from aws.queue_passes import QueuePass
from aws.queues import Received, SqsQueue
from contract import dead_letters
from contract.dead_letters import DeadLetter

# Somebody else sees what was looked at again after this time at the latest, even if this program was killed.
LOOK_SECONDS = 300


class DeadLetterReader(QueuePass[DeadLetter]):
    """One pass over the dead letters of a lane; `name` is images or bulk."""

    def __init__(self, queue: SqsQueue, name: str, bucket_name: str) -> None:
        def read(message: Received) -> DeadLetter:
            return dead_letters.read(*message, queue=name, bucket_name=bucket_name)

        super().__init__(queue, read, LOOK_SECONDS)
        self.name = name

    def unseen(self) -> Iterator[str]:
        """Yield sentences on what was there, and not seen."""
        if self.before.in_flight:
            yield (
                f"{self.before.in_flight:,} more ({self.name}) are in other hands, "
                f"and can be seen in {LOOK_SECONDS // 60} minutes at the latest"
            )
        if self.cut_short:
            yield f"there are more ({self.name}); SQS lets no more be looked at in one go"
