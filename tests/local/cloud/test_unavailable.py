"""Detectors for which there is no model here: refused in words before anything is begun."""

from pathlib import Path

import pytest

from contract.detectors import DETECTORS, OPERATIONS
from local.cloud.environment import LocalCloudError
from local.unavailable import UNAVAILABLE, require_models

DONE = {"DetectLabels", "DetectFaces", "DetectModerationLabels", "DetectText"}


def test_every_operation_is_done_here_or_known_not_to_be() -> None:
    assert set(OPERATIONS.values()) <= DONE | UNAVAILABLE
    assert not DONE & UNAVAILABLE


def test_one_that_has_no_model_is_refused_by_its_name() -> None:
    with pytest.raises(LocalCloudError) as refused:
        require_models({"detectors": "labels,celebrities"})

    assert str(refused.value) == (
        "the local Rekognition has no model for celebrities, and makes no answers up; leave it out of "
        "detectors and detectors_by_prefix here"
    )


def test_so_is_one_below_a_prefix(tmp_path: Path) -> None:
    file = tmp_path / "detectors.toml"
    file.write_text("[prefixes]\n'site/' = ['labels', 'protective_equipment', 'celebrities']")

    with pytest.raises(
        LocalCloudError, match=r"no model for protective_equipment, celebrities, .* leave them"
    ):
        require_models({"detectors_by_prefix": str(file)})


def test_what_has_a_model_passes_and_what_is_wrong_with_settings_others_tell() -> None:
    require_models({})
    require_models({"detectors": ",".join(name for name in DETECTORS if OPERATIONS[name] in DONE)})
    require_models({"detectors": "dreams", "detectors_by_prefix": "/nowhere.toml"})
