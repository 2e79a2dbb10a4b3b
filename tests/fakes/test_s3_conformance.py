"""S3's promises that our code relies on, held by the fake, by moto and by the local cloud."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.fakes.places import differs
from tests.fakes.s3 import BUCKET, FakeS3

API = "https://docs.aws.amazon.com/AmazonS3/latest/API"
GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
ODD_KEYS = ["a b/ü.jpg", "100%+&.jpg", "\U0001f600.jpg", "\uffee.jpg", "Z", "a"]


@dataclass(frozen=True)
class Bucket:
    """A bucket, as a client sees it."""

    client: Any
    name: str

    def set_versioning(self, status: str) -> None:
        self.client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": status})

    def put(self, key: str, body: bytes = b"cat 97", **more: Any) -> Any:
        return self.client.put_object(Bucket=self.name, Key=key, Body=body, **more)

    def record(self, key: str, **more: Any) -> Any:
        return self.client.head_object(Bucket=self.name, Key=key, **more)

    def body(self, key: str, **more: Any) -> bytes:
        found: bytes = self.client.get_object(Bucket=self.name, Key=key, **more)["Body"].read()
        return found

    def delete(self, key: str, **more: Any) -> Any:
        return self.client.delete_object(Bucket=self.name, Key=key, **more)

    def versions(self, **more: Any) -> Any:
        return self.client.list_object_versions(Bucket=self.name, **more)

    def refusal(self, call: Callable[..., Any], key: str, **more: Any) -> tuple[int, str]:
        """Return the status and the code with which a call is refused."""
        with pytest.raises(ClientError) as refusal:
            call(key, **more)
        response = refusal.value.response
        return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.fixture
def bucket(new_client: Callable[[str], Any]) -> Iterator[Bucket]:
    """A bucket that never had versions."""
    client = new_client("s3")
    if isinstance(client, FakeS3):
        yield Bucket(client, BUCKET)
        return
    name = f"b-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    yield Bucket(client, name)


@pytest.fixture
def versioned(bucket: Bucket) -> Bucket:
    bucket.set_versioning("Enabled")
    return bucket


def is_null(record: Any) -> bool:
    """Tell whether a record is that of the version named null.

    Our code takes both; the emulators tell none.
    """
    return record.get("VersionId") in (None, "null")


def test_a_head_tells_etag_size_and_time(bucket: Bucket) -> None:
    put = bucket.put("a b/ü.jpg")

    record = bucket.record("a b/ü.jpg")

    assert record["ETag"] == put["ETag"] == f'"{hashlib.md5(b"cat 97").hexdigest()}"'
    assert record["ContentLength"] == 6
    assert isinstance(record["LastModified"], datetime)
    assert record["LastModified"].tzinfo is not None
    assert not {"VersionId", "StorageClass", "Restore"} & record.keys()


def test_the_beginning_of_an_object_can_be_read(bucket: Bucket) -> None:
    bucket.put("a.jpg", b"0123456789")

    assert bucket.body("a.jpg", Range="bytes=0-3") == b"0123"
    assert bucket.body("a.jpg", Range="bytes=0-99") == b"0123456789"


def test_a_part_of_an_object_comes_with_its_etag_and_the_size_of_all(bucket: Bucket) -> None:
    etag = bucket.put("a.jpg", b"0123456789")["ETag"]

    part = bucket.client.get_object(Bucket=bucket.name, Key="a.jpg", Range="bytes=4-99", IfMatch=etag)

    assert (part["Body"].read(), part["ContentRange"], part["ETag"]) == (b"456789", "bytes 4-9/10", etag)
    assert bucket.refusal(bucket.body, "a.jpg", Range="bytes=10-19") == (416, "InvalidRange")


def test_another_object_than_was_asked_for_is_412(bucket: Bucket) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html"""
    etag = bucket.put("a.jpg")["ETag"]
    bucket.put("a.jpg", b"another")

    assert bucket.refusal(bucket.body, "a.jpg", IfMatch=etag) == (412, "PreconditionFailed")


