"""The photos of a folder, what is left out and why, and their way into the bucket.

The list is made once, here, and what uploads is given this list: two programs that each look into a folder by
rules of their own will disagree about some name.
"""

import errno
import hashlib
import mimetypes
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.exceptions import BotoCoreError, ClientError

from contract.terminal import printable
from local.cloud.environment import LocalClients, LocalCloudError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef


# Files named so are taken for photos, whatever they turn out to be.
PHOTO_SUFFIXES = (
    ".arw", ".avif", ".bmp", ".cr2", ".dng", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg",
    ".nef", ".pef", ".png", ".srw", ".tif", ".tiff", ".webp",
)  # fmt: skip
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MOST_KEY_BYTES = 1024
_NO_FILES = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True)
class FolderPhoto:
    """A photo, and the key it gets: its path relative to the folder, with slashes."""

    key: str
    path: Path


@dataclass(frozen=True)
class NotTaken:
    """What was wanted and not taken."""

    name: str
    reason: str


@dataclass(frozen=True)
class Folder:
    """The files of a folder and of those below it, links followed."""

    path: Path
    photos: tuple[FolderPhoto, ...]
    left_out: tuple[str, ...]
    not_taken: tuple[NotTaken, ...]

    @property
    def keys(self) -> list[str]:
        return [photo.key for photo in self.photos]


@dataclass(frozen=True)
class _Directory:
    path: Path
    # "" or the path relative to the folder, with a slash at its end.
    prefix: str
    # Itself and those it is in, as device and inode.
    chain: frozenset[tuple[int, int]]


def look_into(path: Path) -> Folder:
    """List a folder. Raises LocalCloudError if it is not there, or holds no photo."""
    found = list(_found_in(path))
    photos = sorted((one for one in found if isinstance(one, FolderPhoto)), key=lambda photo: photo.key)
    not_taken = sorted((one for one in found if isinstance(one, NotTaken)), key=lambda each: each.name)
    if not photos:
        others = "".join(f"; {printable(each.name)}: {each.reason}" for each in not_taken[:3])
        raise LocalCloudError(
            f"the folder {printable(str(path))} holds no photo "
            f"(nothing named {', '.join(PHOTO_SUFFIXES)}{others}); "
            "choose another: make run IMAGES=folder"
        )
    left_out = sorted(one for one in found if isinstance(one, str))
    return Folder(path, tuple(photos), tuple(left_out), tuple(not_taken))


def _found_in(path: Path) -> Iterator[FolderPhoto | NotTaken | str]:
    """Walk a folder; what is neither a photo nor a folder is its name alone."""
    try:
        itself = path.stat()
        top = _Directory(path, "", frozenset({(itself.st_dev, itself.st_ino)}))
        entries = list(path.iterdir())
    except OSError as error:
        raise LocalCloudError(
            f"there is no folder {printable(str(path))} ({error.strerror}); "
            "choose one with photos: make run IMAGES=folder"
        ) from error
    pending = [(top, entries)]
    while pending:
        directory, entries = pending.pop()
        for entry in entries:
            found = _look_at(directory, entry)
            if not isinstance(found, _Directory):
                yield found
                continue
            try:
                pending.append((found, list(found.path.iterdir())))
            except OSError as error:
                yield NotTaken(found.prefix, _reason(error))


def _look_at(directory: _Directory, path: Path) -> FolderPhoto | NotTaken | _Directory | str:
    shown = directory.prefix + path.name
    try:
        status = path.stat()
    except OSError as error:
        dangling = error.errno == errno.ENOENT and path.is_symlink()
        return NotTaken(shown, "a link that leads nowhere" if dangling else _reason(error))
    is_directory = stat.S_ISDIR(status.st_mode)
    if not (is_directory or path.name.lower().endswith(PHOTO_SUFFIXES)):
        return shown
    # UTF-8, whatever the person's locale takes file names for.
    raw_key = directory.prefix.encode() + os.fsencode(path.name)
    if reason := _why_no_key(raw_key) or _why_no_file(directory, status):
        return NotTaken(shown, reason)
    key, itself = raw_key.decode(), (status.st_dev, status.st_ino)
    return _Directory(path, f"{key}/", directory.chain | {itself}) if is_directory else FolderPhoto(key, path)


def _why_no_key(raw_key: bytes) -> str:
    if len(raw_key) > MOST_KEY_BYTES:
        return f"longer than the {MOST_KEY_BYTES:,} bytes that S3 takes as a key"
    try:
        raw_key.decode()
    except UnicodeDecodeError:
        return "a name that is not UTF-8, as a key in S3 must be"
    return ""


def _why_no_file(directory: _Directory, status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        is_loop = (status.st_dev, status.st_ino) in directory.chain
        return "a link back to a folder that it is in" if is_loop else ""
    return next((kind for is_it, kind in _NO_FILES if is_it(status.st_mode)), "")


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a link that leads in a circle"
    return error.strerror or str(error)


@dataclass(frozen=True)
class Uploaded:
    """How many were uploaded now, and what could not be."""

    count: int
    not_taken: tuple[NotTaken, ...]


def upload(folder: Folder, clients: LocalClients, bucket: str) -> Uploaded:
    """Upload the photos that are not in the bucket as they are. Raises LocalCloudError if none could be."""
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


def _is_unchanged(photo: FolderPhoto, there: "ObjectTypeDef | None") -> bool:
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
