from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.assembly import LOCAL_CONTEXT, STACK_NAME, Assembly, synthesize
from tests.infra.template import Template


@pytest.fixture(scope="session")
def aws_assembly() -> Assembly:
    """The stack with no settings given, as `cdk deploy` makes it."""
    return synthesize({})[0]


@pytest.fixture(scope="session")
def local_assembly() -> Assembly:
    return synthesize(LOCAL_CONTEXT)[0]


@pytest.fixture(scope="session")
def template(aws_assembly: Assembly) -> Template:
    return Template.parse(aws_assembly.template)


@pytest.fixture(scope="session")
def local_template(local_assembly: Assembly) -> Template:
    return Template.parse(local_assembly.template)


@pytest.fixture(scope="session", params=["aws", "local"])
def template_file(request: pytest.FixtureRequest) -> Path:
    assembly: Assembly = request.getfixturevalue(f"{request.param}_assembly")
    return assembly.directory / f"{STACK_NAME}.template.json"
