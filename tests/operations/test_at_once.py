"""Several people put things right at the same time."""

from collections.abc import Callable, Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.records import Status
from operations.dead_letters import LOOK_SECONDS
from operations.spool import DifferenceKind
from tests.fakes.sqs import BULK, DEAD_LETTERS, IMAGES
from tests.operations.letters import body, explained
from tests.operations.test_reconciling import NOTHING, recognized
from tests.operations.test_redriving import redrive
from tests.operations.world import OperatedWorld

PHOTOS = 13
MOST_CALLS = 12


def with_dead_letters() -> OperatedWorld:
    """Give a pipeline that has given up all its photos."""
    operated = recognized()
    for number in range(PHOTOS):
        operated.world.s3.put(f"{number}.jpg", f"cat {number}".encode())
        operated.queues.put(DEAD_LETTERS, body(f"{number}.jpg"), explained(f"{number}.jpg"))
    return operated


def fix(operated: OperatedWorld) -> None:
    with operated.surveyed() as (spool, _):
        assert spool.count(DifferenceKind.MISSING) == PHOTOS
        operated.fix(spool)


def interrupted_by(other: Callable[[], None], at: int) -> Callable[[str], None]:
    """Do something else before one of the calls of whoever is at work."""
    calls: Iterator[int] = iter(range(10_000))

    def before(_operation: str) -> None:
        if next(calls) == at:
            other()

    return before


def work_off(operated: OperatedWorld, *queues: str) -> None:
    for url in queues:
        bodies = operated.queues.take_all(url)
        for start in range(0, len(bodies), 10):
            assert operated.world.deliver(*bodies[start : start + 10]) == []


@settings(max_examples=40)
@given(
    second_at=st.integers(0, MOST_CALLS),
    fix_at=st.integers(0, MOST_CALLS),
    hold_has_ended=st.booleans(),
    order=st.permutations([IMAGES, BULK]),
)
def test_two_redrives_and_a_reconcile_at_once_do_no_harm(
    second_at: int, fix_at: int, hold_has_ended: bool, order: list[str]
) -> None:
    """The second begins amid the first, and the reconcile amid the second."""
    operated = with_dead_letters()
    queues = operated.queues

    def second() -> None:
        if hold_has_ended:
            queues.now += LOOK_SECONDS + 1
        queues.calls.before = interrupted_by(lambda: fix(operated), fix_at)
        redrive(queues)

    queues.calls.before = interrupted_by(second, second_at)
    redrive(queues)
    queues.calls.before = lambda _: None
    work_off(operated, *order)
    # What one of them held, and the other could not see, is still there, and goes now.
    queues.now += LOOK_SECONDS + 1
    redrive(queues)
    work_off(operated, IMAGES, BULK)

    assert queues.bodies(DEAD_LETTERS) == []
    assert operated.found() == NOTHING
    assert {operated.world.status(f"{number}.jpg") for number in range(PHOTOS)} == {Status.RECOGNIZED}
    assert len(operated.world.rekognition.paid) == 2 * PHOTOS
    assert set(operated.world.rekognition.paid.values()) == {1}
