"""Threads that end with their block, also where a Ctrl-C comes at the worst moment."""

import signal
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from infra.bundles import ROOT
from loadtest.gauges import in_background
from local.cloud.services import interrupts_later


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
    begun: list[threading.Thread] = []
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        begun.append(thread)
        if len(begun) == started:
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), in_background(wait, 2):
        pytest.fail("the block began")
    assert not any(thread.is_alive() for thread in begun)


def test_a_ctrl_c_before_anybody_can_leave_the_block_ends_the_program() -> None:
    program = (
        "from loadtest.gauges import in_background\n"
        "block = in_background(lambda over: over.wait())\n"
        "block.__enter__()\n"
        "raise KeyboardInterrupt\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False
    )

    assert ran.returncode == -signal.SIGINT


def test_a_ctrl_c_waits_until_what_is_entered_can_be_left_again() -> None:
    left: list[str] = []

    def enter() -> None:
        with ExitStack() as until_over:
            with interrupts_later():
                signal.raise_signal(signal.SIGINT)
                until_over.callback(left.append, "quotas")
            pytest.fail("it went on")

    with pytest.raises(KeyboardInterrupt):
        enter()
    assert left == ["quotas"]


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
