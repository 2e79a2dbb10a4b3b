"""What an outage has left behind, and whether that is what was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from loadtest.simulation.running import Record
from loadtest.simulation.scenario import Scenario

# A message that was handed back comes again after ten minutes at the latest; then there is the work itself.
LONGEST_RECOVERY_SECONDS = 900.0


@dataclass(frozen=True)
class Aftermath:
    """What is left when a simulation is over.

    `dead` counts dead letters by cause; the first was made `first_dead_at`, in seconds since the start.
    `lost` photos are in no record, queue or dead letter: `expired` of them grew older than the retention.
    `left` messages are still in a queue. `dropped` and `throttled` invocations were refused by Lambda.
    `receives` is how often the most received message was received, `invocations` are counted for one photo.
    `recovery_seconds` pass from the end of all trouble until the last message is done.
    """

    dead: Counter[str]
    first_dead_at: float | None
    lost: int
    expired: int
    left: int
    paid_twice: int
    dropped: int
    throttled: int
    receives: int
    invocations: float
    recovery_seconds: float


def aftermath(record: Record) -> Aftermath:
    """Work out what a simulation has left behind."""
    counts, queues = record.function.counts, record.queues
    return Aftermath(
        dead=Counter(letter.cause for letter in record.dead),
        first_dead_at=record.dead[0].at if record.dead else None,
        lost=record.lost,
        expired=sum(len(queue.expired) for queue in queues),
        left=sum(queue.stocked_count + len(queue.messages()) for queue in queues),
        paid_twice=sum(times - 1 for times in record.rekognition.paid.values()),
        dropped=counts["RecursiveInvocationsDropped"],
        throttled=counts["Throttles"],
        receives=max(queue.most_received for queue in queues),
        invocations=counts["invocations"] / max(1, record.uploaded),
        recovery_seconds=max(0.0, record.done_at - record.scenario.good_from),
    )


def broken_promises(scenario: Scenario, seen: Aftermath) -> list[str]:
    """Return the promises that were broken, each in words; none if all were kept."""
    return list(_broken(scenario, seen))


def _broken(scenario: Scenario, seen: Aftermath) -> Iterator[str]:
    if seen.dead:
        causes = ", ".join(f"{number} {cause}" for cause, number in seen.dead.most_common())
        yield f"{seen.dead.total()} dead letters from {_hours(seen.first_dead_at or 0)} on ({causes})"
    if seen.lost:
        yield f"{seen.lost} photos lost, of which {seen.expired} to the queue's retention"
    if seen.left:
        yield f"{seen.left} messages left"
    if seen.paid_twice > scenario.may_pay_twice:
        yield f"{seen.paid_twice} detector calls paid twice, of {scenario.may_pay_twice} that may be"
    if seen.recovery_seconds > LONGEST_RECOVERY_SECONDS:
        yield f"done only {seen.recovery_seconds:.0f} s after all was well again"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h"
