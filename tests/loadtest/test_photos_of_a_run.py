"""What is put in, what has ended, and what was paid for twice."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.arithmetic import Window
from loadtest.outcome import dollars, rates
from loadtest.photos import PhotoTracker, PhotoUpload, TrackedPhoto, uploads
from loadtest.scenario import Phase
from loadtest.verifying import calls_too_many


def bodies() -> Iterator[bytes]:
    return (str(number).encode() for number in count())


def drawn(phase: Phase) -> list[PhotoUpload]:
    return list(uploads(phase, "loadtest/run/", bodies(), 0))


def photo(key: str, content: int = 0, sent_at: float = 0.0) -> TrackedPhoto:
    return TrackedPhoto(key, "photos", content, sent_at)


def test_every_photo_is_distinct_unless_the_scenario_says_otherwise() -> None:
    made = drawn(Phase("photos", 50))

    assert len({upload.body for upload in made}) == len({upload.key for upload in made}) == 50


@given(st.integers(1, 200), st.floats(0, 0.9))
def test_duplicates_have_the_bytes_of_an_earlier_photo_and_are_as_many_as_asked(
    photos: int, share: float
) -> None:
    made = drawn(Phase("photos", photos, duplicates=share))

    distinct = {upload.body for upload in made}
    assert len(made) == photos
    assert len({upload.content for upload in made}) == len(distinct)
    assert len({(upload.content, upload.body) for upload in made}) == len(distinct)
    if share <= 0.5:  # each can be repeated once
        assert photos - len(distinct) == pytest.approx(photos * share, abs=2)


def test_a_photo_that_ends_before_it_was_noted_has_ended() -> None:
    tracker = PhotoTracker()
    tracker.ended({"key": "a", "status": "recognized", "labels": [{}, {}]}, 1.0)
    tracker.sent(photo("a", sent_at=1.1))

    (ended,) = tracker.photos()
    assert (ended.ended_at, ended.latency_seconds, ended.labels) == (1.0, 0.0, 2)
    assert tracker.counts() == (1, 1)


def test_a_completion_that_comes_twice_counts_once() -> None:
    tracker = PhotoTracker()
    tracker.sent(photo("a"))

    heard = [tracker.ended({"key": "a", "status": "recognized"}, at) for at in (2.0, 3.0)]

    assert heard == [True, False]
    assert tracker.photos()[0].latency_seconds == 2.0


def test_a_phase_is_over_when_all_its_photos_have_ended() -> None:
    tracker = PhotoTracker()
    tracker.sent(photo("a"))
    tracker.ended({"key": "a", "status": "rejected", "rejection": {"code": "InvalidImageFormat"}}, 2.0)

    assert not tracker.is_over("photos", 2)
    tracker.sent(photo("b"))
    assert not tracker.is_over("photos", 2)
    tracker.ended({"key": "b", "status": "recognized"}, 3.0)
    assert tracker.is_over("photos", 2)


def test_calls_beyond_one_a_content_are_counted_over_all_keys_of_it() -> None:
    photos = [photo("a", 1), photo("b", 1), photo("c", 2)]
    calls = {
        "DetectLabels": {"bucket/a": 1, "bucket/b": 1, "bucket/c": 1, "bucket/of somebody else": 9},
        "DetectFaces": {"bucket/a": 1, "bucket/c": 3},
    }

    assert calls_too_many(calls, "bucket", photos) == 1 + 2


def test_rates_are_over_the_run_and_over_steady_state() -> None:
    photos = [TrackedPhoto(str(at), "photos", at, 0.0, float(at)) for at in range(1, 11)]

    assert rates(photos, Window(2.0, 6.0)) == (1.0, 5 / 4)
    assert rates([], None) == (0.0, None)


def test_a_million_photos_cost_their_calls_and_what_the_model_says() -> None:
    found = dollars({"DetectLabels": 10}, 10, 100)
    fewer = dollars({"DetectLabels": 5}, 10, 100)

    assert found is not None
    assert fewer is not None
    assert (found.rekognition, fewer.rekognition) == (1000.0, 500.0)
    assert found.everything_else is not None
    assert found.everything_else > 0
    assert dollars({"DetectLabels": 0}, 0, 0) is None
