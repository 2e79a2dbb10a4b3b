"""SnapStart of the query function: off, nothing of it; on, the API asks a version that has a snapshot."""

import pytest

from infra.settings import DeploymentSettings
from operations.costs import QUERY_MEMORY_GB
from tests.infra.conftest import Synthesize
from tests.infra.template import Template, target

ON = {"snapstart": "true"}
FUNCTION, VERSION, ALIAS = "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"


@pytest.fixture(scope="module")
def snapstart_template(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(ON))


def test_it_is_off_unless_it_is_chosen(template: Template) -> None:
    assert DeploymentSettings().snapstart is False
    assert not template.all(VERSION)
    assert not template.all(ALIAS)
    assert "SnapStart" not in str(template.document)


def test_the_query_function_has_it_and_no_other(snapstart_template: Template) -> None:
    """The processor and the tally work through queues and a stream, where nobody waits for a cold start."""
    with_snapshots = {
        name: function["Properties"]["SnapStart"]
        for name, function in snapstart_template.all(FUNCTION).items()
        if "SnapStart" in function["Properties"]
    }
    query, _ = snapstart_template.the(FUNCTION, "Query")
    assert with_snapshots == {query: {"ApplyOn": "PublishedVersions"}}


def test_the_function_is_one_that_may_have_it(snapstart_template: Template) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html#snapstart-runtimes"""
    function = snapstart_template.properties(FUNCTION, "Query")
    assert function["Runtime"] == "python3.13", "3.12 or newer"
    assert not {"FileSystemConfigs", "EphemeralStorage", "ImageConfig"} & function.keys()
    for kind in (VERSION, ALIAS):
        assert "ProvisionedConcurrencyConfig" not in snapstart_template.properties(kind)


def test_the_api_asks_the_version_by_an_alias_and_may(snapstart_template: Template) -> None:
    """$LATEST has no snapshot; a permission for the function alone is none for its alias."""
    alias, resource = snapstart_template.the(ALIAS)
    version, published = snapstart_template.the(VERSION)
    query, _ = snapstart_template.the(FUNCTION, "Query")

    assert resource["Properties"]["FunctionName"] == {"Ref": query}
    assert published["Properties"]["FunctionName"] == {"Ref": query}
    assert target(resource["Properties"]["FunctionVersion"]) == version
    integration = snapstart_template.properties("AWS::ApiGatewayV2::Integration")
    assert integration["IntegrationUri"] == {"Ref": alias}
    allowed = [
        permission["Properties"]["FunctionName"]
        for permission in snapstart_template.all("AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
    ]
    assert allowed
    assert all(name == {"Ref": alias} for name in allowed)


def test_nothing_else_of_the_stack_is_different(template: Template, snapstart_template: Template) -> None:
    """Alarms, reserved concurrency, the log group and the role are those of the function, in all versions.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    touched = {"AWS::ApiGatewayV2::Integration", "AWS::Lambda::Permission", VERSION, ALIAS}
    query, _ = template.the(FUNCTION, "Query")

    def untouched(of: Template) -> dict[str, object]:
        resources = of.document["Resources"].items()
        others = {name: each for name, each in resources if each["Type"] not in touched and name != query}
        # The permission has another name, and the stage waits for it.
        return {
            name: {**each, "DependsOn": sorted(set(each.get("DependsOn", ())) & others.keys())}
            for name, each in others.items()
        }

    assert untouched(snapstart_template) == untouched(template)
    before, after = (each.properties(FUNCTION, "Query") for each in (template, snapstart_template))
    assert {name: value for name, value in after.items() if name != "SnapStart"} == before
    assert snapstart_template.document["Outputs"] == template.document["Outputs"]


def test_what_a_version_holds_makes_a_new_one_when_it_changes(synthesized: Synthesize) -> None:
    """What it does not hold must not: Lambda publishes no version like the last, and the deployment fails."""

    def version(**settings: object) -> str:
        return Template.of(synthesized({**ON, **settings})).the(VERSION)[0]

    assert version(uploads="false") != version(), "a variable"
    assert version(query_reserved_concurrency=20) == version()
    assert version(log_retention_days=7) == version()


def test_old_versions_go_with_their_snapshots_for_each_is_paid_for(snapstart_template: Template) -> None:
    _, version = snapstart_template.the(VERSION)
    assert version.get("DeletionPolicy", "Delete") == "Delete"
    assert version.get("UpdateReplacePolicy", "Delete") == "Delete"


def test_the_cost_model_knows_the_memory_that_is_kept(template: Template) -> None:
    assert template.properties(FUNCTION, "Query")["MemorySize"] == QUERY_MEMORY_GB * 1024
