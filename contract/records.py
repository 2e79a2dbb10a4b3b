"""What is known of an image: which version of an object it is, and its record.

The commit of the record makes everything about a version visible.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from contract.photos import PhotoFacts
from contract.results import ResultName

if TYPE_CHECKING:
    from contract.errors import ImagepipeError
    from contract.sightings import CameraLook

# What a person has seen is sure, in percent.
SURE = 100.0


@dataclass(frozen=True)
class ImageVersion:
    """One version of one object, as S3 names it.

    `etag` has no quotes. `version_id` is None where the bucket is not versioned. `uploaded_at` is an ISO 8601
    time in UTC with milliseconds, so that text order is time order.
    """

    key: str
    etag: str
    size_bytes: int
    version_id: str | None
    uploaded_at: str

    @property
    def content_id(self) -> str:
        return content_id(self.etag, self.size_bytes)

    @property
    def own_content_id(self) -> str:
        """Name the bytes of this version alone, equal for no other, whatever its ETag is.

        Keys are chosen by whoever uploads, hence a digest in which nobody can find two that are equal.
        """
        place = f"{self.version_id or ''}\n{self.key}"
        return f"{self.content_id}@{hashlib.blake2b(place.encode(), digest_size=20).hexdigest()}"

    def kept_by(self, *, shares_answers: bool) -> str:
        """Return the content id that raw results of this version are kept by."""
        return self.content_id if shares_answers else self.own_content_id

    def is_same_as(self, other: "ImageVersion") -> bool:
        """Whether both are the same bytes under the same version; times may be by different clocks."""
        return (self.key, self.content_id, self.version_id) == (other.key, other.content_id, other.version_id)


def content_id(etag: str, size_bytes: int) -> str:
    """Name the bytes: equal for copies and renames, different for different content.

    The ETag of an object that is not encrypted by KMS or by a customer's key is the MD5 of its bytes,
    or, for a multipart upload, the MD5 of the parts' MD5s with `-` and their number. Either way two
    different contents share it only by an MD5 collision of equal length; the same bytes uploaded in
    parts of another size get another name, which costs a second call and is never wrong.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    return f"{etag}-{size_bytes}"


def key_digest(key: str) -> str:
    """Shorten a key of up to 1,024 bytes to 24 hexadecimal digits (96 bits) for use in sort keys."""
    return hashlib.blake2b(key.encode(), digest_size=12).hexdigest()


class Status(StrEnum):
    """Where an image has ended."""

    RECOGNIZED = "recognized"
    REJECTED = "rejected"
    DELETED = "deleted"


class PersonMatch(NamedTuple):
    """A person on a photo: how like the person the face is, in percent, and which of the faces it is.

    A person whom somebody has named is there for sure; the face is None where nobody knows which.
    """

    similarity: float
    face: int | None = None


