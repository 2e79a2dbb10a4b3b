"""What is in the bucket under a key, and what keeps everybody from reading it."""

from __future__ import annotations

from dataclasses import dataclass

from contract.errors import PermanentError
from contract.records import ImageVersion, Unreadable


@dataclass(frozen=True)
class StoredObject:
    """One version of an object. `obstacle` says why nobody of ours can read it, as far as that is known.

    `kms_key` is the key that it is encrypted with, where that is not S3's own: whether it may be used shows
    only when somebody tries.
    """

    version: ImageVersion
    obstacle: PermanentError | None = None
    kms_key: str | None = None

    def why_unreadable(self) -> PermanentError | None:
        """Return what explains that reading it was refused, None where nothing does."""
        if self.obstacle is None and self.kms_key is not None:
            return encrypted(self.version.key, f"the KMS key {self.kms_key}, which the processor may not use")
        return self.obstacle


def archived(key: str) -> PermanentError:
    """Return the reason that an object has to be restored first; S3 says when that is done."""
    return PermanentError(
        Unreadable.ARCHIVED, f"{key} is archived: restore it, then it is recognized without further ado"
    )


def encrypted(key: str, by: str) -> PermanentError:
    """Return the reason that an object is under a key that is not ours."""
    return PermanentError(
        Unreadable.ENCRYPTED, f"{key} is encrypted with {by}: upload it without encryption settings"
    )
