"""Which labels of an answer a vector is made of, and how much each counts."""

from contract.meaning import MOST_LABELS, labels_in


def label(name: str, confidence: float, *parents: str) -> dict[str, object]:
    return {"Name": name, "Confidence": confidence, "Parents": [{"Name": parent} for parent in parents]}


def test_a_label_counts_by_the_root_of_how_sure_it_is_and_half_where_another_is_more_exact() -> None:
    answer = {"Labels": [label("Animal", 100), label("Dog", 81, "Animal"), label("Ball", 25)]}
    assert labels_in(answer) == [("Animal", 5.0), ("Dog", 9.0), ("Ball", 5.0)]


def test_labels_that_are_not_sure_make_no_other_too_general() -> None:
    answer = {"Labels": [label("Animal", 64), label("Cat", 9.9, "Animal")]}
    assert labels_in(answer) == [("Animal", 8.0)]


def test_no_more_than_the_surest_labels_count() -> None:
    answer = {"Labels": [label(f"Label {number}", number) for number in range(20, 100)]}
    assert [name for name, _ in labels_in(answer)][:1] == ["Label 99"]
    assert len(labels_in(answer)) == MOST_LABELS
