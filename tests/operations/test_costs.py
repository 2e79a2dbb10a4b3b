"""The cost model: its arithmetic, and that what it says of our items is what our items are."""

from decimal import Decimal

import pytest

from contract.prices import DOLLARS_A_CALL, dollars_for_calls
from contract.results import pack
from contract.usage import (
    Assumptions,
    Work,
    item_bytes,
    read_units,
    record_item,
    result_item,
    row_items,
    seconds_at_quota,
    typical_record,
    usage,
    write_units,
)
from infra.distribution import MANAGED_RULES
from infra.settings import DeploymentSettings
from operations.costs import (
    API_METRICS,
    WEB_ACL_RULES,
    alerts,
    audit_a_month,
    bill,
    block_tags,
    corrections,
    customer_key_a_month,
    page_a_month,
    scan,
    snapstart_a_month,
    standing_a_month,
)
from processors.counting.label_counter import MAX_KEYS
from query_api.ports import QueryMetric as QueryCount

MILLION = 1_000_000
LABELS = ("DetectLabels",)
FOUR = ("DetectLabels", "DetectFaces", "DetectModerationLabels", "DetectText")


@pytest.mark.parametrize(
    ("calls", "before", "dollars"),
    [
        (0, 0, 0),
        (MILLION, 0, 1000),
        (2 * MILLION, 0, 1000 + 800),
        (5 * MILLION, 0, 1000 + 3200),
        (36 * MILLION, 0, 1000 + 3200 + 18_000 + 250),
        (MILLION, MILLION, 800),
        (MILLION, 500_000, 500 + 400),
        (MILLION, 40 * MILLION, 250),
    ],
)
def test_calls_cost_less_the_more_there_were_in_the_month(
    calls: float, before: float, dollars: float
) -> None:
    assert dollars_for_calls(calls, before) == pytest.approx(dollars)


def test_the_dearest_call_is_the_first() -> None:
    assert dollars_for_calls(1) == DOLLARS_A_CALL


@pytest.mark.parametrize(
    ("item", "size_bytes"),
    [
        ({"pk": "four"}, 6),
        ({"pk": "ü"}, 4),
        ({"n": 100}, 3),
        ({"n": 12345}, 5),
        ({"n": Decimal("-87.65")}, 5),
        ({"b": b"123", "yes": True, "no": None}, 4 + 4 + 3),
        ({"l": ["a", "bc"]}, 1 + 3 + 2 + 3),
        ({"m": {"Cat": Decimal("87.65")}}, 1 + 3 + 1 + 3 + 3),
    ],
)
def test_items_are_as_large_as_dynamodb_counts_them(item: dict[str, object], size_bytes: int) -> None:
    assert item_bytes(item) == size_bytes


def test_units_are_begun_kilobytes_and_at_least_one() -> None:
    assert [write_units(size) for size in (0, 1, 1024, 1025, 5000)] == [1, 1, 1, 2, 5]
    assert [read_units(size) for size in (0, 4096, 4097)] == [1, 1, 2]


def test_a_typical_photo_takes_a_unit_for_each_of_its_rows_and_one_for_its_record() -> None:
    record = typical_record(FOUR, labels=15, words=5)
    status, faces, labels, words = 1, 1, 15, 5

    rows = row_items(record)
    assert [write_units(item_bytes(row)) for row in rows] == [1] * (status + faces + labels + words)
    assert write_units(item_bytes(record_item(record))) == 1


def test_an_answer_of_fifteen_labels_takes_the_units_that_are_assumed() -> None:
    digits = "0.123456789012345"
    answer = {
        "Labels": [
            {
                "Name": name,
                "Confidence": float(f"9{place}.{digits[2 + place % 7 :]}"),
                "Instances": [],
                "Parents": [{"Name": "Outdoors"}],
                "Aliases": [],
                "Categories": [{"Name": "Nature and Outdoors"}],
            }
            for place, name in enumerate(typical_record(LABELS, 15, 0).findings.labels)
        ]
    }
    size = item_bytes(result_item("DetectLabels", len(pack(answer))))
    assumed = item_bytes(result_item("DetectLabels", Assumptions().answer_bytes["DetectLabels"]))

    assert write_units(size) <= write_units(assumed) == 2


def test_a_new_photo_with_one_detector_takes_the_writes_that_the_code_makes() -> None:
    used = usage(Work.of_new_photos(10, LABELS), Assumptions())

    claims, results, records, rows = 10, 2 * 10, 10, 10 * (15 + 1)
    counts, budgets = 1, 1
    tallied = 2 * (10 + (1 + 16 * 3) * 10 / 60) + 10
    assert used.write_units == pytest.approx(claims + results + records + rows + counts + budgets + tallied)
    assert used.read_units == 10 * 6
    assert (used.calls, used.invocations, used.sns_requests) == (10, 1, 1)


def test_a_secondary_index_doubles_the_label_rows_alone() -> None:
    work = Work.of_new_photos(1, LABELS)
    once, twice = (usage(work, Assumptions(copies_of_ranked_rows=copies)) for copies in (1, 2))

    assert twice.write_units - once.write_units == pytest.approx(15)


def test_photos_whose_answers_are_there_cost_no_call_and_no_claim() -> None:
    known = usage(Work(10, {"DetectLabels": 0}), Assumptions())
    new = usage(Work(10, {"DetectLabels": 10}), Assumptions())

    assert (known.calls, known.s3_gets) == (0, 0)
    assert new.write_units - known.write_units == 10 * (1 + 2)
    assert known.gb_seconds == pytest.approx(10 * (0.05 * Assumptions().memory_gb + 0.001))