def test_what_was_never_there_is_404(bucket: Bucket) -> None:
    assert bucket.refusal(bucket.record, "a.jpg") == (404, "404")
    assert bucket.refusal(bucket.body, "a.jpg") == (404, "NoSuchKey")
    bucket.delete("a.jpg")


def test_without_versions_the_only_one_is_named_null(bucket: Bucket) -> None:
    assert "VersionId" not in bucket.put("a.jpg")

    assert bucket.body("a.jpg", VersionId="null") == b"cat 97"
    (listed,) = bucket.versions()["Versions"]
    assert (listed["VersionId"], listed["IsLatest"], listed["Size"]) == ("null", True, 6)
    bucket.delete("a.jpg", VersionId="null")
    assert bucket.refusal(bucket.record, "a.jpg") == (404, "404")


def test_each_version_can_be_looked_at_and_read(versioned: Bucket) -> None:
    old = versioned.put("a.jpg", b"old one")["VersionId"]
    new = versioned.put("a.jpg", b"new")["VersionId"]

    assert versioned.record("a.jpg")["VersionId"] == new
    assert versioned.record("a.jpg", VersionId=old)["ContentLength"] == 7
    assert versioned.body("a.jpg", VersionId=old) == b"old one"
    versioned.delete("a.jpg", VersionId=new)
    assert versioned.body("a.jpg") == b"old one"


def test_a_version_that_is_gone_is_404(versioned: Bucket) -> None:
    gone = versioned.put("a.jpg")["VersionId"]
    versioned.put("a.jpg")
    versioned.delete("a.jpg", VersionId=gone)

    assert versioned.refusal(versioned.record, "a.jpg", VersionId=gone) == (404, "404")
    assert versioned.refusal(versioned.body, "a.jpg", VersionId=gone) == (404, "NoSuchVersion")
    versioned.delete("a.jpg", VersionId=gone)


@differs(moto=f"a marker is read as 404 NoSuchVersion: {API}/API_GetObject.html")
def test_a_deleted_object_is_404_and_its_marker_405(versioned: Bucket) -> None:
    version = versioned.put("a.jpg")["VersionId"]
    answer = versioned.delete("a.jpg")
    marker = answer["VersionId"]

    assert answer["DeleteMarker"] is True
    assert versioned.refusal(versioned.record, "a.jpg") == (404, "404")
    assert versioned.refusal(versioned.body, "a.jpg") == (404, "NoSuchKey")
    assert versioned.refusal(versioned.record, "a.jpg", VersionId=marker) == (405, "405")
    assert versioned.refusal(versioned.body, "a.jpg", VersionId=marker) == (405, "MethodNotAllowed")
    assert versioned.body("a.jpg", VersionId=version) == b"cat 97"
    versioned.delete("a.jpg", VersionId=marker)
    assert versioned.record("a.jpg")["VersionId"] == version


def test_an_object_from_before_the_versions_is_named_null(bucket: Bucket) -> None:
    bucket.put("a.jpg", b"before")
    bucket.set_versioning("Enabled")

    assert is_null(bucket.record("a.jpg"))
    new = bucket.put("a.jpg", b"after")["VersionId"]
    assert new != "null"
    assert bucket.body("a.jpg", VersionId="null") == b"before"


@differs(moto=f"drops the versions of before: {GUIDE}/AddingObjectstoVersionSuspendedBuckets.html")
def test_where_versions_are_suspended_there_is_one_null_and_the_others_stay(versioned: Bucket) -> None:
    kept = versioned.put("a.jpg", b"kept")["VersionId"]
    versioned.set_versioning("Suspended")

    versioned.put("a.jpg", b"one")
    versioned.put("a.jpg", b"two")
    assert is_null(versioned.record("a.jpg"))
    assert [entry["VersionId"] for entry in versioned.versions()["Versions"]] == ["null", kept]
    assert versioned.body("a.jpg", VersionId="null") == b"two"

    versioned.delete("a.jpg")
    listed = versioned.versions()
    assert [marker["VersionId"] for marker in listed["DeleteMarkers"]] == ["null"]
    assert [entry["VersionId"] for entry in listed["Versions"]] == [kept]


