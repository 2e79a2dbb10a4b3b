"""That the run of mutants breaks what it says, and chooses the tests that can notice."""

from pathlib import Path

import pytest

from tests.mutants import choosing, sampling
from tests.mutants.choosing import Choice
from tests.mutants.guards import read_guards
from tests.mutants.page import SAMPLE_HEADING, Tried, guards_part, sample_part
from tests.mutants.sampling import draw, read_equivalent

SOURCE = """\
LIMIT = 3


def taken(
    count: int,
) -> bool:
    if (
        count < LIMIT
    ):
        return True
    return False
"""


@pytest.fixture
def drawn_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract/taking.py").write_text(SOURCE)
    monkeypatch.setattr(sampling, "ROOT", tmp_path)
    return tmp_path


def test_every_guard_is_where_it_is_said_to_be() -> None:
    assert read_guards()


@pytest.mark.usefixtures("drawn_from")
def test_equal_seeds_are_equal_samples() -> None:
    every = {mutation.key for mutation in draw(1_000, seed=1)}
    some = [mutation.key for mutation in draw(3, seed=1)]

    assert ("contract/taking.py", "count < LIMIT", "count <= LIMIT") in every
    assert ("contract/taking.py", "LIMIT = 3", "LIMIT = 4") in every
    assert [mutation.key for mutation in draw(3, seed=1)] == some
    assert len(set(some)) == 3
    assert {tuple(key.key for key in draw(3, seed)) for seed in range(9)} != {tuple(some)}


@pytest.mark.usefixtures("drawn_from")
def test_a_mutation_says_where_it_is() -> None:
    found = {mutation.key[1:]: mutation for mutation in draw(1_000, seed=1)}
    mutation = found["count < LIMIT", "count <= LIMIT"]

    assert (mutation.line, list(mutation.lines)) == (8, [8])
    assert mutation.source == SOURCE.replace("<", "<=")


def test_what_cast_is_told_of_a_type_is_left_alone(drawn_from: Path) -> None:
    (drawn_from / "contract/taking.py").write_text('LIMIT = cast("int", 3)\n')

    assert {mutation.becomes for mutation in draw(1_000, seed=1)} == {
        "LIMIT = None",
        'LIMIT = cast("int", 4)',
        'LIMIT = cast("int", None)',
        'LIMIT = cast("int", )',
        "LIMIT = cast(3)",
    }


@pytest.fixture
def choice(drawn_from: Path, monkeypatch: pytest.MonkeyPatch) -> Choice:
    (drawn_from / "tests/contract").mkdir(parents=True)
    (drawn_from / "tests/contract/test_a.py").write_text("")
    (drawn_from / "tests/contract/test_b.py").write_text("assert 2 < LIMIT\n")
    monkeypatch.setattr(choosing, "ROOT", drawn_from)
    choice = Choice.__new__(Choice)
    choice.seconds = {
        "tests/contract/test_a.py::slow": 3,
        "tests/contract/test_a.py::fast": 1,
        "tests/contract/test_b.py::other": 2,
    }
    choice.lines = {
        "contract/taking.py": {
            1: {""},
            4: {""},
            7: {"tests/contract/test_a.py::slow", "tests/contract/test_a.py::fast"},
            11: {"tests/contract/test_a.py::slow"},
        }
    }
    return choice


def test_those_tests_are_run_that_run_the_statement_the_quickest_first(choice: Choice) -> None:
    inside = choice.run_for("contract/taking.py", SOURCE, [8])
    assert inside is not None
    assert inside.chosen == ["tests/contract/test_a.py::fast", "tests/contract/test_a.py::slow"]
    assert inside.paths == ["tests/contract/test_a.py"]
    assert choice.run_for("contract/taking.py", SOURCE, [10]) is None


def test_what_no_test_runs_itself_is_for_those_that_name_its_module(choice: Choice, drawn_from: Path) -> None:
    (drawn_from / "tests/contract/test_b.py").write_text('run("-m", "contract.taking")\n')

    elsewhere = choice.run_for("contract/taking.py", SOURCE, [10])

    assert elsewhere is not None
    assert elsewhere.chosen == ["tests/contract/test_b.py::other"]


def test_a_constant_is_tried_by_the_tests_that_run_or_hold_a_line_with_its_name(choice: Choice) -> None:
    at_import = choice.run_for("contract/taking.py", SOURCE, [1])

    assert at_import is not None
    assert at_import.chosen == [
        "tests/contract/test_a.py::fast",
        "tests/contract/test_b.py::other",
        "tests/contract/test_a.py::slow",
    ]


def test_a_member_of_a_class_is_tried_by_the_tests_that_hold_it_or_its_class(choice: Choice) -> None:
    source = "class LIMIT:\n    COUNT = 3\n"

    member = choice.run_for("contract/taking.py", source, [2])

    assert member is not None
    assert member.chosen[:2] == ["tests/contract/test_a.py::fast", "tests/contract/test_b.py::other"]


def test_the_page_counts_by_room_and_leaves_out_what_is_equivalent() -> None:
    tried = [
        Tried("contract/a.py", 1, "a = 1", "a = 2", ["tests/contract/test_a.py::test_a"]),
        Tried("contract/a.py", 2, "b | c", "b & c", []),
        Tried("contract/a.py", 3, "same", "the same", []),
    ]

    text = sample_part(tried, {tried[2].key: "it is the same"}, seed=7)

    assert "| it is guarded | **nobody** |" in guards_part({"it is guarded": []})
    assert text.startswith(SAMPLE_HEADING)
    assert "| `contract` | 2 | 1 | 50% |" in text
    assert "| contract/a.py:2 | `` b \\| c `` | `` b & c `` |" in text
    assert "the same |" not in text


def test_what_is_listed_as_equivalent_has_its_reason() -> None:
    assert all(why for why in read_equivalent().values())
