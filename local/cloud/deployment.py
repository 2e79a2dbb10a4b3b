"""Deploying the assembly to MiniStack through CloudFormation, as `cdk deploy` does to AWS.

After MiniStack was killed, the photos that it kept on disk come back into the new bucket.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from aws.stack_outputs import outputs_of
from local.cloud.assembly import Assembly, Asset
from local.cloud.environment import ACCOUNT, REGION, LocalClients, LocalCloudError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_s3.type_defs import CopySourceTypeDef


_DIGEST_TAG = "imagepipe-assembly"
_USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_POLL_SECONDS = 0.1
_TIMEOUT_SECONDS = 300.0


def deploy(clients: LocalClients, assembly: Assembly) -> tuple[str, Mapping[str, str]]:
    """Bring the stack into line with the assembly; return what it was then, and the stack's outputs.

    Raises LocalCloudError with CloudFormation's reason if it fails. A stack that failed before is removed;
    its bucket and its table are retained, as on AWS.
    """
    stack = _find_stack(clients, assembly.stack)
    if stack is not None and stack["StackStatus"] not in _USABLE:
        delete_stack(clients, assembly.stack)
        stack = None
    if stack is not None and _tags(stack).get(_DIGEST_TAG) == assembly.digest:
        return "unchanged", outputs_of(stack)
    for asset in assembly.assets(ACCOUNT, REGION):
        upload(clients, asset)
    arguments = {
        "StackName": assembly.stack,
        # As `cdk deploy` does: in the call itself it could have 51,200 bytes.
        "TemplateURL": assembly.template_url(ACCOUNT, REGION),
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": [{"Key": _DIGEST_TAG, "Value": assembly.digest}],
    }
    if stack is None:
        clients.cloudformation.create_stack(**arguments)  # type: ignore[arg-type]
    else:
        clients.cloudformation.update_stack(**arguments)  # type: ignore[arg-type]
    finished = _await_end(clients, assembly.stack)
    if finished is None or finished["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise LocalCloudError(f"the stack was not deployed: {_reason(clients, assembly.stack)}", exit_code=1)
    return "created" if stack is None else "updated", outputs_of(finished)


def delete_stack(clients: LocalClients, stack: str) -> None:
    """Delete a stack, and wait for it; its bucket and its table are retained, as on AWS."""
    clients.cloudformation.delete_stack(StackName=stack)
    _await_end(clients, stack)


def upload(clients: LocalClients, asset: Asset) -> None:
    """Put an asset where the template expects it: MiniStack deploys a function without code in silence."""
    if not asset.path.is_file():
        raise LocalCloudError(f"{asset.path} is not there; remove build/ and try again", exit_code=1)
    try:
        clients.s3.head_object(Bucket=asset.bucket, Key=asset.key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket", "NoSuchKey"):
            raise
        if not bucket_exists(clients, asset.bucket):
            clients.s3.create_bucket(Bucket=asset.bucket)
        clients.s3.upload_file(str(asset.path), asset.bucket, asset.key)


def _find_stack(clients: LocalClients, name: str) -> "StackTypeDef | None":
    pages = clients.cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"] if stack["StackName"] == name]
    return next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)


def _await_end(clients: LocalClients, name: str) -> "StackTypeDef | None":
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        stack = _find_stack(clients, name)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"CloudFormation is still at {stack['StackStatus']} after {_TIMEOUT_SECONDS:.0f} s",
                exit_code=1,
            )
        time.sleep(_POLL_SECONDS)


def _reason(clients: LocalClients, name: str) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    reasons = [f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}" for event in failed]
    return "; ".join(reasons) or "CloudFormation gives no reason"


def _tags(stack: "StackTypeDef") -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}


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