def test_a_put_that_is_to_replace_nothing_is_refused_where_there_is_something(versioned: Bucket) -> None:
    versioned.put("a.jpg", b"first", IfNoneMatch="*")

    assert versioned.refusal(versioned.put, "a.jpg", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert versioned.body("a.jpg") == b"first"


def test_a_delete_marker_is_nothing_that_a_put_could_replace(versioned: Bucket) -> None:
    versioned.put("a.jpg", b"first")
    versioned.delete("a.jpg")

    versioned.put("a.jpg", b"second", IfNoneMatch="*")

    assert versioned.body("a.jpg") == b"second"


def test_versions_are_listed_in_pages_by_key_and_the_newest_first(versioned: Bucket) -> None:
    expected = []
    for key in ("a.jpg", "b.jpg"):
        put = [(key, versioned.put(key, b"x" * size)["VersionId"], size) for size in (1, 2, 3)]
        expected += [(key, versioned.delete(key)["VersionId"], None), *reversed(put)]
    versioned.put("elsewhere.jpg")

    pages, found, further = 0, set(), dict[str, Any]()
    for prefix in ("a", "b"):
        while True:
            page = versioned.versions(Prefix=prefix, MaxKeys=3, **further)
            entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            assert len(entries) <= 3
            found |= {(entry["Key"], entry["VersionId"], entry.get("Size")) for entry in entries}
            latest = [entry["VersionId"] for entry in entries if entry["IsLatest"]]
            assert set(latest) <= {version for _, version, size in expected if size is None}
            pages += 1
            if not page["IsTruncated"]:
                break
            further = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        further = {}

    assert found == set(expected)
    assert pages == 4
    sizes = [entry["Size"] for entry in versioned.versions(Prefix="a")["Versions"]]
    assert sizes == [3, 2, 1]


def test_objects_are_listed_in_pages_in_the_order_of_their_bytes(bucket: Bucket) -> None:
    for key in ODD_KEYS:
        bucket.put(key)
    in_order = sorted(ODD_KEYS, key=str.encode)

    found, further = list[str](), dict[str, Any]()
    while True:
        page = bucket.client.list_objects_v2(Bucket=bucket.name, MaxKeys=2, **further)
        found += [entry["Key"] for entry in page["Contents"]]
        if not page["IsTruncated"]:
            break
        further = {"ContinuationToken": page["NextContinuationToken"]}

    assert found == in_order
    after = bucket.client.list_objects_v2(Bucket=bucket.name, StartAfter=in_order[2])
    assert [entry["Key"] for entry in after["Contents"]] == in_order[3:]
    (listed,) = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix="a b")["Contents"]
    assert (listed["Size"], listed["StorageClass"]) == (6, "STANDARD")
    assert listed["ETag"] == bucket.record("a b/ü.jpg")["ETag"]
    assert "Contents" not in bucket.client.list_objects_v2(Bucket=bucket.name, Prefix="nothing")


def test_many_objects_are_removed_at_once_and_what_is_not_there_is_no_failure(bucket: Bucket) -> None:
    for key in ("a/1", "a/2", "b"):
        bucket.put(key)

    def remove(**more: Any) -> Any:
        objects = [{"Key": key} for key in ("a/1", "a/2", "not there")]
        return bucket.client.delete_objects(Bucket=bucket.name, Delete={"Objects": objects, **more})

    assert {each["Key"] for each in remove()["Deleted"]} == {"a/1", "a/2", "not there"}
    assert "Errors" not in remove(Quiet=True)
    (left,) = bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert left["Key"] == "b"


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_can_be_looked_at_but_not_read(bucket: Bucket, storage_class: str) -> None:
    bucket.put("cold.jpg", StorageClass=storage_class)

    record = bucket.record("cold.jpg")
    assert (record["StorageClass"], "Restore" in record) == (storage_class, False)
    assert bucket.refusal(bucket.body, "cold.jpg") == (403, "InvalidObjectState")
    (listed,) = bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert listed["StorageClass"] == storage_class


