"""Persons who agreed to be looked for: where each stands in the table, and what their faces are called.

| item   | pk       | sk              | read by |
|--------|----------|-----------------|---------|
| person | `people` | `person#<name>` | name    |

Biometrics are in the collection of Rekognition alone. There a person is a user with an id that is no name,
and each face says by its external id whose it is and which photo it was taken from: by this, faces of a run
that was stopped half way are found again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from contract.items import ItemKey
from contract.records import key_digest

PEOPLE = "people"
PERSON_PREFIX = "person#"
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MOST_FACES_A_PERSON = 100
MAX_NAME_CHARACTERS = 100
# Illinois has biometrics destroyed three years after the last dealings with a person, at the latest.
# https://www.ilga.gov/legislation/ilcs/ilcs3.asp?ActID=3004 (740 ILCS 14/15)
MOST_RETENTION_DAYS = 1095
_OBJECT = "object"
# What the schedule says to what looks after persons, and what can be due: consents that have ended, and faces
# of photos that are gone.
DUE_EVENT = "due"
PEOPLE_DUE, PHOTOS_DUE = "consents", "photos"


class PersonStatus(StrEnum):
    """How far a person is. Only those who are enrolled are looked for."""

    ADDING = "adding"
    ENROLLED = "enrolled"
    FORGETTING = "forgetting"


@dataclass(frozen=True)
class Consent:
    """What a person agreed to: when, to which purpose, and the last day on which it holds (ISO 8601, UTC)."""

    agreed_on: str
    purpose: str
    ends_on: str

    def has_ended(self, today: str) -> bool:
        return self.ends_on < today


@dataclass(frozen=True)
class Person:
    """One person.

    `faces_at` says when the person's faces changed last, empty while there are none. `photos` says by source
    what each photo is called that faces were taken from.
    """

    id: str
    name: str
    consent: Consent
    status: PersonStatus
    added_at: str
    photos: Mapping[str, str] = field(default_factory=dict)
    faces_at: str = ""

    @property
    def has_faces(self) -> bool:
        return bool(self.faces_at)

    def is_looked_for(self, today: str) -> bool:
        """Return whether faces are there to be found, and consent holds. `today` is ISO 8601, UTC.

        Whoever is given more faces goes on being looked for.
        """
        is_over = self.status is PersonStatus.FORGETTING or self.consent.has_ended(today)
        return self.has_faces and not is_over

    @property
    def at(self) -> ItemKey:
        return person_key(self.name)

    @property
    def keys(self) -> dict[str, str]:
        """The photos that are objects of the bucket: their keys, by source."""
        return {source: name for source, name in self.photos.items() if source.startswith(f"{_OBJECT}:")}

    def without(self, sources: frozenset[str]) -> "Person":
        """Return the person as if these photos had never been shown."""
        kept = {source: name for source, name in self.photos.items() if source not in sources}
        return replace(self, photos=kept)

    def external_id(self, source: str) -> str:
        """Return what a face of this person is called in the collection, by the photo it was taken from."""
        return f"{self.id}:{source}"

    def owns(self, external_id: str) -> bool:
        return external_id.startswith(f"{self.id}:")

    def to_item(self) -> dict[str, object]:
        """Write the person as a DynamoDB item, keys included."""
        return {
            **self.at._asdict(),
            "id": self.id,
            "name": self.name,
            "agreed_on": self.consent.agreed_on,
            "purpose": self.consent.purpose,
            "ends_on": self.consent.ends_on,
            "status": str(self.status),
            "added_at": self.added_at,
            "photos": dict(self.photos),
            "faces_at": self.faces_at,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Person":
        return cls(
            id=item["id"],
            name=item["name"],
            consent=Consent(item["agreed_on"], item["purpose"], item["ends_on"]),
            status=PersonStatus(item["status"]),
            added_at=item["added_at"],
            photos=dict(item["photos"]),
            faces_at=str(item["faces_at"] if "faces_at" in item else _faces_at(item)),
        )


def _faces_at(item: Mapping[str, Any]) -> str:
    """Return it for who was enrolled before it was written down."""
    return item["added_at"] if item["status"] == PersonStatus.ENROLLED else ""


def person_key(name: str) -> ItemKey:
    """Return where a person stands; names are matched without regard to case."""
    return ItemKey(PEOPLE, f"{PERSON_PREFIX}{name.casefold()}")


def object_source(key: str) -> str:
    """Return how external ids name an object of the bucket: they take few characters."""
    return f"{_OBJECT}:{key_digest(key)}"


def file_source(digest: str) -> str:
    """Return how external ids name a file by the digest of its bytes."""
    return f"file:{digest}"


def owner_of(external_id: str) -> str:
    """Return the id of the person whose face it is; empty where nobody here has put it there."""
    owner, _, source = external_id.partition(":")
    return owner if source else ""


def source_of(external_id: str) -> str:
    """Return the photo that a face was taken from."""
    return external_id.partition(":")[2]


def collection_of(stack: str) -> str:
    """Return the name of a stack's collection."""
    return f"{stack}-people"


def faults_of_name(name: str) -> list[str]:
    """Return what is wrong with the name of a person."""
    if name != name.strip() or not re.fullmatch(rf"[^\x00-\x1f\x7f]{{1,{MAX_NAME_CHARACTERS}}}", name):
        return [
            f"the name {name!r} cannot be kept; it is 1 to {MAX_NAME_CHARACTERS} characters on one line, "
            "without spaces at its ends"
        ]
    return []


def consent_of(agreed_on: str, until: str | None, today: str, purpose: str, retention_days: int) -> Consent:
    """Return the consent that was given on a day. Raise ValueError with what is wrong with it, in a sentence.

    Without an end of its own it holds as long as the deployment keeps faces.
    """
    agreed = _day("--agreed", agreed_on)
    if agreed.isoformat() > today:
        raise ValueError(f"--agreed {agreed_on} is still to come; it is the day on which the person agreed")
    last = agreed + timedelta(days=retention_days)
    ends = last if until is None else _day("--until", until)
    if ends > last:
        raise ValueError(
            f"--until {until} is later than people_retention_days allows, {retention_days:,} days after "
            f"--agreed: {last.isoformat()} at the latest"
        )
    if ends.isoformat() < today:
        raise ValueError(f"the consent ended on {ends.isoformat()}; ask the person again")
    return Consent(agreed.isoformat(), purpose, ends.isoformat())


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{option} {text!r} is no day; write it like 2026-01-31") from None
