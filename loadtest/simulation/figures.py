"""One scenario from its description to its figures, what an outage has left behind, and what was promised."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

from loadtest.plots import Panel
from loadtest.simulation.fleet import ABROAD_MEMORY_MB, MEMORY_MB
from loadtest.simulation.running import BULK, LIVE, Record, run
from loadtest.simulation.scenario import FleetScenario

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


def broken_promises(scenario: FleetScenario, seen: Aftermath) -> list[str]:
    return list(_broken(scenario, seen))


def _broken(scenario: FleetScenario, seen: Aftermath) -> Iterator[str]:
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


# us-east-1, arm64. https://aws.amazon.com/lambda/pricing/, https://aws.amazon.com/dynamodb/pricing/on-demand/
DOLLARS_A_GB_SECOND = 0.0000133334
DOLLARS_AN_INVOCATION = 0.20e-6
DOLLARS_A_WRITE_UNIT = 0.625e-6
DOLLARS_A_READ_UNIT = 0.125e-6
# Accepted calls are back when so much of the quota was used, on average of this many seconds.
BACK_SHARE, BACK_SECONDS = 0.9, 5


@dataclass(frozen=True)
class Percentiles:
    """Seconds from upload to searchable."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Percentiles | None":
        """Take the percentiles, None if there are too few for any."""
        if len(seconds) < 20:
            return None
        cuts = quantiles(seconds, n=20)
        return cls(cuts[9], cuts[18])


@dataclass(frozen=True)
class QuotaChangeFigures:
    """What followed a change of the quota, until the next or the end of the backlog.

    `back` is after how many seconds 0.9 of the new quota was used and went on being used, None for never;
    `use` is the use of it in the whole span, `throttled` a number of calls.
    """

    back: float | None
    use: float
    throttled: int


@dataclass(frozen=True)
class Figures:
    """What came of a scenario. Shares are of 1; `use` is accepted calls / quota in the steady state, by
    operation; `refused_writes` are those that a hot partition did not take; `changes` tells of each change of
    the quota."""

    use: dict[str, float]
    throttled: float
    images_a_second: float
    seconds: float
    worker_seconds: float
    lambda_dollars_a_million: float
    dynamodb_dollars_a_million: float
    requests: float
    requests_by_operation: dict[str, float]
    write_units: dict[str, float]
    budget_writes: float
    refused_writes: dict[str, float]
    live: Percentiles | None
    bulk: Percentiles | None
    changes: tuple[QuotaChangeFigures, ...]
    uploaded: int
    searchable: int
    killed: int
    timed_out: int
    aftermath: Aftermath
    real_seconds: float


def figures(record: Record) -> Figures:
    scenario = record.scenario
    begin, end = scenario.steady
    images = max(1, sum(record.searchable.values()))
    calls = sum(record.accepted(operation).total() for operation in scenario.operations)
    throttled = sum(record.throttled(operation).total() for operation in scenario.operations)
    counts = record.function.counts
    worker_seconds = record.function.worker_seconds / images
    units = {kind: number / images for kind, number in sorted(record.table.write_units.items())}
    return Figures(
        use={
            operation: _in_span(record.accepted(operation), begin, end)
            / (end - begin)
            / scenario.total_quotas[operation]
            for operation in scenario.operations
        },
        throttled=throttled / max(1, calls + throttled),
        images_a_second=sum(record.searchable[second] for second in range(begin, end)) / (end - begin),
        seconds=record.ended_at,
        worker_seconds=worker_seconds,
        lambda_dollars_a_million=1e6
        * (
            worker_seconds * (ABROAD_MEMORY_MB if scenario.abroad else MEMORY_MB) / 1024 * DOLLARS_A_GB_SECOND
            + counts["invocations"] / images * DOLLARS_AN_INVOCATION
        ),
        dynamodb_dollars_a_million=1e6
        * (
            sum(units.values()) * DOLLARS_A_WRITE_UNIT
            + record.table.read_units / images * DOLLARS_A_READ_UNIT
        ),
        requests=sum(record.table.requests.values()) / images,
        requests_by_operation={name: made / images for name, made in sorted(record.table.requests.items())},
        write_units=units,
        budget_writes=units.get("budget", 0.0),
        refused_writes={kind: number / images for kind, number in record.table.throttled.items()},
        live=Percentiles.of([seconds for _, seconds in record.latencies[LIVE]]),
        bulk=Percentiles.of([seconds for _, seconds in record.latencies[BULK]]),
        changes=_changes(record),
        uploaded=record.uploaded,
        searchable=sum(record.searchable.values()),
        killed=counts["killed"] - counts["timed out"],
        timed_out=counts["timed out"],
        aftermath=aftermath(record),
        real_seconds=record.real_seconds,
    )


def _in_span(counted: Mapping[int, int], begin: int, end: int) -> int:
    return sum(number for second, number in counted.items() if begin <= second < end)


def _changes(record: Record) -> tuple[QuotaChangeFigures, ...]:
    operation = record.scenario.operations[0]
    accepted = record.rekognition.accepted[operation]
    backlog_ends = max((second for second in accepted if accepted[second]), default=0)
    shares = record.scenario.shares
    begins = [int(at) for at, _ in shares]
    return tuple(
        _change(record, begin, end, record.scenario.quotas[operation] * share)
        for begin, end, (_, share) in zip(
            begins, [*begins[1:], backlog_ends][: len(begins)], shares, strict=True
        )
    )


def _change(record: Record, begin: int, end: int, quota: float) -> QuotaChangeFigures:
    accepted = record.rekognition.accepted[record.scenario.operations[0]]
    starts = range(begin, max(begin + 1, end - BACK_SECONDS + 1))
    short = [
        second
        for second in starts
        if sum(accepted[second + place] for place in range(BACK_SECONDS)) < BACK_SHARE * quota * BACK_SECONDS
    ]
    back = short[-1] + 1 - begin if short else 0
    return QuotaChangeFigures(
        back=None if short and short[-1] == starts[-1] else back,
        use=sum(accepted[second] for second in range(begin, end)) / (end - begin) / quota,
        throttled=record.rekognition.count(record.rekognition.throttled, begin, end),
    )


# Outages last for days, of which nobody could see a second.
MOST_SECONDS_DRAWN = 600


Simulated = tuple[FleetScenario, Figures, Panel]


def simulate(scenario: FleetScenario) -> Simulated:
    record = run(scenario)
    return scenario, figures(record), panel(record, scenario.title)


def panel(record: Record, title: str) -> Panel:
    scenario = record.scenario
    operation = scenario.operations[0]
    accepted, throttled = record.accepted(operation), record.throttled(operation)
    span = range(min(MOST_SECONDS_DRAWN, int(record.ended_at) + 1))

    def quota(second: int) -> float:
        shares = [share for at, share in scenario.shares if at <= second]
        return scenario.total_quotas[operation] * (shares[-1] if shares else 1.0)

    return Panel(
        title,
        [accepted[second] for second in span],
        [throttled[second] for second in span],
        [quota(second) for second in span],
    )


def kept(scenario: FleetScenario, seen: Figures) -> bool:
    """Return whether the promises were kept.

    Nothing is lost, and nothing is paid twice that no killed worker had paid for. Where services were away,
    or Lambda refused to run, there are no dead letters either.
    """
    if scenario.outages or scenario.concurrency:
        return not broken_promises(scenario, seen.aftermath)
    after = seen.aftermath
    return not after.lost and (not after.paid_twice or seen.killed + seen.timed_out > 0)
