"""Made-up images, the same for the same number: labels of known frequency, independent of each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from contract.identity import ImageVersion
from contract.records import Findings, ImageRecord, Status

# How many images of a thousand carry each.
FREQUENCIES = {"Person": 500, "Outdoors": 400, "Tree": 300}
# Carried by so many images in all, spread over the whole time, however many images there are.
RARE, RARE_IMAGES = "Lighthouse", 60
# What fills a photo up to the number of labels that the cost model assumes.
FILLERS = 12
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def key(number: int) -> str:
    """Return the key of an image."""
    return f"made/{number // 1000:03}/{number:06}.jpg"


def record(number: int, of: int = 0) -> ImageRecord:
    """Return the record of an image. `of` is how many there are, by which the rare label is spread."""
    drawn = blake2b(str(number).encode(), digest_size=16).digest()
    labels = {
        name: 60.0 + drawn[place] % 40
        for place, (name, frequency) in enumerate(FREQUENCIES.items())
        if int.from_bytes(drawn[4 + 2 * place : 6 + 2 * place], "big") % 1000 < frequency
    }
    if of and number % max(1, of // RARE_IMAGES) == 0:
        labels[RARE] = 88.0
    for filler in range(FILLERS):
        labels[f"Thing {number % 97} {filler}"] = 55.5
    uploaded_at = (_BEGAN + timedelta(seconds=number)).isoformat(timespec="milliseconds")
    return ImageRecord(
        version=ImageVersion(
            key(number), f"{number:032x}", 250_000, f"{number:032x}", uploaded_at.replace("+00:00", "Z")
        ),
        status=Status.RECOGNIZED,
        sequencer=f"{number:018X}1",
        generation=1,
        decided_at=uploaded_at.replace("+00:00", "Z"),
        detectors={},
        findings=Findings(labels=labels, parents=frozenset({"Outdoors"} & set(labels))),
    )
