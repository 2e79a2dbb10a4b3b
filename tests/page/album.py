"""Photos with what their files say, and their small and large pictures, for the host to serve."""

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from contract.photos import PICTURE, PhotoFacts
from contract.records import ImageRecord
from query_api.http.messages import Response
from tests.page.host import Host, photo
from tests.query_api.gateways import Event

OURS = ("taken_from", "taken_to", "camera", "near", "near_duplicates_of")


@dataclass
class Album(Host):
    """Made-up answers to questions about files."""

    questions: list[dict[str, str]] = field(default_factory=list)
    most: int = 100

    def reply(self, event: Event) -> dict[str, Any]:
        asked = parse_qs(event["rawQueryString"])
        if event["rawPath"] == "/images":
            self.questions.append({name: values[0] for name, values in asked.items()})
        if event["rawPath"] != "/images" or "key" in asked:
            return super().reply(event)
        ours = {name: asked.pop(name)[0] for name in OURS if name in asked}
        order = asked.get("order", [""])[0]
        is_by_taken = order.startswith("taken")
        if is_by_taken:
            del asked["order"]
        limit = int(asked.pop("limit", ["50"])[0])
        theirs = urlencode({**asked, "limit": ["100"]}, doseq=True)
        reply = super().reply({**event, "rawQueryString": theirs, "headers": {}})
        if reply["statusCode"] != 200:
            return reply
        images = [image for image in json.loads(reply["body"])["images"] if _fits(image, ours)]
        if is_by_taken:
            images = [image for image in images if image["photo"] and image["photo"]["taken_at"]]
            images.sort(key=lambda image: image["photo"]["taken_at"], reverse=order == "taken")
        return Response(
            200,
            {"images": images[: min(limit, self.most)], "cursor": "on" if len(images) > self.most else None},
        ).to_event()


def _fits(image: dict[str, Any], asked: dict[str, str]) -> bool:
    file = image["photo"] or {}
    taken = file.get("taken_at") or ""
    return (
        ("taken_from" not in asked or taken >= asked["taken_from"])
        and ("taken_to" not in asked or ("" < taken[:10] <= asked["taken_to"][:10]))
        and ("camera" not in asked or (file.get("camera") or "").lower() == asked["camera"].lower())
        and ("near" not in asked or file.get("latitude") is not None)
        and ("near_duplicates_of" not in asked or image["key"].startswith("twin"))
    )


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
