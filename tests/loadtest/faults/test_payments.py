"""Who paid twice, and why: every extra call has to be explained by a loss that came before it."""

from collections.abc import Sequence

import pytest

from loadtest.faults.calls import Photograph, SavedAnswer
from loadtest.faults.ledger import Fate, Paid, Save, paid_twice, payments_of
from loadtest.faults.plan import InjectedFault

NAME = ("DetectLabels", "bytes")


def paid(invocation: str, lost_by: InjectedFault = InjectedFault.NONE, seconds: float = 1.0) -> Paid:
    return Paid(Photograph("DetectLabels", "a.jpg", "v1"), invocation, seconds, lost_by)


def saved(invocation: str, *, took_effect: bool = True) -> Save:
    return Save(SavedAnswer("bytes", "labels"), invocation, took_effect)


def fates(events: Sequence[Paid | Save], killed: Sequence[str] = ()) -> list[Fate]:
    return payments_of(events, lambda _: "bytes", killed)[NAME]


@pytest.mark.parametrize(
    ("events", "killed", "expected"),
    [
        ([paid("one"), saved("one")], [], [Fate.KEPT]),
        ([paid("one"), saved("one")], ["one"], [Fate.KEPT]),
        ([paid("one")], ["one"], [Fate.LOST_TO_A_KILL]),
        ([paid("one"), saved("one", took_effect=False)], ["one"], [Fate.LOST_TO_A_KILL]),
        ([paid("one", InjectedFault.RESET_AFTER)], [], [Fate.LOST_TO_A_FAULT]),
        (
            [paid("one", InjectedFault.RESET_AFTER), paid("one"), saved("one")],
            [],
            [Fate.LOST_TO_A_FAULT, Fate.KEPT],
        ),
        ([paid("one"), saved("one", took_effect=False)], [], [Fate.NOT_SAVED]),
        ([paid("one"), saved("one", took_effect=False), saved("one")], [], [Fate.KEPT]),
        ([paid("one", seconds=12.0)], [], [Fate.TOO_LATE]),
        ([paid("one")], [], [Fate.THROWN_AWAY]),
        ([paid("one"), paid("two"), saved("two")], ["one"], [Fate.LOST_TO_A_KILL, Fate.KEPT]),
    ],
)
def test_the_fate_of_a_payment(
    events: Sequence[Paid | Save], killed: Sequence[str], expected: list[Fate]
) -> None:
    assert fates(events, killed) == expected


@pytest.mark.parametrize(
    ("count", "history", "unexplained"),
    [
        (1, [Fate.KEPT], 0),
        (2, [Fate.LOST_TO_A_KILL, Fate.KEPT], 0),
        (3, [Fate.LOST_TO_A_FAULT, Fate.NOT_SAVED, Fate.KEPT], 0),
        (2, [Fate.KEPT, Fate.KEPT], 1),
        (2, [Fate.KEPT, Fate.LOST_TO_A_KILL], 1),
        (2, [Fate.THROWN_AWAY, Fate.KEPT], 1),
        (3, [Fate.LOST_TO_A_KILL, Fate.KEPT], 1),
        (2, [], 1),
    ],
)
def test_an_extra_call_is_explained_by_a_loss_before_it(
    count: int, history: list[Fate], unexplained: int
) -> None:
    twice = paid_twice({NAME: count}, {NAME: history})

    assert twice.extra == count - 1
    assert len(twice.unexplained) == unexplained
    assert sum(twice.explained.values()) == twice.extra - unexplained
