"""Requests are checked against the service's own model."""

import base64
import re
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from local.rekognition.canned import ANSWERS
from local.rekognition.faces.operations import FACE_OPERATIONS
from local.rekognition.request import RekognitionError, validate

MODEL = botocore.session.get_session().get_service_model("rekognition")
LABELS: Shape = MODEL.operation_model("DetectLabels").input_shape  # type: ignore[assignment]
FACES: Shape = MODEL.operation_model("DetectFaces").input_shape  # type: ignore[assignment]
PLACE = {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}


def refusal(request: object, shape: Shape = LABELS) -> RekognitionError:
    with pytest.raises(RekognitionError) as refused:
        validate(request, shape)
    return refused.value


def test_bytes_are_decoded() -> None:
    request = {"Image": {"Bytes": base64.b64encode(b"abc").decode()}}

    assert validate(request, LABELS) == {"Image": {"Bytes": b"abc"}}


def test_members_that_the_model_does_not_know_are_dropped() -> None:
    assert validate({"Image": PLACE, "Colour": 1}, LABELS) == {"Image": PLACE}


OUT_OF_BOUNDS = [
    ({}, "Value null at 'image' failed to satisfy constraint: Member must not be null"),
    ({"Image": PLACE, "MaxLabels": -1}, "'maxLabels'"),
    ({"Image": PLACE, "MinConfidence": 100.1}, "Member must have value less than or equal to 100"),
    ({"Image": PLACE, "MinConfidence": -0.1}, "Member must have value greater than or equal to 0"),
    ({"Image": {"Bytes": ""}}, "'image.bytes'"),
    ({"Image": {"S3Object": {"Bucket": "photos", "Name": ""}}}, "'image.s3Object.name'"),
]


@pytest.mark.parametrize(("request_", "says"), OUT_OF_BOUNDS)
def test_a_value_out_of_bounds_is_a_validation_exception(request_: object, says: str) -> None:
    refused = refusal(request_)

    assert refused.code == "ValidationException"
    assert refused.message.startswith("1 validation error detected: ")
    assert says in refused.message


def test_a_text_of_other_letters_is_a_validation_exception() -> None:
    shape = MODEL.operation_model("IndexFaces").input_shape
    assert shape is not None

    refused = refusal({"CollectionId": "people", "Image": PLACE, "ExternalImageId": "a/b c.jpg"}, shape)

    assert refused.code == "ValidationException"
    assert refused.message == (
        "1 validation error detected: Value 'a/b c.jpg' at 'externalImageId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"
    )


def patterns_below(shape: Shape) -> set[str]:
    """Return the patterns of the texts that a request is checked for; what is in maps is not looked at."""
    if isinstance(shape, StructureShape):
        return set().union(*(patterns_below(member) for member in shape.members.values()))
    if isinstance(shape, ListShape):
        return patterns_below(shape.member)
    return {shape.metadata["pattern"]} if "pattern" in shape.metadata else set()


@pytest.mark.parametrize("operation", [*ANSWERS, *sorted(FACE_OPERATIONS)])
def test_every_pattern_of_an_operation_is_one_that_can_be_matched(operation: str) -> None:
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None

    for pattern in patterns_below(shape):
        re.compile(pattern)


def test_bytes_over_five_megabytes_are_a_validation_exception() -> None:
    data = base64.b64encode(bytes(5 * 1024 * 1024 + 1)).decode()

    refused = refusal({"Image": {"Bytes": data}})

    assert refused.code == "ValidationException"
    assert "at 'image.bytes' failed" in refused.message
    assert refused.message.endswith("Member must have length less than or equal to 5242880")


def test_an_attribute_that_does_not_exist_is_a_validation_exception() -> None:
    refused = refusal({"Image": PLACE, "Attributes": ["ALL", "HAT"]}, FACES)

    assert refused.code == "ValidationException"
    assert "Value 'HAT' at 'attributes.2.member'" in refused.message


def test_all_problems_are_told_together() -> None:
    refused = refusal({"MaxLabels": -1, "MinConfidence": 101})

    assert refused.message.startswith("3 validation errors detected: ")


WRONG_TYPES: list[Any] = [
    [],
    "text",
    {"Image": "a.jpg"},
    {"Image": {"Bytes": "not base64!"}},
    {"Image": {"Bytes": "é"}},
    {"Image": PLACE, "MaxLabels": "5"},
    {"Image": PLACE, "MaxLabels": True},
]


@pytest.mark.parametrize("request_", WRONG_TYPES)
def test_a_wrong_type_is_a_serialization_exception(request_: object) -> None:
    assert refusal(request_).code == "SerializationException"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Image", "Bytes", "S3Object"]), inner),
)


@given(JSON)
def test_any_json_is_taken_or_refused(request_: object) -> None:
    try:
        taken = validate(request_, LABELS)
    except RekognitionError as refused:
        taken = {"refused": refused.code}

    assert taken.get("refused", "ValidationException") in {"ValidationException", "SerializationException"}
