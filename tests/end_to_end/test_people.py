"""Who agreed is found on photos that come in, and on those that are there; and by nobody once forgotten."""

import io
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contract.moments import day_of
from contract.people import DUE_EVENT, PHOTOS_DUE
from contract.results import unpack
from tests.end_to_end.conftest import PATIENCE_SECONDS, Site, function_of, invoke
from tests.operations.end_to_end.test_imagepipe import IMAGES, Operator

NAME = "Grace Hopper"
SEARCH = "SearchUsersByImage"


@pytest.fixture
def operator(site: Site) -> Operator:
    return Operator(site.running)


def two_on_one_photo() -> bytes:
    """Return a photo of two persons, beside each other, that Rekognition is shown a view of."""
    with Image.open(IMAGES / "astronaut.jpg") as one, Image.open(IMAGES / "grace_hopper.jpg") as other:
        height = min(one.height, other.height)
        parts = [
            part.convert("RGB").resize((part.width * height // part.height, height)) for part in (one, other)
        ]
    both = Image.new("RGB", (sum(part.width for part in parts), height))
    both.paste(parts[0], (0, 0))
    both.paste(parts[1], (parts[0].width, 0))
    written = io.BytesIO()
    both.save(written, "WEBP", quality=92)
    return written.getvalue()


def searches(site: Site) -> int:
    counts = site.rekognition("calls")["operations"].get(SEARCH, {"accepted": 0})
    return int(counts["accepted"])


def found(site: Site, name: str) -> set[str]:
    status, answer = site.get("/images", person=name)
    assert status == 200, answer
    return {image["key"] for image in answer["images"]}


def wait_for(site: Site, name: str, keys: set[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := found(site, name)) != keys:
        assert time.monotonic() < deadline, seen
        time.sleep(0.3)


def test_a_person_is_found_by_name_and_her_face_is_known(
    site: Site, operator: Operator, photos: Path
) -> None:
    before = searches(site)
    site.put("persons/nobody yet.jpg", (photos / "grace_hopper.jpg").read_bytes() + b"before")
    site.completions(["persons/nobody yet.jpg"])
    assert searches(site) == before

    operator.json(
        "people", "add", NAME, str(IMAGES / "grace_hopper.jpg"), "--agreed", day_of(time.time()), "--yes"
    )
    site.put("persons/grace.jpg", (photos / "grace_hopper.jpg").read_bytes() + b"after")
    site.put("persons/both.webp", two_on_one_photo())
    site.completions(["persons/grace.jpg", "persons/both.webp"])

    assert found(site, NAME.lower()) == {"persons/grace.jpg", "persons/both.webp"}
    record = site.record("persons/both.webp")
    (person,) = record["persons"]
    assert person["name"] == NAME
    assert person["box"] == record["face_details"][person["face"]]["box"]
    assert person["box"]["left"] > 0.5
    assert searches(site) == before + 3
    site.put("persons/copy.jpg", (photos / "grace_hopper.jpg").read_bytes() + b"after")
    site.completions(["persons/copy.jpg"])
    assert found(site, NAME) == {"persons/grace.jpg", "persons/both.webp", "persons/copy.jpg"}
    assert searches(site) == before + 3

    asked = operator.json("people", "search", "--yes")
    assert asked["photos"] >= 1, asked
    wait_for(
        site, NAME, {f"persons/{name}" for name in ("grace.jpg", "both.webp", "copy.jpg", "nobody yet.jpg")}
    )
    # Photos of other tests are looked at too.
    assert before + 4 <= searches(site) <= before + 3 + asked["faces"]
    assert operator.json("people", "search", "--yes")["photos"] == 0

    person_id = person["id"]
    (receipt,) = operator.json("people", "forget", NAME, "--yes")
    assert (receipt["person"], receipt["photos_freed"]) == (person_id, 4)
    assert found(site, NAME) == set()
    assert "persons" not in site.record("persons/both.webp")
    assert not [item for item in everything(site) if person_id in item or NAME.casefold() in item.casefold()]
    assert site.dead_letters() == []


@pytest.mark.nightly
def test_a_photo_that_is_gone_takes_its_face_along(site: Site, operator: Operator, photos: Path) -> None:
    """The function does it that a schedule asks each day, with the rights and the settings of the stack."""
    site.put("persons/consent.jpg", (photos / "grace_hopper.jpg").read_bytes() + b"shown")
    shown = (f"s3://{site.bucket}/persons/consent.jpg", str(IMAGES / "grace_hopper.jpg"))
    operator.json("people", "add", NAME, *shown, "--agreed", day_of(time.time()), "--yes")

    assert look_after(site, PHOTOS_DUE) == {PHOTOS_DUE: 0}
    site.running.clients.s3.delete_object(Bucket=site.bucket, Key="persons/consent.jpg")
    assert look_after(site, PHOTOS_DUE) == {PHOTOS_DUE: 1}

    assert [person["faces"] for person in operator.json("people", "list")] == [1]
    operator.json("people", "forget", NAME, "--yes")


def look_after(site: Site, due: str) -> Any:
    """Ask the function that looks after persons, as its schedule does."""
    return invoke(site.running, function_of(site.running, "PeopleUpkeep"), {DUE_EVENT: due})


def everything(site: Site) -> list[str]:
    """Return all items of the table as text, with answers unpacked."""
    client = site.running.clients.tables.meta.client
    pages = client.get_paginator("scan").paginate(TableName=site.running.outputs.table)
    items: list[dict[str, Any]] = [item for page in pages for item in page["Items"]]
    return [
        repr({name: unpack(bytes(value)) if name == "answer" else value for name, value in item.items()})
        for item in items
    ]
