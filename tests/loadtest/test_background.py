"""Threads that end with their block, also where a Ctrl-C comes at the worst moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from loadtest.gauges import in_background


def wait(over: threading.Event) -> None:
    over.wait()


def test_the_threads_end_with_the_block() -> None:
    before = threading.active_count()

    with in_background(wait, 2):
        assert threading.active_count() == before + 2

    assert threading.active_count() == before


@pytest.mark.timeout(20)
@pytest.mark.parametrize("started", [1, 2])
def test_a_ctrl_c_while_the_threads_are_started_ends_them(
    started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = 0
    submit = ThreadPoolExecutor.submit

    def interrupted(executor: ThreadPoolExecutor, work: Callable[..., Any], *given: Any) -> Future[Any]:
        nonlocal submitted
        future = submit(executor, work, *given)
        submitted += 1
        if submitted == started:
            raise KeyboardInterrupt
        return future

    monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt), in_background(wait, 2):
        pytest.fail("the block began")


def test_what_the_work_raises_is_raised() -> None:
    def fail(over: threading.Event) -> None:
        raise LookupError("no such queue")

    with pytest.raises(LookupError), in_background(fail):
        pass


def test_what_the_block_raises_goes_first() -> None:
    def fail(over: threading.Event) -> None:
        raise LookupError("no such queue")

    with pytest.raises(KeyError), in_background(fail):
        raise KeyError("the block's")
