"""`imagepipe import` as it is typed, on a running place: what was had before is had again without a call."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_backfill import forget
from tests.operations.end_to_end.test_imagepipe import Operator, until


@pytest.fixture
def operator(running: RunningCloud, tmp_path: Path) -> Operator:
    operator = Operator(running)
    operator.environment["XDG_STATE_HOME"] = str(tmp_path / "state")
    return operator


def calls(operator: Operator) -> int:
    with urllib.request.urlopen(f"{operator.outputs.rekognition_url}/_local/calls") as answer:
        report = json.load(answer)
    return sum(of_one["accepted"] for of_one in report["operations"].values())


def documents(path: Path) -> list[dict[str, object]]:
    """Read what does not tell when it was looked at: an event's time has milliseconds, a look's has none."""
    found = sorted((json.loads(line) for line in path.read_text().splitlines()), key=lambda each: each["key"])
    of_a_look = ("uploaded_at", "decided_at", "version")
    return [
        {name: value for name, value in each.items() if name not in of_a_look}
        | {"etag": each["version"]["etag"]}
        for each in found
    ]


def test_an_export_comes_back_into_an_empty_table_as_it_was_and_calls_nobody(
    operator: Operator, tmp_path: Path
) -> None:
    keys = [f"import/round ü/{number}.jpg" for number in range(5)]
    operator.recognized(*keys, distinct=True)
    export = ("export", str(tmp_path / "before.jsonl"), "--format", "answers", "--prefix", "import/round ü/")
    operator.run(*export)
    before = calls(operator)
    for key in keys:
        forget(operator, key)

    done = operator.json("import", str(tmp_path / "before.jsonl"), "--yes")

    assert (done["taken_over"], done["refused"], done["queued"], done["lacking"]) == (10, 0, 5, [])
    until(lambda: all(operator.record(key) is not None for key in keys))
    operator.run(*(word.replace("before", "after") for word in export))
    assert documents(tmp_path / "after.jsonl") == documents(tmp_path / "before.jsonl")
    assert calls(operator) == before
    again = operator.json("import", str(tmp_path / "before.jsonl"), "--yes")
    assert (again["there_already"], again["taken_over"], again["current"]) == (10, 0, 5)


def test_results_of_bulk_analysis_that_lack_a_detector_are_kept_and_not_paid_for(
    operator: Operator, tmp_path: Path
) -> None:
    operator.recognized("import/bulk.jpg", distinct=True)
    forget(operator, "import/bulk.jpg")
    before = calls(operator)
    results = tmp_path / "results.jsonl"
    answer = {"Labels": [{"Name": "Cat", "Confidence": 91.5}], "LabelModelVersion": "3.0"}
    source = f"s3://{operator.outputs.bucket}/import/bulk.jpg"
    results.write_text(json.dumps({"source-ref": source, "detect-labels": answer}) + "\n{\n")
    typed = ("import", str(results), "--yes", "--asked", "DetectLabels:MinConfidence=1")

    refused = operator.json(*typed, code=1)
    taken = operator.json(*typed, "--asked-at", "2999-01-01", "--refused", str(tmp_path / "no.jsonl"), code=1)

    assert (refused["taken_over"], refused["refused"]) == (0, 2)
    assert (taken["taken_over"], taken["queued"]) == (1, 0)
    assert taken["lacking"] == [{"detectors": ["faces"], "photos": 1}]
    assert "line 2" in (tmp_path / "no.jsonl").read_text()
    planned = operator.json("plan", source)
    assert planned["calls"] == {"faces": 1}
    assert calls(operator) == before


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("no-such.jsonl", "--yes"), "no-such.jsonl cannot be read"),
        (("README.md", "--yes", "--asked-at", "soon"), "no time like"),
        (("README.md", "--yes", "--moved", "s3://foo"), "not like s3://bucket/prefix=prefix"),
        (("README.md",), "add --yes"),
    ],
)
def test_what_cannot_be_is_one_sentence(operator: Operator, typed: tuple[str, ...], said: str) -> None:
    process = operator.start("import", *typed)
    _, told = process.communicate(timeout=60)

    assert process.returncode == 2
    assert said in told
    assert len(told.strip().splitlines()) == 1
