"""The film that `verify` tries a deployment with is one, and is tried where films are taken."""

import pytest

from operations.verifying.checks import checks_of
from operations.verifying.film import SECONDS, film_of
from operations.verifying.target import find_photos, marked
from processors.pictures.formats import film_format
from tests.processors.films.clips import OneFilm


@pytest.mark.parametrize("number", range(2))
def test_a_photo_becomes_a_film_that_is_decoded(number: int) -> None:
    photo = marked(find_photos(None)[number], "a run")
    content = film_of(photo)
    assert film_format(content) == "AVI"
    film = OneFilm(content)

    facts = film.ask()["photo"]
    (frame,) = film.slice(0, SECONDS * 1000, SECONDS * 1000).frames

    assert (facts["duration_seconds"], frame.first) == (SECONDS, 0)
    assert min(facts["width"], facts["height"]) > 100


def test_films_are_tried_where_they_are_taken_and_before_everything_is_asked_for() -> None:
    names = [check.name for check in checks_of(takes_films=True)]

    assert names[-3:] == ["film", "answers", "completions"]
    assert "film" not in [check.name for check in checks_of(takes_films=False)]
