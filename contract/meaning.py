"""Search by meaning: what stands for the meaning of a photo, what it is made of, and where it is searched.

A vector is made of the labels of a content, or by a model of Amazon Bedrock of its thumbnail, kept as the
answer of one more detector (`meaning`, `meaning_seen`), and written into an index row, by which the table's
vector index finds it. Vectors that were made by different models say nothing about each other, so each model
has a space of its own, which its fingerprints begin with: an index row of one is never compared with a
question of another. A photo may have a vector in each: so one space is filled while another is searched
(docs/decisions/0041-a-space-is-filled-before-it-is-asked.md).
Other settings (which labels there are, which are hidden) make another fingerprint in the same space: such
vectors can be compared, and are made anew by a backfill.
"""

import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from math import sqrt
from types import MappingProxyType
from typing import Any

from contract.photos import PICTURE

# The detectors that make vectors, of labels and of thumbnails. A name of its own for each: so answers of both
# are kept side by side, and none is paid for again when the other is turned on or off.
MEANING, MEANING_SEEN = "meaning", "meaning_seen"
OF_MEANING = (MEANING, MEANING_SEEN)
# What the setting `meaning` may be.
BY_LABELS = "labels"
# The same, and photos whose labels were asked for before it was on are asked about once more.
BY_LABELS_ANEW = "labels_anew"
# A model that puts pictures and texts into one space. Its vectors are paid for, and have a line of a quota.
BY_BEDROCK = "bedrock"
# Detectors that ask a function of ours: their answers cost no call of Rekognition.
OF_OUR_OWN = frozenset({PICTURE, *OF_MEANING})
# all-MiniLM-L6-v2 in 8 bits, and how the vector of a photo is put together from those of its labels
# (`labels_in`): a change of either is another space. The second weighs labels by roots and by their parents.
SPACE = "minilm2"
DIMENSIONS = 384

# https://docs.aws.amazon.com/bedrock/latest/userguide/titan-multiemb-models.html: its vectors may have 384
# numbers, too, and so stand in the same index, in a space of their own.
BEDROCK_MODEL = "amazon.titan-embed-image-v1"
BEDROCK_SPACE = "titan1"
INVOKE_MODEL = "InvokeModel"
# The model's quota was 2,000 requests a minute, less a tenth for questions; since 2026 AWS counts tokens, and
# does not say how many a picture has: throttles tell. A deployment's `quotas` go before it.
# https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-runtime.html
VECTORS_A_SECOND = 30.0
# One worker asks for so many at once, half a second each: some workers fill that.
PICTURE_VECTORS_AT_ONCE = 8

# The table's index of vectors, and the attributes that it is about. Nothing but rows of vectors has them.
VECTOR_INDEX = "by-meaning"
VECTOR = "vector"
IN_SPACE = "space"
# By these a search is narrowed where it looks; `key` is one, too. They are set on no other items.
UPLOADED, CAPTURED = "uploaded", "captured"
# How many a search gives at most. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SearchVectors.html
MOST_NEIGHBORS = 100
# Where these are not enough, it is searched anew in so many parts of all keys, side by side.
# An attribute says in which of so many a key is: equality is what an index takes in any case.
PART_OF: Mapping[int, str] = MappingProxyType({4: "quarter", 16: "sixteenth"})
PARTS = (1, *PART_OF)
NARROWED_BY = ("key", UPLOADED, CAPTURED, *PART_OF.values())

# Labels less sure than this say too little, and so many of the surest say enough.
LEAST_PERCENT = 10.0
MOST_LABELS = 50
MOST_TEXT_CHARACTERS = 200

# One worker asks for so many vectors at once: each takes milliseconds, and a copy of the function to start.
MEANINGS_AT_ONCE = 2

Vector = tuple[float, ...]
Labels = Sequence[tuple[str, float]]


def space_by(made_by: str) -> str:
    """Return the space of vectors, by the setting that says what makes them."""
    return BEDROCK_SPACE if made_by == BY_BEDROCK else SPACE


def detector_by(made_by: str) -> str:
    """Return the detector that makes vectors, by the setting that says what it makes them of."""
    return MEANING_SEEN if made_by == BY_BEDROCK else MEANING


def space_of(fingerprint: str) -> str:
    """Return in which space the vectors of a fingerprint are."""
    return fingerprint.partition(".")[0]


def parts_of(digest: str) -> dict[str, str]:
    """Return in which parts a key is, by its digest, whose digits are hexadecimal and evenly spread."""
    first = int(digest[0], 16)
    return {name: f"{first * parts // 16:x}" for parts, name in PART_OF.items()}


def labels_in(response: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the labels of a raw answer that a vector is made of, the surest first, each with its weight.

    docs/search.md has the figures: how sure a label is counts by its square root, and what is named more
    exactly by another label counts half.
    """
    sure = [label for label in response["Labels"] if label["Confidence"] >= LEAST_PERCENT]
    surest = sorted(sure, key=lambda label: (-label["Confidence"], label["Name"]))[:MOST_LABELS]
    broader = {parent["Name"] for label in surest for parent in label.get("Parents", ())}
    return [
        (str(label["Name"]), sqrt(label["Confidence"]) * (0.5 if label["Name"] in broader else 1.0))
        for label in surest
    ]


def written_vector(vector: Vector) -> str:
    """Write a vector as text: base64 of its 32-bit numbers, the lowest byte first."""
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def read_vector(text: str) -> Vector:
    """Read what `written_vector` wrote. Raise ValueError for anything else."""
    content = b64decode(text, validate=True)
    if len(content) != 4 * DIMENSIONS:
        raise ValueError(f"a vector has {len(content)} bytes, and not {4 * DIMENSIONS}")
    return struct.unpack(f"<{DIMENSIONS}f", content)


def vector_in(response: Mapping[str, Any]) -> Vector | None:
    """Return the vector of a kept answer; None where nothing was recognized that it could be made of."""
    text = response[VECTOR]
    return None if text is None else read_vector(text)
