"""Detectors by prefix: what the file says is checked before anything is made, and told to the processor."""

import json
from pathlib import Path

import pytest

from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template


def written(folder: Path, text: str) -> dict[str, object]:
    file = folder / "detectors.toml"
    file.write_text(text)
    return {"detectors": "labels", "detectors_by_prefix": str(file)}


def test_all_that_is_asked_anywhere_counts_for_rights_quotas_and_regions(
    synthesized: Synthesize, tmp_path: Path
) -> None:
    context = written(tmp_path, "[prefixes]\n'shop/' = ['labels', 'image_properties']\n'site/' = ['faces']")
    template = Template.of(synthesized(context))
    variables = template.properties("AWS::Lambda::Function", "Processor")["Environment"]["Variables"]

    assert variables["DETECTORS"] == "labels"
    assert json.loads(variables["DETECTORS_BY_PREFIX"]) == {
        "shop/": ["labels", "image_properties"],
        "site/": ["faces"],
    }
    policies = json.dumps(template.document["Resources"])
    assert '"rekognition:DetectLabels", "rekognition:DetectFaces"' in policies
    (rule,) = template.document["Rules"].values()
    assert len(rule["Assertions"]) == 3


def test_a_function_is_told_nothing_of_it_where_it_is_off(template: Template) -> None:
    written = json.dumps(template.document)
    assert "DETECTORS_BY_PREFIX" not in written
    assert "CUSTOM_LABELS_MODEL" not in written


def test_moderation_below_a_prefix_keeps_answers_of_strangers_apart(tmp_path: Path) -> None:
    strangers = {"api_access": "open", "uploads": "true"}
    context = written(tmp_path, "[prefixes]\n'posts/' = ['moderation']")

    assert not DeploymentSettings.from_context((context | strangers).get).answers_are_shared


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "none.toml"
    with pytest.raises(
        UnusableSettingsError, match=r"^detectors_by_prefix names '.*none.toml', which cannot"
    ):
        DeploymentSettings.from_context({"detectors_by_prefix": str(file)}.get)


def test_what_is_wrong_in_the_file_is_told_with_the_other_faults(tmp_path: Path) -> None:
    context = written(tmp_path, "[prefixes]\n'a/' = ['dreams']") | {"batch_size": "0"}

    with pytest.raises(UnusableSettingsError) as refused:
        DeploymentSettings.from_context(context.get)

    faults = str(refused.value).splitlines()
    assert len(faults) == 2
    assert faults[0].startswith(f"{tmp_path}/detectors.toml has 'a/' = [\"dreams\"]; write a list")


MODEL = "arn:aws:rekognition:eu-west-1:123456789012:project/cups/version/cups.1/1769860800000"


def test_a_model_may_be_asked_and_no_other_and_only_where_it_is(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({"detectors": "custom_labels", "custom_labels_model": MODEL}))
    variables = template.properties("AWS::Lambda::Function", "Processor")["Environment"]["Variables"]
    statements = [
        statement
        for policy in template.document["Resources"].values()
        if policy["Type"] == "AWS::IAM::Policy"
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "rekognition:" in json.dumps(statement["Action"])
    ]
    (rule,) = template.document["Rules"].values()
    asserted = rule["Assertions"][-1]

    assert variables["CUSTOM_LABELS_MODEL"] == MODEL
    assert [(each["Action"], each["Resource"]) for each in statements] == [
        ("rekognition:DetectCustomLabels", MODEL)
    ]
    assert asserted["Assert"] == {"Fn::Contains": [["eu-west-1"], {"Ref": "AWS::Region"}]}
    assert asserted["AssertDescription"] == (
        "The setting 'custom_labels_model' names a model in eu-west-1, and it can be asked nowhere else; "
        "deploy there, or copy it (aws rekognition copy-project-version) and name the copy"
    )


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (
            {"custom_labels_model": MODEL},
            "custom_labels_model is of use only where detectors has custom_labels",
        ),
        (
            {"detectors": "custom_labels", "custom_labels_model": MODEL.replace("/version", "/models")},
            f"custom_labels_model is '{MODEL.replace('/version', '/models')}'; the detector custom_labels "
            "needs the ARN of a version of a model, as in "
            "arn:aws:rekognition:eu-west-1:123456789012:project/cups/version/cups.1/1769860800000",
        ),
        (
            {"detectors": "labels,custom_labels"},
            "custom_labels_model is ''; the detector custom_labels needs the ARN of a version of a model, "
            "as in "
            "arn:aws:rekognition:eu-west-1:123456789012:project/cups/version/cups.1/1769860800000",
        ),
    ],
)
def test_a_model_without_its_detector_and_a_detector_without_its_model_are_refused(
    given: dict[str, object], fault: str
) -> None:
    with pytest.raises(UnusableSettingsError) as refused:
        DeploymentSettings.from_context(given.get)

    assert str(refused.value) == fault


def test_scenes_are_refused_with_it(tmp_path: Path) -> None:
    context = written(tmp_path, "[prefixes]\n'a/' = ['text']") | {"scenes": "true"}

    with pytest.raises(UnusableSettingsError) as refused:
        DeploymentSettings.from_context(context.get)

    assert str(refused.value) == (
        "scenes and detectors_by_prefix do not go together: photos of one scene may be below prefixes with "
        "other detectors, and then have no answers for each other; leave out one of them"
    )
