"""Where everything stands in the one DynamoDB table.

| item       | pk                     | sk                                | read by                    |
|------------|------------------------|-----------------------------------|----------------------------|
| record       | `image#<key>`          | `record`                            | key                        |
| raw result | `content#<content id>` | `<detector>#<fingerprint>`        | content                    |
| claim      | where its result will be | where its result will be        | content                    |
| budget     | `quota#<operation>`    | `budget`                          | operation                  |
| attempts   | `attempts#<message id>` | `attempts`                       | message                    |
| counts     | `counts#<day>`         | `counts`                          | day                        |
| index row  | `index#<term>#<shard>` | `<uploaded at>#<digest>#<revision>` | term, in order of upload |
| of capture | `index#taken#<shard>`  | `<taken at>#<digest>#<revision>`  | order of capture           |
| of meaning | `index#meaning:<space>#<shard>` | `<uploaded at>#<digest>#<revision>` | nearness of a vector |
| signing key | `secret#cursors`      | `secret`                          | nobody but the query API   |

A content id names the bytes of an image, or those of one version alone where answers are not shared
(contract/records.py); the record says which (`shares_answers`).

A term is `label:<name>`, `moderation:<category>`, `text:<word>`, `camera:<name>`, `celebrity:<name>`,
`color:<name>`, `equipment:<type>` or `person:<id>`, all in lower case, `faces:some`, `geo:<geohash>`,
`hash:<band>:<four digits>`, `kind:video` (photos have none) or `status:<status>`. Where a person has decided
about a photo, its categories are
`decided:<category>` instead, out of the way of whoever looks for what is to be reviewed, and there is
`decision:<allow or block>`. Pictures of a camera in which something was seen anew have `seen:<camera>`. All
rows of one image have the same sort key and stand in shards of the same number, so that images which carry
several terms are found by a join of their rows; only the row in the order of capture has another. An index
row counts only while the record of its key stands for it: rows are written before the record that makes them
true, and removed after the record that makes them false, so a reader that holds each row against its record
is never shown a stale photo. A row that `imagepipe reconcile` suspects of being left over carries
`suspected_at` (seconds since 1970) until it is swept, or written again.

Rows with a confidence have a `rank` (`<confidence>#<sort key>`) too, by which the secondary index `by-rank`
orders them, where the deployment has it (docs/decisions/0005-order-by-confidence.md).

Where photos are searched by meaning, there is one row more for each space, of the term `meaning:<space>`,
which has the vector too, and by it stands in the secondary index `by-meaning` (contract/meaning.py). It comes
and goes with the other rows of its record.

What is read of a photo as a file is kept as the answer of one more detector, `picture` (contract/photos.py);
the renditions that were made of it go with it.

What the counting Lambda keeps stands where contract/tallies.py says. A result has `expires_at` while no
record names its content.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from zlib import crc32

from contract.geohash import geohashes
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey
from contract.meaning import CAPTURED, IN_SPACE, OF_MEANING, UPLOADED, VECTOR, parts_of, space_of
from contract.photos import PhotoFacts, hash_bands
from contract.records import Findings, ImageRecord, Status, key_digest
from contract.results import ResultName

RECORD_PREFIX = "image#"
INDEX_PREFIX = "index#"
CONTENT_PREFIX = "content#"
EXPIRY = "expires_at"
RECORD = "record"
RANK = "rank"
RANK_INDEX = "by-rank"
VIDEO = "video"
# The term of all photos whose time of capture is known; their rows stand in its order.
TAKEN = "taken"
# What the index by rank holds of a row beside its keys.
RANK_PROJECTED = ("key", "revision", "confidence", "parent")
BUDGET_PREFIX = "quota#"
COUNTS_PREFIX = "counts#"
SECRET_PREFIX = "secret#"  # noqa: S105 - a name, not a secret
# A partition key holds 2,048 bytes; a line that was read as one word must not stand in the way of its image.
MAX_WORD_CHARACTERS = 200
# Shorter ones are mostly misread, and nobody looks for them.
MIN_WORD_CHARACTERS = 2

# One partition takes 1,000 writes a second; a label that is on every photo is spread over this many. A number
# of partitions, not of servers: changing it means writing all index rows anew.
SHARDS = 4


@dataclass(frozen=True)
class IndexRow:
    """One entry of one index term: this key carries this term, as of this revision of its record.

    `confidence` is in percent, and None where the term has none. `is_parent` marks a label that another label
    of the same image implies. `nearby` is what a row of meaning has beside, which is written, and not read.
    """

    at: ItemKey
    key: str
    revision: str
    confidence: float | None = None
    is_parent: bool = False
    nearby: Mapping[str, object] | None = field(default=None, compare=False)

    @property
    def term(self) -> str:
        return self.at.pk.removeprefix(INDEX_PREFIX).rpartition("#")[0]

    @property
    def place(self) -> str:
        """Return where its image stands in order of upload, or of capture: the same for all its revisions."""
        return self.at.sk.rpartition("#")[0]

    @property
    def uploaded_at(self) -> str | None:
        """Return when its image was uploaded; None where the row stands in the order of capture."""
        is_of_capture = self.at.pk.startswith(f"{INDEX_PREFIX}{TAKEN}#")
        return None if is_of_capture else self.at.sk.split("#")[0]

    @property
    def rank_place(self) -> str:
        """Return where its image stands in order of confidence. Only for rows that have one."""
        assert self.confidence is not None
        return rank(self.confidence, self.place)

    def to_item(self) -> dict[str, object]:
        """Write the row as a DynamoDB item, keys included."""
        item: dict[str, object] = {**self.at._asdict(), "key": self.key, "revision": self.revision}
        if self.confidence is not None:
            item["confidence"] = Decimal(str(self.confidence))
            item[RANK] = rank(self.confidence, self.at.sk)
        if self.is_parent:
            item["parent"] = True
        return item if self.nearby is None else {**item, **self.nearby}

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> "IndexRow":
        confidence = item.get("confidence")
        return cls(
            at=ItemKey(str(item[PARTITION_KEY]), str(item[SORT_KEY])),
            key=str(item["key"]),
            revision=str(item["revision"]),
            confidence=None if confidence is None else float(str(confidence)),
            is_parent=bool(item.get("parent", False)),
        )


def record_key(key: str) -> ItemKey:
    return ItemKey(f"{RECORD_PREFIX}{key}", RECORD)


def result_key(name: ResultName) -> ItemKey:
    return ItemKey(f"{CONTENT_PREFIX}{name.content_id}", f"{name.detector}#{name.fingerprint}")


def counts_key(day: str) -> ItemKey:
    """Return where the processor's counts of a day (ISO 8601, UTC) stand."""
    return ItemKey(f"{COUNTS_PREFIX}{day}", "counts")


