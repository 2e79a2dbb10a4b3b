"""`imagepipe job` as it is typed, on a running place."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_backfill import forgotten
from tests.operations.end_to_end.test_imagepipe import PATIENCE_SECONDS, Operator, until


@pytest.fixture
def operator(running: RunningCloud, tmp_path: Path) -> Operator:
    operator = Operator(running)
    operator.environment["XDG_STATE_HOME"] = str(tmp_path / "state")
    return operator


@pytest.fixture
def elsewhere(running: RunningCloud) -> Iterator[str]:
    """A bucket that is not the pipeline's."""
    s3 = running.clients.s3
    s3.create_bucket(Bucket="job-results")
    yield "job-results"
    for found in s3.list_objects_v2(Bucket="job-results").get("Contents", []):
        s3.delete_object(Bucket="job-results", Key=found["Key"])
    s3.delete_bucket(Bucket="job-results")


def manifest(operator: Operator, keys: list[str], *more: str) -> str:
    lines = [json.dumps({"source-ref": f"s3://{operator.outputs.bucket}/{key}"}) for key in keys]
    return "\n".join([*lines, *more]) + "\n"


def failed(operator: Operator, *typed: str) -> str:
    process = operator.start(*typed)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    return said


@pytest.mark.parametrize("priority", ["bulk", "live"])
def test_a_manifest_in_s3_becomes_results_in_s3(operator: Operator, elsewhere: str, priority: str) -> None:
    s3 = operator.running.clients.s3
    keys = forgotten(operator, f"job/{priority} ü/", 4)
    s3.put_object(Bucket=operator.outputs.bucket, Key=f"job/{priority} ü/empty.jpg", Body=b"")
    named = [*keys, f"job/{priority} ü/empty.jpg", keys[0]]
    s3.put_object(Bucket=elsewhere, Key="in/photos.jsonl", Body=manifest(operator, named).encode())

    started = operator.json(
        *("job", "start", "--manifest", f"s3://{elsewhere}/in/photos.jsonl", "--yes"),
        *("--priority", priority, "--output", f"s3://{elsewhere}/out/", "--detector", "labels"),
    )
    job_id = started["job_id"]
    until(lambda: operator.start("job", "status", job_id, "--json").wait(PATIENCE_SECONDS) == 0)
    status = operator.json("job", "status", job_id)
    operator.run("job", "results", job_id)

    assert (started["queued"], started["lines"]["repeated"]) == (4, 1)
    assert (status["status"], status["photos"]["recognized"], status["photos"]["rejected"]) == (
        "SUCCEEDED",
        4,
        1,
    )
    written = {
        name: s3.get_object(Bucket=elsewhere, Key=f"out/{job_id}/{name}")["Body"].read()
        for name in ("results.jsonl", "manifest-summary.json")
    }
    results = [json.loads(line) for line in written["results.jsonl"].splitlines()]
    summary = json.loads(written["manifest-summary.json"])
    assert [result["source-ref"].rpartition("/")[2] for result in results] == [
        key.rpartition("/")[2] for key in [*keys, keys[0]]
    ]
    assert all(result["detect-labels"]["Labels"] and "detect-faces" not in result for result in results)
    (error,) = summary["errors"]
    assert (error["line-number"], error["code"]) == (5, "InvalidImageFormatException")
    listed = operator_json(operator, "job", "list")
    assert [job["job_id"] for job in listed] == [job_id]


def operator_json(operator: Operator, *typed: str) -> Any:
    """Run what knows of no place."""
    told = subprocess.run(
        [*operator.command, *typed, "--json"],
        env=operator.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)


def test_half_a_manifest_is_told_line_by_line_and_nothing_is_queued(
    operator: Operator, tmp_path: Path
) -> None:
    (key,) = forgotten(operator, "job/half/", 1)
    path = tmp_path / "half.jsonl"
    others = ('{"source-ref": "s3://foo/a.jpg"}', '{"source-ref": "s3://' + operator.outputs.bucket)
    path.write_text(manifest(operator, [key, "job/half/gone.jpg"], *others))

    said = failed(operator, "job", "start", "--manifest", str(path), "--yes")

    assert "line 2: there is no such object" in said
    assert f"line 3: s3://foo/a.jpg is not in s3://{operator.outputs.bucket}" in said
    assert f"aws s3 cp s3://foo/a.jpg s3://{operator.outputs.bucket}/a.jpg" in said
    assert "line 4: it is not JSON" in said
    assert "3 of 4 lines" in said
    assert "--skip-bad-lines" in said
    assert operator.record(key) is None
    assert operator_json(operator, "job", "list") == []

    started = operator.json("job", "start", "--manifest", str(path), "--yes", "--skip-bad-lines")
    assert (started["queued"], started["lines"]) == (1, {"total": 4, "invalid": 3, "repeated": 0})
    until(lambda: operator.record(key) is not None)
    operator.run("job", "results", started["job_id"], "--output", str(tmp_path / "out"))
    summary = json.loads((tmp_path / "out" / started["job_id"] / "manifest-summary.json").read_text())
    assert [error["line-number"] for error in summary["errors"]] == [2, 3, 4]
    assert len((tmp_path / "out" / started["job_id"] / "results.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_job_that_is_ended_goes_on_with_the_same_command(
    operator: Operator, tmp_path: Path, how: signal.Signals
) -> None:
    keys = forgotten(operator, f"job/{how.name}/", 10)
    path = tmp_path / "photos.jsonl"
    path.write_text(manifest(operator, keys))
    typed = ("job", "start", "--manifest", str(path), "--yes")
    process = operator.start(*typed, "--rate", "4", "--json")
    until(lambda: sum(operator.record(key) is not None for key in keys) >= 2)
    process.send_signal(how)
    process.communicate(timeout=PATIENCE_SECONDS)

    done = operator.json(*typed)

    assert (done["is_queued"], done["queued"]) == (True, 10)
    until(lambda: all(operator.record(key) is not None for key in keys))
    assert done["calls"] == {"labels": 10, "faces": 10}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("start", "--yes", "--manifest", "no.jsonl"), "there is no file no.jsonl"),
        (("start", "--yes", "--manifest", "s3://nobucket-here/a.jsonl"), "nobucket-here"),
        (("start", "--yes", "--manifest", "s3://nobucket-here"), "no object in it"),
        (("start", "--yes", "--manifest", "README.md", "--detector", "text"), "text is not deployed"),
        (("start", "--yes", "--manifest", "README.md", "--output", "s3://BUCKET/x"), "taken for one"),
        (("start", "--manifest", "README.md"), "add --yes"),
        (("status", "no-such"), "imagepipe job list"),
        (("results", "no-such"), "imagepipe job list"),
    ],
)
def test_what_cannot_be_is_one_sentence(operator: Operator, typed: tuple[str, ...], said: str) -> None:
    told = failed(operator, "job", *(word.replace("BUCKET", operator.outputs.bucket) for word in typed))

    assert said in told
    assert len(told.strip().splitlines()) == 1
