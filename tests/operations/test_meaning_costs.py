"""What search by meaning costs, beside everything else."""

from dataclasses import replace

import pytest

from contract.meaning import BY_BEDROCK, DIMENSIONS, INVOKE_MODEL, MEANING_SEEN, PARTS, VECTORS_A_SECOND
from contract.timing import DAY_SECONDS
from operations.meaning_choice import MeaningChoice, with_meaning
from operations.meaning_costs import MOST_RECORDS, meaning_bill, questions_cost, row_bytes
from operations.pricing import Pricing
from query_api.search.listing import MAX_RECORDS
from tests.processors.world import SETTINGS, WITH_PICTURES


def test_copies_cost_their_rows_and_no_vector() -> None:
    new, copies = meaning_bill(1_000_000), meaning_bill(1_000_000, 0)

    assert copies.by_service["Lambda"] == 0
    assert 0 < copies.by_service["DynamoDB"] < new.by_service["DynamoDB"]
    assert copies.storage_a_month < new.storage_a_month


def test_a_question_costs_by_what_the_index_looks_at() -> None:
    few, many = (questions_cost(1, photos)["DynamoDB"] for photos in (10_000, 1_000_000))

    assert few < many < 0.01, "less than a cent over a million photos"


def test_a_question_costs_at_most_all_searches_and_records_of_a_page() -> None:
    usual, most = (questions_cost(1, 1_000_000, at_most=at_most)["DynamoDB"] for at_most in (False, True))

    assert sum(PARTS) - 1 < most / usual < sum(PARTS)
    assert MOST_RECORDS == MAX_RECORDS


def test_the_row_that_is_priced_has_a_vector() -> None:
    assert row_bytes() > 4 * DIMENSIONS


def test_a_plan_prices_vectors_before_the_setting_is_deployed() -> None:
    pricing = Pricing(SETTINGS.quotas, 0.5, settings=SETTINGS)
    meant = replace(pricing, settings=with_meaning(SETTINGS, MeaningChoice.LABELS))

    plain, with_vectors = (each.bill(1000, {}, is_bulk=True) for each in (pricing, meant))

    assert with_vectors.total - plain.total == pytest.approx(meaning_bill(1000).total)


def test_while_a_space_is_filled_both_kinds_of_vectors_are_priced() -> None:
    pricing = Pricing(SETTINGS.quotas, 0.5, settings=with_meaning(WITH_PICTURES, MeaningChoice.LABELS))
    assert pricing.settings is not None
    both = replace(pricing, settings=with_meaning(pricing.settings, MeaningChoice.BEDROCK, beside=True))

    of_labels, of_both = (each.bill(1_000, {}, is_bulk=True, meant={}) for each in (pricing, both))
    filled = both.bill(1_000, {}, is_bulk=True, meant={MEANING_SEEN: 1_000})

    rows = meaning_bill(1_000, 0, made_by=BY_BEDROCK)
    assert of_both.total - of_labels.total == pytest.approx(rows.total)
    vectors = meaning_bill(1_000, 1_000, made_by=BY_BEDROCK)
    assert filled.total - of_labels.total == pytest.approx(vectors.total)


def test_vectors_of_bedrock_cost_by_the_thousand_contents_and_none_for_copies() -> None:
    """$0.06 a thousand: https://aws.amazon.com/bedrock/pricing/"""
    new, copies = (meaning_bill(1_000, contents, made_by=BY_BEDROCK) for contents in (1_000, 0))

    assert new.by_service["Bedrock"] == pytest.approx(0.06)
    assert copies.by_service["Bedrock"] == 0
    assert "Bedrock" not in meaning_bill(1_000).by_service


def test_a_question_of_bedrock_costs_by_its_tokens_256_at_most() -> None:
    usual, most = (
        questions_cost(1_000, 10, made_by=BY_BEDROCK, at_most=at_most)["Bedrock"] for at_most in (False, True)
    )

    assert 0 < usual < most == pytest.approx(256 * 0.0008)


def test_a_plan_reckons_with_the_quota_of_the_model_and_its_day() -> None:
    seeing = with_meaning(SETTINGS, MeaningChoice.BEDROCK)
    pricing = Pricing(seeing.quotas, 0.5, daily_limits={INVOKE_MODEL: 1_000}, settings=seeing)

    assert pricing.seconds({}, 300) == pytest.approx(300 / VECTORS_A_SECOND)
    assert pricing.seconds({}, 1_001) == DAY_SECONDS
    assert pricing.slowest() == pytest.approx(1_000 / DAY_SECONDS)
    assert pricing.bill(1_000, {}, is_bulk=True).by_service["Bedrock"] == pytest.approx(0.06)
