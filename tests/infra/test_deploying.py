"""How the stack gets to AWS."""

import re

from infra.bundles import FETCHED_PYTHONS, PYTHON_VERSION, ROOT
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
