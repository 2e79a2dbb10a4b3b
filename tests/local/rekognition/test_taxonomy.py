"""Names and kinds."""

import numpy as np
import pytest

from local.rekognition.detect_labels import load_taxonomy
from local.rekognition.taxonomy_make import ancestors, title

TAXONOMY = load_taxonomy()


def test_every_class_of_both_networks_has_a_name() -> None:
    assert len(TAXONOMY.imagenet) == 1000
    assert len(TAXONOMY.coco) == 80
    assert {*TAXONOMY.imagenet, *TAXONOMY.coco} <= set(TAXONOMY.labels)


def test_every_parent_is_a_label_and_no_label_is_its_own_parent() -> None:
    for name, parents in TAXONOMY.parents.items():
        assert set(parents) <= set(TAXONOMY.labels), name
        assert name not in parents


def test_the_parents_of_a_parent_are_parents() -> None:
    for name, parents in TAXONOMY.parents.items():
        for parent in parents:
            assert set(TAXONOMY.parents[parent]) <= set(parents), name


@pytest.mark.parametrize(
    ("name", "parents"),
    [
        ("German Shepherd", {"Animal", "Canine", "Dog", "Mammal", "Pet"}),
        ("Hen", {"Animal", "Bird", "Chicken", "Poultry"}),
        ("Espresso", {"Beverage", "Coffee", "Coffee Cup", "Cup", "Food", "Tableware"}),
        ("Cow", {"Animal", "Cattle", "Livestock", "Mammal"}),
        ("Castle", {"Architecture", "Building"}),
        ("Person", set()),
    ],
)
def test_things_are_of_the_kinds_that_rekognition_gives_them(name: str, parents: set[str]) -> None:
    assert set(TAXONOMY.parents[name]) == parents


def test_an_animal_counts_for_each_of_its_kinds() -> None:
    probabilities = np.zeros(1000, dtype=np.float32)
    probabilities[TAXONOMY.imagenet.index("German Shepherd")] = 1

    sums = dict(zip(TAXONOMY.labels, TAXONOMY.sums(probabilities), strict=True))

    seen = {label for label, value in sums.items() if value}
    assert seen == {
        "German Shepherd",
        *TAXONOMY.parents["German Shepherd"],
    }


def test_names_are_written_as_titles() -> None:
    assert title("kite (bird of prey)") == "Kite"
    assert title("handrail / baluster") == "Handrail"
    assert title("St. Bernard") == "St. Bernard"


def test_ancestors_come_nearest_first_without_repeats() -> None:
    parents = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": ["a"]}

    assert ancestors("a", parents) == ["b", "c", "d"]
