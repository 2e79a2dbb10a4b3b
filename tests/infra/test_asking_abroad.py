"""Rekognition in several regions: what the template says of it, where it may be deployed, what is refused."""

import pytest

from contract.detectors import OPERATIONS, REGIONS
from contract.picture_usage import PictureWork, writes_a_second
from contract.regions import JURISDICTIONS, MAX_SENT_BYTES, STATELESS
from infra.processing import ABROAD_MEMORY_MB, MEMORY_MB
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template
from tests.infra.test_quotas import concurrency, settings
from tests.infra.test_regions import refusals

THREE = {"regions": "us-east-1,us-west-2,eu-west-1", "residency": "any"}
UNEVEN = {
    "regions": "us-east-1,us-west-2,us-west-1",
    "detectors": "labels",
    "quotas": "DetectLabels=80,us-west-2:DetectLabels=200",
}


@pytest.fixture(scope="module")
def three(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(THREE))


@pytest.fixture(scope="module")
def uneven(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(UNEVEN))


def refused(**context: str) -> str:
    with pytest.raises(UnusableSettingsError) as raised:
        DeploymentSettings.from_context(context.get)
    return str(raised.value)


def test_the_lines_abroad_are_told_nearest_first_and_the_sum_decides_how_many_work(three: Template) -> None:
    loaded = settings(three, "us-west-2")

    assert loaded.quotas == {"DetectLabels": 50, "DetectFaces": 100}
    assert list(loaded.regional_quotas.items()) == [
        ("us-east-1:DetectLabels", 50),
        ("us-east-1:DetectFaces", 100),
        ("eu-west-1:DetectLabels", 50),
        ("eu-west-1:DetectFaces", 100),
    ]
    assert concurrency(three, "us-west-2") == [30, 30]
    assert loaded.workers == 60


@pytest.mark.parametrize(
    ("home", "at_home", "abroad", "workers"),
    [
        ("us-east-1", 80, {"us-west-2:DetectLabels": 200, "us-west-1:DetectLabels": 5}, 57),
        ("us-west-2", 80, {"us-east-1:DetectLabels": 50, "us-west-1:DetectLabels": 5}, 27),
        ("us-west-1", 80, {"us-east-1:DetectLabels": 50, "us-west-2:DetectLabels": 200}, 66),
    ],
)
def test_quotas_that_are_set_are_those_of_home_or_of_the_region_that_is_named(
    uneven: Template, home: str, at_home: float, abroad: dict[str, float], workers: int
) -> None:
    loaded = settings(uneven, home)

    assert loaded.quotas == {"DetectLabels": at_home}
    assert loaded.regional_quotas == abroad
    assert concurrency(uneven, home) == [workers, workers]


def test_the_table_is_ready_for_the_sum(uneven: Template) -> None:
    """For the largest, that is where the small one of the three is home."""
    wanted = writes_a_second({"DetectLabels": 80 + 50 + 200}, PictureWork(1, 1))

    warm = uneven.properties("AWS::DynamoDB::Table")["WarmThroughput"]
    assert warm == {"WriteUnitsPerSecond": wanted.table}


def test_rekognition_may_be_called_in_those_regions_alone(three: Template) -> None:
    (statement,) = [
        found for found in three.statements_of("Processor") if "rekognition" in str(found["Action"])
    ]

    assert statement["Condition"] == {
        "StringEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2", "eu-west-1"]}
    }


def test_the_stack_is_deployed_to_one_of_the_regions(three: Template) -> None:
    assert not refusals(three, "eu-west-1")
    (said,) = refusals(three, "us-east-2")
    assert "names where photos may go" in said


def test_photos_that_are_sent_have_memory_and_an_alarm(three: Template) -> None:
    assert three.properties("AWS::Lambda::Function", "Processor")["MemorySize"] == ABROAD_MEMORY_MB
    alarm = three.properties("AWS::CloudWatch::Alarm", "RegionFailures")
    assert alarm["MetricName"] == "RegionFailures"


def test_nothing_of_it_is_there_unless_it_is_asked_for(template: Template) -> None:
    function = template.properties("AWS::Lambda::Function", "Processor")

    assert "REGIONAL_QUOTAS" not in function["Environment"]["Variables"]
    assert function["MemorySize"] == MEMORY_MB
    assert "Mappings" not in template.document
    assert not [name for name in template.all("AWS::CloudWatch::Alarm") if "Region" in name]
    assert "RequestedRegion" not in str(template.document)


def test_one_region_is_a_fence_and_nothing_more(synthesized: Synthesize, template: Template) -> None:
    fenced = Template.of(synthesized({"regions": "eu-west-1"}))

    assert "RequestedRegion" in str(list(fenced.statements_of("Processor")))
    assert refusals(fenced, "us-east-1")
    assert fenced.document["Resources"].keys() == template.document["Resources"].keys()


def test_photos_stay_within_one_jurisdiction_unless_it_is_said() -> None:
    said = refused(regions="eu-west-1,us-east-1,eu-central-1")

    assert "eu-west-1, eu-central-1 in the EU and us-east-1 in the United States" in said
    assert "residency" in said
    assert "the United Kingdom" in refused(regions="eu-west-1,eu-west-2")
    assert DeploymentSettings.from_context({"regions": "eu-west-1,eu-central-1"}.get).asks_abroad
    assert DeploymentSettings.from_context(THREE.get).asks_abroad


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"regions": "us-east-1,eu-north-1"}, "'eu-north-1', which is not known to have Rekognition"),
        ({"regions": "ca-central-1,us-east-1", "residency": "any"}, "ca-central-1, where Rekognition has no"),
        ({"regions": "us-east-1,us-east-1"}, "names one twice"),
        ({"regions": "us-east-1,us-gov-west-1", "residency": "any"}, "takes no calls of accounts of other"),
        ({"regions": "us-east-1", "residency": "eu"}, "residency is 'eu'"),
        ({"quotas": "us-west-2:DetectLabels=5"}, "quotas has us-west-2:DetectLabels=5"),
        ({"regions": "us-east-1,us-west-2", "concurrent_calls": "40"}, "concurrent_calls is 40"),
    ],
)
def test_regions_that_mean_nothing_are_refused(given: dict[str, str], said: str) -> None:
    assert said in refused(**given)


def test_every_region_that_has_rekognition_is_under_some_law() -> None:
    assert frozenset().union(*REGIONS.values()) == JURISDICTIONS.keys()


def test_bytes_are_bounded_as_botocore_knows_and_every_operation_was_looked_at() -> None:
    """What Rekognition takes is in its model; a new operation is asked at home until somebody has looked."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("rekognition")
    assert model.shape_for("ImageBlob").metadata["max"] == MAX_SENT_BYTES
    assert set(OPERATIONS.values()) >= STATELESS
