"""Models that are loaded at the first call."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from local.rekognition.models import sessions
from local.rekognition.models.sessions import INSTALLED, MissingModelsError, installed_path
from local.rekognition.pictures import Picture
from local.rekognition.recognition import LateOperation, Networks, RealRecognition, load_look_at_faces

PICTURE = Image.new("RGB", (90, 90))


@dataclass(frozen=True)
class Echo:
    """An operation that says what it was asked."""

    name: str = "DetectText"

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        return dict(request)


def test_nothing_is_loaded_before_the_first_call() -> None:
    late = LateOperation("DetectText", lambda: pytest.fail("nobody has called"))

    assert not late.is_ready


def test_calls_at_the_same_time_load_once_and_are_all_answered() -> None:
    made: list[Echo] = []
    all_here = threading.Barrier(4)

    def make() -> Echo:
        made.append(Echo())
        return made[-1]

    late = LateOperation("DetectText", make)

    def call(number: int) -> dict[str, Any]:
        all_here.wait()
        return late.answer(PICTURE, {"Number": number})

    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(call, range(4)))

    assert answers == [{"Number": number} for number in range(4)]
    assert len(made) == 1
    assert late.is_ready


def test_models_that_cannot_be_loaded_are_tried_again_at_the_next_call() -> None:
    outcomes = iter([False, True])

    def make() -> Echo:
        if not next(outcomes):
            raise MissingModelsError("not there yet")
        return Echo()

    late = LateOperation("DetectText", make)

    with pytest.raises(MissingModelsError):
        late.answer(PICTURE, {})
    assert late.answer(PICTURE, {"Number": 1}) == {"Number": 1}


def test_operations_that_wait_for_their_first_call_are_told() -> None:
    late = LateOperation("DetectText", Echo)
    recognition = RealRecognition({"DetectText": late}, read_object=None, workers=1)  # type: ignore[arg-type]

    assert recognition.waiting() == ["DetectText"]
    late.answer(PICTURE, {})
    assert recognition.waiting() == []


def test_the_network_of_faces_is_missed_at_the_start_and_loaded_at_the_first_call(tmp_path: Path) -> None:
    with pytest.raises(MissingModelsError, match=r"no face-descriptors\.onnx in .*download_models"):
        load_look_at_faces(Networks(tmp_path))

    (tmp_path / "face-descriptors.onnx").write_bytes(b"not loaded yet")
    networks = Networks(tmp_path)

    assert load_look_at_faces(networks).name == "LookAtFaces"
    assert networks.names() == ()


def test_operations_on_faces_that_look_at_pictures_wait_for_their_first_call() -> None:
    late = LateOperation("LookAtFaces", Echo)
    recognition = RealRecognition({}, read_object=None, workers=1, look_at_faces=late)  # type: ignore[arg-type]

    assert recognition.waiting() == ["CompareFaces", "IndexFaces", "SearchFacesByImage", "SearchUsersByImage"]
    late.answer(PICTURE, {})
    assert recognition.waiting() == []


@pytest.mark.parametrize("name", INSTALLED)
def test_installed_models_are_found_without_importing_their_package(name: str) -> None:
    assert installed_path(name).is_file()


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "INSTALLED", {"dreams": ("no_such_package", "dreams.onnx")})

    with pytest.raises(MissingModelsError, match="no_such_package: install"):
        installed_path("dreams")
