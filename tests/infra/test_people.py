"""People are off by themselves; where they are on, a purpose, a contact and an end have to be named."""

import pytest

from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from local.cloud.permissions import LEADING_KEYS
from tests.infra.conftest import Synthesize
from tests.infra.roles import arn_of, decides, granted, statements
from tests.infra.template import Template

ON: dict[str, object] = {
    "people": "true",
    "people_purpose": "the family album",
    "people_contact": "privacy@photos.example",
    "people_retention_days": "365",
}


def refused(given: dict[str, object]) -> list[str]:
    with pytest.raises(UnusableSettingsError) as raised:
        DeploymentSettings.from_context(given.get)
    return str(raised.value).splitlines()


def test_without_purpose_contact_and_end_nothing_is_made() -> None:
    assert refused({"people": "true"}) == [
        "people is on; set people_purpose to what faces are compared for, as in 'the family album', for "
        "persons agree to that",
        "people is on; set people_contact to the address for who wants to be forgotten, as in "
        "privacy@photos.example",
        "people is on; set people_retention_days to the days that a consent holds at most, as in 365",
    ]


@pytest.mark.parametrize("name", ["people_purpose", "people_contact", "people_retention_days"])
def test_what_is_of_use_with_people_alone_is_refused_without(name: str) -> None:
    assert refused({name: ON[name]}) == [f"{name} is of use only where people is true"]


def test_a_consent_does_not_hold_for_ever() -> None:
    assert refused(ON | {"people_retention_days": "1096"}) == [
        "people_retention_days is 1096; it must be 1 to 1095"
    ]


def test_the_stack_names_the_collection_and_lets_the_processor_search_it_and_no_more(
    synthesized: Synthesize,
) -> None:
    off, on = Template.of(synthesized({})), Template.of(synthesized(ON))
    outputs = on.document["Outputs"]
    added = {name: outputs[name]["Value"] for name in outputs.keys() - off.document["Outputs"].keys()}

    assert added == {
        "PeopleCollection": "imagepipe-people",
        "PeoplePurpose": "the family album",
        "PeopleContact": "privacy@photos.example",
        "PeopleRetentionDays": "365",
    }
    asked = {
        (function, action, resource)
        for function in ("ProcessingProcessor", "AnswersQuery", "TallyingTally", "PicturesFunction")
        for action, resource in {*granted(on, function)} - {*granted(off, function)}
    }
    collection = "arn:aws:rekognition:us-east-1:123456789012:collection/imagepipe-people"
    assert {each for each in asked if each[1].startswith("rekognition:")} == {
        ("ProcessingProcessor", "rekognition:SearchUsersByImage", collection)
    }
    assert {each[:2] for each in asked if not each[1].startswith("rekognition:")} == {
        ("ProcessingProcessor", "dynamodb:Query"),
        ("PicturesFunction", "s3:GetObject"),
    }


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"detectors": "labels"}, "add faces to detectors"),
        ({"pictures": "false"}, "leave pictures on"),
        ({"scenes": "true"}, "leave out one of them"),
    ],
)
def test_what_cannot_find_anybody_is_refused(given: dict[str, object], fault: str) -> None:
    (said,) = refused(ON | given)
    assert said.endswith(fault)


def test_what_looks_after_persons_may_take_out_of_the_one_collection_and_put_nothing_in(
    synthesized: Synthesize,
) -> None:
    off, on = Template.of(synthesized({})), Template.of(synthesized(ON))
    assert not [name for name in off.all("AWS::Lambda::Function") if name.startswith("People")]
    table = on.the("AWS::DynamoDB::Table")[0]
    bucket = on.the("AWS::S3::Bucket", "Intake")[0]
    queue = on.the("AWS::SQS::Queue", "ImagesQueue")[0]
    by_service: dict[str, set[str]] = {}
    for action, resource in granted(on, "PeopleUpkeep"):
        service, _, name = action.partition(":")
        if service not in ("logs", "xray"):
            by_service.setdefault(f"{service} {resource.rpartition(':')[2]}", set()).add(name)

    assert by_service == {
        "rekognition collection/imagepipe-people": {
            *("ListFaces", "ListUsers", "SearchFacesByImage", "SearchUsersByImage"),
            *("DisassociateFaces", "DeleteFaces", "DeleteUser"),
        },
        f"dynamodb table/{table}": {
            *("Scan", "Query", "GetItem", "BatchGetItem"),
            *("PutItem", "DeleteItem", "UpdateItem", "BatchWriteItem"),
        },
        f"sqs {queue}": {"SendMessage"},
        f"s3 {bucket}/*": {"GetObject"},
        f"s3 {bucket}": {"ListBucket"},
    }


@pytest.mark.parametrize(
    ("action", "partition", "is_allowed"),
    [
        ("PutItem", "people", True),
        ("PutItem", "content#0", False),
        ("PutItem", "image#a.jpg", False),
        ("DeleteItem", "people", True),
        ("DeleteItem", "image#a.jpg", False),
        ("DeleteItem", "content#0", True),
        ("GetItem", "content#0", True),
        ("GetItem", "image#a.jpg", False),
        ("UpdateItem", "content#0", True),
        ("UpdateItem", "people", False),
        ("BatchGetItem", "image#a.jpg", True),
        ("BatchGetItem", "secret#cursors", False),
        ("BatchWriteItem", "index#person:p1#0", True),
        ("BatchWriteItem", "index#label:dog#0", False),
        ("BatchWriteItem", "image#a.jpg", False),
        ("Query", "index#person:p1#0", True),
        ("Query", "index#label:dog#0", False),
        ("Query", "content#0", True),
        ("Query", "image#a.jpg", False),
    ],
)
def test_in_the_table_it_changes_persons_answers_about_faces_and_corrections_and_nothing_else(
    synthesized: Synthesize, action: str, partition: str, is_allowed: bool
) -> None:
    on = Template.of(synthesized(ON))
    table = arn_of(on, on.the("AWS::DynamoDB::Table")[0])
    keys = {LEADING_KEYS: [partition]}

    assert decides(statements(on, "PeopleUpkeep"), f"dynamodb:{action}", table, **keys) is is_allowed


def test_consents_are_looked_at_each_hour_and_gone_photos_each_day(synthesized: Synthesize) -> None:
    on = Template.of(synthesized(ON))
    rules = [
        rule["Properties"] for name, rule in on.all("AWS::Events::Rule").items() if name.startswith("People")
    ]

    asked = {rule["Targets"][0]["Input"]: rule["ScheduleExpression"] for rule in rules}
    assert asked == {'{"due":"consents"}': "rate(1 hour)", '{"due":"photos"}': "rate(1 day)"}


def test_people_read_where_faces_are_kept_and_what_removes_them() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text()

    assert "| collection of Rekognition, with `people`; made by the first `imagepipe people add`" in page
    assert "| table, `people`, with `people` |" in page
