"""Settings as environment variables."""

import pytest

from contract.environment import dump, load
from contract.errors import SettingsError
from contract.settings import ProcessorSettings

SETTINGS = ProcessorSettings(
    bucket_name="photos",
    table_name="images",
    topic_arn="arn:topic",
    queue_url="https://queue",
    dead_letter_queue_url="https://dead",
    bulk_queue_url="https://bulk",
    bulk_dead_letter_queue_url="https://bulk-dead",
    detectors=("labels",),
    concurrent_calls=3,
)


def test_what_is_written_is_read_back() -> None:
    assert load(ProcessorSettings, dump(SETTINGS)) == SETTINGS


def test_all_that_is_missing_or_malformed_is_said_at_once() -> None:
    urls = {name: value for name, value in dump(SETTINGS).items() if name.endswith(("_URL", "_ARN"))}
    with pytest.raises(SettingsError) as raised:
        load(ProcessorSettings, {"CONCURRENT_CALLS": "many"} | urls)

    assert raised.value.faults == [
        "BUCKET_NAME is not set",
        "TABLE_NAME is not set",
        "CONCURRENT_CALLS is 'many', which is not of type int",
    ]


def test_an_unknown_detector_is_refused_with_the_choice_there_is() -> None:
    with pytest.raises(
        SettingsError, match="DETECTORS is 'labels,smells'; choose one or more of labels, faces"
    ):
        load(ProcessorSettings, {**dump(SETTINGS), "DETECTORS": "labels,smells"})
