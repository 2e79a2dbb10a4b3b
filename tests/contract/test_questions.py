"""Operations know what was paid for by the same fingerprints as the processor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.detectors import DETECTORS
from contract.questions import questions
from contract.settings import ProcessorSettings
from processors.detectors import chosen
from tests.processors.world import SETTINGS


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, detectors=DETECTORS),
        replace(SETTINGS, detectors=("labels",), max_labels=10, min_label_confidence_percent=55.5),
    ],
    ids=["all", "others"],
)
def test_questions_are_what_the_processor_asks(settings: ProcessorSettings) -> None:
    asked = questions(settings)

    assert {name: question.fingerprint for name, question in asked.items()} == {
        name: detector.fingerprint for name, detector in chosen(settings).items()
    }
    assert [question.operation for question in asked.values()] == [
        detector.operation for detector in chosen(settings).values()
    ]
