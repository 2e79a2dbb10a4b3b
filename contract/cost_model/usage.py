"""What work uses of each service: counted as the code makes its requests, items measured as written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contract.capacity import FEWEST_WORKERS
from contract.cost_model import typical
from contract.cost_model.assumptions import Assumptions
from contract.cost_model.item_sizes import STORED_BESIDE_BYTES, item_bytes, write_units
from contract.tallies import LABEL_COUNTS

# Ten messages go into one request, and ten completions.
MESSAGES_A_REQUEST = 10
# A row that has it is in the secondary index too, where there is one.
CONFIDENCE = "confidence"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
UNITS_IN_A_TRANSACTION = 2


@dataclass(frozen=True)
class Work:
    """What is to be done: new records, and the calls to be made for them, by operation.

    An operation whose answers are all there has 0 calls. `is_bulk` is work through the bulk queue; other work
    begins with an upload, of which S3 tells in a message. `calls_before` were made this month already.
    """

    photos: float
    calls: Mapping[str, float]
    is_bulk: bool = False
    calls_before: float = 0

    @classmethod
    def of_new_photos(cls, photos: float, operations: Sequence[str], *, is_bulk: bool = False) -> Work:
        """Describe photos of which nothing is known."""
        return cls(photos, dict.fromkeys(operations, photos), is_bulk)


@dataclass(frozen=True)
class Usage:
    """What is used of each service. Units are DynamoDB's, seconds those of all functions together."""

    calls: float
    write_units: float
    read_units: float
    invocations: float
    gb_seconds: float
    sqs_requests: float
    sns_requests: float
    s3_gets: float
    log_bytes: float
    traces: float
    stored_bytes: float


def seconds_at_quota(calls: Mapping[str, float], quotas: Mapping[str, float]) -> float:
    """Return how long calls take at the least: operations go side by side, and the slowest decides."""
    return max((count / quotas[operation] for operation, count in calls.items() if count), default=0.0)


def usage(work: Work, assumed: Assumptions) -> Usage:
    """Count what some work uses."""
    batches = work.photos / assumed.photos_a_batch
    calls = sum(work.calls.values())
    workers = _workers(work.calls, assumed)
    # All workers are there until the last call is made, for a turn is waited for inside a function.
    waiting_seconds = seconds_at_quota(work.calls, assumed.quotas) * workers
    busy_seconds = max(waiting_seconds, work.photos * assumed.seconds_a_photo)
    photo_writes, photo_bytes = _of_records(work, assumed)
    call_writes, call_bytes = _of_results(work.calls, assumed.answer_bytes)
    # A batch adds to the counts of the day, and takes its turns at each operation.
    batch_writes = 1 + assumed.budget_writes_a_batch * len(work.calls)
    sent = work.photos / MESSAGES_A_REQUEST if work.is_bulk else work.photos
    return Usage(
        calls=calls,
        write_units=photo_writes + call_writes + batches * batch_writes,
        # The record that may be there, and each result; then the tally reads the record, its share in counts,
        # and the record again with the removal of its content.
        read_units=work.photos * (1 + len(work.calls) + 4),
        invocations=batches,
        gb_seconds=busy_seconds * assumed.memory_gb + work.photos * assumed.tally_gb_seconds,
        sqs_requests=sent + 2 * work.photos / MESSAGES_A_REQUEST,  # received and deleted by tens
        sns_requests=work.photos / MESSAGES_A_REQUEST,
        # Rekognition reads the photo for each call; bulk work looks at the object first.
        s3_gets=calls + (work.photos if work.is_bulk else 0),
        log_bytes=batches * assumed.log_bytes_a_batch,
        traces=min(batches, busy_seconds / workers + batches * assumed.traced_share),
        stored_bytes=photo_bytes + call_bytes,
    )


def _workers(operations: Iterable[str], assumed: Assumptions) -> int:
    slowest = min((assumed.quotas[operation] for operation in operations), default=0.0)
    return max(FEWEST_WORKERS, math.ceil(slowest * assumed.seconds_a_batch / assumed.photos_a_batch))


def _of_records(work: Work, assumed: Assumptions) -> tuple[float, float]:
    """Count the write units of new records with their index rows and counts, and the bytes that they keep."""
    record = typical.record(tuple(work.calls), round(assumed.labels_a_photo), round(assumed.words_a_photo))
    rows = typical.row_items(record)
    ranked = [item_bytes(row) for row in rows if CONFIDENCE in row]
    once = [
        item_bytes(typical.record_item(record)),
        *(item_bytes(row) for row in rows if CONFIDENCE not in row),
    ]
    counted = item_bytes(typical.counted_item(record))
    name = item_bytes(typical.name_item(record))
    copies = assumed.copies_of_ranked_rows
    writes = sum(map(write_units, once)) + copies * sum(map(write_units, ranked))
    writes += UNITS_IN_A_TRANSACTION * (write_units(counted) + _of_counts(assumed))
    writes += write_units(name)
    kept = sum(map(_kept_bytes, (*once, counted, name))) + copies * sum(map(_kept_bytes, ranked))
    return work.photos * writes, work.photos * kept


def _of_counts(assumed: Assumptions) -> float:
    """Count a photo's part of the items of counts, all of which a transaction changes."""
    return (1 + len(LABEL_COUNTS) * assumed.tally_item_units) / assumed.tallied_a_transaction


def _of_results(calls: Mapping[str, float], answer_bytes: Mapping[str, int]) -> tuple[float, float]:
    """Count the write units of claims, and of the results that take their places, and the bytes kept."""
    writes, kept = 0.0, 0.0
    for operation, count in calls.items():
        result_bytes = item_bytes(typical.result_item(operation, answer_bytes[operation]))
        writes += count * (1 + write_units(result_bytes))
        kept += count * _kept_bytes(result_bytes)
    return writes, kept


def _kept_bytes(size_bytes: int) -> int:
    return size_bytes + STORED_BESIDE_BYTES
