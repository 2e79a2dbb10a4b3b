"""From what the networks see to AWS's categories."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from local.rekognition.detect_labels import load_taxonomy
from local.rekognition.detect_moderation_labels import (
    CLASSES,
    PARENTS,
    DetectModerationLabels,
    with_parents,
)
from local.rekognition.models.sessions import Floats
from local.rekognition.request import RekognitionError

PICTURE = Image.new("RGB", (100, 90))
TAXONOMY = load_taxonomy()


@dataclass(frozen=True)
class FakeNetwork:
    """Gives one output, whatever it sees."""

    output: Floats

    def run(self, values: Floats) -> dict[str, Floats]:
        return {"logits": np.repeat(self.output, len(values), axis=0)}


def labels_of(explicit: float = 0.0, seen: str = "Tabby Cat", **request: Any) -> list[dict[str, Any]]:
    logits = np.zeros((1, 1000), dtype=np.float32)
    logits[0, TAXONOMY.imagenet.index(seen) if seen in TAXONOMY.imagenet else 0] = 50
    judged = np.array([[1 - explicit, explicit]], dtype=np.float32)
    operation = DetectModerationLabels(FakeNetwork(logits), FakeNetwork(judged), TAXONOMY)  # type: ignore[arg-type]
    found: list[dict[str, Any]] = operation.answer(PICTURE, request)["ModerationLabels"]
    return found


def test_nothing_is_told_of_a_harmless_picture() -> None:
    assert labels_of() == []


def test_a_category_comes_with_its_parent_and_their_levels() -> None:
    told = [(label["Name"], label["ParentName"], label["TaxonomyLevel"]) for label in labels_of(seen="Rifle")]

    assert told == [("Violence", "", 1), ("Weapons", "Violence", 2)]


def test_an_explicit_picture_is_told_without_saying_more_than_the_network_knows() -> None:
    (label,) = labels_of(explicit=0.9)

    assert (label["Name"], label["Confidence"]) == ("Explicit", pytest.approx(90))


def test_under_half_sure_is_told_only_when_asked_for() -> None:
    assert labels_of(explicit=0.3) == []
    assert [label["Name"] for label in labels_of(explicit=0.3, MinConfidence=20)] == ["Explicit"]


@pytest.mark.parametrize("member", ["ProjectVersion", "HumanLoopConfig"])
def test_what_no_model_here_can_do_is_refused(member: str) -> None:
    with pytest.raises(RekognitionError, match=f"{member} is not available") as refused:
        labels_of(**{"explicit": 0.0, member: "arn"})  # type: ignore[arg-type]
    assert refused.value.code == "InvalidParameterException"


def test_every_category_has_a_place_and_its_classes_exist_once() -> None:
    assert CLASSES.keys() <= PARENTS.keys()
    assert {parent for parent in PARENTS.values() if parent} <= PARENTS.keys()
    for names in CLASSES.values():
        assert [TAXONOMY.imagenet.count(name) for name in names] == [1] * len(names)


@given(st.dictionaries(st.sampled_from(sorted(PARENTS)), st.floats(0, 1)))
def test_a_parent_is_as_sure_as_the_surest_under_it(chances: dict[str, float]) -> None:
    raised = with_parents(chances)

    for name, chance in chances.items():
        assert raised[name] >= chance
        if PARENTS[name]:
            assert raised[PARENTS[name]] >= chance
