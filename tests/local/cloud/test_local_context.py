"""What a deployment on this machine is given, whatever is switched off."""

import pytest

from infra.settings import DeploymentSettings
from local.cloud.assembly import local_context


@pytest.mark.parametrize("given", [{"pictures": "false"}, {"people": "false"}, {"detectors": "labels"}])
def test_what_is_switched_off_takes_along_what_is_of_no_use_without_it(given: dict[str, object]) -> None:
    settings = DeploymentSettings.from_context(local_context(given).get)

    assert not settings.people
    assert "DetectLabels" in settings.quotas
