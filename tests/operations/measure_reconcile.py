"""How long a survey takes and how much memory: `python -m tests.operations.measure_reconcile [keys ...]`.

The clients are boto3's own; what would go over the wire is answered in this process, from a bucket and a
table that are computed, not stored. So the time is what the survey costs on this machine, without the
network; what of it was spent on computing answers is told apart. The memory is the survey's. What is planted
is checked to be found.
"""

import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from contract.items import PARTITION_KEY, SORT_KEY
from contract.records import Findings, ImageRecord, ImageVersion, Status, key_digest
from contract.table import index_rows, record_key
from operations.spool import DifferenceKind, Spool
from operations.survey import Survey
from operations.wiring import DeployedPipeline
from tests.operations.world import NAMES

UPLOADED_AT = "2026-01-01T00:00:00.000Z"
LABELS = dict.fromkeys(("Cat", "Pet", "Animal", "Mammal", "Indoors"), 90.0)
KEYS_A_PAGE = 1000
# A record of some 700 bytes and six rows of some 200: so many photos are a megabyte of the table.
PHOTOS_A_SCAN = 500
# One photo in a thousand differs in each of these ways.
MISSING, STALE, ORPHANED, HALF_WRITTEN = 1, 2, 3, 4


@dataclass(frozen=True)
class Synthetic:
    """Photos 0 to `count` - 1."""

    count: int

    def record(self, number: int, *, generation: int = 1) -> ImageRecord:
        etag = "0" * 32 if number % 1000 == STALE else f"{number:032x}"
        version = ImageVersion(key_of(number), etag, 100_000, None, UPLOADED_AT)
        return ImageRecord(
            version, Status.RECOGNIZED, "AA", generation, UPLOADED_AT, findings=Findings(LABELS)
        )

    def listing(self, after: str) -> str:
        start = int(after) if after else 0
        numbers = [n for n in range(start, min(start + KEYS_A_PAGE, self.count)) if n % 1000 != ORPHANED]
        entries = "".join(
            f"<Contents><Key>{key_of(n)}</Key><ETag>&quot;{n:032x}&quot;</ETag><Size>100000</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for n in numbers
        )
        further = start + KEYS_A_PAGE
        more = further < self.count
        token = f"<NextContinuationToken>{further}</NextContinuationToken>" if more else ""
        truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        return f"<ListBucketResult>{truncated}{token}{entries}</ListBucketResult>"

    def batch_get(self, asked: Any) -> Any:
        keys = asked["RequestItems"][NAMES.table]["Keys"]
        records = (number_of(key[PARTITION_KEY]["S"]) for key in keys if key[SORT_KEY]["S"] == "record")
        found = [self.record_item(number) for number in records if number % 1000 != MISSING]
        rows = [key for key in keys if key[SORT_KEY]["S"] != "record"]
        return {"Responses": {NAMES.table: [*found, *rows]}, "UnprocessedKeys": {}}

    def scan(self, asked: Any) -> Any:
        start = int(asked["ExclusiveStartKey"][PARTITION_KEY]["S"]) if "ExclusiveStartKey" in asked else 0
        # A table is in no order of keys: every photo's rows come half a table away from its record.
        numbers = range(start, min(start + PHOTOS_A_SCAN, self.count))
        items = [item for number in numbers for item in self._items(number)]
        answer: dict[str, Any] = {"Items": items, "Count": len(items)}
        if start + PHOTOS_A_SCAN < self.count:
            answer["LastEvaluatedKey"] = {
                PARTITION_KEY: {"S": str(start + PHOTOS_A_SCAN)},
                SORT_KEY: {"S": "x"},
            }
        return answer

    def record_item(self, number: int) -> Any:
        record, at = self.record(number), record_key(key_of(number))
        return {
            PARTITION_KEY: {"S": at.pk},
            SORT_KEY: {"S": at.sk},
            "key": {"S": record.key},
            "etag": {"S": record.version.etag},
            "size_bytes": {"N": "100000"},
            "uploaded_at": {"S": UPLOADED_AT},
            "decided_at": {"S": UPLOADED_AT},
            "revision": {"S": record.revision},
            "status": {"S": "recognized"},
        }

    def _items(self, number: int) -> Iterator[Any]:
        if number % 1000 != MISSING:
            yield self.record_item(number)
        other = (number + self.count // 2) % self.count
        if other % 1000 != MISSING:
            yield from self._rows(self.record(other))
        if other % 1000 == HALF_WRITTEN:
            yield from self._rows(self.record(other, generation=2))

    def _rows(self, record: ImageRecord) -> Iterator[Any]:
        for row in index_rows(record):
            yield {
                PARTITION_KEY: {"S": row.at.pk},
                SORT_KEY: {"S": row.at.sk},
                "key": {"S": row.key},
                "revision": {"S": row.revision},
            }


def key_of(number: int) -> str:
    return f"photos/2026/01/{number:09}.jpg"


def number_of(partition: str) -> int:
    return int(partition.rsplit("/", 1)[1].removesuffix(".jpg"))


class Raw(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def clients(synthetic: Synthetic, answering: list[float]) -> Any:
    """Give a session whose requests are answered here."""
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")

    def answer(request: Any, **_: Any) -> AWSResponse:
        began = time.thread_time()
        target = request.headers.get("X-Amz-Target")
        if target is None:
            token = parse_qs(urlsplit(request.url).query).get("continuation-token", [""])[0]
            text = synthetic.listing(token)
        else:
            asked = json.loads(request.body)
            operation = target.decode().split(".")[1]
            text = json.dumps(
                synthetic.batch_get(asked) if operation == "BatchGetItem" else synthetic.scan(asked)
            )
        raw: Any = Raw(text.encode())
        answering.append(time.thread_time() - began)
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)

    class Answered:
        def client(self, service: str, **how: Any) -> Any:
            client = session.client(service, **how)  # type: ignore[call-overload]
            client.meta.events.register("before-send", answer)
            return client

    return Answered()


def measure(count: int) -> dict[str, Any]:
    """Survey so many photos in this process."""
    answering: list[float] = []
    pipeline = DeployedPipeline(NAMES, clients(Synthetic(count), answering))
    warm_up = pipeline.table.summaries([key_of(0)])
    assert key_digest(next(iter(warm_up)))
    before = peak_megabytes()
    began, spooled = time.monotonic(), 0
    with Spool() as spool:
        survey = Survey(pipeline, spool, time.time, 60)
        for _ in survey.run(""):
            pass
        spooled = sum(
            path.stat().st_size for path in Path(tempfile.gettempdir()).glob("imagepipe-reconcile-*/*")
        )
        found = {str(kind): spool.count(kind) for kind in DifferenceKind}
    seconds = time.monotonic() - began
    planted = (count + 994) // 1000
    assert found == {
        "missing": planted,
        "stale": planted,
        "orphaned": planted,
        "orphaned_rows": planted * 6,
    }, found
    return {
        "keys": count,
        "index_rows": survey.counted.rows,
        "seconds": round(seconds, 1),
        "of_which_answering": round(sum(answering), 1),
        "peak_mb_before": round(before),
        "peak_mb": round(peak_megabytes()),
        "spool_mb": round(spooled / 1e6, 1),
    }


def peak_megabytes() -> float:
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes / (1024 if sys.platform != "darwin" else 1024 * 1024)


def main(arguments: Sequence[str]) -> None:
    for count in map(int, arguments or ["100000"]):
        print(json.dumps(measure(count)))


if __name__ == "__main__":
    main(sys.argv[1:])
