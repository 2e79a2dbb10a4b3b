"""How fast each operation may be called: deployed, set by an operator, the account's, and now."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.items import to_wire
from contract.quotas import BETA, to_microseconds
from contract.table import budget_key
from operations.adapters.account import (
    AccountQuota,
    DeployedProcessor,
    find_quota,
    quotas_per_second,
    reader_of,
)
from operations.commands.quotas import in_use, read_daily_limits, read_settings
from operations.pricing import Pricing
from operations.terminal import OperatorError
from tests.operations.deployments import FakeLambda, FakeServiceQuotas, metered, named
from tests.operations.test_reconciling import recognized
from tests.operations.world import AT_ONCE
from tests.processors.world import SETTINGS

DEPLOYED = {"DetectLabels": 50.0, "DetectFaces": 100.0}
NOW = 1_800_000_000.0


def processor(
    daily_limits: Mapping[str, int] | None = None, abroad: Mapping[str, float] | None = None
) -> Any:
    return SimpleNamespace(quotas=DEPLOYED, lines_abroad=abroad or {}, daily_limits=daily_limits or {})


def account_of(fake: FakeServiceQuotas) -> list[AccountQuota]:
    client: Any = fake
    return quotas_per_second(client, AT_ONCE)


def test_what_an_operator_sets_goes_before_the_deployment_until_it_is_taken_back() -> None:
    operated = recognized()
    table = operated.table

    table.set_quota("DetectLabels", 80)
    labels, faces = in_use(processor(), table, {}, NOW)
    assert (labels.chosen, labels.in_use, labels.rate) == (80, 80, 80)
    assert (faces.chosen, faces.in_use, faces.rate) == (None, 100, 100)

    table.set_quota("DetectLabels", None)
    assert in_use(processor(), table, {}, NOW)[0].in_use == 50


def test_setting_a_quota_leaves_the_rest_of_the_budget_alone() -> None:
    operated = recognized()
    at = budget_key("DetectLabels")
    item = {"pk": at.pk, "sk": at.sk, "next_at": to_microseconds(NOW), "cut_from": 50}
    operated.world.table.items[at.pk, at.sk] = to_wire({**item, "cut_at": to_microseconds(NOW)})

    operated.table.set_quota("DetectLabels", 40.5)

    budget = operated.table.budgets(["DetectLabels"])["DetectLabels"]
    assert (budget.quota, budget.next_at, budget.cut_at, budget.cut_from) == (40.5, NOW, NOW, 50)


LIMITS = {"DetectLabels": 1000}


def test_a_daily_limit_of_an_operator_goes_before_the_deployments_until_it_is_taken_back() -> None:
    table = recognized().table

    def limits() -> list[int | None]:
        return [quota.daily.in_use for quota in in_use(processor(LIMITS), table, {}, NOW)]

    assert limits() == [1000, None]
    table.set_daily_limit("DetectLabels", 20_000)
    table.set_daily_limit("DetectFaces", 0)
    assert limits() == [20_000, 0]
    table.set_daily_limit("DetectLabels", None)
    assert limits() == [1000, 0]


def test_setting_a_daily_limit_leaves_the_rest_of_the_budget_alone() -> None:
    operated = recognized()
    at = budget_key("DetectLabels")
    before = {"next_at": to_microseconds(NOW), "quota": 5, "calls_day": "2027-01-15", "day_calls": 7}
    operated.world.table.items[at.pk, at.sk] = to_wire({"pk": at.pk, "sk": at.sk, **before})

    operated.table.set_daily_limit("DetectLabels", 9)

    budget = operated.table.budgets(["DetectLabels"])["DetectLabels"]
    assert (budget.next_at, budget.quota, budget.daily_limit) == (NOW, 5, 9)
    assert (budget.calls_day, budget.day_calls) == ("2027-01-15", 7)


@pytest.mark.parametrize(("day", "today"), [("2027-01-15", 7), ("2027-01-14", 0), ("", 0)])
def test_calls_of_today_are_those_of_the_day_by_utc(day: str, today: int) -> None:
    operated = recognized()
    at = budget_key("DetectLabels")
    item = {"pk": at.pk, "sk": at.sk, "calls_day": day, "day_calls": 7, "daily_limit": 7}
    operated.world.table.items[at.pk, at.sk] = to_wire(item)

    daily = in_use(processor(), operated.table, {}, NOW)[0].daily

    assert (daily.today, daily.is_reached) == (today, today == 7)


@pytest.mark.parametrize("written", ["many", -1, "NaN", "", True])
def test_what_cannot_be_read_of_a_budget_does_not_keep_it_from_being_set_anew(written: object) -> None:
    operated = recognized()
    at = budget_key("DetectLabels")
    item = {"pk": at.pk, "sk": at.sk, "daily_limit": written, "day_calls": written, "quota": 5}
    operated.world.table.items[at.pk, at.sk] = to_wire(item)

    operated.table.set_daily_limit("DetectLabels", 9)

    budget = operated.table.budgets(["DetectLabels"])["DetectLabels"]
    assert (budget.daily_limit, budget.day_calls, budget.quota) == (9, 0, 5)


def test_daily_limits_are_read_by_operation() -> None:
    typed = ["DetectLabels=20000", "DetectFaces=0", "DetectLabels=none"]

    assert read_daily_limits(typed[:2], list(DEPLOYED)) == {"DetectLabels": 20_000, "DetectFaces": 0}
    assert read_daily_limits(typed[2:], list(DEPLOYED)) == {"DetectLabels": None}


@pytest.mark.parametrize("number", ["", "=", "=-1", "=1.5", "=many", "=1e3", "=²"])
def test_a_daily_limit_that_cannot_be_meant_says_how_one_is_written(number: str) -> None:
    with pytest.raises(OperatorError, match="DetectLabels=20000"):
        read_daily_limits([f"DetectLabels{number}"], list(DEPLOYED))


@pytest.mark.parametrize(
    ("written", "limits"),
    [(None, {}), ("", {}), ("DetectLabels=20000,DetectFaces=0", {"DetectLabels": 20_000, "DetectFaces": 0})],
)
def test_the_deployments_daily_limits_are_read_from_the_function(
    written: str | None, limits: dict[str, int]
) -> None:
    client: Any = FakeLambda(SETTINGS, others={} if written is None else {"DAILY_CALL_LIMITS": written})

    assert reader_of(client, client.queue_arn, AT_ONCE).daily_limits == limits


DAY = 86_400.0


@pytest.mark.parametrize(
    ("limits", "seconds", "slowest"),
    [
        ({}, 2.0, 50.0),
        ({"DetectLabels": 100}, 2.0, 100 / DAY),
        ({"DetectLabels": 99}, DAY, 99 / DAY),
        ({"DetectLabels": 10, "DetectFaces": 3}, 33 * DAY, 3 / DAY),
        ({"DetectFaces": 0}, math.inf, 0.0),
    ],
)
def test_work_beyond_a_daily_limit_waits_for_midnights(
    limits: dict[str, int], seconds: float, slowest: float
) -> None:
    pricing = Pricing(DEPLOYED, 0.5, limits)

    assert pricing.seconds({"labels": 100, "faces": 100}) == seconds
    assert pricing.slowest() == slowest
    assert pricing.seconds({}) == 0


def test_the_rate_of_now_is_lower_after_a_throttle() -> None:
    operated = recognized()
    at = budget_key("DetectLabels")
    cut = {"cut_at": to_microseconds(NOW), "cut_from": 50}
    operated.world.table.items[at.pk, at.sk] = to_wire({"pk": at.pk, "sk": at.sk, **cut})

    labels = in_use(processor(), operated.table, {}, NOW)[0]

    assert labels.rate == pytest.approx(50 * BETA)
    assert labels.in_use == 50


def test_the_accounts_quota_goes_before_awss_default_and_is_found_by_meter_or_name() -> None:
    account = account_of(
        FakeServiceQuotas(
            defaults={"L-1": named("DetectLabels", 50), "L-2": metered("DetectFaces", 100)},
            applied={"L-1": named("DetectLabels", 80)},
        )
    )

    assert find_quota("DetectLabels", account) == 80
    assert find_quota("DetectFaces", account) == 100
    assert find_quota("DetectText", account) is None


@pytest.mark.parametrize(
    "quota",
    [
        {"QuotaName": "Concurrent DetectLabels jobs", "Value": 20},
        named("DetectCustomLabels", 5),
        named("DetectModerationLabels", 5),
        named("StartDetectLabelsJob", 5),
        {"QuotaName": "Transactions per second for DetectLabels"},
    ],
)
def test_a_quota_of_something_else_is_none(quota: dict[str, Any]) -> None:
    assert find_quota("DetectLabels", account_of(FakeServiceQuotas(defaults={"L-1": quota}))) is None


def test_service_quotas_that_denies_is_a_word_for_failure() -> None:
    with pytest.raises(ConfigurationError, match="AccessDenied"):
        account_of(FakeServiceQuotas(fails_with="AccessDeniedException"))


def test_settings_are_read_by_operation() -> None:
    assert read_settings(["DetectLabels=80", "DetectFaces=0.5"], list(DEPLOYED)) == {
        "DetectLabels": 80,
        "DetectFaces": 0.5,
    }


@pytest.mark.parametrize(
    "typed",
    [
        "DetectLabels",
        "DetectLabels=",
        "DetectLabels=0",
        "DetectLabels=-1",
        "DetectLabels=inf",
        "DetectLabels=nan",
    ],
)
def test_a_setting_that_means_nothing_says_how_one_is_written(typed: str) -> None:
    with pytest.raises(OperatorError, match="DetectLabels=80"):
        read_settings([typed], list(DEPLOYED))


def test_an_operation_that_is_not_in_use_is_refused() -> None:
    with pytest.raises(OperatorError, match="DetectLabels, DetectFaces"):
        read_settings(["DetectText=5"], list(DEPLOYED))


def test_what_is_deployed_is_read_from_the_function_that_reads_the_queue() -> None:
    client: Any = FakeLambda(SETTINGS)

    deployed = reader_of(client, client.queue_arn, AT_ONCE)

    assert deployed.settings == SETTINGS
    assert deployed.quotas == DEPLOYED
    assert deployed.fingerprints.keys() == {"labels", "faces"}


def test_a_queue_that_nobody_reads_says_what_to_do() -> None:
    client: Any = FakeLambda(SETTINGS)
    with pytest.raises(OperatorError, match="finish its deployment"):
        reader_of(client, "arn:aws:sqs:us-east-1:123456789012:other", AT_ONCE)


def test_settings_of_another_release_say_what_to_do() -> None:
    client: Any = FakeLambda(SETTINGS, others={"DETECTORS": "labels,smells"})
    with pytest.raises(OperatorError, match="deploy this release"):
        reader_of(client, client.queue_arn, AT_ONCE)


ABROAD = {"us-west-2:DetectLabels": 20.0, "us-west-2:DetectFaces": 40.0}


def test_each_region_has_a_line_with_a_quota_of_its_own() -> None:
    table = recognized().table
    table.set_quota("us-west-2:DetectLabels", 80)
    account = {
        "": [AccountQuota("", 50, "DetectLabels")],
        "us-west-2": [AccountQuota("", 30, "DetectLabels")],
    }

    lines = {quota.operation: quota for quota in in_use(processor(abroad=ABROAD), table, account, NOW)}

    assert list(lines) == [*DEPLOYED, *ABROAD]
    west = lines["us-west-2:DetectLabels"]
    assert (west.deployed, west.chosen, west.account, west.in_use) == (20, 80, 30, 80)
    assert (lines["DetectLabels"].in_use, lines["DetectLabels"].account) == (50, 50)


def test_a_quota_is_set_by_line_and_a_daily_limit_is_of_all_regions_together() -> None:
    lines = [*DEPLOYED, *ABROAD]

    assert read_settings(["us-west-2:DetectLabels=80"], lines) == {"us-west-2:DetectLabels": 80}
    with pytest.raises(OperatorError, match="us-west-2:DetectLabels"):
        read_daily_limits(["us-west-2:DetectLabels=80"], list(DEPLOYED))


def test_what_photos_take_and_cost_is_that_of_all_regions_together() -> None:
    settings = replace(SETTINGS, regional_quotas=ABROAD | {"eu-west-1:DetectLabels": 30.0})
    operated = recognized()
    operated.table.set_quota("us-west-2:DetectLabels", 120)

    alone, together = (
        Pricing.of(DeployedProcessor(each, 1024), operated.table) for each in (SETTINGS, settings)
    )

    assert together.quotas == {"DetectLabels": 50 + 120 + 30, "DetectFaces": 100 + 40}
    assert together.seconds({"labels": 4000}) == alone.seconds({"labels": 4000}) / 4
    bills = [each.bill(1000, {"labels": 1000}, is_bulk=True).by_service for each in (alone, together)]
    assert "Data transfer" not in bills[0]
    sent = 1000 * (190 / 340) * 2_300_000 * 4 / 3
    assert bills[1]["Data transfer"] == pytest.approx(sent / 1e9 * 0.02)
