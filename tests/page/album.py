"""Photos with what their files say, for the host to serve."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from contract.photos import PICTURE, PhotoFacts
from contract.records import ImageRecord
from tests.page.host import Host, photo
from tests.query_api.gateways import Event


@dataclass
class Album(Host):
    """Notes what was asked about photos; a page has no more than `most`."""

    questions: list[dict[str, str]] = field(default_factory=list)
    most: int = 100

    def reply(self, event: Event) -> dict[str, Any]:
        if event["rawPath"] != "/images":
            return super().reply(event)
        asked = parse_qsl(event["rawQueryString"])
        self.questions.append(dict(asked))
        limited = [
            (name, str(min(int(value), self.most)) if name == "limit" else value) for name, value in asked
        ]
        return super().reply({**event, "rawQueryString": urlencode(limited)})


def facts(**known: Any) -> PhotoFacts:
    """Give what a file of 400 by 300 says, and more."""
    return PhotoFacts(**{"format": "JPEG", "width": 400, "height": 300, "is_direct": True, **known})


def taken(key: str, file: PhotoFacts | None, **more: Any) -> ImageRecord:
    """Give a photo whose file says this; None where nobody has looked."""
    record = photo(key, **more)
    if file is None:
        return record
    return replace(
        record, findings=replace(record.findings, photo=file), detectors={**record.detectors, PICTURE: "f1"}
    )


def with_small(file: PhotoFacts, **more: Any) -> PhotoFacts:
    """Give the same, of a photo that pictures were made of."""
    return replace(file, renditions="made-by-somebody", **more)
