"""What search by meaning costs: vectors by the photo, and questions by what the index looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contract.detectors import CALLS, OPERATIONS
from contract.meaning import BY_BEDROCK, DIMENSIONS, MEANING, PARTS, SPACE, VECTOR, written_vector
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
# A text of the most that the model takes.
# https://docs.aws.amazon.com/bedrock/latest/userguide/titan-multiemb-models.html
MOST_TOKENS = 256
# Of a vector, as no two numbers of it are alike.
_VECTOR = tuple((number * 7919 % 1009 - 504) / 9973 for number in range(DIMENSIONS))


@dataclass(frozen=True)
class MeaningAssumptions:
    """What nobody can know beforehand of vectors, and what has not been measured on AWS."""

    vector_seconds: float = assumption(0.05, "s a content", "assumed for arm64: fifty labels, most kept")
    text_seconds: float = assumption(0.02, "s a question", "assumed for arm64: 8 to 10 ms here")
    meaning_memory_gb: float = assumption(1.73, "GB", "`infra/meaning.py`: one core")
    seeing_seconds: float = assumption(0.5, "s a thumbnail", "assumed: a call of Bedrock, and its JPEG")
    seeing_memory_gb: float = assumption(0.5, "GB", "`infra/meaning.py`, where Bedrock is asked")
    text_tokens: float = assumption(10, "tokens a question", "assumed, where Bedrock is asked")
    slots_at_once: float = assumption(
        10, "vectors a write", "`processors/rate_limit.py`: of Bedrock's quota, taken at once at least"
    )
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
    *,
    made_by: str = "",
) -> Bill:
    """Return what vectors of photos cost; of these, so many have contents of which none is made as yet.

    `made_by` is `bedrock` where a model is asked about thumbnails.
    """
    sees = made_by == BY_BEDROCK
    prices, of = prices or Prices(), of or MeaningAssumptions()
    contents = photos if contents is None else contents
    answer = item_bytes(result_item(MEANING, len(pack({VECTOR: written_vector(_VECTOR)}))))
    row = row_bytes()
    usual = item_bytes(result_item("DetectLabels", Assumptions().answer_bytes[CALLS["labels"]]))
    wider_bytes = 0 if sees else of.wider_bytes
    wider = write_units(usual + wider_bytes) - write_units(usual) + (1 / of.slots_at_once if sees else 0)
    seconds = of.seeing_seconds * of.seeing_memory_gb if sees else of.vector_seconds * of.meaning_memory_gb
    # A claim, and the answer that takes its place. Whether it is there is read with each photo.
    units = contents * (1 + write_units(answer) + wider) + photos * write_units(row)
    stored = contents * (kept_bytes(answer) + wider_bytes) + photos * kept_bytes(row)
    return Bill(
        {
            "DynamoDB": (units * prices.million_write_units + photos * prices.million_read_units) / MILLION
            + photos * max(row, LEAST_INDEXED_BYTES) / GB * prices.vectors_written_gb,
            "Lambda": contents * prices.million_invocations / MILLION + contents * seconds * prices.gb_second,
            **(_of_bedrock(contents, prices) if sees else {}),
        },
        stored / GB * (prices.table_gb_month + prices.backup_gb_month)
        + photos * row / GB * prices.vectors_gb_month,
    )


def _of_bedrock(contents: float, prices: Prices) -> Mapping[str, float]:
    return {
        "Bedrock": contents * prices.million_pictures_embedded / MILLION,
        "S3": contents * prices.million_s3_gets / MILLION,
    }


def questions_cost(
    questions: float,
    photos: float,
    prices: Prices | None = None,
    of: MeaningAssumptions | None = None,
    *,
    at_most: bool = False,
    made_by: str = "",
) -> Mapping[str, float]:
    """Return what questions, or pages of one, cost by service: each as if the index looked at every vector.

    `at_most` is for those that one search does not answer, nor any other, and that read all they may.
    """
    prices, of = prices or Prices(), of or MeaningAssumptions()
    searches, records = (sum(PARTS), MOST_RECORDS) if at_most else (1, of.records_a_question)
    looked_at = searches * photos * 4 * DIMENSIONS
    sees = made_by == BY_BEDROCK
    tokens = MOST_TOKENS if at_most else of.text_tokens
    seconds = of.seeing_seconds * of.seeing_memory_gb if sees else of.text_seconds * of.meaning_memory_gb
    return {
        "DynamoDB": questions
        * (looked_at / GB * prices.vectors_searched_gb + records * prices.million_read_units / MILLION),
        "Lambda": questions * (prices.million_invocations / MILLION + seconds * prices.gb_second),
        **({"Bedrock": questions * tokens * prices.million_tokens_embedded / MILLION} if sees else {}),
    }


def row_bytes() -> int:
    """Return the size of a photo's row with its vector."""
    plain = typical_record((OPERATIONS["labels"],), 0, 0)
    record = replace(
        plain,
        detectors={**plain.detectors, MEANING: f"{SPACE}.{FINGERPRINT}"},
        findings=replace(plain.findings, vectors={MEANING: _VECTOR}),
    )
    return max(item_bytes(item) for item in row_items(record))
