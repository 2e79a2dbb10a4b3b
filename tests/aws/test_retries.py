import pytest

from aws.retries import RetryPolicy
from contract.errors import ConfigurationError, ImagepipeError, NotReadyError, TransientError


class Flaky:
    """Raises what it was given, one after the other, and then answers."""

    def __init__(self, *failures: ImagepipeError) -> None:
        self.failures, self.asked = list(failures), list[int]()

    def __call__(self, number: int) -> int:
        self.asked.append(number)
        if self.failures:
            raise self.failures.pop(0)
        return number


def policy(waits: list[float], attempts: int = 3) -> RetryPolicy:
    return RetryPolicy(attempts, total_seconds=60, longest_wait_seconds=0.3, sleep=waits.append)


def test_what_failed_for_the_moment_is_tried_again_with_what_it_was_called_with() -> None:
    waits: list[float] = []
    call = Flaky(NotReadyError("a", "b"), TransientError("a", "b"))

    assert policy(waits).around(call)(5) == 5

    assert call.asked == [5, 5, 5]
    assert len(waits) == 2
    assert all(0 <= wait <= 0.3 for wait in waits)


def test_the_last_failure_is_raised_when_there_were_enough() -> None:
    last = TransientError("the last", "b")
    call = Flaky(TransientError("the first", "b"), last, TransientError("a", "b"))

    with pytest.raises(TransientError) as raised:
        policy([], attempts=2).around(call)(5)

    assert raised.value is last
    assert len(call.asked) == 2


def test_what_will_not_pass_is_tried_once() -> None:
    call = Flaky(ConfigurationError("a", "b"))

    with pytest.raises(ConfigurationError):
        policy([]).around(call)(5)

    assert len(call.asked) == 1


def test_nothing_is_tried_again_when_the_time_is_over() -> None:
    call = Flaky(TransientError("a", "b"))

    with pytest.raises(TransientError):
        RetryPolicy(9, total_seconds=0, longest_wait_seconds=1, sleep=lambda _: None).around(call)(5)

    assert len(call.asked) == 1