def test_what_is_only_rarely_read_can_be_read(bucket: Bucket) -> None:
    bucket.put("cool.jpg", StorageClass="GLACIER_IR")

    assert bucket.record("cool.jpg")["StorageClass"] == "GLACIER_IR"
    assert bucket.body("cool.jpg") == b"cat 97"


@differs(moto=f"tells all of it: {API}/API_HeadObject.html")
def test_without_its_key_not_even_a_head_tells_of_an_object_under_a_customers_key(bucket: Bucket) -> None:
    bucket.put("theirs.jpg", SSECustomerKey="k" * 32, SSECustomerAlgorithm="AES256")

    assert bucket.refusal(bucket.record, "theirs.jpg") == (400, "400")
    assert bucket.refusal(bucket.body, "theirs.jpg") == (400, "InvalidRequest")
    (listed,) = bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert listed["Key"] == "theirs.jpg"


def test_a_copy_has_the_bytes_and_a_version_of_its_own(versioned: Bucket) -> None:
    versioned.put("a.jpg")
    source = {"Bucket": versioned.name, "Key": "a.jpg"}

    answer = versioned.client.copy_object(Bucket=versioned.name, Key="copy.jpg", CopySource=source)

    record = versioned.record("copy.jpg")
    assert answer["CopyObjectResult"]["ETag"] == record["ETag"] == versioned.record("a.jpg")["ETag"]
    assert answer["VersionId"] == record["VersionId"] != versioned.record("a.jpg")["VersionId"]


def test_a_bucket_that_is_not_there_is_told_as_that(bucket: Bucket) -> None:
    missing = Bucket(bucket.client, f"{bucket.name}-not")

    assert missing.refusal(missing.put, "a.jpg") == (404, "NoSuchBucket")


def test_tags_are_replaced_together_and_belong_to_one_version(versioned: Bucket) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html"""
    first, second = (versioned.put("a.jpg", body)["VersionId"] for body in (b"1", b"2"))
    at, tag = {"Bucket": versioned.name, "Key": "a.jpg"}, {"Key": "album", "Value": "a"}

    versioned.client.put_object_tagging(**at, VersionId=first, Tagging={"TagSet": [tag]})
    assert versioned.client.get_object_tagging(**at, VersionId=first)["TagSet"] == [tag]
    assert versioned.client.get_object_tagging(**at)["TagSet"] == []
    versioned.client.put_object_tagging(**at, Tagging={"TagSet": [tag | {"Value": "b"}]})
    assert versioned.client.get_object_tagging(**at, VersionId=second)["TagSet"] == [tag | {"Value": "b"}]
    versioned.client.delete_object_tagging(**at, VersionId=first)
    assert versioned.client.get_object_tagging(**at, VersionId=first)["TagSet"] == []
    assert versioned.client.get_object_tagging(**at)["TagSet"] == [tag | {"Value": "b"}]


def test_tags_of_what_is_not_there_are_refused(versioned: Bucket) -> None:
    versioned.put("gone.jpg")
    versioned.delete("gone.jpg")

    def tags(key: str) -> Any:
        return versioned.client.get_object_tagging(Bucket=versioned.name, Key=key)

    assert versioned.refusal(tags, "never.jpg")[1] == "NoSuchKey"
    assert versioned.refusal(tags, "gone.jpg")[1] in {"NoSuchKey", "MethodNotAllowed"}
