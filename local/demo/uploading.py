"""Photos of a folder into the bucket: what is new or has changed, as `aws s3 sync` decides it."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.exceptions import BotoCoreError, ClientError

from local.cloud.clients import LocalClients
from local.cloud.errors import LocalCloudError
from local.demo.folder import Folder, FolderPhoto, NotTaken

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef


@dataclass(frozen=True)
class Uploaded:
    """How many were uploaded now, and what could not be."""

    count: int
    not_taken: tuple[NotTaken, ...]


def upload(folder: Folder, clients: LocalClients, bucket: str) -> Uploaded:
    """Upload the photos of a folder that are not in the bucket as they are.

    Raises LocalCloudError if that could be done for none of them.
    """
    there = clients.objects(bucket)
    futures, not_taken = [], []
    with create_transfer_manager(clients.s3, TransferConfig()) as manager:
        for photo in folder.photos:
            try:
                unchanged = _is_unchanged(photo, there.get(photo.key))
            except OSError as error:
                not_taken.append(NotTaken(photo.key, error.strerror or str(error)))
                continue
            if not unchanged:
                future = manager.upload(str(photo.path), bucket, photo.key, extra_args=_content_type(photo))
                futures.append((photo, future))
    for photo, future in futures:
        try:
            future.result()
        except OSError as error:
            not_taken.append(NotTaken(photo.key, error.strerror or str(error)))
        except (BotoCoreError, Boto3Error, ClientError) as error:
            not_taken.append(NotTaken(photo.key, str(error)))
    if len(not_taken) == len(folder.photos):
        first = not_taken[0]
        raise LocalCloudError(f"no photo could be uploaded; {first.name}: {first.reason}", exit_code=1)
    failed = {each.name for each in not_taken}
    return Uploaded(sum(photo.key not in failed for photo, _ in futures), tuple(not_taken))


def _is_unchanged(photo: FolderPhoto, there: ObjectTypeDef | None) -> bool:
    """Return whether the bucket has this photo: of its size, newer than its last change or the same bytes.

    The ETag is the MD5 of what was uploaded in one part. Raises OSError.
    """
    status = photo.path.stat()
    if there is None or status.st_size != there["Size"]:
        return False
    # S3 tells whole seconds.
    if status.st_mtime < int(there["LastModified"].timestamp()):
        return True
    with photo.path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return digest == there["ETag"].strip('"')


def _content_type(photo: FolderPhoto) -> dict[str, str]:
    guessed, _ = mimetypes.guess_type(photo.path.name, strict=False)
    return {"ContentType": guessed} if guessed else {}
