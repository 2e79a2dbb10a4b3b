"""An export tells what is seen when in films, as the API does."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

from contract.corrections import NONE
from contract.edits import Edit
from contract.films import Frame, film_answer
from contract.records import Findings, ImageRecord, Status
from contract.results import Result, ResultName
from operations.exporting.photos import ExportedPhoto, document
from operations.exporting.run import ExportSource, FoundPage
from operations.exporting.writers import csv_header, csv_rows, json_lines
from tests.operations.exports import FACTS, exported
from tests.query_api.photos import commit, write_result
from tests.query_api.site import Site

FILM = replace(FACTS, format="MP4", duration_seconds=30.0, slice_seconds=300.0)
FRAMES = [Frame(place, place + 10_000, place + 1_000, f"f{place}") for place in (0, 10_000, 20_000)]
FOUND = {
    "labels": [Findings(labels={"Cat": 97.0}), Findings(labels={"Cat": 99.0, "Sofa": 40.0}), Findings()],
    "text": [Findings(), Findings(), Findings(words=("=sale",))],
}
SOLD = {
    "kind": "text",
    "name": "=sale",
    "start_seconds": 20.0,
    "end_seconds": 30.0,
    "best_seconds": 21.0,
    "confidence": None,
}


def film(min_confidence_percent: float = 0.0) -> ExportedPhoto:
    record = exported("a/film.mp4").record
    record = replace(
        record,
        detectors={"labels": "l", "text": "t"},
        findings=Findings(labels={"Cat": 99.0, "Sofa": 40.0}, words=("=sale",), photo=FILM),
    )
    answers = {
        name: Result(
            ResultName(record.content_id, name, name[0]),
            film_answer((frame, "c/t/f.jpg", each) for frame, each in zip(FRAMES, found, strict=True)),
            "",
        )
        for name, found in FOUND.items()
    }
    return ExportedPhoto(record, answers, min_confidence_percent)


class TableOf:
    """The table with one film; `asked` are the answers that were read of it."""

    def __init__(self, photo: ExportedPhoto) -> None:
        self._photo = photo
        self.asked: list[str] = []

    def readable_records(self, keys: list[str]) -> tuple[dict[str, ImageRecord], int]:
        return dict.fromkeys(keys, self._photo.record), 0

    def results(self, names: list[ResultName]) -> tuple[dict[ResultName, Result], int]:
        self.asked += [name.detector for name in names]
        return {name: self._photo.answers[name.detector] for name in names}, 0


def cells(photo: ExportedPhoto) -> dict[str, str]:
    (told,) = csv.DictReader(io.StringIO(csv_header() + csv_rows([photo])))
    return told


def test_a_line_has_the_intervals_that_the_api_answers_without_urls() -> None:
    photo, site = film(), Site(keep_location=True)
    commit(site.table, photo.record)
    for answer in photo.answers.values():
        write_result(site.table, answer)
    told = site.get("/images/a/film.mp4").json["intervals"]

    written = json.loads(json_lines([photo]))["intervals"]
    assert written == [{name: value for name, value in each.items() if name != "frame_url"} for each in told]
    assert written[-1] == SOLD
    assert "intervals" not in document(exported())


def test_a_cell_has_them_with_how_sure_they_are_and_is_no_formula() -> None:
    assert cells(film())["intervals"] == "Cat 99.0 0-20; Sofa 40.0 10-20; '=sale 20-30"
    assert cells(exported())["intervals"] == ""


def test_what_is_not_sure_enough_or_was_removed_by_people_is_in_no_interval_and_renamed_is_by_its_name() -> (
    None
):
    said = NONE.edited(Edit(remove=("Sofa",), rename={"Cat": "Tiger"}), "ana", "2026-11-27T12:00:00.000Z")
    photo = film()
    findings = said.apply(photo.record.findings)
    corrected = photo._replace(
        record=replace(photo.record, findings=findings, corrections=1, renamed=said.renamed)
    )

    def names(of: ExportedPhoto) -> list[str]:
        return [each["name"] for each in document(of)["intervals"]]

    assert names(film(50.0)) == ["Cat", "=sale"]
    assert names(corrected) == ["Tiger", "=sale"]


def test_answers_that_cannot_be_read_leave_the_rest_of_the_row() -> None:
    photo = film()
    broken = {name: replace(answer, response={"Film": [[1]]}) for name, answer in photo.answers.items()}

    assert cells(photo._replace(answers=broken))["intervals"] == ""
    assert document(photo._replace(answers=broken))["intervals"] == []


def test_of_films_alone_a_row_reads_answers() -> None:
    def asked_of(photo: ExportedPhoto) -> list[str]:
        table = TableOf(photo)
        nobody: Any = None
        read_of: Any = table
        source = ExportSource(
            nobody, read_of, {}, Status.RECOGNIZED, frozenset(), 0.0, frozenset({"labels", "text"})
        )
        source.photos(FoundPage([photo.key], None))
        return table.asked

    assert asked_of(film()) == ["labels", "text"]
    assert asked_of(exported()) == []
