"""How the stack gets to AWS."""

import re
from pathlib import Path

import pytest

from infra import app
from infra.app import CONTEXT_VARIABLE, typed_settings
from infra.bundles import FETCHED_PYTHONS, PYTHON_VERSION, ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from local.cloud.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.template import Template

MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_cdk_that_gets_credentials_is_of_one_version() -> None:
    """A range would run whatever was published last, with the rights to change the account."""
    assert re.findall(r"aws-cdk@(\S+)", MAKEFILE) == re.findall(r"aws-cdk@(\d+\.\d+\.\d+)\b", MAKEFILE)


def test_the_account_is_checked_with_the_settings_of_the_deployment_before_it() -> None:
    recipe = MAKEFILE.split("\ndeploy:")[1].split("\n\n")[0]
    assert recipe.index("imagepipe check $(SETTINGS)") < recipe.index("$(CDK) deploy $(SETTINGS)")


def test_make_fetches_lambdas_python_to_where_zips_are_made_with_it() -> None:
    recipe = MAKEFILE.split("\nlambda-python:")[1].split("\n\n")[0]
    where = FETCHED_PYTHONS.relative_to(ROOT)
    assert f"python install --no-bin --install-dir {where} {PYTHON_VERSION} " in recipe
    assert f"python{PYTHON_VERSION} --version" in recipe, "nothing is fetched where there is one"


def test_questions_have_a_concurrency_of_their_own_where_the_settings_say_so_and_nothing_else_has(
    synthesized: Synthesize,
) -> None:
    """Trap 10: reserving some for the processor would throttle what the queue sends it."""
    template = Template.of(synthesized({"query_reserved_concurrency": 20}))
    reserved = {
        name: function["Properties"].get("ReservedConcurrentExecutions")
        for name, function in template.all("AWS::Lambda::Function").items()
    }
    assert {name: number for name, number in reserved.items() if number} == {
        template.the("AWS::Lambda::Function", "Query")[0]: 20
    }


def test_sam_finds_the_code_of_each_function_as_a_zip_beside_the_template(
    aws_assembly: Assembly, template: Template
) -> None:
    """A folder it would build anew, by resolving requirements itself."""
    for function in template.all("AWS::Lambda::Function").values():
        assert function["Metadata"]["aws:asset:property"] == "Code"
        path = aws_assembly.directory / function["Metadata"]["aws:asset:path"]
        assert path.is_file()
        assert path.suffix == ".zip"


def test_no_name_is_written_into_the_template_that_two_stacks_could_both_want(template: Template) -> None:
    """CloudFormation makes names of the stack's and the logical id, where the template gives none."""
    names = {
        f"{resource['Type']} {name}"
        for resource in template.document["Resources"].values()
        for name, value in resource.get("Properties", {}).items()
        if re.fullmatch(r"\w*Name", name) and isinstance(value, str)
    }
    # These are names within the stack's own API, role, alarm or topic; an API's own name is only shown.
    assert names <= {
        "AWS::ApiGatewayV2::Api Name",
        "AWS::ApiGatewayV2::Stage StageName",
        "AWS::CloudWatch::Alarm MetricName",
        "AWS::IAM::Policy PolicyName",
        "AWS::SNS::Topic DisplayName",
    }


def test_alarms_watch_the_metrics_of_their_own_stack(template: Template) -> None:
    spaces = [alarm["Properties"]["Namespace"] for alarm in template.all("AWS::CloudWatch::Alarm").values()]
    ours = [space for space in spaces if not str(space).startswith("AWS/")]
    assert len(ours) > 0
    assert all(space == {"Ref": "AWS::StackName"} for space in ours)


@pytest.mark.parametrize(("given", "expected"), [([], "imagepipe"), (["-c", "stack=photos2"], "photos2")])
def test_the_stack_has_the_name_that_was_typed(
    given: list[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CONTEXT_VARIABLE, raising=False)
    assert DeploymentSettings.from_context(typed_settings(given).get).stack == expected


def test_settings_of_cdk_json_hold_where_nothing_else_was_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "cdk.json"
    file.write_text('{"context": {"detectors": "faces", "stack": "of-the-file"}}')
    monkeypatch.setattr(app, "CDK_FILE", file)
    monkeypatch.delenv(CONTEXT_VARIABLE, raising=False)

    assert typed_settings(["-c", "stack=typed"]) == {"detectors": "faces", "stack": "typed"}


@pytest.mark.parametrize("name", ["", "2nd", "under_score", "a" * 129, "a b"])
def test_a_name_that_no_stack_can_have_is_refused_before_anything_is_made(name: str) -> None:
    with pytest.raises(UnusableSettingsError, match="a letter, then"):
        DeploymentSettings.from_context({"stack": name}.get)


def test_what_is_no_setting_is_refused() -> None:
    with pytest.raises(UnusableSettingsError, match="NAME=VALUE"):
        typed_settings(["-c", "detectors"])


def test_stacks_of_two_names_have_the_same_template(synthesized: Synthesize, aws_assembly: Assembly) -> None:
    other = synthesized({"stack": "photos2"})
    assert (aws_assembly.stack, other.stack) == ("imagepipe", "photos2")
    assert other.template == aws_assembly.template
