"""`imagepipe duplicates` as it is typed, on a running place."""

import json
from pathlib import Path

from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import Operator


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
