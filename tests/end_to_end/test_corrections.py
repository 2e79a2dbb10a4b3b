"""A photo is corrected on the running stack: found by what people say, its copy too, at no call."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.end_to_end.conftest import PATIENCE_SECONDS, Site

KEY, COPY = "corrected/100% cat.jpg", "corrected/copy.jpg"


def patch(site: Site, key: str, seen: str | None, body: object) -> tuple[int, Any]:
    headers = {"content-type": "application/json", **({"if-match": seen} if seen else {})}
    request = urllib.request.Request(
        f"{site.running.outputs.api_url}/images?key={quote(key, safe='')}",
        method="PATCH",
        headers=headers,
        data=json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def labels(record: dict[str, Any]) -> set[str]:
    return {label["name"] for label in record["labels"]}


def found(site: Site, label: str) -> set[str]:
    return {image["key"] for image in site.get("/images", label=label)[1]["images"]}


def wait_until_shown(site: Site, key: str, number: int) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (record := site.record(key))["corrections"]["shown"] != number:
        assert time.monotonic() < deadline, record["corrections"]
        time.sleep(0.2)
    return record


def test_what_people_say_is_found_and_stays_and_costs_no_call(site: Site, photos: Path) -> None:
    cat = (photos / "cat.jpg").read_bytes() + b"to be corrected"
    site.put(KEY, cat)
    site.completions([KEY])
    seen = site.record(KEY)
    removed = seen["labels"][0]["name"]
    calls = site.all_calls()

    status, answer = patch(
        site, KEY, '"0"', {"add": ["Sphinx of ours"], "remove": [removed], "decision": "allow", "why": "mine"}
    )
    assert (status, answer["corrections"]["number"]) == (200, 1), answer
    assert patch(site, KEY, '"0"', {"add": ["Something else"]})[0] == 412
    assert patch(site, KEY, None, {"add": ["Something else"]})[0] == 428

    record = wait_until_shown(site, KEY, 1)
    assert "Sphinx of ours" in labels(record)
    assert removed not in labels(record)
    assert found(site, "sphinx of ours") == {KEY}
    announced = site.completions([KEY])[KEY]
    assert {"name": "Sphinx of ours", "confidence": 100.0} in announced["labels"]

    site.put(COPY, cat)
    site.completions([COPY])
    assert found(site, "sphinx of ours") == {KEY, COPY}
    assert labels(site.record(COPY)) == labels(record)

    assert patch(site, COPY, '"1"', {"reset": ["sphinx of ours", removed], "decision": "none"})[0] == 200
    for key in (KEY, COPY):
        assert labels(wait_until_shown(site, key, 2)) == labels(seen)
    assert found(site, "sphinx of ours") == set()
    assert site.all_calls() == calls
