"""`sam build` and `sam deploy --guided` on the synthesized template: no Node, no bootstrap of the CDK."""

import json
import shutil
from pathlib import Path

import pytest

from local.cloud.assembly import STACK_NAME, synthesize
from tests.conftest import RunningCloud
from tests.deployment.conftest import Stopwatch, as_on_aws, gone_afterwards, site_of
from tests.deployment.sam import sam

STACK = "by-sam"
MANAGED = "aws-sam-cli-managed-default"
# What it creates where it was never used. It does so by a template that MiniStack cannot read (one of SAM's
# own, whose transform is not installed), so it finds it done.
MANAGED_TEMPLATE = {
    "Resources": {"SamCliSourceBucket": {"Type": "AWS::S3::Bucket"}},
    "Outputs": {"SourceBucket": {"Value": {"Ref": "SamCliSourceBucket"}}},
}
# Stack name, region; changes are not shown before, roles may be made, a failure is rolled back; kept in the
# usual file.
ANSWERS = f"{STACK}\n\nn\ny\nn\ny\n\n\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the synthesized app in it, and nothing else."""
    shutil.copytree(synthesize()[0].directory, tmp_path / "cdk.out")
    return tmp_path


@pytest.mark.nightly
def test_sam_deploys_what_is_synthesized_and_a_photo_is_recognized(
    running: RunningCloud, folder: Path, photos: Path
) -> None:
    # There is no Node, nor anything else, where SAM looks for programs.
    environment = {**as_on_aws(running), "PATH": "/nowhere"}
    running.clients.cloudformation.create_stack(
        StackName=MANAGED,
        TemplateBody=json.dumps(MANAGED_TEMPLATE),
        Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
    )

    watch = Stopwatch("SAM")
    built = sam("build", "-t", f"cdk.out/{STACK_NAME}.template.json", environment=environment, cwd=folder)
    watch.lap("build")
    with gone_afterwards(running, MANAGED), gone_afterwards(running, STACK):
        said = sam("deploy", "--guided", environment=environment, cwd=folder, answers=ANSWERS)
        watch.lap("deploy")
        with site_of(running, STACK) as site:
            site.put("cat.jpg", (photos / "cat.jpg").read_bytes())
            site.completions(["cat.jpg"])
            labels = {label["name"] for label in site.record("cat.jpg")["labels"]}
            watch.lap("first answer")
    watch.tell()

    assert "will not be built" not in built
    assert f"Successfully created/updated stack - {STACK}" in said
    assert "Cat" in labels
