"""Labels and their counts, from upload to answer: they agree with the photos, whatever happens to those."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.cloud.assembly import STACK_NAME
from tests.conftest import RunningCloud
from tests.end_to_end.conftest import PATIENCE_SECONDS, Site, invoke

BETWEEN_QUESTIONS_SECONDS = 0.1


def until(site: Site, agreed: Callable[[], bool], path: str) -> None:
    """Ask until the answer is as it must become: counts follow a moment later, and nothing says when."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not agreed():
        assert time.monotonic() < deadline, f"{path} still answers {site.get(path)}"
        time.sleep(BETWEEN_QUESTIONS_SECONDS)


def counted(site: Site) -> dict[str, int]:
    _, answer = site.get("/labels", limit=1000)
    return {label["name"]: label["count"] for label in answer["labels"]}


def photos_of(site: Site, status: str) -> list[dict[str, Any]]:
    """Give all photos that ended in a status, page by page."""
    found, cursor = [], None
    while True:
        _, page = site.get("/images", status=status, limit=100, **({"cursor": cursor} if cursor else {}))
        found += page["images"]
        cursor = page["cursor"]
        if cursor is None:
            return found


def carried(site: Site) -> dict[str, int]:
    """Count labels by looking at every photo."""
    return dict(
        Counter(label["name"] for photo in photos_of(site, "recognized") for label in photo["labels"])
    )


def counts_agree_with_photos(site: Site) -> bool:
    _, stats = site.get("/stats")
    totals = {status: len(photos_of(site, status)) for status in ("recognized", "rejected")}
    return bool(counted(site) == carried(site) and stats["images"] == totals)


def wait_for_counts(site: Site) -> dict[str, int]:
    until(site, lambda: counts_agree_with_photos(site), "/labels")
    return counted(site)


@pytest.fixture(scope="module")
def at_rest(site: Site, photos: Path) -> Site:
    """A site with some photos, all of them counted."""
    keys = {f"counting/{name}": (photos / name).read_bytes() for name in ("cat.jpg", "dog.jpg", "coffee.jpg")}
    keys |= {"counting/copy of cat.jpg": keys["counting/cat.jpg"], "counting/text.jpg": b"no picture"}
    keys |= {f"counting/many/{number}.jpg": keys["counting/dog.jpg"] for number in range(20)}
    for key, body in keys.items():
        site.put(key, body)
    site.completions(keys)
    wait_for_counts(site)
    return site


def test_a_photo_is_counted_moved_by_an_overwrite_and_gone_with_its_deletion(
    at_rest: Site, photos: Path
) -> None:
    site, before = at_rest, counted(at_rest)

    site.put("counting/changing.jpg", (photos / "cat.jpg").read_bytes())
    site.completions(["counting/changing.jpg"])
    as_cat = wait_for_counts(site)
    assert (as_cat["Cat"], as_cat["Dog"]) == (before["Cat"] + 1, before["Dog"])

    site.put("counting/changing.jpg", (photos / "dog.jpg").read_bytes())
    site.completions(["counting/changing.jpg"])
    as_dog = wait_for_counts(site)
    assert (as_dog["Cat"], as_dog["Dog"]) == (before["Cat"], before["Dog"] + 1)

    site.running.clients.s3.delete_object(Bucket=site.bucket, Key="counting/changing.jpg")
    site.completions(["counting/changing.jpg"], status="deleted")
    assert wait_for_counts(site) == before


def test_labels_are_suggested_by_how_they_begin(at_rest: Site) -> None:
    _, answer = at_rest.get("/labels", prefix="cA", limit=1000)
    labels = answer["labels"]

    assert "Cat" in {label["name"] for label in labels}
    assert all(label["name"].lower().startswith("ca") for label in labels)
    assert [label["count"] for label in labels] == sorted((label["count"] for label in labels), reverse=True)


def test_stats_tell_of_calls_and_queues(at_rest: Site) -> None:
    _, stats = at_rest.get("/stats")

    assert stats["calls"]["made"] >= 4
    assert stats["calls"]["avoided"] >= 2, "the copy of the cat was not paid for"
    assert stats["calls"]["dollars_saved"] > 0
    assert stats["today"]["images_rejected"] >= 1
    assert set(stats["queues"]) == {"images", "bulk"}
    assert stats["dead_letters"] >= 0


def ask_the_tally(running: RunningCloud, question: dict[str, object]) -> Any:
    """Invoke the function that the outputs name, as docs/operations.md says."""
    (stack,) = running.clients.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    (name,) = [each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "TallyFunction"]
    return invoke(running, name, question)


def test_counting_anew_finds_nothing_to_correct(at_rest: Site) -> None:
    before = counted(at_rest)
    answer = ask_the_tally(at_rest.running, {"recount": True, "cursor": None})

    assert answer["looked_at"] >= 10
    assert (answer["changed"], answer["cursor"]) == (0, None)
    assert counted(at_rest) == before


def test_an_audit_of_the_bucket_finds_every_photo_in_the_table(at_rest: Site) -> None:
    pages = at_rest.running.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=at_rest.bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]

    answer = ask_the_tally(at_rest.running, {"audit": "now"})

    assert answer["is_done"] is True
    assert (answer["photos_without_their_record"], answer["records_without_photo"]) == (0, 0)
    assert answer["audited"] == len(keys)
