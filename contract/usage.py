"""What work uses of each service: counted as the code makes its requests, items measured as written.

What the model takes for granted, and a photo such as most are, are here, and how DynamoDB measures an item:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contract.detectors import CALLS, HOURLY, IMAGE_PROPERTIES, SEARCH, SPECS, operation_of
from contract.quotas import (
    DEFAULT_BATCH_SIZE,
    FEWEST_WORKERS,
    IN_LARGE_REGIONS,
    SECONDS_A_BATCH,
)
from contract.records import Findings, ImageRecord, ImageVersion, Status
from contract.results import ResultName
from contract.table import index_rows, record_key, result_key
from contract.tallies import LABEL_COUNTS, CountedImage, Name, Share, counted_key


@dataclass(frozen=True)
class Work:
    """What is to be done: new records, and the calls to be made for them, by what they are charged as.

    That is an operation, or a feature of one (contract/detectors.py). One whose answers are all there has 0
    calls. `is_bulk` is work through the bulk queue; other work begins with an upload, of which S3 tells in a
    message. `calls_before` were made this month already.
    """

    photos: float
    calls: Mapping[str, float]
    is_bulk: bool = False
    calls_before: float = 0

    @classmethod
    def of_new_photos(cls, photos: float, calls: Sequence[str], *, is_bulk: bool = False) -> "Work":
        return cls(photos, dict.fromkeys(calls, photos), is_bulk)


@dataclass(frozen=True)
class Usage:
    """What is used of each service. Units are DynamoDB's, seconds those of all functions together.

    `property_calls` are those of `calls` that ask for image properties, which have a price of their own, and
    `hourly_calls` those for which a model runs that is paid by the hour.
    `stored_bytes` stay in the table, `rendition_bytes` in the bucket of renditions; `sent_bytes` go to other
    regions.
    """

    calls: float = 0
    property_calls: float = 0
    hourly_calls: float = 0
    write_units: float = 0
    read_units: float = 0
    invocations: float = 0
    gb_seconds: float = 0
    sqs_requests: float = 0
    sns_requests: float = 0
    s3_gets: float = 0
    s3_puts: float = 0
    log_bytes: float = 0
    traces: float = 0
    stored_bytes: float = 0
    rendition_bytes: float = 0
    sent_bytes: float = 0


# A raw answer as it is kept, packed.
ANSWER_BYTES: Mapping[str, int] = {spec.call: spec.answer_bytes for spec in (*SPECS.values(), SEARCH)}


def assumption(value: float, unit: str, source: str) -> Any:
    return field(default=value, metadata={"unit": unit, "source": source})


@dataclass(frozen=True)
class Assumptions:
    """What nobody can know beforehand, and what a deployment may have otherwise.

    `quotas` are calls a second by operation, `answer_bytes` the size of a packed answer by call.
    `share_sent` is the share of calls that are made in other regions, 0 where none are asked.
    """

    labels_a_photo: float = assumption(
        15,
        "labels",
        "nobody knows beforehand: a photo of one thing has some ten, AWS's example of a street thirty",
    )
    words_a_photo: float = assumption(5, "words", "most photos have none, a few have many")
    photos_a_batch: float = assumption(
        DEFAULT_BATCH_SIZE, "photos", "`batch_size`; while there is a backlog, batches are full"
    )
    seconds_a_batch: float = assumption(
        SECONDS_A_BATCH,
        "s",
        "`contract/quotas.py` gives as many functions as fill the quota so; all of them wait for turns or "
        "work",
    )
    memory_gb: float = assumption(0.5, "GB", "`infra/processing.py`")
    seconds_a_photo: float = assumption(
        0.05, "s", "a photo's part of a batch without calls; docs/performance.md has 20 ms of processor time"
    )
    copies_of_ranked_rows: float = assumption(
        1, "copies", "2 with the secondary index over rows that have a confidence"
    )
    tallied_a_transaction: float = assumption(
        60, "photos", "counted together: 5 s of 50 photos a second, in four shards of a new table's stream"
    )
    tally_item_units: float = assumption(3, "units", "one item of counts, once all labels have occurred")
    tally_gb_seconds: float = assumption(
        0.001, "GB-s a photo", "`contract/timing.py`: a thousand in 2 s, in functions of 0.5 GB"
    )
    audit_gb_seconds: float = assumption(
        0.0003, "GB-s a photo", "assumed: a listing and ten reads of a hundred records in 0.6 s, in 0.5 GB"
    )
    budget_writes_a_batch: float = assumption(
        1, "writes", "for each operation: a batch takes its turns at once"
    )
    log_bytes_a_batch: float = assumption(2500, "bytes", "Lambda's own lines, and one of metrics")
    traced_share: float = assumption(0.05, "of batches", "X-Ray's default rule, beside one batch a second")
    sent_photo_bytes: float = assumption(
        2_300_000, "bytes", "of a photo that is sent to another region (docs/regions.md), before base64"
    )
    share_sent: float = 0.0
    quotas: Mapping[str, float] = field(default_factory=lambda: dict(IN_LARGE_REGIONS))
    answer_bytes: Mapping[str, int] = field(default_factory=lambda: dict(ANSWER_BYTES))


# Four characters for three bytes.
BASE64 = 4 / 3
# Ten messages go into one request, and ten completions.
MESSAGES_A_REQUEST = 10
# A row that has it is in the secondary index too, where there is one.
CONFIDENCE = "confidence"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
UNITS_IN_A_TRANSACTION = 2
# What a new table takes on demand, and a new index of it, before it has learned from traffic.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
NEW_TABLE_WRITES = 4000


def seconds_at_quota(calls: Mapping[str, float], quotas: Mapping[str, float]) -> float:
    """Return how long calls take at the least: operations go side by side, and the slowest decides."""
    counts: dict[str, float] = defaultdict(float)
    for call, count in calls.items():
        counts[operation_of(call)] += count
    return max((count / quotas[operation] for operation, count in counts.items() if count), default=0.0)


def usage(work: Work, assumed: Assumptions) -> Usage:
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
        hourly_calls=sum(count for call, count in work.calls.items() if call in HOURLY),
        property_calls=sum(
            count for call, count in work.calls.items() if call.endswith(f"/{IMAGE_PROPERTIES}")
        ),
        write_units=photo_writes + call_writes + batches * batch_writes,
        # The record that may be there, and each result; then the tally reads the record, its share in counts,
        # and the record again with the removal of its content.
        read_units=work.photos * (1 + len(work.calls) + 4),
        invocations=batches,
        gb_seconds=busy_seconds * assumed.memory_gb + work.photos * assumed.tally_gb_seconds,
        sqs_requests=sent + 2 * work.photos / MESSAGES_A_REQUEST,  # received and deleted by tens
        sns_requests=work.photos / MESSAGES_A_REQUEST,
        # Rekognition reads the photo for each call; bulk work looks at the object first.
        # Of what is sent to other regions, we read it: once for all detectors.
        s3_gets=calls * (1 - assumed.share_sent)
        + (work.photos if work.is_bulk else 0)
        + min(calls * assumed.share_sent, work.photos),
        log_bytes=batches * assumed.log_bytes_a_batch,
        traces=min(batches, busy_seconds / workers + batches * assumed.traced_share),
        stored_bytes=photo_bytes + call_bytes,
        sent_bytes=calls * assumed.share_sent * assumed.sent_photo_bytes * BASE64,
    )


def _workers(calls: Iterable[str], assumed: Assumptions) -> int:
    slowest = min((assumed.quotas[operation_of(call)] for call in calls), default=0.0)
    return max(FEWEST_WORKERS, math.ceil(slowest * assumed.seconds_a_batch / assumed.photos_a_batch))


def _of_records(work: Work, assumed: Assumptions) -> tuple[float, float]:
    """Count the write units of new records with their index rows and counts, and the bytes that they keep."""
    record = typical_record(tuple(work.calls), round(assumed.labels_a_photo), round(assumed.words_a_photo))
    rows = row_items(record)
    ranked = [item_bytes(row) for row in rows if CONFIDENCE in row]
    once = [
        item_bytes(record_item(record)),
        *(item_bytes(row) for row in rows if CONFIDENCE not in row),
    ]
    counted = item_bytes(counted_item(record))
    name = item_bytes(name_item(record))
    copies = assumed.copies_of_ranked_rows
    writes = sum(map(write_units, once)) + copies * sum(map(write_units, ranked))
    writes += UNITS_IN_A_TRANSACTION * (write_units(counted) + _of_counts(assumed))
    writes += write_units(name)
    kept = sum(map(kept_bytes, (*once, counted, name))) + copies * sum(map(kept_bytes, ranked))
    return work.photos * writes, work.photos * kept


def _of_counts(assumed: Assumptions) -> float:
    """Count a photo's part of the items of counts, all of which a transaction changes."""
    return (1 + len(LABEL_COUNTS) * assumed.tally_item_units) / assumed.tallied_a_transaction


