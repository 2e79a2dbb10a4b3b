"""What is there at the end: the bucket, the table and the dead letters, read directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contract.failures import FAILURE_ATTRIBUTE, Failure
from contract.notifications import parse
from contract.records import ImageRecord
from contract.results import Result, ResultName
from contract.table import IndexRow
from contract.tallies import LABEL_COUNTS, STATUS_COUNTS, read_counts
from local.cloud.clients import LocalClients
from local.cloud.outputs import Outputs

UNEXPLAINED = "moved by SQS, unexplained"


@dataclass(frozen=True)
class Letter:
    """A dead letter: why it is one, and which keys it is about.

    `failed_at` is when the processor gave it up, in seconds since 1970, None where SQS did.
    """

    cause: str
    keys: tuple[str, ...]
    failed_at: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Bucket: the version that is there of each key (ETag, version id), None where it was deleted.

    `counts` are those of the tally, by name of label and of status.
    """

    bucket: Mapping[str, tuple[str, str | None] | None]
    records: Mapping[str, ImageRecord]
    rows: tuple[IndexRow, ...]
    results: Mapping[ResultName, Result]
    letters: tuple[Letter, ...]
    counts: Mapping[str, int]


def gather(clients: LocalClients, outputs: Outputs) -> Evidence:
    """Read everything."""
    records: dict[str, ImageRecord] = {}
    rows: list[IndexRow] = []
    results: dict[ResultName, Result] = {}
    for item in _items(clients, outputs.table):
        kind, _, rest = str(item["pk"]).partition("#")
        if kind == "image":
            records[rest] = ImageRecord.from_item(item)
        elif kind == "index":
            rows.append(IndexRow.from_item(item))
        elif kind == "content":
            detector, _, fingerprint = str(item["sk"]).partition("#")
            name = ResultName(rest, detector, fingerprint)
            result = (
                Result.from_item(name, {**item, "answer": bytes(item["answer"])})
                if "answer" in item
                else None
            )
            if result is not None:
                results[name] = result
    return Evidence(
        bucket_now(clients, outputs.bucket),
        records,
        tuple(rows),
        results,
        _letters(clients, outputs),
        counts_now(clients, outputs),
    )


def counts_now(clients: LocalClients, outputs: Outputs) -> dict[str, int]:
    """Give the tally's counts, by name of label and of status."""
    table = clients.tables.Table(outputs.table)
    items = (
        table.get_item(Key={"pk": at.pk, "sk": at.sk}, ConsistentRead=True).get("Item", {})
        for at in (STATUS_COUNTS, *LABEL_COUNTS)
    )
    return {name: count for item in items for name, count in read_counts(item).items()}


def _items(clients: LocalClients, table_name: str) -> list[dict[str, Any]]:
    table = clients.tables.Table(table_name)
    page = table.scan(ConsistentRead=True)
    items: list[dict[str, Any]] = list(page["Items"])
    while "LastEvaluatedKey" in page:
        page = table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])
        items += page["Items"]
    return items


def bucket_now(clients: LocalClients, bucket: str) -> dict[str, tuple[str, str | None] | None]:
    """Give the version that is there now of each key (ETag, version id), None where it was deleted."""
    found: dict[str, tuple[str, str | None] | None] = {}
    for page in clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            if version["IsLatest"]:
                found[version["Key"]] = (version["ETag"].strip('"'), version["VersionId"])
        for marker in page.get("DeleteMarkers", []):
            if marker["IsLatest"]:
                found[marker["Key"]] = None
    return found


def _letters(clients: LocalClients, outputs: Outputs) -> tuple[Letter, ...]:
    letters = []
    for url in (outputs.dead_letter_queue_url, outputs.bulk_dead_letter_queue_url):
        while messages := clients.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
        ).get("Messages", []):
            for message in messages:
                said = message.get("MessageAttributes", {}).get(FAILURE_ATTRIBUTE)
                keys = tuple(event.key for event in parse(message["Body"], outputs.bucket))
                cause, failed_at = UNEXPLAINED, None
                if said is not None:
                    failure = Failure.from_json(said["StringValue"])
                    cause = f"{failure.kind}: {failure.code}"
                    failed_at = datetime.fromisoformat(failure.last_failed_at).timestamp()
                letters.append(Letter(cause, keys, failed_at))
    return tuple(letters)
