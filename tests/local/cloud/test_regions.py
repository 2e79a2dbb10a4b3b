"""CloudFormation refuses the template where Rekognition is not, before it creates anything."""

import boto3
import pytest
from botocore.exceptions import ClientError

from local.cloud.assembly import synthesize
from local.cloud.environment import ACCOUNT, REGION
from tests.conftest import RunningCloud


def test_nothing_is_created_in_a_region_without_rekognition(running: RunningCloud) -> None:
    elsewhere = boto3.client(
        "cloudformation",
        endpoint_url=running.environment.endpoint_url,
        region_name="eu-north-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    with pytest.raises(ClientError, match="Rekognition has no DetectLabels in this region"):
        elsewhere.create_stack(
            StackName="far-north",
            TemplateURL=synthesize()[0].template_url(ACCOUNT, REGION),
            Capabilities=["CAPABILITY_IAM"],
        )

    stacks = [stack["StackName"] for stack in elsewhere.describe_stacks()["Stacks"]]
    assert "far-north" not in stacks