@dataclass(frozen=True)
class Findings:
    """What the detectors found, in the short form that lists and index rows are made of.

    `labels` maps a label's name to its confidence in percent, and `parents` are those of them that another
    label of the same image implies (Animal, where there is a Dog). `faces` counts faces, and is None where
    faces were not asked for. `moderation` maps categories to confidence in percent, `words` are the words
    read, in lower case and each once. `celebrities` maps names of well-known people to confidence in percent;
    `colors` are the simplified names of those that cover a good part of the image, `equipment` is what people
    in it wear to protect themselves. `persons` are those who agreed to be looked for, by id, and `searched`
    is the revision of their collection in which all faces were (contract/face_search.py). `photo` is what the
    file says, None where nobody has looked. `scene` is the content that was asked about instead of this one
    (processors/pipeline/scenes.py), None where this one was. While a record is made, `inherited` are the
    detectors whose answers are from there, `implied_by` are the labels that imply each parent,
    `face_details` what was said of each face, and `vectors` stand for what the image means, by the detector
    that made each; `lacking` are detectors of vectors that could make none now, and why. `look` is
    what came of comparing a camera's picture with others of it, None for any other photo
    (contract/sightings.py). Everything else is in the raw results.
    """

    labels: Mapping[str, float] = field(default_factory=dict)
    faces: int | None = None
    parents: frozenset[str] = frozenset()
    moderation: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    photo: PhotoFacts | None = None
    scene: str | None = None
    inherited: frozenset[str] = field(default=frozenset(), compare=False)
    implied_by: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)
    celebrities: Mapping[str, float] = field(default_factory=dict)
    colors: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict, compare=False)
    lacking: "Mapping[str, ImagepipeError]" = field(default_factory=dict, compare=False)
    persons: Mapping[str, PersonMatch] = field(default_factory=dict)
    searched: int = 0
    face_details: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)
    look: "CameraLook | None" = None

    def with_those_of(self, other: "Findings") -> "Findings":
        """Put together what two detectors found in one image."""
        return Findings(
            # A model of one's own may have names that Rekognition's has too.
            labels={
                **self.labels,
                **{name: max(sure, self.labels.get(name, 0.0)) for name, sure in other.labels.items()},
            },
            parents=self.parents | other.parents,
            faces=self.faces if other.faces is None else other.faces,
            moderation={**self.moderation, **other.moderation},
            words=tuple(dict.fromkeys((*self.words, *other.words))),
            celebrities={**self.celebrities, **other.celebrities},
            colors=(*self.colors, *other.colors),
            equipment=(*self.equipment, *other.equipment),
            photo=self.photo if other.photo is None else other.photo,
            scene=self.scene if other.scene is None else other.scene,
            inherited=self.inherited | other.inherited,
            implied_by={**self.implied_by, **other.implied_by},
            vectors={**self.vectors, **other.vectors},
            lacking={**self.lacking, **other.lacking},
            persons={**self.persons, **other.persons},
            searched=max(self.searched, other.searched),
            face_details=(*self.face_details, *other.face_details),
            look=self.look if other.look is None else other.look,
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
    `corrections` is the number of the corrections that were put over them, 0 where there were none; by them,
    `renamed` are labels under another name than the detectors', and `decision` is what a person has decided
    about showing the image (contract/corrections.py).
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
    corrections: int = 0
    renamed: Mapping[str, str] = field(default_factory=dict)
    decision: str | None = None
    stored_revision: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        return self.version.key

    @property
    def content_id(self) -> str:
        """What its raw results are kept by."""
        return self.version.kept_by(shares_answers=self.shares_answers)

    @property
    def result_names(self) -> "tuple[ResultName, ...]":
        return tuple(ResultName(self.content_id, *answer) for answer in self.detectors.items())

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
            *((f"corrections#{self.corrections}",) if self.corrections else ()),
            *(f"person#{name}={tuple(match)}" for name, match in sorted(self.findings.persons.items())),
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
            "celebrities": _decimals(self.findings.celebrities) or None,
            "colors": list(self.findings.colors) or None,
            "equipment": list(self.findings.equipment) or None,
            "persons": {name: _match_item(match) for name, match in self.findings.persons.items()} or None,
            "searched": self.findings.searched or None,
            "photo": None if self.findings.photo is None else self.findings.photo.to_item(),
            "scene": self.findings.scene,
            "look": None if self.findings.look is None else self.findings.look.to_item(),
            "corrections": self.corrections or None,
            "renamed": dict(self.renamed) or None,
            "decision": self.decision,
            "expires_at": self.expires_at,
        }
        if self.rejection is not None:
            item |= {f"rejection_{name}": value for name, value in asdict(self.rejection).items()}
        return {name: value for name, value in item.items() if value is not None}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "ImageRecord":
        version_id = item.get("version_id")
        expires_at = item.get("expires_at")
        return cls(
            version=ImageVersion(
                key=str(item["key"]),
                etag=str(item["etag"]),
                size_bytes=int(item["size_bytes"]),
                version_id=None if version_id is None else str(version_id),
                uploaded_at=str(item["uploaded_at"]),
            ),
            status=Status(str(item["status"])),
            sequencer=str(item["sequencer"]),
            generation=int(item["generation"]),
            decided_at=str(item["decided_at"]),
            detectors=dict(item.get("detectors", {})),
            findings=_findings(item),
            rejection=_rejection(item),
            expires_at=None if expires_at is None else int(expires_at),
            decided_by=str(item.get("decided_by", "")),
            shares_answers=bool(item.get("shares_answers", True)),
            corrections=int(item.get("corrections", 0)),
            renamed=dict(item.get("renamed", {})),
            decision=None if "decision" not in item else str(item["decision"]),
            stored_revision=str(item["revision"]),
        )


def _findings(item: Mapping[str, Any]) -> Findings:
    faces = item.get("faces")
    return Findings(
        labels=_floats(item.get("labels", {})),
        parents=frozenset(item.get("parents", [])),
        faces=None if faces is None else int(faces),
        moderation=_floats(item.get("moderation", {})),
        words=tuple(item.get("words", [])),
        celebrities=_floats(item.get("celebrities", {})),
        colors=tuple(item.get("colors", [])),
        equipment=tuple(item.get("equipment", [])),
        persons={name: _match(match) for name, match in item.get("persons", {}).items()},
        searched=int(item.get("searched", 0)),
        photo=None if "photo" not in item else PhotoFacts.from_item(item["photo"]),
        scene=None if "scene" not in item else str(item["scene"]),
        look=_look(item),
    )


def _look(item: Mapping[str, Any]) -> "CameraLook | None":
    if "look" not in item:
        return None
    from contract.sightings import CameraLook  # there are cameras in few deployments

    return CameraLook.from_item(item["look"])


def _rejection(item: Mapping[str, Any]) -> Rejection | None:
    if "rejection_code" not in item:
        return None
    detector = item.get("rejection_detector")
    return Rejection(
        code=str(item["rejection_code"]),
        message=str(item["rejection_message"]),
        detector=None if detector is None else str(detector),
    )


def _match_item(match: PersonMatch) -> dict[str, object]:
    similarity = Decimal(str(match.similarity))
    return (
        {"similarity": similarity} if match.face is None else {"similarity": similarity, "face": match.face}
    )


def _match(item: Mapping[str, Any]) -> PersonMatch:
    face = item.get("face")
    return PersonMatch(float(item["similarity"]), None if face is None else int(face))


def _decimals(confidences: Mapping[str, float]) -> dict[str, Decimal]:
    return {name: Decimal(str(confidence)) for name, confidence in confidences.items()}


def _floats(confidences: Mapping[str, Decimal]) -> dict[str, float]:
    return {name: float(confidence) for name, confidence in confidences.items()}