def _of_results(calls: Mapping[str, float], answer_bytes: Mapping[str, int]) -> tuple[float, float]:
    """Count the write units of claims, and of the results that take their places, and the bytes kept."""
    writes, kept = 0.0, 0.0
    for call, count in calls.items():
        result_bytes = item_bytes(result_item(call, answer_bytes[call]))
        writes += count * (1 + write_units(result_bytes))
        kept += count * kept_bytes(result_bytes)
    return writes, kept


def kept_bytes(size_bytes: int) -> int:
    return size_bytes + STORED_BESIDE_BYTES


UPLOADED_AT = "2026-01-31T12:34:56.789Z"
KEY = "2026/01/31/trip to the sea/IMG_20260131_123456.jpg"
ETAG = "0123456789abcdef" * 2
SEQUENCER = "0055AED6DCD90281E5"
FINGERPRINT = "0123456789ab"
# As Rekognition names things.
COLORS = ("blue", "grey", "green")
NAMES = ("Outdoors", "Nature", "Person", "Adult", "Sea", "Beach", "Coast", "Shoreline", "Clothing", "Summer")


def typical_record(calls: Sequence[str], labels: int, words: int) -> ImageRecord:
    """Make the record of a photo about which these calls were made, with so many labels and words."""
    named = [f"{NAMES[place % len(NAMES)]}{place // len(NAMES) or ''}" for place in range(labels)]
    has_labels, has_words = "DetectLabels" in calls, "DetectText" in calls
    return ImageRecord(
        version=ImageVersion(KEY, ETAG, 2_345_678, "k3oBxRzPq9Vt.Nf7Lm1YdWsHc5UeJ8aG", UPLOADED_AT),
        status=Status.RECOGNIZED,
        sequencer=SEQUENCER,
        decided_by=SEQUENCER,
        generation=1,
        decided_at=UPLOADED_AT,
        detectors={name: FINGERPRINT for name, call in CALLS.items() if call in calls},
        findings=Findings(
            labels=dict.fromkeys(named, 87.65) if has_labels else {},
            parents=frozenset(named[: labels // 3]) if has_labels else frozenset(),
            faces=1 if "DetectFaces" in calls else None,
            words=tuple(f"word{place}" for place in range(words)) if has_words else (),
            colors=COLORS if CALLS["image_properties"] in calls else (),
        ),
    )


def record_item(of: ImageRecord) -> Mapping[str, object]:
    return record_key(of.key)._asdict() | of.to_item()


def row_items(of: ImageRecord) -> list[Mapping[str, object]]:
    return [row.to_item() for row in index_rows(of)]


def counted_item(of: ImageRecord) -> Mapping[str, object]:
    return counted_key(of.key)._asdict() | CountedImage(Share.of(of), turn=1).to_item()


def name_item(of: ImageRecord) -> Mapping[str, object]:
    name = Name(of.content_id, of.key, turn=1)
    return name.at._asdict() | name.to_item()


def result_item(call: str, answer_bytes: int) -> Mapping[str, object]:
    """Write a raw result of a size (packed) as the item it is in the table."""
    at = result_key(ResultName(f"{ETAG}-2345678", call, FINGERPRINT))
    return {**at._asdict(), "answer": bytes(answer_bytes), "called_at": UPLOADED_AT}


WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
# What DynamoDB adds to an item that it keeps; it is not counted when the item is written.
STORED_BESIDE_BYTES = 100


def item_bytes(item: Mapping[str, object]) -> int:
    """Add up the names and values of an item's attributes, keys included."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def write_units(size_bytes: float) -> int:
    """Return what writing an item of that size takes; a condition costs nothing more."""
    return max(1, math.ceil(size_bytes / WRITE_UNIT_BYTES))


def read_units(size_bytes: float) -> int:
    """Return what reading an item as of now takes; one that is not there takes a unit too."""
    return max(1, math.ceil(size_bytes / READ_UNIT_BYTES))


def _value_bytes(value: object) -> int:
    match value:
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case bool() | None:
            return 1
        case int() | Decimal():
            return _number_bytes(Decimal(value))
        case Mapping():
            return 3 + sum(1 + len(str(name).encode()) + _value_bytes(part) for name, part in value.items())
        case list():
            return 3 + sum(1 + _value_bytes(part) for part in value)
    raise TypeError(f"no item of ours has values like {value!r}")


def _number_bytes(value: Decimal) -> int:
    """A byte for two digits, one more, and one for the sign."""
    digits = value.normalize().as_tuple().digits
    return math.ceil(len(digits) / 2) + 1 + (value < 0)
