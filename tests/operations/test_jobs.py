"""A job takes a manifest whole or not at all, queues what it names, and tells what becomes of it."""

import contextlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.detector_choice import ByPrefix
from contract.key_filter import KeyFilter
from contract.metrics import Metric
from contract.moments import to_text
from contract.records import Status
from operations.adapters.dynamodb_photos import DynamoDBPhotos
from operations.adapters.s3_objects import LOOKED_AT_ONCE, NamedObjects
from operations.adapters.sqs import Pace
from operations.backfilling import Backfill, Bounds, Ended
from operations.commands.job import _checked
from operations.inventory import Listed
from operations.jobs.checking import ManifestCheck
from operations.jobs.job_file import JobFile, JobLine, JobState, all_jobs, existing_job, job_file
from operations.jobs.manifests import LineError, LineFault, numbered_lines, read_object, read_source_ref
from operations.jobs.results import JobResults, Outcome, member_name
from operations.planning import Assessor, ObjectFilter
from operations.temporary_database import SeenContents
from operations.terminal import OperatorError
from tests.fakes.s3 import BUCKET
from tests.operations.deployments import deployed
from tests.operations.test_backfilling import FINGERPRINTS, price
from tests.operations.test_reconciling import recognized
from tests.operations.world import NAMES, OperatedWorld

DETECTORS = ("labels", "faces")


def line_of(key: str, bucket: str = BUCKET) -> str:
    return json.dumps({"source-ref": f"s3://{bucket}/{key}"}) + "\n"


def manifest(folder: Path, *lines: str) -> Path:
    path = folder / "manifest.jsonl"
    path.write_text("".join(lines))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JobFile]:
    with job_file(tmp_path / "jobs", "photos", {"manifest": "m"}) as opened:
        yield opened


def checked(operated: OperatedWorld, file: JobFile, path: Path) -> ManifestCheck:
    objects = NamedObjects(operated.bucket, operated.executor)
    check = ManifestCheck(file, path, BUCKET, objects)
    assert list(check.run())
    return check


def queued(operated: OperatedWorld, file: JobFile, state: JobState, **bounds: Any) -> tuple[Ended, JobState]:
    with SeenContents() as contents:
        run = Backfill(
            operated.pipeline,
            operated.pipeline.bulk.queue,
            Assessor(deployed(FINGERPRINTS), operated.table, contents, has_records=True),
            price=price,
            pace=Pace(None, lambda: 0.0, lambda _: None),
            bounds=Bounds(**bounds),
            now=lambda: to_text(operated.now),
            progress=state.progress,
        )
        for reached in run.run(file.objects(state.progress.after), ObjectFilter()):
            state = JobState(**{**state.__dict__, "progress": reached})
            file.write(state)
        return run.ended, state


def state() -> JobState:
    return JobState(BUCKET, "images", "manifest.jsonl", "2026-11-27T08:00:00.000Z", DETECTORS)


def written(operated: OperatedWorld, file: JobFile, **how: Any) -> tuple[list[Any], Any, JobResults]:
    table = DynamoDBPhotos(
        operated.table.client, operated.table.table_name, operated.table.retry, operated.table.reads
    )
    results = JobResults(file, table, DETECTORS, ByPrefix(DETECTORS), **how)
    lines, summary = io.StringIO(), io.StringIO()
    assert list(results.write(lines, summary))
    return (
        [json.loads(line) for line in lines.getvalue().splitlines()],
        json.loads(summary.getvalue()),
        results,
    )


