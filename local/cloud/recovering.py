"""After MiniStack was killed: the photos that it kept on disk come back into the new bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from local.cloud.clients import LocalClients

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

_COPIES_AT_ONCE = 8
_CHUNK_BYTES = 1 << 20
# MiniStack's list of versions is no XML where a key holds a control character.
_REFUSALS = (BotoCoreError, ClientError, ResponseParserError)


class NotRecovered(NamedTuple):
    """An object that stays in the lost bucket, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Recovered:
    """How many objects of a lost bucket are in the new one, and which are not and stay where they are."""

    count: int
    left: tuple[NotRecovered, ...]


def lost_buckets(clients: LocalClients, bucket: str, last_bucket: str | None) -> list[str]:
    """Return the buckets of earlier stacks that still hold photos; `last_bucket` was the last one's.

    It is the first of them: of two photos of one key, its photo is the newer.
    """
    # CloudFormation names a bucket by stack and logical id, with an end that differs each time.
    ours = bucket.rpartition("-")[0] + "-"
    names = [each["Name"] for each in clients.s3.list_buckets()["Buckets"]]
    lost = [name for name in names if name != bucket and (name == last_bucket or name.startswith(ours))]
    lost.sort(key=lambda name: name != last_bucket)
    return [name for name in lost if clients.s3.list_objects_v2(Bucket=name, MaxKeys=1).get("Contents")]


def recover_objects(clients: LocalClients, lost_bucket: str, bucket: str) -> Recovered:
    """Move the objects of a bucket whose stack is gone into the new one, each by itself.

    Each copy is announced like an upload, so its record comes back too. Only the newest version of each key
    is brought over; a key that is in the new bucket is newer. An object is removed once it is there, and the
    bucket once it is empty, so this can be repeated after an interruption.
    """
    there = clients.objects(bucket)

    def move(key: str, size: int) -> NotRecovered | None:
        try:
            if key not in there:
                if (left := _readable_bytes(clients, lost_bucket, key)) != size:
                    return NotRecovered(key, f"{left:,} of its {size:,} bytes are left on disk")
                # Not `copy`, which copies in parts where it is large: another ETag, and another content.
                source: CopySourceTypeDef = {"Bucket": lost_bucket, "Key": key}
                clients.s3.copy_object(CopySource=source, Bucket=bucket, Key=key)
            clients.s3.delete_object(Bucket=lost_bucket, Key=key)
        except _REFUSALS as error:
            return NotRecovered(key, str(error))
        return None

    sizes = {key: entry["Size"] for key, entry in clients.objects(lost_bucket).items()}
    with ThreadPoolExecutor(_COPIES_AT_ONCE) as pool:
        outcomes = pool.map(move, sizes.keys(), sizes.values())
        not_taken = tuple(outcome for outcome in outcomes if outcome is not None)
    if not not_taken:
        _remove(clients, lost_bucket)
    return Recovered(len(sizes) - len(not_taken), not_taken)


def bucket_exists(clients: LocalClients, bucket: str) -> bool:
    try:
        clients.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return False
        raise
    return True


def _remove(clients: LocalClients, bucket: str) -> None:
    """Remove a bucket with its older versions; where MiniStack cannot, it stays, and nobody misses it."""
    emptied = clients.buckets.Bucket(bucket)
    with suppress(*_REFUSALS):
        emptied.object_versions.delete()
        emptied.delete()


def _readable_bytes(clients: LocalClients, bucket: str, key: str) -> int:
    """Count the bytes of an object. MiniStack copies what it cannot read as an empty object."""
    body = clients.s3.get_object(Bucket=bucket, Key=key)["Body"]
    return sum(len(chunk) for chunk in body.iter_chunks(_CHUNK_BYTES))
