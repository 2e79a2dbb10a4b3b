"""The same behaviour on the bucket and table in memory that other tests use, and on moto's."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from moto import mock_aws

from aws.calls import TableBatches
from contract.errors import ConfigurationError
from contract.items import ItemKey, to_wire
from contract.moments import to_seconds
from contract.photos import PhotoFacts
from contract.records import Findings, ImageRecord, ImageVersion, Status, key_digest
from contract.results import Result, ResultName
from contract.table import counts_key, index_rows, record_key, result_key
from loadtest.simulation.outages import client_error
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb import OperatedTable, row_from_wire, summary_from_wire
from operations.adapters.dynamodb_photos import DynamoDBPhotos
from operations.adapters.s3 import S3Bucket
from operations.inventory import RecordCount
from operations.wiring import Names
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.fakes.s3 import BUCKET, FakeS3
from tests.operations.stores import ScannedDynamoDB
from tests.operations.world import AT_ONCE

KEYS = {"pk": "HASH", "sk": "RANGE"}
ODD_KEYS = ["a b/ü.jpg", "100%+&.jpg", "tab\there.jpg", "z"]


def photo(key: str, status: Status = Status.RECOGNIZED, version_id: str | None = "v1") -> ImageRecord:
    version = ImageVersion(key, "e1", 10, version_id, "2026-01-01T00:00:00.000Z")
    return ImageRecord(version, status, "AA", 1, "2026-01-01T00:00:01.000Z", findings=Findings({"Cat": 97.5}))


@dataclass
class Store:
    """A table as the adapters see it, and as its writer does."""

    client: Any
    writer: Any
    table: OperatedTable

    def commit(self, record: ImageRecord) -> None:
        at = record_key(record.key)
        self.put({"pk": at.pk, "sk": at.sk, **record.to_item()})
        for row in index_rows(record):
            self.put(row.to_item())

    def put(self, item: Any) -> None:
        self.writer.put_item(TableName=TABLE, Item=to_wire(item))

    def scanned(self, prefix: str = "") -> tuple[list[Any], list[Any]]:
        pages = list(self.table.scan(prefix))
        return [record for records, _ in pages for record in records], [
            row for _, rows in pages for row in rows
        ]


@pytest.fixture(params=["in memory", "moto"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with ThreadPoolExecutor(2) as executor, mock_aws():
        client: Any
        writer: Any
        if request.param == "in memory":
            writer = FakeDynamoDB()
            client = ScannedDynamoDB(writer)
        else:
            client = writer = boto3.client(
                "dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
            )
            client.create_table(
                TableName=TABLE,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS.items()],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
            )
        reads = TableBatches(client, TABLE, translated, AT_ONCE, executor)
        yield Store(client, writer, OperatedTable(client, TABLE, AT_ONCE, reads))


def test_a_record_is_read_as_the_contract_writes_it() -> None:
    for record in (photo("a"), photo("b", version_id=None), photo("c", Status.DELETED)):
        standing = summary_from_wire(to_wire(record.to_item()))

        assert (standing.key, standing.etag, standing.size_bytes) == (record.key, "e1", 10)
        assert (standing.version_id, standing.revision) == (record.version.version_id, record.revision)
        assert (standing.uploaded_at, standing.decided_at) == (record.version.uploaded_at, record.decided_at)
        assert standing.is_deleted is (record.status is Status.DELETED)


def test_of_a_record_what_was_not_read_is_empty() -> None:
    item = to_wire(photo("a").to_item())
    for name in ("uploaded_at", "decided_at", "revision"):
        del item[name]

    standing = summary_from_wire(item)

    assert (standing.uploaded_at, standing.decided_at, standing.revision) == ("", "", "")


def test_a_row_is_read_as_the_contract_writes_it() -> None:
    record = photo("a")
    for row in index_rows(record):
        seen = row_from_wire(to_wire(row.to_item()))

        assert (seen.row.at, seen.row.key, seen.row.revision) == (row.at, "a", record.revision)
        assert seen.uploaded_at == to_seconds(record.version.uploaded_at)
        assert seen.digest == key_digest("a")


def test_records_are_read_in_batches_of_any_number(store: Store) -> None:
    for number in range(130):
        store.commit(photo(f"{number}.jpg"))

    found = store.table.summaries([f"{number}.jpg" for number in range(120, 260)])

    assert sorted(found) == sorted(f"{number}.jpg" for number in range(120, 130))
    assert store.table.summaries([]) == {}


def test_a_scan_gives_records_and_rows_and_nothing_else(store: Store) -> None:
    for key in ODD_KEYS:
        store.commit(photo(key))
    store.put({"pk": "content#e1-10", "sk": "labels#f", "answer": b"x"})
    store.put({"pk": "counts#2026-01-01", "sk": "counts", "CallsMade": 3})

    records, rows = store.scanned()

    assert sorted(record.key for record in records) == sorted(ODD_KEYS)
    assert sorted(row.row.key for row in rows) == sorted(ODD_KEYS * 2)


def test_a_scan_of_a_prefix_gives_keys_that_begin_so(store: Store) -> None:
    for key in ODD_KEYS:
        store.commit(photo(key))

    records, rows = store.scanned("1")

    assert [record.key for record in records] == ["100%+&.jpg"]
    assert {row.row.key for row in rows} == {"100%+&.jpg"}


def test_a_row_is_removed_only_with_its_mark(store: Store) -> None:
    record = photo("a")
    store.commit(record)
    first, second = (row.at for row in index_rows(record))

    assert store.table.mark(first, 1000)
    assert not store.table.mark(ItemKey("index#x#0", "nowhere"), 1000)
    assert {row.suspected_at for row in store.scanned()[1]} == {None, 1000}
    assert not store.table.remove_marked(first, 999)
    assert not store.table.remove_marked(second, 1000)
    assert store.table.rows_there([first, second]) == {first, second}
    assert store.table.remove_marked(first, 1000)
    assert store.table.rows_there([first, second]) == {second}
    assert not store.table.remove_marked(first, 1000)


def test_writing_a_row_again_takes_its_mark_away(store: Store) -> None:
    record = photo("a")
    store.commit(record)
    at = index_rows(record)[0].at
    store.table.mark(at, 1000)

    store.writer.batch_write_item(
        RequestItems={TABLE: [{"PutRequest": {"Item": to_wire(index_rows(record)[0].to_item())}}]}
    )

    assert not store.table.remove_marked(at, 1000)


def test_records_are_counted_by_state_and_no_further_than_asked(store: Store) -> None:
    for number in range(60):
        store.commit(photo(f"{number}.jpg"))
    store.commit(photo("no.jpg", Status.REJECTED))

    assert store.table.count_rows(Status.RECOGNIZED, None) == RecordCount(60, is_all=True)
    assert store.table.count_rows(Status.REJECTED, 5) == RecordCount(1, is_all=True)
    if isinstance(store.client, ScannedDynamoDB):
        bounded = store.table.count_rows(Status.RECOGNIZED, 1)
        assert not bounded.is_all
        assert bounded.count < 60


def test_counts_are_read_by_day(store: Store) -> None:
    at = counts_key("2026-01-02")
    store.put({"pk": at.pk, "sk": at.sk, "CallsMade": 7, "ImagesRecognized": 4})

    assert store.table.counts_by_day(["2026-01-01", "2026-01-02"]) == {
        "2026-01-02": {"CallsMade": 7, "ImagesRecognized": 4}
    }


def test_a_scan_for_photos_gives_what_is_recognized_and_leaves_out_what_cannot_be_read(store: Store) -> None:
    facts = PhotoFacts(format="JPEG", width=4, height=3, is_direct=True, sharpness=1.5)
    looked_at = replace(photo("b"), findings=Findings(photo=facts))
    for record in (photo("a"), looked_at, photo("c", Status.REJECTED), photo("d", Status.DELETED)):
        store.commit(record)
    store.commit(replace(photo("own"), shares_answers=False))
    at = record_key("broken")
    store.put({"pk": at.pk, "sk": at.sk, **photo("broken").to_item(), "size_bytes": "many"})
    photos = DynamoDBPhotos(store.client, TABLE, AT_ONCE, store.table.reads)

    pages = list(photos.scan_photos(""))

    # moto gives everything in each segment.
    found = {scanned.key: scanned for page in pages for scanned in page.photos}
    assert sorted(found) == ["a", "b", "own"]
    assert (found["a"].facts, found["b"].facts) == (None, facts)
    assert found["a"].kept_by == found["a"].content_id == "e1-10"
    assert found["own"].content_id == "e1-10"
    assert found["own"].kept_by == replace(photo("own"), shares_answers=False).content_id
    assert sum(page.unreadable for page in pages) >= 1
    assert [scanned.key for page in photos.scan_photos("b") for scanned in page.photos][:1] == ["b"]


def test_what_cannot_be_read_of_records_and_answers_is_counted(store: Store) -> None:
    photos = DynamoDBPhotos(store.client, TABLE, AT_ONCE, store.table.reads)
    store.commit(photo("a"))
    at = record_key("broken")
    store.put({"pk": at.pk, "sk": at.sk, **photo("broken").to_item(), "generation": "x"})
    names = [ResultName("e1-10", detector, "f") for detector in ("labels", "faces", "text", "moderation")]
    result = Result(names[0], {"Labels": []}, "2026-01-01T00:00:00.000Z")
    places = [result_key(name) for name in names]
    store.put({**places[0]._asdict(), **result.to_item()})
    store.put({**places[1]._asdict(), "answer": b"not packed", "called_at": "x"})
    store.put({**places[2]._asdict(), "claimed_by": "somebody"})

    records, unreadable = photos.readable_records(["a", "broken", "none"])
    assert (list(records), unreadable) == (["a"], 1)
    assert photos.results(names) == ({names[0]: result}, 1)


@pytest.fixture(params=["in memory", "moto"])
def bucket(request: pytest.FixtureRequest) -> Iterator[tuple[S3Bucket, Any]]:
    client: Any
    if request.param == "in memory":
        client = FakeS3(page=3)
        yield S3Bucket(client, BUCKET, AT_ONCE), client.put
        return
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield (
            S3Bucket(client, BUCKET, AT_ONCE),
            lambda key, body: client.put_object(Bucket=BUCKET, Key=key, Body=body),
        )


def test_objects_are_listed_in_pages_with_their_true_keys(bucket: tuple[S3Bucket, Any]) -> None:
    listing, put = bucket
    for key in ODD_KEYS:
        put(key, b"cat 97")
    put("z", b"dog 97")

    found = {listed.key: listed for page in listing.pages("") for listed in page}

    assert sorted(found) == sorted(ODD_KEYS)
    assert found["z"].etag != found["a b/ü.jpg"].etag
    assert found["z"].size_bytes == 6
    assert found["z"].modified_at < time.time() + 86_400
    assert [listed.key for page in listing.pages("1") for listed in page] == ["100%+&.jpg"]
    assert [listed for page in listing.pages("nothing") for listed in page] == []


def test_a_small_object_is_read_whole_or_is_not_there(bucket: tuple[S3Bucket, Any]) -> None:
    objects, put = bucket
    put("a b/ü.jpg", b"cat 97")

    assert objects.read("a b/ü.jpg") == b"cat 97"
    assert objects.read("nothing") is None


LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>%s</ListBucketResult>"""
ENTRY = """<Contents><Key>%s</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"e"</ETag>
<Size>1</Size><StorageClass>%s</StorageClass>%s</Contents>"""
UNDER_WAY = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"
RESTORED = (
    "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
    "<RestoreExpiryDate>2026-02-01T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>"
)


