"""What search by meaning costs: vectors by the photo, and questions by what the index looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contract.detectors import CALLS, OPERATIONS
from contract.meaning import DIMENSIONS, MEANING, PARTS, SPACE, VECTOR, written_vector
from contract.prices import MILLION, Prices
from contract.results import pack
from contract.usage import (
    FINGERPRINT,
    Assumptions,
    assumption,
    item_bytes,
    kept_bytes,
    result_item,
    row_items,
    typical_record,
    write_units,
)
from operations.costs import Bill

GB = 1_000_000_000
# The index counts what is written of an item, and at least so much.
LEAST_INDEXED_BYTES = 1_000
# What a page at most reads of the table: query_api/search/listing.py.
MOST_RECORDS = 500
# Of a vector, as no two numbers of it are alike.
_VECTOR = tuple((number * 7919 % 1009 - 504) / 9973 for number in range(DIMENSIONS))


@dataclass(frozen=True)
class MeaningAssumptions:
    """What nobody can know beforehand of vectors, and what has not been measured on AWS."""

    vector_seconds: float = assumption(0.05, "s a content", "assumed for arm64: fifty labels, most kept")
    text_seconds: float = assumption(0.02, "s a question", "assumed for arm64: 8 to 10 ms here")
    meaning_memory_gb: float = assumption(1.73, "GB", "`infra/meaning.py`: one core")
    wider_bytes: float = assumption(
        1_000,
        "bytes",
        "of labels below 40 % in a packed answer: assumed; 53 bytes with those of the local models",
    )
    records_a_question: float = assumption(50, "records", "a page, whose neighbors are held against them")


def meaning_bill(
    photos: float,
    contents: float | None = None,
    prices: Prices | None = None,
    of: MeaningAssumptions | None = None,
) -> Bill:
    """Return what vectors of photos cost; of these, so many have contents of which none is made as yet."""
    prices, of = prices or Prices(), of or MeaningAssumptions()
    contents = photos if contents is None else contents
    answer = item_bytes(result_item(MEANING, len(pack({VECTOR: written_vector(_VECTOR)}))))
    row = row_bytes()
    usual = item_bytes(result_item("DetectLabels", Assumptions().answer_bytes[CALLS["labels"]]))
    wider = write_units(usual + of.wider_bytes) - write_units(usual)
    # A claim, and the answer that takes its place. Whether it is there is read with each photo.
    units = contents * (1 + write_units(answer) + wider) + photos * write_units(row)
    stored = contents * (kept_bytes(answer) + of.wider_bytes) + photos * kept_bytes(row)
    return Bill(
        {
            "DynamoDB": (units * prices.million_write_units + photos * prices.million_read_units) / MILLION
            + photos * max(row, LEAST_INDEXED_BYTES) / GB * prices.vectors_written_gb,
            "Lambda": contents * prices.million_invocations / MILLION
            + contents * of.vector_seconds * of.meaning_memory_gb * prices.gb_second,
        },
        stored / GB * (prices.table_gb_month + prices.backup_gb_month)
        + photos * row / GB * prices.vectors_gb_month,
    )


def questions_cost(
    questions: float,
    photos: float,
    prices: Prices | None = None,
    of: MeaningAssumptions | None = None,
    *,
    at_most: bool = False,
) -> Mapping[str, float]:
    """Return what questions, or pages of one, cost by service: each as if the index looked at every vector.

    `at_most` is for those that one search does not answer, nor any other, and that read all they may.
    """
    prices, of = prices or Prices(), of or MeaningAssumptions()
    searches, records = (sum(PARTS), MOST_RECORDS) if at_most else (1, of.records_a_question)
    looked_at = searches * photos * 4 * DIMENSIONS
    return {
        "DynamoDB": questions
        * (looked_at / GB * prices.vectors_searched_gb + records * prices.million_read_units / MILLION),
        "Lambda": questions
        * (prices.million_invocations / MILLION + of.text_seconds * of.meaning_memory_gb * prices.gb_second),
    }


def row_bytes() -> int:
    """Return the size of a photo's row with its vector."""
    plain = typical_record((OPERATIONS["labels"],), 0, 0)
    record = replace(
        plain,
        detectors={**plain.detectors, MEANING: f"{SPACE}.{FINGERPRINT}"},
        findings=replace(plain.findings, vector=_VECTOR),
    )
    return max(item_bytes(item) for item in row_items(record))
