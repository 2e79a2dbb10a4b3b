"""The quota and the number of workers, in the region that the template is deployed to."""

import pytest

from contract.environment import load
from contract.settings import ProcessorSettings
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template


def settings(template: Template, region: str) -> ProcessorSettings:
    properties = template.properties("AWS::Lambda::Function", "Processor")
    variables = properties["Environment"]["Variables"]
    values = {name: template.in_region(value, region) for name, value in variables.items()}
    texts = {
        name: value if isinstance(value, str) else "https://queue/of/it" for name, value in values.items()
    }
    return load(ProcessorSettings, texts)


def concurrency(template: Template, region: str) -> list[int]:
    bounds = [reader["ScalingConfig"]["MaximumConcurrency"] for reader in template.queue_readers()]
    return [int(template.in_region(bound, region)) for bound in bounds]


def test_a_large_region_has_fifty_calls_a_second_and_workers_to_make_them(template: Template) -> None:
    loaded = settings(template, "eu-west-1")

    assert loaded.quotas == {"DetectLabels": 50, "DetectFaces": 100}
    assert concurrency(template, "eu-west-1") == [10, 10]
    assert loaded.workers == 20


def test_any_other_region_has_five(template: Template) -> None:
    loaded = settings(template, "eu-central-1")

    assert loaded.quotas == {"DetectLabels": 5, "DetectFaces": 25}
    assert concurrency(template, "eu-central-1") == [2, 2]
    assert loaded.workers == 4


def test_a_quota_that_was_raised_is_a_setting_and_brings_its_workers(synthesized: Synthesize) -> None:
    raised = Template.of(synthesized({"detectors": "labels", "quotas": "DetectLabels=500", "batch_size": 20}))

    assert settings(raised, "eu-central-1").quotas == {"DetectLabels": 500}
    assert concurrency(raised, "eu-central-1") == [50, 50]


@pytest.mark.parametrize("quotas", ["DetectSmells=5", "DetectLabels=0", "DetectLabels", "DetectLabels=fast"])
def test_quotas_that_mean_nothing_are_refused(quotas: str) -> None:
    with pytest.raises(UnusableSettingsError, match="quotas"):
        DeploymentSettings.from_context({"quotas": quotas}.get)
