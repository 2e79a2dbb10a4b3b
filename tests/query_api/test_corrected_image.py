"""An image that people have corrected: what is told of it, and what to name in If-Match."""

from dataclasses import replace
from typing import Any

import pytest

from contract.corrections import NONE, Corrections, corrections_key
from contract.edits import Edit
from contract.policy import Policy
from contract.records import Findings, ImageRecord
from contract.results import Result, ResultName
from query_api.ports import TableReader
from tests.query_api.conftest import MotoTable
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import commit, photo, write_result
from tests.query_api.site import Site

AT = "2026-11-27T12:00:00.000Z"
SAID = NONE.edited(Edit(add=("Kitten",), remove=("Dog",), rename={"Sofa": "Couch"}), "ana", AT)
FOUND = Findings(
    labels={"Animal": 99.0, "Cat": 97.12, "Dog": 60.0, "Sofa": 80.0},
    parents=frozenset({"Animal"}),
    implied_by={"Animal": frozenset({"Cat", "Dog"})},
)
MACHINE = replace(photo("cat.jpg", detectors={"labels": "f1"}), findings=FOUND)
CORRECTED = replace(MACHINE, findings=SAID.apply(FOUND), corrections=1, renamed=SAID.renamed)
BOX = {"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.1, "Height": 0.1}, "Confidence": 90.0}
ANSWER = {
    "Labels": [
        {"Name": name, "Confidence": confidence + 0.001, "Parents": [], "Instances": [BOX]}
        for name, confidence in FOUND.labels.items()
    ]
}


def site_of(record: ImageRecord, said: Corrections = SAID, **settings: Any) -> Site:
    site = Site(**{"corrections": True, **settings})
    commit(site.table, record)
    write_result(site.table, Result(ResultName(record.content_id, "labels", "f1"), ANSWER, AT))
    if said.number:
        site.table.put(corrections_key(record.content_id), said.to_item())
    return site


def labels(told: Any) -> dict[str, tuple[float, str | None]]:
    return {label["name"]: (label["confidence"], label.get("by")) for label in told["labels"]}


def test_labels_of_people_are_told_as_such_and_removed_ones_are_not_told() -> None:
    answer = site_of(CORRECTED).get("/images/cat.jpg")

    assert labels(answer.json) == {
        "Animal": (99.0, None),
        "Cat": (97.12, None),
        "Kitten": (100.0, "person"),
        "Couch": (100.0, "person"),
    }
    assert answer.json["corrections"] == {**SAID.to_json(), "shown": 1}
    assert answer.headers["etag"] == '"1"'


def test_what_was_renamed_is_where_it_was_and_what_was_merged_in_both_places() -> None:
    said = NONE.edited(Edit(rename={"Sofa": "Couch", "Dog": "cat"}, add=("Kitten",)), "ana", AT)
    record = replace(MACHINE, findings=said.apply(FOUND), corrections=1, renamed=said.renamed)

    told = site_of(record, said).get("/images/cat.jpg").json

    assert {label["name"]: len(label["instances"]) for label in told["labels"]} == {
        "Animal": 1,
        "Cat": 2,
        "Couch": 1,
        "Kitten": 0,
    }


def test_what_is_not_shown_yet_can_be_told() -> None:
    answer = site_of(MACHINE).get("/images/cat.jpg")

    assert answer.json["corrections"]["number"] == 1
    assert answer.json["corrections"]["shown"] == 0
    assert set(labels(answer.json)) == set(FOUND.labels)


def test_where_nobody_has_said_anything_the_number_is_none() -> None:
    answer = site_of(MACHINE, NONE).get("/images/cat.jpg")

    assert answer.json["corrections"] == {**NONE.to_json(), "shown": 0}
    assert answer.headers["etag"] == '"0"'


def test_where_nobody_may_correct_nothing_is_told_of_it() -> None:
    site = site_of(CORRECTED, corrections=False)
    before = site.table.reads

    answer = site.get("/images/cat.jpg")

    assert "corrections" not in answer.json
    assert "etag" not in answer.headers
    assert site.table.reads == before + 2
    assert "Dog" not in labels(answer.json)


def test_lists_show_what_people_say_and_search_finds_it() -> None:
    site = site_of(CORRECTED)

    assert site.list(label="kitten").keys == ["cat.jpg"]
    assert site.list(label="dog").keys == []
    assert {label["name"] for label in site.list().json["images"][0]["labels"]} == {
        "Animal",
        "Cat",
        "Kitten",
        "Couch",
    }


def test_what_can_be_sent_is_described_where_it_can(site: Site) -> None:
    paths = site_of(MACHINE).get("/openapi.json").json["paths"]

    assert "patch" in paths["/images/{key}"]
    assert "patch" in paths["/images"]
    assert "patch" not in site.get("/openapi.json").json["paths"]["/images"]


def test_corrections_are_read_as_they_are_and_rubbish_is_left_out(
    table_like: MemoryTable | MotoTable,
) -> None:
    reader: TableReader = table_like
    commit(table_like, MACHINE)

    def said() -> Corrections | None:
        found = reader.details("cat.jpg", corrected=True)
        assert found is not None
        return found.said

    assert said() is None
    table_like.put(corrections_key(CORRECTED.content_id), SAID.to_item())
    assert said() == SAID
    table_like.put(corrections_key(CORRECTED.content_id), {"number": "two"})
    assert said() is None


def test_a_policy_shows_what_people_say_as_it_shows_what_detectors_do() -> None:
    policy = Policy.of(
        {"aliases": {"Pet": ["Cat", "Kitten"]}, "hidden": ["Couch"], "labels": {"default": 98.0}}
    )

    told = site_of(CORRECTED, policy=policy).get("/images/cat.jpg").json

    assert labels(told) == {"Animal": (99.0, None), "Pet": (100.0, "person")}
    assert told["corrections"]["added"] == ["Kitten"]
    assert {label["name"]: len(label["instances"]) for label in told["labels"]} == {"Animal": 1, "Pet": 1}


def test_an_image_seen_before_is_one_request_and_never_has_corrections_older_than_its_record(
    moto_table: MotoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are read at once, in any order: the record as of now, what people say as of a moment before."""
    asked: list[int] = []
    read = moto_table.client.batch_get_item

    def counted(**request: Any) -> Any:
        asked.append(len(request["RequestItems"][moto_table.table_name]["Keys"]))
        answer = read(**request)
        if len(asked) == 3:
            kept = answer["Responses"][moto_table.table_name]
            kept[:] = [item for item in kept if item["sk"]["S"] != "corrections"]
        return answer

    monkeypatch.setattr(moto_table.client, "batch_get_item", counted)
    commit(moto_table, MACHINE)

    moto_table.details("cat.jpg", corrected=True)
    assert asked == [1, 2]

    commit(moto_table, CORRECTED)
    moto_table.put(corrections_key(CORRECTED.content_id), SAID.to_item())
    details = moto_table.details("cat.jpg", corrected=True)

    assert details is not None
    assert details.said == SAID
    assert asked == [1, 2, 3, 2]
    moto_table.details("cat.jpg", corrected=True)
    assert asked == [1, 2, 3, 2, 3]
