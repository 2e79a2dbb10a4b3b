"""cdk-nag finds what is wrong, and takes what is accepted. `make check` runs it over the stack."""

import json

from aws_cdk import App, Stack
from aws_cdk import aws_sqs as sqs

from infra.accepted import accept
from infra.nag import findings_in
from tests.infra.template import Template


def bare_queue(*, accepted: bool) -> App:
    app = App()
    queue = sqs.Queue(Stack(app, "careless"), "Queue")
    if accepted:
        for rule in ("SQS3", "SQS4"):
            accept(queue, rule, "to see that it is taken for accepted")
    return app


def test_what_is_wrong_is_found_with_its_place() -> None:
    found = findings_in(bare_queue(accepted=False))

    assert {finding.rule for finding in found} >= {"AwsSolutions-SQS3", "AwsSolutions-SQS4"}
    assert {finding.path for finding in found} == {"careless/Queue/Resource"}


def test_what_is_accepted_is_not_found() -> None:
    assert findings_in(bare_queue(accepted=True)) == []


def test_nothing_of_it_is_in_the_template(template: Template) -> None:
    """CloudFormation takes 51,200 bytes without a bucket."""
    said = json.dumps(template.document)
    assert "cdk_nag" not in said
    assert "AwsSolutions" not in said
