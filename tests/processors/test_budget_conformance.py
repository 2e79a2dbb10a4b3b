"""The budget on the fake, moto and the local cloud: the same steps with the same outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.quotas import BudgetItem
from processors.adapters.dynamodb_budgets import DynamoDBBudgets
from processors.budget.lanes import Lane
from processors.budget.line import Step
from processors.retrying import RetryPolicy
from tests.processors.test_conformance import client as client_fixture

client = client_fixture
NOW = 1_795_000_000.0
STEP = Step(span=0.2, now=NOW, latest=NOW + 30, lane=Lane.LIVE, soon=NOW + 0.5, overdue=NOW - 2)
BULK = replace(STEP, lane=Lane.BULK)
LABELS = "DetectLabels"


@pytest.fixture
def budgets(client: tuple[Any, str]) -> DynamoDBBudgets:
    return DynamoDBBudgets(*client, RetryPolicy(sleep=lambda _seconds: None))


def test_a_line_is_begun_once_and_then_moved_on(budgets: DynamoDBBudgets) -> None:
    assert budgets.join(LABELS, STEP) == (False, BudgetItem())
    assert budgets.start(LABELS, STEP) == (True, BudgetItem(next_at=NOW + 0.2))
    assert budgets.start(LABELS, STEP) == (False, BudgetItem(next_at=NOW + 0.2))
    assert budgets.join(LABELS, STEP) == (True, BudgetItem(next_at=NOW + 0.4))


def test_a_line_that_has_run_empty_is_begun_anew(budgets: DynamoDBBudgets) -> None:
    later = replace(STEP, now=NOW + 10)
    budgets.start(LABELS, STEP)

    assert budgets.join(LABELS, later) == (False, BudgetItem(next_at=NOW + 0.2))
    assert budgets.start(LABELS, later) == (True, BudgetItem(next_at=NOW + 10.2))


def test_nobody_joins_a_line_that_is_too_long(budgets: DynamoDBBudgets) -> None:
    budgets.start(LABELS, replace(STEP, span=31.0))

    assert budgets.join(LABELS, STEP) == (False, BudgetItem(next_at=NOW + 31))


def test_bulk_joins_a_short_line_and_a_long_one_only_when_overdue(budgets: DynamoDBBudgets) -> None:
    budgets.start(LABELS, BULK)
    assert budgets.join(LABELS, BULK) == (True, BudgetItem(next_at=NOW + 0.4, bulk_at=NOW))
    budgets.join(LABELS, replace(STEP, span=5.0))

    assert budgets.join(LABELS, BULK) == (False, BudgetItem(next_at=NOW + 5.4, bulk_at=NOW))
    overdue = replace(BULK, now=NOW + 3, soon=NOW + 3.5, overdue=NOW + 1)
    assert budgets.join(LABELS, overdue) == (True, BudgetItem(next_at=NOW + 5.6, bulk_at=NOW + 3))


def test_operations_have_lines_of_their_own(budgets: DynamoDBBudgets) -> None:
    budgets.start(LABELS, STEP)

    assert budgets.start("DetectFaces", STEP) == (True, BudgetItem(next_at=NOW + 0.2))


def test_a_throttle_is_noted_unless_there_is_a_cut_that_was_not_known(budgets: DynamoDBBudgets) -> None:
    cut = BudgetItem(cut_at=NOW, cut_from=50.0)

    assert budgets.cut(LABELS, 50.0, NOW, None) == cut
    assert budgets.cut(LABELS, 37.5, NOW + 2, None) == cut
    assert budgets.cut(LABELS, 37.5, NOW + 2, NOW) == BudgetItem(cut_at=NOW + 2, cut_from=37.5)
