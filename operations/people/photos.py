"""Photos that a person is enrolled by: objects of the bucket, and files of this machine."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from contract.people import file_source, object_source
from operations.terminal import OperatorError
from people.collection import image_of

# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_FILE_BYTES = 5 * 1024 * 1024
_SCHEME = "s3://"


class ShownPhoto(NamedTuple):
    """A photo of one person: its name as it was typed, and the picture as Rekognition is asked about it."""

    name: str
    source: str
    image: dict[str, Any]


def shown_photos(names: Sequence[str], bucket: str) -> list[ShownPhoto]:
    """Return the photos that are meant, each once. Raise OperatorError with what is wrong with each."""
    photos: dict[str, ShownPhoto] = {}
    faults = []
    for name in names:
        photo = _shown(name, bucket)
        if isinstance(photo, str):
            faults.append(photo)
        else:
            photos.setdefault(photo.source, photo)
    if faults:
        raise OperatorError(f"{'; '.join(faults)}; nothing was changed")
    return list(photos.values())


def _shown(name: str, bucket: str) -> ShownPhoto | str:
    """Return one photo, or what is wrong with it, in words."""
    if name.startswith(_SCHEME):
        owner, _, key = name.removeprefix(_SCHEME).partition("/")
        if owner != bucket or not key:
            return f"{name} is no photo of the pipeline's bucket; write {_SCHEME}{bucket}/KEY"
        return ShownPhoto(key, object_source(key), image_of(bucket, key))
    path = Path(name)
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_FILE_BYTES:
            return (
                f"{name} has {size_bytes:,} bytes and Rekognition takes {MAX_FILE_BYTES:,} of a file; "
                f"put it into the bucket and write {_SCHEME}{bucket}/KEY"
            )
        content = path.read_bytes()
    except OSError as error:
        return f"{name} cannot be read ({error.strerror}); a photo of the bucket is {_SCHEME}{bucket}/KEY"
    digest = hashlib.blake2b(content, digest_size=12).hexdigest()
    return ShownPhoto(path.name, file_source(digest), {"Bytes": content})
