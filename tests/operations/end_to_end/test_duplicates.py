"""`imagepipe duplicates` as it is typed, on a running place."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import IMAGES, Operator, until


def test_copies_are_found_and_stay_where_they_are(running: RunningCloud, tmp_path: Path) -> None:
    operator = Operator(running)
    operator.recognized("alike/a.jpg", "alike/b.jpg", photo="owl.jpg")
    operator.recognized("alike/other.jpg", photo="dog.jpg")
    report = tmp_path / "report.html"

    out = operator.run("duplicates", "--json", "--prefix", "alike/", "--report", str(report))

    told = [json.loads(line) for line in out.splitlines()]
    (group,) = [each for each in told if each["kind"] == "exact"]
    assert sorted(photo["key"] for photo in group["photos"]) == ["alike/a.jpg", "alike/b.jpg"]
    assert (told[-1]["kind"], told[-1]["photos"], told[-1]["duplicates"]) == ("totals", 3, 1)
    assert "alike/b.jpg" in report.read_text()
    listed = operator.running.clients.s3.list_objects_v2(Bucket=operator.outputs.bucket, Prefix="alike/")
    assert listed["KeyCount"] == 3


@pytest.mark.nightly
def test_a_smaller_copy_is_found_and_shown(running: RunningCloud, tmp_path: Path) -> None:
    operator = Operator(running)
    operator.recognized("near/large.jpg", photo="owl.jpg")
    with Image.open(IMAGES / "owl.jpg") as large:
        smaller = io.BytesIO()
        large.resize((large.width // 2, large.height // 2)).save(smaller, "JPEG", quality=80)
    body = smaller.getvalue()
    running.clients.s3.put_object(Bucket=operator.outputs.bucket, Key="near/small.jpg", Body=body)
    until(lambda: operator.record("near/small.jpg") is not None)
    report = tmp_path / "report.html"

    out = operator.run("duplicates", "--json", "--prefix", "near/", "--report", str(report))

    group = json.loads(out.splitlines()[0])
    assert (group["kind"], group["kept"]) == ("near", "near/large.jpg")
    assert group["saved_bytes"] == len(body)
    assert report.read_text().count('src="data:image/webp;base64,') == 2