def test_functions_are_paid_for_as_long_as_they_wait_for_turns() -> None:
    work = Work.of_new_photos(MILLION, LABELS, is_bulk=True)
    at_50, at_5, at_1 = (
        usage(work, Assumptions(quotas={"DetectLabels": quota}, tally_gb_seconds=0)).gb_seconds
        for quota in (50, 5, 1)
    )

    each = Assumptions().memory_gb
    assert at_50 == MILLION / 50 * 10 * each
    assert at_5 == MILLION / 5 * 2 * each
    assert at_1 == MILLION / 1 * 2 * each


def test_the_slowest_operation_decides_how_long_it_takes() -> None:
    quotas = {"DetectLabels": 50.0, "DetectFaces": 100.0}

    assert seconds_at_quota({"DetectLabels": 100, "DetectFaces": 1000}, quotas) == 10
    assert seconds_at_quota({}, quotas) == 0
    assert seconds_at_quota({"DetectLabels": 0}, quotas) == 0


def test_a_bill_names_every_service_and_adds_up() -> None:
    total = bill(Work.of_new_photos(MILLION, LABELS))

    assert total.by_service["Rekognition"] == pytest.approx(1000)
    assert total.total == pytest.approx(sum(total.by_service.values()))
    assert total.beside_rekognition == pytest.approx(total.total - 1000)
    assert all(dollars > 0 for dollars in (*total.by_service.values(), total.storage_a_month))
    assert total.to_json()["total"] == pytest.approx(total.total, abs=1e-3)


def test_image_properties_have_a_price_of_their_own_beside_that_of_labels() -> None:
    properties = "DetectLabels/IMAGE_PROPERTIES"
    alone, both = (
        bill(Work.of_new_photos(2 * MILLION, calls)) for calls in ((properties,), (*LABELS, properties))
    )

    assert alone.by_service["Rekognition"] == pytest.approx(750 + 600)
    assert both.by_service["Rekognition"] == pytest.approx(750 + 600 + 1000 + 800)


def test_calls_of_one_operation_take_as_long_as_all_of_them_together() -> None:
    assert (
        seconds_at_quota({"DetectLabels": 100, "DetectLabels/IMAGE_PROPERTIES": 50}, {"DetectLabels": 10})
        == 15
    )


def test_nothing_to_do_costs_nothing() -> None:
    assert bill(Work(0, {"DetectLabels": 0})).total == 0


def test_what_stands_every_month_is_little() -> None:
    assert 0 < sum(standing_a_month().values()) < 11


def test_an_audit_reads_each_record_at_half_price_and_lists_a_thousand_keys_a_request() -> None:
    a_month = audit_a_month(MILLION)

    assert a_month["DynamoDB"] == pytest.approx(30 * 0.5 * 0.125)
    assert a_month["S3"] == pytest.approx(30 * 1000 * 0.000_005)
    assert sum(a_month.values()) < 3


def test_a_snapshot_is_paid_for_all_month_and_again_for_each_start() -> None:
    """Half a GB of it, at the prices of us-east-1."""
    month = 0.5 * 30 * 86_400 * 0.0000015046

    assert snapstart_a_month() == pytest.approx(month)
    assert snapstart_a_month(MILLION) == pytest.approx(month + 0.5 * 139.7998)
    assert "snapshot" not in standing_a_month(), "who has it off does not pay for it"


def test_signing_in_and_cloudfront_are_free_up_to_where_aws_says_and_a_web_acl_never_is() -> None:
    free = page_a_month(people=10_000, requests=10 * MILLION, waf=False)
    assert set(free.values()) == {0.0}

    more = page_a_month(people=10_100, requests=12 * MILLION)
    assert more["Cognito"] == pytest.approx(1.50)
    assert more["CloudFront"] == pytest.approx(2.00)
    assert more["WAF"] == pytest.approx(5 + 3 + 12 * 0.60)
    assert len(MANAGED_RULES) + 1 == WEB_ACL_RULES


def test_a_customers_key_costs_a_dollar_and_what_is_asked_of_it() -> None:
    """Five queues an hour's data key, two topics and four users of the table five minutes'."""
    requests = 5 * 720 * 5 + 2 * 8640 * 2 + 4 * 8640

    assert customer_key_a_month() == pytest.approx(1 + requests * 0.03 / 10_000)
    assert "key" not in standing_a_month(), "who has it off does not pay for it"


def test_a_scan_reads_every_byte_that_is_kept() -> None:
    kept = usage(Work.of_new_photos(MILLION, LABELS), Assumptions()).stored_bytes

    assert scan(Work.of_new_photos(MILLION, LABELS)) == pytest.approx(kept / 4096 * 0.125 / MILLION)


def test_forgetting_a_photo_among_a_million_costs_what_its_help_says() -> None:
    """Half a dollar: the table is read twice at least."""
    assert round(2 * scan(Work.of_new_photos(MILLION, LABELS)), 1) == 0.5


def test_every_metric_of_the_api_is_paid_for() -> None:
    assert len(QueryCount) == API_METRICS


def test_the_assumptions_are_those_of_the_deployment() -> None:
    assumed = Assumptions()

    assert assumed.photos_a_batch == DeploymentSettings().batch_size
    assert assumed.tallied_a_transaction <= MAX_KEYS


def test_wings_that_act_cost_by_photo_and_nothing_without_any() -> None:
    assert (alerts(0), corrections(0), block_tags(0)) == (0, 0, 0)
    assert alerts(1_000_000, rules=2) - alerts(1_000_000) == pytest.approx(2 * 0.125 + 5 * 0.625, rel=0.01)
    assert block_tags(1_000_000, blocked=1_000) == pytest.approx(0.40 + 0.0162)
