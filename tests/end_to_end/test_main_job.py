"""Photos in, answers out: what everybody comes for."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from contract.errors import FAILURE_ATTRIBUTE, Failure
from tests.end_to_end.conftest import PATIENCE_SECONDS, Site

MOST_PAGES = 1000
SAMPLES = ("cat.jpg", "dog.jpg", "astronaut.jpg", "coffee.jpg")


@pytest.fixture(scope="module")
def synced(site: Site, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Path]:
    """A folder with sub-folders, synced by the AWS CLI, all of it recognized."""
    folder = tmp_path_factory.mktemp("album")
    for place, name in enumerate(SAMPLES):
        target = folder / f"day {place}" / name
        target.parent.mkdir()
        shutil.copy(photos / name, target)
    site.aws("s3", "sync", str(folder), f"s3://{site.bucket}/album/", "--only-show-errors")
    site.completions([f"album/day {place}/{name}" for place, name in enumerate(SAMPLES)])
    return site, folder


def test_labels_and_faces_are_true(synced: tuple[Site, Path]) -> None:
    site, _ = synced

    assert {"Cat"} <= {label["name"] for label in site.record("album/day 0/cat.jpg")["labels"]}
    assert site.record("album/day 2/astronaut.jpg")["faces"] == 1
    assert site.record("album/day 1/dog.jpg")["faces"] == 0


def test_a_label_leads_to_its_photos_and_a_high_threshold_away(synced: tuple[Site, Path]) -> None:
    site, _ = synced
    _, dogs = site.get("/images", label="dog", min_confidence=50)
    record = site.record("album/day 1/dog.jpg")
    least_sure = min(record["labels"], key=lambda label: float(label["confidence"]))
    _, surer = site.get(
        "/images", label=least_sure["name"], min_confidence=min(100, least_sure["confidence"] + 1)
    )

    assert "album/day 1/dog.jpg" in {item["key"] for item in dogs["images"]}
    assert "album/day 0/cat.jpg" not in {item["key"] for item in dogs["images"]}
    assert "album/day 1/dog.jpg" not in {item["key"] for item in surer["images"]}


def test_a_list_is_read_page_by_page_without_doubles_or_gaps(synced: tuple[Site, Path]) -> None:
    site, _ = synced

    def walked(limit: int) -> list[str]:
        keys, cursor = [], None
        for _ in range(MOST_PAGES):
            _, page = site.get("/images", limit=limit, **({"cursor": cursor} if cursor else {}))
            keys += [item["key"] for item in page["images"]]
            cursor = page.get("cursor")
            if not cursor:
                return keys
        raise AssertionError(f"{MOST_PAGES} pages do not come to an end")

    by_twos = walked(2)

    assert len(set(by_twos)) == len(by_twos)
    assert by_twos == walked(100)


def test_a_completion_says_what_its_documentation_says(synced: tuple[Site, Path]) -> None:
    site, _ = synced
    (announced, *_) = [said for said in site.seen if said["key"] == "album/day 0/cat.jpg"]

    assert announced["schema_version"] == 1
    assert announced["status"] == "recognized"
    assert announced["bucket"] == site.bucket
    assert {"name", "confidence"} == set(announced["labels"][0])


def test_syncing_copying_and_renaming_the_same_bytes_calls_nobody(synced: tuple[Site, Path]) -> None:
    site, folder = synced
    before = site.all_calls()

    site.aws("s3", "cp", str(folder / "day 0/cat.jpg"), f"s3://{site.bucket}/album/day 0/cat.jpg")
    site.aws("s3", "cp", f"s3://{site.bucket}/album/day 1/dog.jpg", f"s3://{site.bucket}/copy.jpg")
    site.aws("s3", "mv", f"s3://{site.bucket}/copy.jpg", f"s3://{site.bucket}/renamed.jpg")
    site.completions(["renamed.jpg"])
    site.completions(["copy.jpg"], status="deleted")

    assert "Dog" in {label["name"] for label in site.record("renamed.jpg")["labels"]}
    assert site.all_calls() == before


def test_an_overwrite_moves_a_photo_from_its_old_labels_to_its_new_ones(site: Site, photos: Path) -> None:
    site.put("changing.jpg", (photos / "cat.jpg").read_bytes())
    site.completions(["changing.jpg"])
    site.put("changing.jpg", (photos / "dog.jpg").read_bytes())
    site.completions(["changing.jpg"])

    for label, there in (("cat", False), ("dog", True)):
        _, found = site.get("/images", label=label, min_confidence=60)
        assert ("changing.jpg" in {item["key"] for item in found["images"]}) is there


def test_a_deleted_photo_is_gone_from_every_answer(site: Site, photos: Path) -> None:
    site.put("short-lived.jpg", (photos / "cat.jpg").read_bytes())
    site.completions(["short-lived.jpg"])
    site.running.clients.s3.delete_object(Bucket=site.bucket, Key="short-lived.jpg")
    site.completions(["short-lived.jpg"], status="deleted")

    assert site.get("/images", key="short-lived.jpg")[0] == 404
    _, cats = site.get("/images", label="cat")
    assert "short-lived.jpg" not in {item["key"] for item in cats["images"]}


def test_a_burst_over_the_quota_is_worked_off_and_nothing_dies_of_it(site: Site, photos: Path) -> None:
    cat = (photos / "chelsea_cat.jpg").read_bytes()
    keys = [f"burst/{number}.jpg" for number in range(12)]
    site.rekognition("settings", {"rates": {"DetectLabels": 2}})
    try:
        for number, key in enumerate(keys):
            site.put(key, cat + b"burst" + bytes([number]))
        assert set(site.completions(keys)) == set(keys)
    finally:
        site.rekognition("settings", {"rates": {"DetectLabels": None}})

    assert site.rekognition("calls")["operations"]["DetectLabels"]["throttled"] > 0
    assert site.dead_letters() == []
    assert all(site.calls(key) == 2 for key in keys)


def test_a_message_that_is_no_work_is_a_dead_letter_that_says_why(site: Site) -> None:
    site.running.clients.sqs.send_message(QueueUrl=site.running.outputs.queue_url, MessageBody="not json")

    (letter,) = wait_for_dead_letters(site)

    failure = Failure.from_json(letter["MessageAttributes"][FAILURE_ATTRIBUTE]["StringValue"])
    assert (failure.kind, failure.code) == ("permanent", "UnreadableMessage")


def wait_for_dead_letters(site: Site) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (letters := site.dead_letters()):
        assert time.monotonic() < deadline, "no dead letter came"
    return letters


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"label": "cat", "min_confidence": "many"}, "min_confidence"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_question_is_refused_with_its_reason(site: Site, parameters: dict[str, str], says: str) -> None:
    status, answer = site.get("/images", **parameters)

    assert status == 400
    assert says in json.dumps(answer)


def test_what_is_not_there_is_not_found_and_the_api_is_well(site: Site) -> None:
    assert site.get("/images/nobody.jpg")[0] == 404
    assert site.get("/health") == (200, {"status": "ok"})


def test_a_key_that_many_write_at_once_ends_as_what_is_in_the_bucket(site: Site, photos: Path) -> None:
    key, photo = "many hands.jpg", (photos / "cat.jpg").read_bytes()
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda number: site.put(key, photo + bytes(number)), range(1, 25)))
    there = site.running.clients.s3.head_object(Bucket=site.bucket, Key=key)

    while site.completions([key])[key]["etag"] != there["ETag"].strip('"'):
        pass  # each wait has a deadline of its own, and each version is announced

    assert site.record(key)["size_bytes"] == there["ContentLength"]
    assert site.dead_letters() == []