def test_what_a_manifest_names_is_recognized_and_stands_in_the_results(tmp_path: Path, file: JobFile) -> None:
    operated = recognized("old.jpg")
    operated.world.s3.put("other.jpg", b"dog 90")
    keys = ["new/ü %.jpg", "new/b.jpg", "old.jpg"]
    for number, key in enumerate(keys[:2]):
        operated.world.s3.put(key, f"dog {number + 50}".encode())
    made = operated.world.tally[Metric.CALLS_MADE]

    checked(operated, file, manifest(tmp_path, *map(line_of, keys)))
    ended, _ = queued(operated, file, state())
    operated.work_off_bulk()
    results, summary, counted = written(operated, file)

    assert ended is Ended.ALL
    assert operated.world.status("other.jpg") is None
    assert operated.world.tally[Metric.CALLS_MADE] == made + 4
    assert [result["source-ref"] for result in results] == [f"s3://{BUCKET}/{key}" for key in keys]
    for result in results:
        assert result["detect-labels"]["Labels"]
        assert "FaceDetails" in result["detect-faces"]
        assert result["detect-labels-metadata"]["fingerprint"] == FINGERPRINTS["labels"]
        assert result["source-ref-metadata"]["etag"]
    assert summary == {
        "version": "1.0",
        "statistics": {"total-json-lines": 3, "valid-json-lines": 3, "invalid-json-lines": 0},
        "errors": [],
    }
    assert counted.counted == {Outcome.RECOGNIZED: 3}


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("{", LineFault.NO_JSON, "not JSON"),
        ('{"source-ref": "s3://photos/a.jpg"', LineFault.NO_JSON, "cut off"),
        ("[]\n", LineFault.NO_JSON, "no JSON object"),
        ("[" * 40_000 + "\n", LineFault.NO_JSON, "not JSON"),
        ("x" * 70_000 + "\n", LineFault.NO_JSON, "longer than 65,536"),
        ('{"source": "s3://photos/a.jpg"}\n', LineFault.NO_SOURCE, 'no "source-ref"'),
        ('{"source-ref": 7}\n', LineFault.NO_SOURCE, 'no "source-ref"'),
        ('{"source-ref": "photos/a.jpg"}\n', LineFault.NO_SOURCE, "not like s3://"),
        ('{"source-ref": "s3://photos/"}\n', LineFault.NO_SOURCE, "not like s3://"),
        (line_of("ü" * 513), LineFault.NO_SOURCE, "1,026 bytes"),
        ('{"source-ref": "s3://photos/\\ud800"}\n', LineFault.NO_SOURCE, "Unicode"),
        (
            line_of("a.jpg", "elsewhere"),
            LineFault.WRONG_BUCKET,
            "aws s3 cp s3://elsewhere/a.jpg s3://photos/a",
        ),
        (line_of("gone.jpg"), LineFault.NOT_FOUND, "no such object"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_by_its_number(
    tmp_path: Path, file: JobFile, line: str, code: str, said: str
) -> None:
    operated = recognized("a.jpg")

    checked(operated, file, manifest(tmp_path, line_of("a.jpg"), "\n", line))

    (fault,) = file.faults(10)
    assert (fault.number, fault.code) == (3, code)
    assert fault.message is not None
    assert said in fault.message
    assert (file.counts().total, file.counts().valid, file.counts().photos) == (2, 1, 1)


def test_of_half_a_manifest_nothing_is_queued_unless_bad_lines_are_left_out(tmp_path: Path) -> None:
    operated = recognized("a.jpg")
    path = manifest(tmp_path, line_of("a.jpg"), "{\n")
    pipeline: Any = SimpleNamespace(
        names=NAMES, any_bucket=lambda _: operated.bucket, executor=operated.executor
    )
    refused = pytest.raises(OperatorError, match=r"1 of 2 lines .* nothing was queued")
    with job_file(tmp_path / "jobs", "half", {}) as opened, refused:
        _checked(opened, state(), path, pipeline, skip_bad_lines=False)
    assert all_jobs(tmp_path / "jobs") == []

    with job_file(tmp_path / "jobs", "half", {}) as opened:
        after = _checked(opened, state(), path, pipeline, skip_bad_lines=True)
    assert after.is_checked
    ((_, kept, counts),) = all_jobs(tmp_path / "jobs")
    assert (kept, counts.valid, counts.invalid) == (after, 1, 1)


def test_a_key_that_is_not_recognized_here_is_told(tmp_path: Path, file: JobFile) -> None:
    operated = recognized("in/a.jpg")
    operated.world.s3.put("out/a.jpg", b"cat 90")
    keys = KeyFilter("in/", (".jpg",))
    check = ManifestCheck(
        *(file, manifest(tmp_path, line_of("in/a.jpg"), line_of("out/a.jpg")), BUCKET),
        NamedObjects(operated.bucket, operated.executor),
        keys,
    )

    assert list(check.run())

    (fault,) = file.faults(10)
    assert (fault.number, fault.code) == (2, LineFault.NOT_MEANT)
    assert "in/… that end with .jpg alone" in str(fault.message)


def test_a_photo_that_is_named_twice_is_queued_once_and_is_in_the_results_at_both(
    tmp_path: Path, file: JobFile
) -> None:
    operated = recognized()
    operated.world.s3.put("a.jpg", b"cat 90")

    check = checked(operated, file, manifest(tmp_path, line_of("a.jpg"), line_of("a.jpg")))
    _, after = queued(operated, file, state())
    operated.work_off_bulk()

    assert check.repeats == ("line 2 names the same photo as line 1",)
    assert (file.counts().repeated, after.progress.queued) == (1, 1)
    assert len(written(operated, file)[0]) == 2


def test_each_line_without_an_answer_is_in_the_summary_with_the_reason(tmp_path: Path, file: JobFile) -> None:
    operated = recognized("fine.jpg")
    for number, key in enumerate(("gone.jpg", "over.jpg", "waits.jpg")):
        operated.world.s3.put(key, f"cat {number + 50}".encode())
    operated.world.s3.put("empty.jpg", b"")
    names = ["fine.jpg", "empty.jpg", "gone.jpg", "over.jpg", "waits.jpg"]
    checked(operated, file, manifest(tmp_path, *map(line_of, names), "{\n"))
    for _ in range(5):
        operated.world.s3.put("z", b"time goes by")
    operated.world.deliver(
        operated.world.s3.delete("gone.jpg"),
        operated.world.s3.put("over.jpg", b"dog 77"),
    )
    queued(operated, file, state())

    results, summary, counted = written(operated, file)

    assert [result["source-ref"] for result in results] == [f"s3://{BUCKET}/fine.jpg"]
    codes = {error["line-number"]: error["code"] for error in summary["errors"]}
    assert codes == {
        2: "NOT_READY",
        3: "OBJECT_DELETED",
        4: "OBJECT_CHANGED",
        5: "NOT_READY",
        6: LineFault.NO_JSON,
    }
    assert counted.counted[Outcome.WAITING] == 2
    operated.work_off_bulk()
    _, summary, counted = written(operated, file)
    codes = {error["line-number"]: error["code"] for error in summary["errors"]}
    assert codes[2] == "InvalidImageFormatException"
    assert counted.counted == {
        Outcome.RECOGNIZED: 2,
        Outcome.REJECTED: 1,
        Outcome.DELETED: 1,
        Outcome.CHANGED: 1,
    }


def test_a_bound_of_dollars_ends_a_job_and_it_goes_on_from_there(tmp_path: Path, file: JobFile) -> None:
    operated = recognized()
    keys = [f"{number:02}.jpg" for number in range(12)]
    for number, key in enumerate(keys):
        operated.world.s3.put(key, f"dog {number + 50}".encode())
    checked(operated, file, manifest(tmp_path, *map(line_of, reversed(keys))))

    ended, before = queued(operated, file, state(), max_dollars=0.0105)
    assert (ended, before.progress.queued) == (Ended.MAX_COST, 5)
    kept = file.state()
    assert kept is not None
    ended, after = queued(operated, file, kept, max_dollars=1)

    assert (ended, after.progress.queued) == (Ended.ALL, 12)
    operated.work_off_bulk()
    assert all(operated.world.status(key) is Status.RECOGNIZED for key in keys)


def test_labels_less_sure_than_asked_for_are_left_out(tmp_path: Path, file: JobFile) -> None:
    operated = recognized("a.jpg")
    checked(operated, file, manifest(tmp_path, line_of("a.jpg")))

    (everything,), _, _ = written(operated, file)
    (bounded,), _, _ = written(operated, file, min_confidence_percent=99.9)

    assert everything["detect-labels"]["Labels"]
    assert bounded["detect-labels"]["Labels"] == []
    # So it is not the answer to what the pipeline asks any more.
    assert "detect-labels-metadata" not in bounded


@settings(max_examples=60)
@given(
    there=st.sets(st.text("abü/%\U0001f600", min_size=1, max_size=4), max_size=30),
    wanted=st.sets(st.text("abü/%\U0001f600", min_size=1, max_size=4), min_size=1, max_size=30),
    page=st.sampled_from([1, 3, 1000]),
)
def test_objects_are_found_by_list_and_by_look_alike(there: set[str], wanted: set[str], page: int) -> None:
    operated = recognized()
    operated.s3.page = page
    for key in there:
        operated.world.s3.put(key, key.encode())
    keys = sorted(wanted, key=str.encode)

    found = [each for some in NamedObjects(operated.bucket, operated.executor).find(keys) for each in some]

    assert sorted(each.key for each in found) == sorted(there & wanted)
    for each in found:
        (shown,) = (listed for listed in pages_of(operated) if listed.key == each.key)
        assert shown == each


def pages_of(operated: OperatedWorld) -> Sequence[Listed]:
    return [listed for page in operated.bucket.pages("") for listed in page]


def test_keys_that_stand_together_take_a_request_a_thousand() -> None:
    operated = recognized()
    operated.s3.page = 1000
    keys = [f"a/{number:04}" for number in range(2500)]
    for key in keys:
        operated.world.s3.put(key, b"x")

    found = [each for some in NamedObjects(operated.bucket, operated.executor).find(keys) for each in some]

    assert len(found) == 2500
    assert operated.s3.calls.made["ListObjectsV2"] <= 4
    assert operated.s3.calls.made["HeadObject"] <= 4


def test_keys_far_apart_are_looked_at_side_by_side() -> None:
    operated = recognized()
    operated.s3.page = 10
    for number in range(1000):
        operated.world.s3.put(f"{number:04}", b"x")
    keys = [f"{number:04}" for number in range(0, 1000, 10)]

    found = [each for some in NamedObjects(operated.bucket, operated.executor).find(keys) for each in some]

    assert len(found) == len(keys)
    assert operated.s3.calls.made["ListObjectsV2"] <= 1 + len(keys) / LOOKED_AT_ONCE


def test_an_archived_object_looks_alike_by_list_and_by_look() -> None:
    operated = recognized()
    for key in ("cold.jpg", "warm.jpg"):
        operated.world.s3.put(key, b"x")
        operated.s3.archive(key)
    operated.s3.restore("warm.jpg")
    objects = NamedObjects(operated.bucket, operated.executor)

    looked_at = {key: objects.look(key) for key in ("cold.jpg", "warm.jpg")}

    assert looked_at == {listed.key: listed for listed in pages_of(operated)}


def test_lines_have_the_numbers_of_an_editor_and_an_end_to_go_on_from() -> None:
    text = b"\xef\xbb\xbf{}\n\n" + b"y" * 100 + b"\n{}\r\nlast"

    lines = list(numbered_lines(io.BytesIO(text), 50))

    assert [(line.number, line.is_cut, line.is_last_open) for line in lines] == [
        (1, False, False),
        (3, True, False),
        (4, False, False),
        (5, False, True),
    ]
    assert lines[0].text == b"{}\n"
    again = numbered_lines(io.BytesIO(text), 50, number=lines[1].number, start=lines[1].end)
    assert list(again) == lines[2:]


@given(st.binary(max_size=200))
def test_no_line_is_worse_than_an_error(text: bytes) -> None:
    for line in numbered_lines(io.BytesIO(text)):
        with contextlib.suppress(LineError):
            read_source_ref(read_object(line))


def test_a_job_has_the_same_file_for_the_same_manifest_and_no_other(tmp_path: Path) -> None:
    first = job_file(tmp_path, "photos", {"manifest": "a", "content": "1"})

    assert job_file(tmp_path, "photos", {"content": "1", "manifest": "a"}).path == first.path
    assert job_file(tmp_path, "photos", {"manifest": "a", "content": "2"}).path != first.path
    with pytest.raises(OperatorError, match="letters"):
        job_file(tmp_path, "../x", {})
    with pytest.raises(OperatorError, match="imagepipe job list"):
        existing_job(tmp_path, "../x")
    with pytest.raises(OperatorError, match="imagepipe job list"):
        existing_job(tmp_path, first.id)


def test_what_was_not_kept_is_not_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    with job_file(tmp_path, "photos", {}) as file:
        file.add(JobLine(1, "s3://b/a", "a"))
        file.write(state())
        file.add(JobLine(2, "s3://b/b", "b"))
    with existing_job(tmp_path, file.id) as again:
        assert again.state() == state()
        assert again.counts().total == 1
    assert [(job_id, kept) for job_id, kept, _ in all_jobs(tmp_path)] == [(file.id, state())]
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_members_are_called_as_aws_calls_them() -> None:
    names = [member_name(detector) for detector in ("labels", "faces", "moderation", "text")]

    assert names == ["detect-labels", "detect-faces", "detect-moderation-labels", "detect-text"]
