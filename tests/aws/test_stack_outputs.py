"""What a stack gives out, as CloudFormation says it."""

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from aws.stack_outputs import read_outputs

STACK: Any = {"StackName": "x", "StackStatus": "CREATE_COMPLETE", "CreationTime": "2026-01-01"}


@pytest.fixture
def stubber() -> Stubber:
    made: Any = botocore.session.Session().create_client(
        "cloudformation", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    return Stubber(made)


def test_outputs_are_read_by_name(stubber: Stubber) -> None:
    outputs = [{"OutputKey": "Bucket", "OutputValue": "photos"}]
    stubber.add_response("describe_stacks", {"Stacks": [STACK | {"Outputs": outputs}]}, {"StackName": "x"})
    stubber.add_response("describe_stacks", {"Stacks": [STACK]})

    with stubber:
        client: Any = stubber.client
        assert read_outputs(client, "x") == {"Bucket": "photos"}
        assert read_outputs(client, "x") == {}


def test_no_stack_is_told_from_a_refusal(stubber: Stubber) -> None:
    stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
    stubber.add_client_error("describe_stacks", "AccessDenied")

    with stubber:
        client: Any = stubber.client
        assert read_outputs(client, "x") is None
        with pytest.raises(ClientError):
            read_outputs(client, "x")
