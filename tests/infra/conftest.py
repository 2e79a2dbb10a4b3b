from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from aws_cdk import App

from infra.app import ImagepipeStack
from infra.bundles import ROOT, bundles
from infra.settings import DeploymentSettings
from local.cloud.assembly import LOCAL_CONTEXT, STACK_NAME, Assembly, synthesize
from tests.infra.template import Template

JWT = {
    "api_access": "jwt",
    "jwt_issuer": "https://people.example",
    "jwt_audience": "photos",
    "upload_scope": "photos/upload",
    "cors_origins": "https://photos.example",
    "confidence_order": "true",
}

# Every wing at once, but access by prefix, which does not go together with people.
EVERYTHING: dict[str, object] = {
    "access_logs": "true",
    "api_access": "jwt",
    "sign_in": "true",
    "operator": "true",
    "corrections": "true",
    "dashboard": "true",
    "customer_key": "true",
    "confidence_order": "true",
    "near_duplicates": "true",
    "keep_location": "true",
    "meaning": "labels",
    "sidecars": "true",
    "video": "jobs",
    "people": "true",
    "people_purpose": "the family album",
    "people_contact": "privacy@photos.example",
    "people_retention_days": "365",
    "policy": str(ROOT / "tests" / "infra" / "policy.toml"),
    "cameras": str(ROOT / "tests" / "infra" / "cameras.toml"),
}

Synthesize = Callable[[Mapping[str, object]], Assembly]


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """What synthesizes the stack with settings; in this process, so that Node starts once for all of them."""
    made: dict[str, Assembly] = {}

    def synthesize_once(context: Mapping[str, object]) -> Assembly:
        name = repr(sorted(context.items()))
        if name not in made:
            out = tmp_path_factory.mktemp("assembly")
            app = App(outdir=str(out), context=dict(context))
            settings = DeploymentSettings.from_context(app.node.try_get_context)
            # The zip of films takes a minute to make; tests/infra/test_bundles.py does.
            zips = bundles()
            ImagepipeStack(app, STACK_NAME, settings, **{**zips, "films": zips["pictures"]})
            app.synth()
            made[name] = Assembly(out, name)
        return made[name]

    return synthesize_once


@pytest.fixture(scope="session")
def aws_assembly(synthesized: Synthesize) -> Assembly:
    """The stack with no settings given, as `cdk deploy` makes it."""
    return synthesized({})


@pytest.fixture(scope="session")
def local_assembly() -> Assembly:
    return synthesize(LOCAL_CONTEXT)[0]


@pytest.fixture(scope="session")
def template(aws_assembly: Assembly) -> Template:
    return Template.of(aws_assembly)


@pytest.fixture(scope="session")
def local_template(local_assembly: Assembly) -> Template:
    return Template.of(local_assembly)


@pytest.fixture(scope="session", params=["aws", "local"])
def template_file(request: pytest.FixtureRequest) -> Path:
    assembly: Assembly = request.getfixturevalue(f"{request.param}_assembly")
    return assembly.directory / f"{STACK_NAME}.template.json"
