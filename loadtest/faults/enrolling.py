"""Somebody is enrolled before the faults and forgotten after them, by the commands that an operator types."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contract.face_search import SearchScope
from contract.items import PARTITION_KEY, SORT_KEY
from contract.moments import day_of
from contract.people import PEOPLE
from contract.results import unpack
from loadtest import ROOT
from local.cloud.environment import LocalClients, LocalCloudError, Outputs

NAME = "Grace Hopper"
_SHOWN = ROOT / "images" / "grace_hopper.jpg"
_AT_MOST_SECONDS = 300


def enroll(directory: Path) -> None:
    """Enroll the person in the place of a directory. Raise LocalCloudError."""
    _imagepipe(directory, "people", "add", NAME, str(_SHOWN), "--agreed", day_of(time.time()), "--yes")


def forget(directory: Path) -> None:
    """Forget the person again, with all that it takes. Raise LocalCloudError."""
    _imagepipe(directory, "people", "forget", NAME, "--yes")


def _imagepipe(directory: Path, *arguments: str) -> None:
    finished = subprocess.run(
        [str(Path(sys.executable).parent / "imagepipe"), *arguments, "--directory", str(directory)],
        env={**os.environ, "IMAGEPIPE_LOCAL": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_AT_MOST_SECONDS,
        check=False,
    )
    if finished.returncode:
        raise LocalCloudError(f"imagepipe {' '.join(arguments[:2])} failed: {finished.stderr.strip()}")


def looked_for(clients: LocalClients, outputs: Outputs) -> frozenset[str]:
    """Return the ids of all persons who are looked for."""
    items = clients.tables.Table(outputs.table).query(
        KeyConditionExpression="pk = :people",
        ExpressionAttributeValues={":people": PEOPLE},
        ConsistentRead=True,
    )["Items"]
    return frozenset(SearchScope.of(items, day_of(time.time())).persons)


def kept_texts(clients: LocalClients, outputs: Outputs, log: Path) -> Iterator[tuple[str, str]]:
    """Yield all that the place keeps as text, and where: table, buckets, queues, and what functions said."""
    for page in clients.tables.meta.client.get_paginator("scan").paginate(TableName=outputs.table):
        for item in page["Items"]:
            shown: dict[str, Any] = dict(item)
            if "answer" in item:
                shown["answer"] = unpack(bytes(item["answer"]))  # type: ignore[arg-type]
            yield f"item {item[PARTITION_KEY]} {item[SORT_KEY]}", repr(shown)
    for bucket in (outputs.bucket, outputs.renditions_bucket):
        for key in clients.objects(bucket):
            body = clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            yield f"s3://{bucket}/{key}", f"{key}\n{body.decode('latin-1')}"
    for url in clients.sqs.list_queues().get("QueueUrls", []):
        left = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        yield f"queue {url}", json.dumps(left.get("Messages", []))
    yield str(log.name), log.read_text(errors="replace")
