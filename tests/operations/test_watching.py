"""`imagepipe status --watch`: it goes on through an outage, and ends by Ctrl-C without a trace."""

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from contract.errors import ConfigurationError, ThrottledError
from contract.moments import day_of
from contract.quotas import BudgetItem
from operations import terminal
from operations.commands.watching import drawn, looks, watch
from operations.terminal import OperatorError
from operations.wiring import QueuePair
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, DEAD_LETTERS, IMAGES, FakeSQS
from tests.operations.world import queue


class Table:
    """Budgets and counts, and how each look fails."""

    def __init__(self) -> None:
        self.calls = 100
        self.day = ""
        self.failures: list[Exception | None] = []

    def budgets(self, operations: list[str]) -> dict[str, BudgetItem]:
        return dict.fromkeys(operations, BudgetItem(calls_day=self.day, day_calls=self.calls))

    def counts_by_day(self, days: list[str]) -> dict[str, dict[str, int]]:
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        self.day = days[0]
        return {days[0]: {"CallsMade": 1500, "ImagesRecognized": 7}}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def pipeline(table: Table) -> Any:
    queues: Any = FakeSQS()
    queues.put(DEAD_LETTERS, "x")
    queues.put(BULK, "y")
    return SimpleNamespace(
        lanes=(
            QueuePair("images", queue(queues, IMAGES), queue(queues, DEAD_LETTERS)),
            QueuePair("bulk", queue(queues, BULK), queue(queues, BULK_DEAD_LETTERS)),
        ),
        table=table,
        deployed=SimpleNamespace(
            quotas={"DetectLabels": 50.0}, daily_limits={"DetectLabels": 20_000}, lines_abroad={}
        ),
    )


def stop_after(times: int) -> Any:
    left = [times]

    def sleep(_seconds: float) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    return sleep


def test_each_look_is_a_line_of_json_until_ctrl_c(pipeline: Any, capsys: pytest.CaptureFixture[str]) -> None:
    watch(pipeline, 3, json=True, sleep=stop_after(3))

    out, err = capsys.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    assert len(told) == 3
    assert told[0]["lanes"]["images"]["dead_letters"] == 1
    assert told[0]["lanes"]["bulk"]["waiting"] == 1
    assert told[0]["dollars"]["today"] == 1.5
    assert told[0]["quotas"]["DetectLabels"]["calls_a_day"]["in_use"] == 20_000
    assert err == ""


def test_an_outage_is_told_and_the_last_figures_stay(pipeline: Any, table: Table) -> None:
    table.failures = [None, ThrottledError("Throttling", "slow down"), None]
    seen = looks(pipeline, 3, lambda _seconds: None)

    first, second, third = next(seen), next(seen), next(seen)

    assert first[2] is None
    assert second[0] is first[0]
    assert "no answer at" in str(second[2])
    assert "Throttling" in str(second[2])
    assert third[2] is None


@pytest.mark.parametrize("failures", [[ThrottledError("a", "b")], [None, ConfigurationError("a", "b")]])
def test_what_somebody_has_to_mend_ends_it(pipeline: Any, table: Table, failures: list[Any]) -> None:
    table.failures = failures
    seen = looks(pipeline, 3, lambda _seconds: None)

    if failures[0] is None:
        next(seen)
    with pytest.raises((ThrottledError, ConfigurationError)):
        next(seen)


def test_the_picture_has_lanes_quotas_calls_and_dollars(pipeline: Any, table: Table) -> None:
    status, _, _ = next(looks(pipeline, 3, lambda _seconds: None))
    written = io.StringIO()

    Console(file=written, width=100).print(drawn(status, {"DetectLabels": 25.0}, None))

    text = written.getvalue()
    assert "images        0        0             1" in text
    assert "######...... 50%" in text
    assert "7 recognized" in text
    assert "$1.50 today, $1.50 this month" in text
    assert "Ctrl-C ends" in text
    assert day_of(status.at) == table.day


def test_without_a_terminal_it_says_what_to_do(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)

    with pytest.raises(OperatorError, match="with --json"):
        watch(pipeline, 3, json=False, sleep=stop_after(1))


def test_on_a_terminal_ctrl_c_leaves_the_last_picture(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.live import Live

    written = io.StringIO()
    monkeypatch.setattr(
        terminal, "live", lambda: Live(console=Console(file=written, width=100), auto_refresh=False)
    )

    watch(pipeline, 3, json=False, sleep=stop_after(2))

    assert "DetectLabels" in written.getvalue()
