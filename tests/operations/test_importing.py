"""What is imported becomes records without a call, and nothing passes for an answer that is not one."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.detector_choice import ByPrefix
from contract.items import to_wire
from contract.metrics import Metric
from contract.photos import PICTURE
from contract.questions import questions
from contract.records import Status
from contract.results import Result, ResultName
from contract.scenes import marked
from contract.settings import ProcessorSettings
from contract.table import result_key
from operations.adapters.account import DeployedProcessor
from operations.adapters.dynamodb_answers import DynamoDBAnswers, ImportOutcome
from operations.adapters.dynamodb_photos import DynamoDBPhotos
from operations.adapters.rekognition_answers import fault_of
from operations.adapters.s3_objects import NamedObjects
from operations.commands.import_answers import ImportCheckpoint, _steps
from operations.exporting.photos import ExportedPhoto, document
from operations.exporting.writers import answer_lines
from operations.importing.lines import BroughtAnswer, read_photo
from operations.importing.questions import AnswerCheck, RefusedAnswerError, read_asked
from operations.importing.run import Import, Moved, NumberedPhoto
from operations.importing.sources import ReadPosition, pages_of
from operations.jobs.manifests import LineError
from operations.jobs.results import JobResults
from operations.terminal import OperatorError
from tests.fakes.pictures import FILMS
from tests.fakes.s3 import BUCKET
from tests.operations.test_jobs import file as job_file_fixture
from tests.operations.test_reconciling import recognized
from tests.operations.world import OperatedWorld
from tests.processors.world import SETTINGS, WITH_PICTURES, World

file = job_file_fixture
AFTER_ALL = 1_790_000_000.0
LABELS = {"Labels": [{"Name": "Cat", "Confidence": 97.0}], "LabelModelVersion": "3.0"}
FACES: dict[str, Any] = {"FaceDetails": []}
ASKED = ("DetectLabels:MinConfidence=40,MaxLabels=50", "DetectFaces:Attributes=ALL")


def answers_of(operated: OperatedWorld) -> DynamoDBAnswers:
    table = operated.table
    return DynamoDBAnswers(table.client, table.table_name, table.retry, table.reads)


def importing(
    operated: OperatedWorld, *, by: ProcessorSettings = SETTINGS, asked: tuple[str, ...] = (), **how: Any
) -> Import:
    return Import(
        bucket=BUCKET,
        deployed=DeployedProcessor(by, 512),
        check=AnswerCheck.of(by, read_asked(asked)),
        table=answers_of(operated),
        objects=NamedObjects(operated.bucket, operated.executor),
        queue=operated.pipeline.bulk.queue,
        clock=operated.clock,
        **how,
    )


def take(run: Import, *lines: dict[str, Any]) -> list[str]:
    """Import lines; return why what was refused was."""
    photos = [NumberedPhoto(f"line {number}", read_photo(line)) for number, line in enumerate(lines, 1)]
    return [refusal.reason for refusal in run.take(photos)]


def exported(operated: OperatedWorld, *keys: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer_lines(photos_of(operated, *keys)).splitlines()]


def photos_of(operated: OperatedWorld, *keys: str) -> list[ExportedPhoto]:
    table = operated.table
    photos = DynamoDBPhotos(table.client, table.table_name, table.retry, table.reads)
    records, _ = photos.readable_records(keys)
    found = []
    for key in keys:
        record = records[key]
        names = [
            ResultName(record.content_id, name, mark)
            for name, mark in record.detectors.items()
            if name != PICTURE
        ]
        results, _ = photos.results(names)
        found.append(ExportedPhoto(record, {name.detector: result for name, result in results.items()}))
    return found


def second_place(first: OperatedWorld, by: ProcessorSettings = SETTINGS) -> OperatedWorld:
    """Return another bucket of the same objects, and an empty table."""
    world = World(settings=by)
    for key, stored in first.world.s3.present().items():
        assert stored.body is not None
        world.s3.put(key, stored.body)
    return OperatedWorld(world)


def calls(operated: OperatedWorld) -> int:
    return sum(
        count for operation, count in operated.world.calls.made.items() if operation.startswith("Detect")
    )


def test_what_was_exported_becomes_the_same_records_elsewhere_without_a_call() -> None:
    first = recognized("a.jpg", "ü/%+ b.jpg", "c-longer.jpg")
    keys = sorted(first.world.s3.present())
    there = second_place(first)
    run = importing(there)

    assert take(run, *exported(first, *keys)) == []
    there.work_off_bulk()

    assert calls(there) == 0
    assert there.world.tally[Metric.CALLS_MADE] == 0
    assert (run.kept[ImportOutcome.WRITTEN], run.queued, run.lacking) == (6, 3, {})
    for before, after in zip(photos_of(first, *keys), photos_of(there, *keys), strict=True):
        same = ("key", "status", "labels", "faces", "face_details", "moderation", "words", "detectors")
        assert {name: document(before)[name] for name in same} == {
            name: document(after)[name] for name in same
        }
    again = importing(there)
    assert take(again, *exported(first, *keys)) == []
    assert (again.kept[ImportOutcome.THERE], again.queued, again.current) == (6, 0, 3)


def test_the_results_of_a_job_can_be_imported(file: Any) -> None:
    first = recognized("a.jpg")
    there = second_place(first)
    photo = photos_of(first, "a.jpg")[0]
    table = DynamoDBPhotos(first.table.client, first.table.table_name, first.table.retry, first.table.reads)
    results = JobResults(file, table, ("labels", "faces"), ByPrefix(("labels", "faces")))
    from operations.jobs.job_file import JobLine

    line = results._result(JobLine(1, f"s3://{BUCKET}/a.jpg", "a.jpg"), photo.record, photo.answers)

    assert take(importing(there), json.loads(json.dumps(line))) == []
    there.work_off_bulk()
    assert there.world.status("a.jpg") is Status.RECOGNIZED
    assert calls(there) == 0


def test_what_was_rejected_before_films_were_taken_has_no_record_that_stays() -> None:
    there = OperatedWorld(World(settings=WITH_PICTURES))
    assert there.world.deliver(there.world.s3.put("a.mp4", b"bomb 1")) == []
    line = {**document(photos_of(there, "a.mp4")[0]), "answers": {"labels": LABELS, "faces": FACES}}
    with_films = replace(WITH_PICTURES, films_function=FILMS)

    before, after, paid = (
        importing(there, by=by, asked=ASKED) for by in (WITH_PICTURES, with_films, with_films)
    )
    assert len(take(paid, {**line, "answers": {"labels": {"Frames": []}}})) == 1
    assert take(before, line) == take(after, line) == []
    assert (before.queued, before.current) == (0, 1)
    assert (after.queued, after.current) == (1, 0)
    assert (paid.current, paid.lacking) == (0, {("labels", "faces"): 1}), "that is left to backfill"

    there.world.use(with_films)
    there.work_off_bulk()
    assert (there.world.status("a.mp4"), calls(there)) == (Status.REJECTED, 0)
    assert take(again := importing(there, by=with_films, asked=ASKED), line) == []
    assert (again.queued, again.current) == (0, 1)


def test_a_photo_that_lacks_an_answer_is_not_queued_for_that_would_be_paid() -> None:
    operated = recognized()
    operated.world.s3.put("a.jpg", b"cat 97")
    run = importing(operated, asked=ASKED, asked_at=AFTER_ALL)

    assert take(run, {"key": "a.jpg", **LABELS}) == []

    assert (run.kept[ImportOutcome.WRITTEN], run.queued, run.lacking) == (1, 0, {("faces",): 1})
    assert take(run, {"source-ref": f"s3://{BUCKET}/a.jpg", "detect-faces": FACES}) == []
    assert run.queued == 1
    operated.work_off_bulk()
    assert calls(operated) == 0
    record = operated.world.record("a.jpg")
    assert record is not None
    assert record.findings.labels == {"Cat": 97.0}


def test_an_answer_that_is_about_to_go_counts_for_none() -> None:
    operated = recognized()
    stored = operated.world.s3.put("a.jpg", b"cat 97")["s3"]["object"]
    mark = questions(SETTINGS)["faces"].fingerprint
    name = ResultName(f"{stored['eTag']}-{stored['size']}", "faces", mark)
    going = {**result_key(name)._asdict(), **Result(name, FACES, "2026-01-01T00:00:00.000Z").to_item()}
    going["expires_at"] = int(operated.now) + 3600
    operated.world.table.items[result_key(name)] = to_wire(going)
    run = importing(operated, asked=ASKED, asked_at=AFTER_ALL)

    take(run, {"key": "a.jpg", **LABELS})
    assert (run.queued, run.lacking) == (0, {("faces",): 1})
    take(run, {"key": "a.jpg", **FACES})
    assert run.queued == 1
    assert "expires_at" not in operated.world.table.items[result_key(name)]


def test_an_answer_that_is_there_stays() -> None:
    operated = recognized("a.jpg")
    before = dict(operated.world.table.items)
    run = importing(operated, asked=ASKED, asked_at=AFTER_ALL)

    assert take(run, {"key": "a.jpg", "Labels": []}) == []

    assert (run.kept[ImportOutcome.THERE], run.current, run.queued) == (1, 1, 0)
    assert operated.world.table.items == before


def test_where_a_worker_is_asking_its_answer_is_waited_for() -> None:
    operated = recognized()
    stored = operated.world.s3.put("a.jpg", b"cat 97")["s3"]["object"]
    name = ResultName(
        f"{stored['eTag']}-{stored['size']}", "labels", questions(SETTINGS)["labels"].fingerprint
    )
    claim = {**result_key(name)._asdict(), "claimed_by": "w", "claimed_until": int(operated.now) + 30}
    operated.world.table.items[result_key(name)] = to_wire(claim)
    run = importing(operated, asked=ASKED, asked_at=AFTER_ALL)

    (reason,) = take(run, {"key": "a.jpg", **LABELS})

    assert "right now" in reason
    assert "claimed_by" in operated.world.table.items[result_key(name)]
    operated.now += 31
    assert take(run, {"key": "a.jpg", **LABELS}) == []


def test_answers_about_other_bytes_are_refused() -> None:
    first = recognized("a.jpg", "b.jpg")
    there = second_place(first)
    there.world.s3.put("a.jpg", b"dog 80")
    there.world.s3.delete("b.jpg")
    run = importing(there)

    reasons = take(run, *exported(first, "a.jpg", "b.jpg"))

    assert ["other bytes" in reasons[0], "there is no" in reasons[1]] == [True, True]
    assert (run.kept, run.queued) == ({}, 0)


def test_answers_by_other_settings_are_refused() -> None:
    first = recognized("a.jpg", by=replace(SETTINGS, min_label_confidence_percent=55.0))
    there = second_place(first)
    run = importing(there)

    (reason,) = take(run, *exported(first, "a.jpg"))

    assert "other parameters of DetectLabels" in reason
    assert (run.kept[ImportOutcome.WRITTEN], run.lacking) == (1, {("labels",): 1})


def test_an_inherited_answer_is_taken_only_where_scenes_are_and_by_its_mark() -> None:
    mark = questions(SETTINGS)["labels"].fingerprint
    inherited = {**LABELS, "Scene": {"ContentId": "e-7"}}
    with_scenes = AnswerCheck.of(replace(SETTINGS, scenes="yes"), {})

    accepted = with_scenes.accept("labels", BroughtAnswer(inherited, marked(mark)))

    assert accepted.fingerprint == marked(mark)
    for check, answer in (
        (with_scenes, BroughtAnswer(inherited, mark)),
        (with_scenes, BroughtAnswer(LABELS, marked(mark))),
        (AnswerCheck.of(SETTINGS, {}), BroughtAnswer(inherited, marked(mark))),
    ):
        with pytest.raises(RefusedAnswerError, match="other parameters"):
            check.accept("labels", answer)


def test_answers_that_do_not_say_what_they_are_about_need_a_time_and_parameters() -> None:
    operated = recognized()
    changed = operated.world.s3.put("a.jpg", b"cat 97")
    at = operated.world.s3.current("a.jpg")
    assert at is not None
    assert changed
    line = {"key": "a.jpg", **LABELS}

    (no_time,) = take(importing(operated, asked=ASKED), line)
    (too_early,) = take(importing(operated, asked=ASKED, asked_at=at.at.timestamp() - 1), line)
    (no_parameters,) = take(importing(operated, asked_at=AFTER_ALL), line)
    (fewer,) = take(importing(operated, asked=("DetectLabels",), asked_at=AFTER_ALL), line)

    assert "--asked-at" in no_time
    assert "changed after --asked-at" in too_early
    assert "--asked DetectLabels" in no_parameters
    assert "MinConfidence=55, and this deployment asks by 40" in fewer


def test_more_than_was_asked_is_cut_to_what_would_have_been_answered() -> None:
    check = AnswerCheck.of(SETTINGS, read_asked(["DetectLabels:MinConfidence=1,MaxLabels=1000"]))
    labels = [{"Name": f"{number}", "Confidence": float(number)} for number in range(100)]

    accepted = check.accept("labels", BroughtAnswer({"Labels": labels, "LabelModelVersion": "3.0"}))

    kept = accepted.response["Labels"]
    assert [label["Confidence"] for label in kept] == [float(number) for number in range(99, 49, -1)]
    assert accepted.response["LabelModelVersion"] == "3.0"
    assert accepted.fingerprint == questions(SETTINGS)["labels"].fingerprint
    with pytest.raises(RefusedAnswerError, match="MaxLabels=10"):
        AnswerCheck.of(SETTINGS, read_asked(["DetectLabels:MinConfidence=1,MaxLabels=10"])).accept(
            "labels", BroughtAnswer({"Labels": labels})
        )
    with pytest.raises(RefusedAnswerError, match="not deployed"):
        check.accept("text", BroughtAnswer({"TextDetections": []}))
    with pytest.raises(RefusedAnswerError, match="Attributes"):
        AnswerCheck.of(SETTINGS, read_asked(["DetectFaces"])).accept("faces", BroughtAnswer(FACES))


def test_results_about_another_bucket_are_held_against_their_originals() -> None:
    operated = recognized()
    operated.world.s3.put("moved/1.jpg", b"cat 97")
    operated.world.s3.put("moved/2.jpg", b"cat 98")
    originals = World()
    originals.s3.put("bar/1.jpg", b"cat 97")
    originals.s3.put("bar/2.jpg", b"dog 98")
    elsewhere = NamedObjects(OperatedWorld(originals).bucket, operated.executor)
    lines = [
        {"source-ref": f"s3://foo/bar/{number}.jpg", "detect-labels": LABELS, "detect-faces": FACES}
        for number in (1, 2, 3)
    ]
    operated.world.s3.put("moved/3.jpg", b"cat 99")

    refused_all = take(importing(operated, asked=ASKED, asked_at=AFTER_ALL), *lines)
    run = importing(
        operated, asked=ASKED, asked_at=AFTER_ALL, moved=Moved("foo", "bar/", "moved/"), originals=elsewhere
    )
    refused = take(run, *lines)

    assert all("--moved s3://foo/=PREFIX" in reason for reason in refused_all)
    assert len(refused_all) == 3
    assert ["not known to have the same bytes" in refused[0], "any more" in refused[1]] == [True, True]
    assert (len(refused), run.queued) == (2, 1)
    operated.work_off_bulk()
    assert calls(operated) == 0
    assert operated.world.status("moved/1.jpg") is Status.RECOGNIZED


def test_where_answers_are_not_shared_only_the_same_version_has_them() -> None:
    apart = replace(SETTINGS, share_answers="no")
    first = recognized("a.jpg", by=apart)
    lines = exported(first, "a.jpg")
    there = OperatedWorld(World(settings=apart))
    there.world.s3.put("z.jpg", b"cat 90")
    there.world.s3.put("a.jpg", b"cat 95")

    (reason,) = take(importing(there, by=apart), *lines)
    same = importing(first, by=apart)

    assert "another version" in reason
    assert take(same, *lines) == []
    assert same.kept[ImportOutcome.THERE] == 2


@pytest.mark.parametrize(
    ("detector", "response", "said"),
    [
        ("labels", [], "no list Labels"),
        ("labels", {"Labels": [{"Name": "Cat"}]}, "no Confidence"),
        ("labels", {"Labels": [{"Name": "Cat", "Confidence": "97"}]}, "Confidence is no float"),
        ("labels", {"Labels": [{"Name": "Cat", "Confidence": float("nan")}]}, "Confidence is no float"),
        ("labels", {"Labels": [{"Name": 7, "Confidence": 97}]}, "Name is no string"),
        ("labels", {"Labels": [{"Name": "Cat", "Confidence": 97, "Parents": {}}]}, "Parents is no list"),
        ("faces", {"FaceDetails": [{"BoundingBox": {"Left": True}}]}, "Left is no float"),
        ("faces", {"FaceDetails": [7]}, "is no structure"),
        ("text", {"TextDetections": [{"DetectedText": "a", "Type": "WORD"}]}, "no Confidence"),
        ("moderation", {"ModerationLabels": None}, "no list"),
    ],
)
def test_what_is_no_answer_is_told(detector: str, response: Any, said: str) -> None:
    assert said in str(fault_of(detector, response))


def test_answers_of_the_world_are_answers() -> None:
    operated = recognized("a.jpg")

    for photo in photos_of(operated, "a.jpg"):
        for name, answer in photo.answers.items():
            assert fault_of(name, dict(answer.response)) is None
    assert fault_of("labels", {**LABELS, "OfLater": 1}) is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "names no photo"),
        ({"key": "a.jpg"}, "no answer"),
        ({"source-ref": "a.jpg"}, "not like s3://"),
        ({"key": "a.jpg", "version": {}, "detectors": {}}, "--format answers"),
        ({"key": "x" * 1025, **LABELS}, "1,025 bytes"),
    ],
)
def test_a_line_of_no_known_form_is_told(found: dict[str, Any], said: str) -> None:
    with pytest.raises(LineError, match=said):
        read_photo(found)


@pytest.mark.parametrize("typed", ["Labels", "DetectLabels:X=1", "DetectLabels:MinConfidence=low"])
def test_parameters_that_cannot_be_read_are_told(typed: str) -> None:
    with pytest.raises(OperatorError, match="--asked"):
        read_asked([typed])


def test_answers_that_were_put_together_are_taken_apart() -> None:
    photo = read_photo({"key": "a.jpg", **LABELS, **FACES, "OfMine": 1})

    assert photo.answers == {"labels": BroughtAnswer(LABELS), "faces": BroughtAnswer(FACES)}


def test_a_folder_of_plain_answers_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "a.jpg.json").write_text(json.dumps({**LABELS, "ResponseMetadata": {}}))
    (tmp_path / "b.jpg.json").write_text(json.dumps({"labels": LABELS, "faces": FACES}))
    (tmp_path / "c.json").write_text("{")

    (page,) = pages_of(tmp_path, ReadPosition())

    found = {numbered.photo.key: set(numbered.photo.answers) for numbered in page.photos}
    assert found == {"2026/a.jpg": {"labels"}, "b.jpg": {"labels", "faces"}}
    assert page.photos[0].photo.answers["labels"].response == LABELS
    assert [refusal.where for refusal in page.refusals] == [str(tmp_path / "c.json")]
    assert [len(rest.photos) for rest in pages_of(tmp_path, ReadPosition(2))] == [0]


def test_an_import_that_was_ended_goes_on_after_the_last_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.importing.sources._PAGE_PHOTOS", 2)
    operated = recognized()
    lines = io.StringIO()
    for number in range(5):
        operated.world.s3.put(f"{number}.jpg", f"cat {90 + number}".encode())
        lines.write(json.dumps({"key": f"{number}.jpg", **LABELS, **FACES}) + "\n")
    path = tmp_path / "answers.jsonl"
    path.write_text(lines.getvalue())
    checkpoint = ImportCheckpoint(tmp_path / "state" / "import.json")

    first = importing(operated, asked=ASKED, asked_at=AFTER_ALL)
    next(_steps(first, [path], checkpoint))
    second = importing(operated, asked=ASKED, asked_at=AFTER_ALL)
    for _ in _steps(second, [path], checkpoint):
        pass

    assert (first.queued, second.queued, second.kept[ImportOutcome.THERE]) == (2, 3, 0)
    operated.work_off_bulk()
    assert all(operated.world.status(f"{number}.jpg") is Status.RECOGNIZED for number in range(5))
    assert calls(operated) == 0
