"""Everything known of one image."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from contract.photos import PICTURE, PhotoFacts
from contract.records import ImageRecord
from contract.results import Result, ResultName
from tests.query_api.photos import commit, photo, rejected, tombstone, write_result
from tests.query_api.site import Site

BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}
LABELS = {
    "Labels": [
        {
            "Name": "Cat",
            "Confidence": 97.5,
            "Parents": [{"Name": "Animal"}, {"Name": "Pet"}],
            "Aliases": [{"Name": "Feline"}],
            "Categories": [{"Name": "Animals and Pets"}],
            "Instances": [{"BoundingBox": BOX, "Confidence": 96.25}],
        },
        {"Name": "Sofa", "Confidence": 61.0, "Parents": [], "Instances": []},
    ]
}
FACES = {
    "FaceDetails": [
        {
            "BoundingBox": BOX,
            "AgeRange": {"Low": 20, "High": 30},
            "Smile": {"Value": True, "Confidence": 99.0},
            "Emotions": [{"Type": "HAPPY", "Confidence": 90.0}],
            "Landmarks": [{"Type": "eyeLeft", "X": 0.1, "Y": 0.2}],
        }
    ]
}


def cat() -> ImageRecord:
    return photo(
        "pets/cat.jpg",
        labels={"Cat": 97.5, "Sofa": 61.0},
        faces=1,
        detectors={"labels": "fingerprint-1", "faces": "fingerprint-2"},
    )


def commit_with_results(site: Site, record: ImageRecord, responses: dict[str, dict[str, Any]]) -> None:
    for detector, response in responses.items():
        name = ResultName(record.content_id, detector, record.detectors[detector])
        write_result(site.table, Result(name, response, "2026-11-23T12:30:00.000Z"))
    commit(site.table, record)


def test_an_image_says_what_a_list_says_of_it_and_which_version_that_is(site: Site) -> None:
    commit_with_results(site, cat(), {"labels": LABELS, "faces": FACES})

    image = site.get("/images/pets/cat.jpg").json

    listed = site.list().json["images"][0]
    assert {name: image[name] for name in listed if name != "labels"} == {
        name: value for name, value in listed.items() if name != "labels"
    }
    assert image["version"] == {
        "etag": "etag-of-pets/cat.jpg",
        "version_id": None,
        "revision": cat().revision,
    }


def test_results_are_found_where_they_are_not_shared(site: Site) -> None:
    commit_with_results(site, replace(cat(), shares_answers=False), {"labels": LABELS, "faces": FACES})

    assert site.get("/images/pets/cat.jpg").json["labels"][0]["parents"] == ["Animal", "Pet"]
    assert site.get("/images/pets/cat.jpg/raw").status == 200


def test_labels_come_with_parents_and_boxes(site: Site) -> None:
    commit_with_results(site, cat(), {"labels": LABELS, "faces": FACES})

    labels = site.get("/images/pets/cat.jpg").json["labels"]

    box = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
    assert labels == [
        {
            "name": "Cat",
            "confidence": 97.5,
            "parent": False,
            "parents": ["Animal", "Pet"],
            "aliases": ["Feline"],
            "categories": ["Animals and Pets"],
            "instances": [{"box": box, "confidence": 96.25}],
        },
        {
            "name": "Sofa",
            "confidence": 61.0,
            "parent": False,
            "parents": [],
            "aliases": [],
            "categories": [],
            "instances": [],
        },
    ]


def test_what_few_deployments_ask_is_told_where_it_was_asked_and_nowhere_else(site: Site) -> None:
    color = {"Red": 0, "Green": 0, "Blue": 128, "HexCode": "#000080", "CSSColor": "navy"}
    properties = {
        "Quality": {"Brightness": 60.0, "Sharpness": 80.0, "Contrast": 40.0},
        "DominantColors": [{**color, "SimplifiedColor": "blue", "PixelPercent": 66.6}],
    }
    star = {"Name": "Ada Lovelace", "Id": "ada", "MatchConfidence": 99.0, "Face": {"BoundingBox": BOX}}
    person = {"Id": 0, "BoundingBox": BOX, "BodyParts": []}
    asked = dict.fromkeys(("image_properties", "celebrities", "protective_equipment"), "f")
    commit_with_results(
        site,
        replace(cat(), detectors=asked),
        {
            "image_properties": {"Labels": [], "ImageProperties": properties},
            "celebrities": {"CelebrityFaces": [star], "UnrecognizedFaces": []},
            "protective_equipment": {"Persons": [person]},
        },
    )
    commit_with_results(site, replace(cat(), version=photo("other.jpg").version), {"labels": LABELS})

    image = site.get("/images/pets/cat.jpg").json

    box = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
    assert image["image_properties"]["quality"] == {"brightness": 60.0, "sharpness": 80.0, "contrast": 40.0}
    (shown,) = image["image_properties"]["dominant_colors"]
    assert (shown["css_color"], shown["simplified_color"], shown["pixel_percent"]) == ("navy", "blue", 66.6)
    assert image["celebrity_faces"] == [
        {"name": "Ada Lovelace", "id": "ada", "match_confidence": 99.0, "face": {"box": box}}
    ]
    assert image["equipped_persons"] == [{"id": 0, "box": box, "body_parts": []}]
    assert (
        not {"image_properties", "celebrity_faces", "equipped_persons"}
        & site.get("/images/other.jpg").json.keys()
    )


def test_faces_come_with_every_attribute(site: Site) -> None:
    commit_with_results(site, cat(), {"labels": LABELS, "faces": FACES})

    image = site.get("/images/pets/cat.jpg").json

    assert image["faces"] == 1
    assert image["face_details"] == [
        {
            "box": {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4},
            "age_range": {"low": 20, "high": 30},
            "smile": {"value": True, "confidence": 99.0},
            "emotions": [{"type": "HAPPY", "confidence": 90.0}],
            "landmarks": [{"type": "eyeLeft", "x": 0.1, "y": 0.2}],
        }
    ]


def test_an_image_says_which_detectors_ran_with_which_settings_and_when(site: Site) -> None:
    commit_with_results(site, cat(), {"labels": LABELS})

    assert site.get("/images/pets/cat.jpg").json["detectors"] == {
        "faces": {"fingerprint": "fingerprint-2", "called_at": None},
        "labels": {"fingerprint": "fingerprint-1", "called_at": "2026-11-23T12:30:00.000Z"},
    }


FACTS = PhotoFacts(
    "HEIF",
    4032,
    3024,
    is_direct=False,
    orientation=6,
    taken_at="2026-07-31T23:59:59.120",
    taken_zone="+02:00",
    taken_from="DateTimeOriginal",
    camera="<img src=x onerror=alert(1)>",
    exposure_seconds=0.004,
    f_number=1.8,
    iso=64,
    latitude=-33.5,
    longitude=151.25,
    rating=0,
    keywords=("beach", "</script>"),
    hash="f" * 16,
    sharpness=3.5,
    renditions="token-1",
    has_view=True,
)
UNSAID = {"lens": None, "focal_length_mm": None, "duration_seconds": None}


def looked_at(record: ImageRecord, facts: PhotoFacts = FACTS) -> ImageRecord:
    return replace(
        record,
        findings=replace(record.findings, photo=facts),
        detectors={**record.detectors, PICTURE: "fingerprint-3"},
    )


def test_an_image_says_what_its_file_says_and_nothing_of_ours(site: Site) -> None:
    commit(site.table, looked_at(cat()))

    image, listed = site.get("/images/pets/cat.jpg").json, site.list().json["images"][0]

    ours = {"is_direct", "hash", "finds_duplicates", "sharpness", "renditions", "has_view"}
    said = {name: value for name, value in FACTS.to_json().items() if name not in ours}
    assert image["photo"] == listed["photo"] == {**said, **UNSAID}


def test_what_the_file_does_not_say_is_null(site: Site) -> None:
    commit(site.table, looked_at(cat(), PhotoFacts("PNG", 640, 480, is_direct=True)))

    photo = site.get("/images/pets/cat.jpg").json["photo"]

    known = {"format": "PNG", "width": 640, "height": 480, "orientation": 1, "keywords": []}
    assert photo == {**dict.fromkeys(photo), **known}
    assert set(photo) == set(site.get("/openapi.json").json["components"]["schemas"]["Photo"]["required"])


@pytest.mark.parametrize("shares_answers", [True, False])
def test_renditions_are_shown_by_content_and_maker(site: Site, shares_answers: bool) -> None:
    record = looked_at(replace(cat(), shares_answers=shares_answers))
    commit(site.table, record)

    image = site.get("/images/pets/cat.jpg").json

    below = f"https://renditions/{quote(record.content_id)}/token-1"
    assert image["thumbnail_url"] == f"{below}/thumbnail.webp?signed"
    assert image["view_url"] == f"{below}/view.jpg?signed"
    assert image["url"] == "https://photos/pets/cat.jpg?signed"


def test_a_photo_that_every_browser_shows_has_no_view(site: Site) -> None:
    commit(site.table, looked_at(cat(), replace(FACTS, has_view=False, is_direct=True)))

    image = site.get("/images/pets/cat.jpg").json

    assert image["view_url"] is None
    assert image["thumbnail_url"] is not None


def test_where_nobody_has_looked_there_is_neither_thumbnail_nor_photo(site: Site) -> None:
    commit(site.table, cat())

    image = site.get("/images/pets/cat.jpg").json

    assert (image["photo"], image["thumbnail_url"], image["view_url"]) == (None, None, None)


def test_a_deployment_that_looks_at_no_pictures_says_nothing_of_them() -> None:
    site = Site(pictures=False)
    commit(site.table, looked_at(cat()))

    image = site.get("/images/pets/cat.jpg").json

    assert (image["photo"], image["thumbnail_url"], image["view_url"]) == (None, None, None)


def test_what_was_read_of_the_file_is_no_answer_of_rekognition(site: Site) -> None:
    commit_with_results(site, looked_at(cat()), {"labels": LABELS, PICTURE: FACTS.to_json()})

    assert set(site.get("/images/pets/cat.jpg/raw").json) == {"labels"}
    assert site.get("/images/pets/cat.jpg").json["detectors"][PICTURE] == {
        "fingerprint": "fingerprint-3",
        "called_at": "2026-11-23T12:30:00.000Z",
    }


def test_an_image_whose_raw_results_are_gone_still_says_its_labels(site: Site) -> None:
    commit(site.table, cat())

    image = site.get("/images/pets/cat.jpg").json

    assert [(label["name"], label["confidence"]) for label in image["labels"]] == [
        ("Cat", 97.5),
        ("Sofa", 61.0),
    ]
    assert image["face_details"] is None


def test_a_rejected_image_says_why(site: Site) -> None:
    commit(site.table, rejected("broken.jpg"))

    image = site.get("/images/broken.jpg").json

    assert image["status"] == "rejected"
    assert image["rejection"] == {
        "code": "InvalidImageFormatException",
        "message": "broken.jpg is no image",
        "detector": "labels",
    }


def test_an_unknown_image_is_not_found(site: Site) -> None:
    answer = site.get("/images/nowhere.jpg")

    assert answer.status == 404
    assert answer.json["type"] == "urn:imagepipe:problem:unknown-image"
    assert "nowhere.jpg" in answer.json["detail"]


def test_a_deleted_image_is_not_found(site: Site) -> None:
    commit(site.table, photo("cat.jpg"))
    commit(site.table, tombstone(photo("cat.jpg")))

    assert site.get("/images/cat.jpg").status == 404


def test_one_image_costs_two_reads_and_one_without_detectors_one(site: Site) -> None:
    commit_with_results(site, cat(), {"labels": LABELS, "faces": FACES})
    commit(site.table, rejected("broken.jpg"))

    site.get("/images/pets/cat.jpg")
    assert site.table.reads == 2

    site.get("/images/broken.jpg")
    assert site.table.reads == 3
