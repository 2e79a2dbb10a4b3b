"""After MiniStack was killed: the photos that it kept on disk come back into the new bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from infra.local.clients import LocalClients

_COPIES_AT_ONCE = 8


def recover_objects(clients: LocalClients, lost_bucket: str, bucket: str) -> int:
    """Copy the objects of a bucket whose stack is gone into the new one; then remove it. Give their number.

    Each copy is announced like an upload, so its record comes back too. Only the newest version of each key
    is brought over. Can be repeated after an interruption.
    """
    keys = _keys(clients, lost_bucket)
    done = set(_keys(clients, bucket))

    def copy(key: str) -> None:
        if key not in done:
            clients.s3.copy({"Bucket": lost_bucket, "Key": key}, bucket, key)

    with ThreadPoolExecutor(_COPIES_AT_ONCE) as pool:
        list(pool.map(copy, keys))
    lost = clients.buckets.Bucket(lost_bucket)
    lost.object_versions.delete()
    lost.objects.delete()
    lost.delete()
    return len(keys)


def bucket_exists(clients: LocalClients, bucket: str) -> bool:
    """Say whether there is such a bucket."""
    try:
        clients.s3.head_bucket(Bucket=bucket)
    except ClientError as fault:
        if fault.response["Error"]["Code"] == "404":
            return False
        raise
    return True


def _keys(clients: LocalClients, bucket: str) -> list[str]:
    pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
