"""The photos, the questions and the scores of `tests.search.measure`."""

import struct
import zlib

import numpy as np
import pytest

from tests.search.measure import by_labels, is_held_apart, label_terms, questions, scores
from tests.search.measure_recall import recall
from tests.search.photos import photos, resources


def test_questions_name_photos_that_are_there_and_both_halves_are_large() -> None:
    names = [photo.name for photo in photos()]
    assert len({photo.sha256 for photo in photos()}) == len(set(names)) == len(names) >= 200
    assert all(right and right <= set(names) for right in questions().values())
    apart = sum(map(is_held_apart, questions()))
    assert min(apart, len(questions()) - apart) >= 35


def test_scores_count_right_answers_where_they_are_found() -> None:
    ranks = {"cats": ["a", "b", "c"], "dogs": ["c", "a", "b"]}
    found = scores(ranks.__getitem__, {"cats": frozenset("a"), "dogs": frozenset("ab")})
    assert found == (50.0, 100.0, 100.0, 75.0)
    assert scores(lambda _: [], {"cats": frozenset("a")}) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("found", "share"),
    [
        ([0.9, 0.8, 0.7, 0.6], 1.0),
        ([0.9, 0.8000001, 0.7], 0.75),
        ([0.9, 0.8, 0.6], 0.5),
        ([], 0.0),
        ([0.9, 0.8, 0.7, 0.6, 0.5], 1.0),
    ],
)
def test_recall_is_of_the_best_in_their_order(found: list[float], share: float) -> None:
    assert recall(found, np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32), 4) == share


@pytest.mark.parametrize(
    ("question", "named"),
    [("my puppies", "puppy"), ("a hot air balloon", "hot air balloon"), ("old churches", "church")],
)
def test_a_question_names_labels_in_singular_and_of_several_words(question: str, named: str) -> None:
    assert any(named in term for term in label_terms(question))
    assert not any("a" in term for term in label_terms(question))


def test_labels_that_are_not_sure_enough_are_not_searched() -> None:
    answers = {
        "one": {"Labels": [{"Name": "Dog", "Confidence": 60.0}]},
        "two": {"Labels": [{"Name": "Dog", "Confidence": 90.0}, {"Name": "Cat", "Confidence": 20.0}]},
    }
    assert by_labels(answers, 55.0, "a dog") == ["two", "one"]
    assert by_labels(answers, 55.0, "cats") == []


def test_resources_are_read_by_path_packed_or_not() -> None:
    files = [b"plain", struct.pack(">I", 6) + zlib.compress(b"packed")]
    data, places = b"", []
    for file in files:
        places.append(len(data))
        data += struct.pack(">I", len(file)) + file
    names = b"".join(struct.pack(">HI", len(name), 0) + name.encode("utf-16-be") for name in ("a", "b"))
    tree = struct.pack(">IHII", 0, 2, 2, 1)
    tree += struct.pack(">IHHHI", 0, 0, 0, 0, places[0]) + struct.pack(">IHHHI", 8, 1, 0, 0, places[1])
    head = struct.pack(">4s4I", b"qres", 1, 20, 20 + len(tree), 20 + len(tree) + len(data))
    assert resources(head + tree + data + names) == {"a": b"plain", "b": b"packed"}
