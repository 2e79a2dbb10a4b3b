"""What is known of one image: the record, whose commit makes everything about a version visible."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import cast

from contract.identity import ImageVersion


class Status(StrEnum):
    """Where an image has ended."""

    RECOGNIZED = "recognized"
    REJECTED = "rejected"
    DELETED = "deleted"


@dataclass(frozen=True)
class Findings:
    """What the detectors found, in the short form that lists and index rows are made of.

    `labels` maps a label's name to its confidence in percent, and `parents` are those of them that another
    label of the same image implies (Animal, where there is a Dog). `faces` counts faces, and is None where
    faces were not asked for. `moderation` maps categories to confidence in percent, `words` are the words
    read, in lower case and each once. Everything else is in the raw results.
    """

    labels: Mapping[str, float] = field(default_factory=dict)
    faces: int | None = None
    parents: frozenset[str] = frozenset()
    moderation: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def with_those_of(self, other: Findings) -> Findings:
        """Put together what two detectors found in one image."""
        return Findings(
            labels={**self.labels, **other.labels},
            parents=self.parents | other.parents,
            faces=self.faces if other.faces is None else other.faces,
            moderation={**self.moderation, **other.moderation},
            words=tuple(dict.fromkeys((*self.words, *other.words))),
        )


class Unreadable(StrEnum):
    """The codes of rejections that say nothing about the bytes: they could not be read, which may change."""

    ARCHIVED = "ObjectArchived"
    ENCRYPTED = "ObjectEncrypted"


@dataclass(frozen=True)
class Rejection:
    """Why an image cannot be recognized."""

    code: str
    message: str
    detector: str | None = None

    @property
    def is_about_access(self) -> bool:
        """Whether the object could not be read, which may change while its bytes stay."""
        return self.code in set(Unreadable)


@dataclass(frozen=True)
class ImageRecord:
    """The one record of one key: its newest known state.

    `detectors` maps each detector that ran to the fingerprint of its settings, by which its raw result is
    found. `sequencer` (canonical) is that of the newest event taken in, empty if the image was only ever
    listed. `generation` counts the records of this key. `expires_at` (seconds since 1970) is set on
    tombstones.
    `decided_by` names the event that made this record what it is. It may be an older one than the
    sequencer's: events that change nothing move that on alone. It is empty where nobody is to be told.
    `shares_answers` says whether its raw results are those of all images with the same bytes.
    `stored_revision` is the revision that a record was read with: its rows carry that one, whatever this code
    would make of it.
    """

    version: ImageVersion
    status: Status
    sequencer: str
    generation: int
    decided_at: str
    detectors: Mapping[str, str] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    rejection: Rejection | None = None
    expires_at: int | None = None
    decided_by: str = ""
    shares_answers: bool = True
    stored_revision: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """The object's key."""
        return self.version.key

    @property
    def content_id(self) -> str:
        """What its raw results are kept by."""
        return self.version.kept_by(shares_answers=self.shares_answers)

    @property
    def revision(self) -> str:
        """Name this state of this key: the same for a replay of the same work, new for any other.

        Index rows and completions carry it; a row whose revision is not the record's does not count.
        """
        if self.stored_revision is not None:
            return self.stored_revision
        parts = (
            self.sequencer,
            str(self.generation),
            self.version.etag,
            self.version.version_id or "",
            self.status,
            *(f"{name}={fingerprint}" for name, fingerprint in sorted(self.detectors.items())),
        )
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()

    def to_item(self) -> dict[str, object]:
        """Write the attributes of a DynamoDB item, without its keys. Numbers are int or Decimal."""
        item: dict[str, object] = {
            "key": self.key,
            "etag": self.version.etag,
            "size_bytes": self.version.size_bytes,
            "version_id": self.version.version_id,
            "uploaded_at": self.version.uploaded_at,
            "status": str(self.status),
            "sequencer": self.sequencer,
            "generation": self.generation,
            "revision": self.revision,
            "decided_at": self.decided_at,
            "decided_by": self.decided_by,
            "detectors": dict(self.detectors) or None,
            "shares_answers": None if self.shares_answers else False,
            "labels": _decimals(self.findings.labels) or None,
            "parents": sorted(self.findings.parents) or None,
            "faces": self.findings.faces,
            "moderation": _decimals(self.findings.moderation) or None,
            "words": list(self.findings.words) or None,
            "expires_at": self.expires_at,
        }
        if self.rejection is not None:
            item["rejection_code"] = self.rejection.code
            item["rejection_message"] = self.rejection.message
            item["rejection_detector"] = self.rejection.detector
        return {name: value for name, value in item.items() if value is not None}

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> ImageRecord:
        """Read a record back from the attributes of its DynamoDB item."""
        version_id = item.get("version_id")
        expires_at = item.get("expires_at")
        return cls(
            version=ImageVersion(
                key=str(item["key"]),
                etag=str(item["etag"]),
                size_bytes=_integer(item["size_bytes"]),
                version_id=None if version_id is None else str(version_id),
                uploaded_at=str(item["uploaded_at"]),
            ),
            status=Status(str(item["status"])),
            sequencer=str(item["sequencer"]),
            generation=_integer(item["generation"]),
            decided_at=str(item["decided_at"]),
            detectors=dict(cast("Mapping[str, str]", item.get("detectors", {}))),
            findings=_findings(item),
            rejection=_rejection(item),
            expires_at=None if expires_at is None else _integer(expires_at),
            decided_by=str(item.get("decided_by", "")),
            shares_answers=bool(item.get("shares_answers", True)),
            stored_revision=str(item["revision"]),
        )


def _findings(item: Mapping[str, object]) -> Findings:
    faces = item.get("faces")
    return Findings(
        labels=_floats(item.get("labels", {})),
        parents=frozenset(cast("list[str]", item.get("parents", []))),
        faces=None if faces is None else _integer(faces),
        moderation=_floats(item.get("moderation", {})),
        words=tuple(cast("list[str]", item.get("words", []))),
    )


def _rejection(item: Mapping[str, object]) -> Rejection | None:
    if "rejection_code" not in item:
        return None
    detector = item.get("rejection_detector")
    return Rejection(
        code=str(item["rejection_code"]),
        message=str(item["rejection_message"]),
        detector=None if detector is None else str(detector),
    )


def _decimals(confidences: Mapping[str, float]) -> dict[str, Decimal]:
    return {name: Decimal(str(confidence)) for name, confidence in confidences.items()}


def _floats(confidences: object) -> dict[str, float]:
    stored = cast("Mapping[str, Decimal]", confidences)
    return {name: float(confidence) for name, confidence in stored.items()}


def _integer(value: object) -> int:
    return int(cast("int | Decimal", value))
