"""What the cost model takes for granted, each number with its unit and where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.capacity import DEFAULT_BATCH_SIZE, SECONDS_A_BATCH
from contract.detectors import SPECS
from contract.quotas import IN_LARGE_REGIONS

# A raw answer as it is kept, packed.
ANSWER_BYTES: Mapping[str, int] = {spec.operation: spec.answer_bytes for spec in SPECS.values()}


def _assumed(value: float, unit: str, source: str) -> Any:
    return field(default=value, metadata={"unit": unit, "source": source})


def _in_large_regions() -> Mapping[str, float]:
    return dict(IN_LARGE_REGIONS)


def _answer_bytes() -> Mapping[str, int]:
    return dict(ANSWER_BYTES)


@dataclass(frozen=True)
class Assumptions:
    """What nobody can know beforehand, and what a deployment may have otherwise.

    `quotas` are calls a second by operation, `answer_bytes` the size of a packed answer by operation.
    """

    labels_a_photo: float = _assumed(
        15,
        "labels",
        "nobody knows beforehand: a photo of one thing has some ten, AWS's example of a street thirty",
    )
    words_a_photo: float = _assumed(5, "words", "most photos have none, a few have many")
    photos_a_batch: float = _assumed(
        DEFAULT_BATCH_SIZE, "photos", "`batch_size`; while there is a backlog, batches are full"
    )
    seconds_a_batch: float = _assumed(
        SECONDS_A_BATCH,
        "s",
        "`contract/capacity.py` gives as many functions as fill the quota so; all of them wait for turns or "
        "work",
    )
    memory_gb: float = _assumed(0.5, "GB", "`infra/processing.py`")
    seconds_a_photo: float = _assumed(
        0.05, "s", "a photo's part of a batch without calls; docs/performance.md has 20 ms of processor time"
    )
    copies_of_ranked_rows: float = _assumed(
        1, "copies", "2 with the secondary index over rows that have a confidence"
    )
    tallied_a_transaction: float = _assumed(
        60, "photos", "counted together: 5 s of 50 photos a second, in four shards of a new table's stream"
    )
    tally_item_units: float = _assumed(3, "units", "one item of counts, once all labels have occurred")
    tally_gb_seconds: float = _assumed(
        0.001, "GB-s a photo", "`contract/timing.py`: a thousand in 2 s, in functions of 0.5 GB"
    )
    audit_gb_seconds: float = _assumed(
        0.0003, "GB-s a photo", "assumed: a listing and ten reads of a hundred records in 0.6 s, in 0.5 GB"
    )
    budget_writes_a_batch: float = _assumed(
        1, "writes", "for each operation: a batch takes its turns at once"
    )
    log_bytes_a_batch: float = _assumed(2500, "bytes", "Lambda's own lines, and one of metrics")
    traced_share: float = _assumed(0.05, "of batches", "X-Ray's default rule, beside one batch a second")
    quotas: Mapping[str, float] = field(default_factory=_in_large_regions)
    answer_bytes: Mapping[str, int] = field(default_factory=_answer_bytes)