def test_what_is_archived_is_told_by_s3s_own_listing() -> None:
    """Read from the wire: neither moto nor the local cloud tells of restored copies.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    client = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    entries = {
        "cold": ENTRY % ("cold", "GLACIER", ""),
        "coldest": ENTRY % ("coldest", "DEEP_ARCHIVE", ""),
        "thawing": ENTRY % ("thawing", "DEEP_ARCHIVE", UNDER_WAY),
        "restored": ENTRY % ("restored", "GLACIER", RESTORED),
        "instant": ENTRY % ("instant", "GLACIER_IR", ""),
        "plain": ENTRY % ("plain", "STANDARD", ""),
    }

    def answer(request: Any, **_: Any) -> Any:
        assert request.headers["x-amz-optional-object-attributes"] in ("RestoreStatus", b"RestoreStatus")
        body = (LISTING % "".join(entries.values())).encode()
        raw: Any = type("Raw", (), {"stream": lambda *_: iter([body])})()
        headers: Any = HeadersDict({"content-type": "application/xml"})
        return AWSResponse(request.url, 200, headers, raw)

    events: Any = client.meta.events
    events.register("before-send.s3.ListObjectsV2", answer)

    (page,) = S3Bucket(client, BUCKET, AT_ONCE).pages("")

    assert [listed.key for listed in page] == list(entries)
    assert {listed.key for listed in page if listed.is_archived} == {"cold", "coldest", "thawing"}


def test_an_object_is_looked_at_as_it_is_now(bucket: tuple[S3Bucket, Any]) -> None:
    listing, put = bucket
    put("a b.jpg", b"cat 97")

    found = listing.look("a b.jpg")

    assert found is not None
    assert (found.key, found.size_bytes) == ("a b.jpg", 6)
    assert found.version_id
    assert listing.look("nothing") is None


def test_a_look_that_is_denied_says_what_was_and_of_which_object() -> None:
    def deny(operation: str) -> None:
        raise client_error("AccessDenied", operation)

    s3: Any = FakeS3()
    s3.calls.before = deny

    with pytest.raises(ConfigurationError, match=rf"HeadObject of s3://{BUCKET}/a\.jpg"):
        S3Bucket(s3, BUCKET, AT_ONCE).look("a.jpg")


def test_names_come_from_the_outputs_that_the_local_place_writes() -> None:
    """The file is another room's; its fields are looked at here."""
    from local.cloud.environment import Outputs

    assert {*Names.__dataclass_fields__, "endpoint_url", "region"} <= set(Outputs.__dataclass_fields__)