def attempts_key(message_id: str) -> ItemKey:
    return ItemKey(f"attempts#{message_id}", "attempts")


def budget_key(operation: str) -> ItemKey:
    """Return where the budget of a Rekognition operation stands, by which all workers share its quota."""
    return ItemKey(f"{BUDGET_PREFIX}{operation}", "budget")


def label_term(name: str) -> str:
    """Return the index term of a label; names are matched without regard to case."""
    return f"label:{name.casefold()}"


def moderation_term(category: str) -> str:
    return f"moderation:{category.casefold()}"


def decided_term(category: str) -> str:
    """Return the term in place of `moderation_term` where a person has decided about the image."""
    return f"decided:{category.casefold()}"


def decision_term(decision: str) -> str:
    return f"decision:{decision}"


def word_term(word: str) -> str:
    return f"text:{word.casefold()}"


def plain_word(word: str) -> str:
    """Return a word in lower case, without the punctuation and symbols at its ends.

    What is kept begins and ends with a letter, a mark or a number; it may be nothing.
    """
    folded = word.casefold()
    kept = [place for place, sign in enumerate(folded) if unicodedata.category(sign)[0] in "LMN"]
    return folded[kept[0] : kept[-1] + 1] if kept else ""


def faces_term() -> str:
    return "faces:some"


def celebrity_term(name: str) -> str:
    return f"celebrity:{name.casefold()}"


def color_term(name: str) -> str:
    return f"color:{name.casefold()}"


def equipment_term(kind: str) -> str:
    return f"equipment:{kind.casefold()}"


def person_term(person_id: str) -> str:
    return f"person:{person_id}"


def camera_term(name: str) -> str:
    return f"camera:{name.casefold()}"


def seen_term(camera: str) -> str:
    return f"seen:{camera}"


def place_term(geohash: str) -> str:
    return f"geo:{geohash}"


def hash_terms(picture_hash: str) -> tuple[str, ...]:
    """Return the terms of a perceptual hash, of which a near duplicate has one at least."""
    return tuple(f"hash:{number}:{band}" for number, band in enumerate(hash_bands(picture_hash)))


def signing_key() -> ItemKey:
    return ItemKey(f"{SECRET_PREFIX}cursors", "secret")


def rank(confidence_percent: float, rest: str) -> str:
    """Write a confidence so that text order is its order, and then that of the rest."""
    return f"{confidence_percent:07.3f}#{rest}"


def upload_place(record: ImageRecord) -> str:
    """Return where an image stands in order of upload."""
    return f"{record.version.uploaded_at}#{key_digest(record.key)}"


def taken_place(record: ImageRecord) -> str | None:
    """Return where an image stands in order of capture; None where its time is not known."""
    photo = record.findings.photo
    if photo is None or photo.taken_at is None:
        return None
    return f"{photo.taken_at}#{key_digest(record.key)}"


