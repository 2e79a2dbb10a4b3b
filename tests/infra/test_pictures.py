"""What looks at photos as files: what it may do, and that nothing of it is left when it is off."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from contract.environment import load
from contract.photos import PICTURE
from contract.settings import PicturesSettings
from contract.timing import PICTURE_TIMEOUT_SECONDS, PROCESSOR_TIMEOUT_SECONDS
from tests.infra.conftest import Synthesize
from tests.infra.template import Template, listed, target

FUNCTION = "AWS::Lambda::Function"
TOLD = {"PICTURES_FUNCTION", "RENDITIONS_BUCKET", "KEEP_LOCATION", "NEAR_DUPLICATES", "SIDECARS", "SCENES"}


@pytest.fixture(scope="module")
def without(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"pictures": "false"}))


def variables(template: Template, function_id: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = template.properties(FUNCTION, function_id)["Environment"]["Variables"]
    return found


def allowed(template: Template, function_id: str, service: str) -> dict[str, set[str]]:
    """Return the resources by action that a function may use of a service."""
    found: dict[str, set[str]] = {}
    for statement in template.statements_of(function_id):
        for action in listed(statement["Action"]):
            if action.startswith(f"{service}:"):
                resources = (json.dumps(each) for each in listed(statement["Resource"]))
                found.setdefault(action, set()).update(resources)
    return found


def test_the_bucket_of_renditions_is_closed_and_keeps_no_versions(template: Template) -> None:
    bucket, resource = template.the("AWS::S3::Bucket", "Renditions")
    properties = resource["Properties"]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "AES256" in json.dumps(properties["BucketEncryption"])
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert "AbortIncompleteMultipartUpload" in rule
    assert "VersioningConfiguration" not in properties, "what was removed is to be gone"
    assert "CorsConfiguration" not in properties, "pages show what stands in it, and read nothing"
    assert "NotificationConfiguration" not in properties
    policy = template.properties("AWS::S3::BucketPolicy", "Renditions")
    assert target(policy["Bucket"]) == bucket
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


@pytest.mark.parametrize(("retained", "policy"), [("true", "RetainExceptOnCreate"), ("false", "Delete")])
def test_renditions_are_kept_as_the_photos_are(synthesized: Synthesize, retained: str, policy: str) -> None:
    template = Template.of(synthesized({"retained": retained}))
    photos, renditions = (template.the("AWS::S3::Bucket", part)[1] for part in ("Intake", "Renditions"))

    assert renditions["DeletionPolicy"] == photos["DeletionPolicy"] == policy
    assert renditions["UpdateReplacePolicy"] == photos["UpdateReplacePolicy"]


def test_the_pictures_function_may_read_photos_and_put_renditions_and_nothing_else(
    template: Template,
) -> None:
    (photos, _), (renditions, _) = (
        template.the("AWS::S3::Bucket", part) for part in ("Intake", "Renditions")
    )
    of = allowed(template, "PicturesFunction", "s3")

    assert {action: [photos in one for one in places] for action, places in of.items()} == {
        "s3:GetObject": [True],
        "s3:GetObjectVersion": [True],
        "s3:ListBucket": [True],
        "s3:PutObject": [False],
    }
    assert all(renditions in place for place in of["s3:PutObject"])
    others = {action.split(":")[0] for action in template.actions_of("PicturesFunction")} - {"s3"}
    assert others == {"logs", "xray"}


def test_the_processor_may_ask_exactly_that_function_and_let_rekognition_read_views(
    template: Template,
) -> None:
    function, _ = template.the(FUNCTION, "Pictures")
    renditions, _ = template.the("AWS::S3::Bucket", "Renditions")

    invoked = allowed(template, "Processor", "lambda")
    assert invoked == {"lambda:InvokeFunction": {json.dumps({"Fn::GetAtt": [function, "Arn"]})}}
    s3 = allowed(template, "Processor", "s3")
    assert [renditions in place for place in sorted(s3["s3:GetObject"])].count(True) == 1
    assert [action for action, places in s3.items() if renditions in str(places)] == ["s3:GetObject"]
    assert variables(template, "Processor")["PICTURES_FUNCTION"] == {"Ref": function}
    assert variables(template, "Processor")["RENDITIONS_BUCKET"] == {"Ref": renditions}


def test_the_query_function_may_sign_for_renditions_and_put_none(template: Template) -> None:
    renditions, _ = template.the("AWS::S3::Bucket", "Renditions")
    s3 = allowed(template, "Query", "s3")

    assert [action for action, places in s3.items() if renditions in str(places)] == ["s3:GetObject"]
    assert variables(template, "Query")["RENDITIONS_BUCKET"] == {"Ref": renditions}


def test_settings_reach_the_functions_that_they_are_for(synthesized: Synthesize) -> None:
    names = ("keep_location", "near_duplicates", "sidecars", "scenes")
    chosen = Template.of(synthesized(dict.fromkeys(names, "true")))
    usual = Template.of(synthesized({}))
    for name, functions in {
        "KEEP_LOCATION": ("Processor", "PicturesFunction", "Query"),
        "NEAR_DUPLICATES": ("Processor", "PicturesFunction", "Query"),
        "SIDECARS": ("Processor", "PicturesFunction"),
        "SCENES": ("Processor",),
    }.items():
        for function in functions:
            assert variables(chosen, function)[name] == "yes", (name, function)
            assert variables(usual, function)[name] == "no", (name, function)


def test_the_pictures_function_finds_its_settings_and_ends_before_the_processor_does(
    template: Template,
) -> None:
    function = template.properties(FUNCTION, "Pictures")

    texts = {name: str(value) for name, value in variables(template, "Pictures").items()}
    assert load(PicturesSettings, texts).keep_location == "no"
    assert function["Handler"] == "processors.pictures_handler.handler"
    assert function["Timeout"] == PICTURE_TIMEOUT_SECONDS < PROCESSOR_TIMEOUT_SECONDS
    assert function["MemorySize"] == 2048


def test_without_pictures_the_stack_is_what_it_was(template: Template, without: Template) -> None:
    """Nothing of them is there, and all else is the same."""
    text = json.dumps(without.document).lower()
    assert "pictures" not in text
    assert "rendition" not in text
    assert "lambda:invokefunction" not in json.dumps(list(without.statements_of("Processor"))).lower()

    for name, resource in without.document["Resources"].items():
        assert reduced(template.document["Resources"][name], template) == resource, name
    new = template.document["Resources"].keys() - without.document["Resources"].keys()
    assert all(name.startswith(("Pictures", "AlarmsPictures")) for name in new)
    outputs = template.document["Outputs"]
    assert {name: outputs[name] for name in outputs if name != "RenditionsBucket"} == without.document[
        "Outputs"
    ]


def reduced(resource: Mapping[str, Any], template: Template) -> Mapping[str, Any]:
    """Return a resource without the variables, statements and filters that are of pictures."""
    resource = json.loads(json.dumps(resource))
    properties = resource["Properties"]
    if resource["Type"] == FUNCTION:
        names = properties["Environment"]["Variables"]
        properties["Environment"]["Variables"] = {name: names[name] for name in names if name not in TOLD}
    if resource["Type"] == "AWS::Lambda::EventSourceMapping" and "FilterCriteria" in properties:
        filters = properties["FilterCriteria"]["Filters"]
        properties["FilterCriteria"]["Filters"] = [
            each for each in filters if f"{PICTURE}#" not in each["Pattern"]
        ]
    if resource["Type"] == "AWS::IAM::Policy":
        document = properties["PolicyDocument"]
        document["Statement"] = [each for each in document["Statement"] if "Pictures" not in json.dumps(each)]
    return resource
