"""Ctrl-C as a question that a long command asks itself between two steps."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Stopping = Callable[[], bool]


@contextmanager
def orderly(tell: Callable[[str], None]) -> Iterator[Stopping]:
    """Yield a function that says whether Ctrl-C was pressed while the block lasts.

    The first Ctrl-C lets what is under way come to its end; the second is a KeyboardInterrupt.
    """
    asked = False

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        tell("stopping when what is under way is done; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def never() -> bool:
    """Tell that nobody has pressed Ctrl-C."""
    return False