def meaning_term(space: str) -> str:
    return f"meaning:{space}"


def status_term(status: Status) -> str:
    return f"status:{status}"


def term_partitions(term: str) -> tuple[str, ...]:
    """List the partitions over which the rows of a term are spread."""
    return tuple(f"{INDEX_PREFIX}{term}#{shard}" for shard in range(SHARDS))


def index_rows(record: ImageRecord) -> tuple[IndexRow, ...]:
    """List the index rows that a record stands for; a deleted one stands for none."""
    if record.status is Status.DELETED:
        return ()
    digest = key_digest(record.key)
    shard = crc32(digest.encode()) % SHARDS
    uploaded, taken = upload_place(record), taken_place(record)

    def row(term: str, place: str, confidence: float | None = None, *, is_parent: bool = False) -> IndexRow:
        at = ItemKey(f"{INDEX_PREFIX}{term}#{shard}", f"{place}#{record.revision}")
        return IndexRow(at, record.key, record.revision, confidence, is_parent)

    return (
        *(
            row(term, uploaded, confidence, is_parent=is_parent)
            for term, (confidence, is_parent) in _terms(record).items()
        ),
        *((row(TAKEN, taken),) if taken is not None else ()),
        *(
            replace(row(meaning_term(space_of(made)), uploaded), nearby=_nearby(record, name))
            for name, made in record.detectors.items()
            if name in OF_MEANING
        ),
    )


def _nearby(record: ImageRecord, detector: str) -> Mapping[str, object] | None:
    """Return what the index of vectors has of a row; None where the record was read, which has no vector.

    A vector has 32 bits a number, of which seven digits are left when it is written.
    """
    vector, photo = record.findings.vectors.get(detector), record.findings.photo
    if vector is None:
        return None
    taken_at = None if photo is None else photo.taken_at
    return {
        IN_SPACE: space_of(record.detectors[detector]),
        VECTOR: [Decimal(f"{number:.7g}") for number in vector],
        UPLOADED: record.version.uploaded_at,
        **parts_of(key_digest(record.key)),
        **({} if taken_at is None else {CAPTURED: taken_at}),
    }


def _terms(record: ImageRecord) -> Mapping[str, tuple[float | None, bool]]:
    """Return the terms that a record stands for, each with its confidence and whether it is a parent only.

    Names that differ in case are one term, and a batch write takes each row once.
    """
    found = record.findings
    terms: dict[str, tuple[float | None, bool]] = {status_term(record.status): (None, False)}
    for name, confidence in found.labels.items():
        before, was_parent = terms.get(label_term(name), (None, True))
        terms[label_term(name)] = (
            max(confidence, before or 0.0),
            name in found.parents and was_parent,
        )
    category_term = moderation_term if record.decision is None else decided_term
    for category, confidence in found.moderation.items():
        before, _ = terms.get(category_term(category), (None, False))
        terms[category_term(category)] = (max(confidence, before or 0.0), False)
    if record.decision is not None:
        terms[decision_term(record.decision)] = (None, False)
    terms |= {word_term(word): (None, False) for word in found.words if len(word) <= MAX_WORD_CHARACTERS}
    if found.faces:
        terms[faces_term()] = (None, False)
    terms |= dict.fromkeys(map(celebrity_term, found.celebrities), (None, False))
    terms |= dict.fromkeys(map(color_term, found.colors), (None, False))
    terms |= dict.fromkeys(map(equipment_term, found.equipment), (None, False))
    terms |= {person_term(name): (match.similarity, False) for name, match in found.persons.items()}
    if found.look is not None and _shows_something(found):
        terms[seen_term(found.look.camera)] = (None, False)
    if found.photo is not None:
        terms |= dict.fromkeys(_photo_terms(found.photo), (None, False))
    return terms


def _shows_something(found: Findings) -> bool:
    """Return whether a camera's picture shows what is new, or somebody is there as people say."""
    look = found.look
    has_named = any(match.face is None for match in found.persons.values())
    return look is not None and bool(look.sightings or look.faces or has_named)


def kind_of(record: ImageRecord) -> str:
    photo = record.findings.photo
    return VIDEO if photo is not None and photo.is_film else "photo"


def kind_term(kind: str) -> str:
    return f"kind:{kind}"


def _photo_terms(photo: PhotoFacts) -> Iterator[str]:
    if photo.is_film:
        yield kind_term(VIDEO)
    if photo.camera is not None:
        yield camera_term(photo.camera)
    if photo.latitude is not None and photo.longitude is not None:
        yield from map(place_term, geohashes(photo.latitude, photo.longitude))
    if photo.finds_duplicates and photo.hash is not None:
        yield from hash_terms(photo.hash)
