"""Settings as environment variables."""

from __future__ import annotations

import pytest

from contract import environment
from contract.errors import SettingsError
from contract.settings import ProcessorSettings

SETTINGS = ProcessorSettings("photos", "images", "arn:topic", ("labels",), concurrent_calls=3)


def test_what_is_written_is_read_back() -> None:
    assert environment.load(ProcessorSettings, environment.dump(SETTINGS)) == SETTINGS


def test_all_that_is_missing_or_malformed_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        environment.load(ProcessorSettings, {"TOPIC_ARN": "arn:topic", "CONCURRENT_CALLS": "many"})

    assert raised.value.faults == [
        "BUCKET_NAME is not set",
        "TABLE_NAME is not set",
        "CONCURRENT_CALLS is 'many', which is not of type int",
    ]


def test_an_unknown_detector_is_refused_with_the_choice_there_is() -> None:
    with pytest.raises(
        SettingsError, match="DETECTORS is 'labels,smells'; choose one or more of labels, faces"
    ):
        environment.load(ProcessorSettings, {**environment.dump(SETTINGS), "DETECTORS": "labels,smells"})
