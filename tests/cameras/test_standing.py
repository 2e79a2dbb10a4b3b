"""What stands before a camera all along is no news, and what has left is forgotten."""

import pytest

from contract.cameras import cells_of
from contract.sightings import PictureBox, Sighting
from processors.cameras.standing import MOST_MISSED, StandingState, seen_anew

PLACE = PictureBox(0.05, 0.6, 0.1, 0.2)
STATUE = Sighting("Person", 90.0, PLACE)
# A detector sees it a little elsewhere each time.
AGAIN = Sighting("Person", 70.0, PictureBox(0.06, 0.61, 0.1, 0.2))
DOG = Sighting("Dog", 90.0, PictureBox(0.0, 0.5, 0.25, 0.3))
NOTHING, BEFORE_IT = frozenset[int](), frozenset(cells_of(DOG.box))


def looked(*looks: tuple[tuple[Sighting, ...], frozenset[int]]) -> tuple[StandingState, tuple[Sighting, ...]]:
    """Return what is known after looks, one after the other, and what was new in the last."""
    state, new = StandingState(), tuple[Sighting, ...]()
    for at, (seen, changed) in enumerate(looks, 1):
        state, new = seen_anew(state, seen, changed, float(at))
    return state, new


def test_who_walks_before_a_statue_is_news_and_the_statue_is_none() -> None:
    assert looked(((STATUE,), NOTHING), ((DOG, AGAIN), BEFORE_IT))[1] == (DOG,)


def test_who_comes_to_where_nothing_stood_is_news() -> None:
    assert looked(((STATUE,), BEFORE_IT))[1] == (STATUE,)


def test_another_label_in_its_place_is_news() -> None:
    cat = Sighting("Cat", 90.0, PLACE)
    assert looked(((STATUE,), NOTHING), ((cat,), BEFORE_IT))[1] == (cat,)


@pytest.mark.parametrize(("missed", "is_news"), [(MOST_MISSED - 1, False), (MOST_MISSED, True)])
def test_it_is_forgotten_when_it_was_missed_too_often(missed: int, is_news: bool) -> None:
    looks = [((STATUE,), NOTHING), *[((), NOTHING)] * missed, ((STATUE,), BEFORE_IT)]
    assert bool(looked(*looks)[1]) == is_news


def test_a_look_that_finds_it_starts_counting_anew() -> None:
    missed: list[tuple[tuple[Sighting, ...], frozenset[int]]] = [((), NOTHING)] * (MOST_MISSED - 1)
    looks = [((STATUE,), NOTHING), *missed, ((AGAIN,), NOTHING), *missed, ((STATUE,), BEFORE_IT)]
    assert looked(*looks)[1] == ()


def test_a_car_that_has_left_and_comes_back_to_the_same_place_is_news() -> None:
    assert looked(((STATUE,), NOTHING), ((), BEFORE_IT), ((STATUE,), BEFORE_IT))[1] == (STATUE,)


def test_a_detector_that_misses_it_behind_somebody_has_not_lost_it() -> None:
    assert looked(((STATUE,), NOTHING), ((DOG,), BEFORE_IT), ((DOG, STATUE), BEFORE_IT))[1] == (DOG,)


def test_a_picture_from_before_it_stood_there_is_not_held_against_it() -> None:
    state, _ = seen_anew(StandingState(), (STATUE,), NOTHING, 100.0)
    assert seen_anew(state, (STATUE,), BEFORE_IT, 50.0) == (state, (STATUE,))


def test_a_picture_that_comes_twice_counts_once() -> None:
    state, _ = seen_anew(StandingState(), (STATUE,), NOTHING, 100.0)
    once, _ = seen_anew(state, (), NOTHING, 110.0)
    assert seen_anew(once, (), NOTHING, 110.0)[0] == once
