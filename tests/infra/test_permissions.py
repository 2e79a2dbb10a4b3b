"""What each role may do, decided by IAM's rules over the synthesized policies: what its code calls only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.film_jobs import JOBS
from contract.photos import PICTURE
from contract.results import ResultName
from contract.table import budget_key, record_key, result_key, signing_key
from contract.tallies import STATUS_COUNTS, counted_key
from infra.nag import VARIANTS
from local.cloud.assembly import local_context, synthesize
from local.cloud.permissions import LEADING_KEYS
from tests.infra.conftest import Synthesize
from tests.infra.roles import arn_of, decides, deployed, granted, resource_decides, statements
from tests.infra.template import Template

FUNCTIONS = {
    "processor": "ProcessingProcessor",
    "tally": "TallyingTally",
    "query": "AnswersQuery",
    "pictures": "PicturesFunction",
}
WRITES = tuple(f"dynamodb:{verb}" for verb in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"))
DESTROYS = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteBucket", "s3:PutBucketPolicy")
RECORD = record_key("a.jpg").pk
RESULT = result_key(ResultName("0" * 32 + "-7", PICTURE, "f1")).pk
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
TAKES_NO_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "dynamodb:ListStreams"}
OF_REKOGNITION = ("rekognition:Detect", *(f"rekognition:{kind.start}" for kind in JOBS.values()))
# What Lambda does with the role, before and after the code runs.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
# https://docs.aws.amazon.com/lambda/latest/dg/services-ddb.html
BY_LAMBDA = {
    "processor": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    "tally": {
        "dynamodb:ListStreams",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "sqs:SendMessage",
    },
    "alerts": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
}
OF_EVERY_FUNCTION = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
PHOTOS, RENDITIONS = "IntakeBucketDF3620F2", "PicturesRenditionsD0D708C2"
# What no code of the function calls in a bucket with versions, and why it is granted all the same.
UNSEEN = {
    # Without it S3 answers a question for an object that is gone with "access denied".
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    ("pictures", "s3:ListBucket", PHOTOS),
    ("people", "s3:ListBucket", PHOTOS),
    # Rekognition reads photos, and views of them, with the rights of whoever asks it.
    # https://docs.aws.amazon.com/rekognition/latest/dg/security_iam_id-based-policy-examples.html
    ("processor", "s3:GetObjectVersion", f"{PHOTOS}/*"),
    ("processor", "s3:GetObject", f"{RENDITIONS}/*"),
    # Where `versioned` is off, or a photo is older than the versions.
    ("pictures", "s3:GetObject", f"{PHOTOS}/*"),
    ("query", "s3:GetObject", f"{PHOTOS}/*"),
}
# What films take: tests/end_to_end/test_film_jobs.py calls it, in a stack of its own.
OF_FILMS = {
    ("processor", "dynamodb:GetItem", "StoreTable0CCFA19B"),
    ("processor", "iam:PassRole", "role/FilmJobsRole902E99A8"),
    ("processor", "lambda:InvokeFunction", "FilmsFunction4E4CE35E"),
}
# What the tag of blocked photos takes: tests/infra/test_block_tag.py says who is refused by it.
OF_BLOCKED = {
    ("processor", f"s3:{verb}Object{version}Tagging", f"{bucket}/*")
    for verb in ("Get", "Put", "Delete")
    for version in ("", "Version")
    for bucket in (PHOTOS, RENDITIONS)
}
# What a search by meaning takes: tests/end_to_end/test_meaning.py calls it, in a stack of its own.
OF_MEANING = {
    ("processor", "lambda:InvokeFunction", "MeaningFunctionF26A4A3F"),
    ("processor", "lambda:InvokeFunction", "MeaningSeenFunction0ACC94E1"),
    ("query", "lambda:InvokeFunction", "MeaningFunctionF26A4A3F"),
    ("query", "lambda:InvokeFunction", "MeaningSeenFunction0ACC94E1"),
    ("query", "dynamodb:UpdateItem", "StoreTable0CCFA19B"),
    ("query", "dynamodb:SearchVectors", "StoreTable0CCFA19B/index/by-meaning"),
}
OF_WINGS = OF_FILMS | OF_BLOCKED | OF_MEANING
RECORDED = Path(__file__).with_name("calls.json")
# Of functions that are there with a wing; tests/end_to_end/test_wings_together.py writes down what they call.
WING_FUNCTIONS = {"alerts": "AlertsAlerting", "people": "PeopleUpkeep", "editor": "EditorFunction"}
OF_WINGS_RECORDED = Path(__file__).with_name("calls_of_wings.json")
# The stack in which it does: a policy that has photos tagged and people told of a person, over corrections.
WINGS = local_context(
    {
        "detectors": "labels,faces,moderation",
        "policy": str(Path(__file__).with_name("wings.toml")),
        "block_tag": "true",
    }
)


@pytest.fixture(scope="module", params=sorted(VARIANTS))
def variant(request: pytest.FixtureRequest, synthesized: Synthesize) -> Template:
    return Template.of(synthesized(VARIANTS[request.param]))


def may(template: Template, function: str, action: str, resource: str, key: str = "") -> bool:
    keys = {LEADING_KEYS: [key]} if key else {}
    return decides(statements(template, FUNCTIONS[function]), action, resource, **keys)


def table_of(template: Template) -> str:
    return arn_of(template, template.the("AWS::DynamoDB::Table")[0])


def photo_in(template: Template, part: str = "Intake") -> str:
    return f"{arn_of(template, template.the('AWS::S3::Bucket', part)[0])}/a.jpg"


def test_the_reader_writes_nothing_but_the_secret_of_cursors(template: Template) -> None:
    table = table_of(template)

    assert may(template, "query", "dynamodb:PutItem", table, signing_key().pk)
    for key in (RECORD, RESULT, budget_key("DetectLabels").pk, STATUS_COUNTS.pk, counted_key("a.jpg").pk):
        assert not [action for action in WRITES if may(template, "query", action, table, key)], key
    assert not may(template, "query", "dynamodb:PartiQLInsert", table)
    assert not may(template, "query", "dynamodb:Scan", table)


def test_the_writer_neither_scans_nor_removes_a_photo(template: Template) -> None:
    table, photo = table_of(template), photo_in(template)

    assert may(template, "processor", "dynamodb:PutItem", table, RECORD)
    assert may(template, "processor", "s3:GetObject", photo)
    assert not may(template, "processor", "dynamodb:Scan", table)
    assert not may(template, "processor", "dynamodb:Query", table, RECORD)
    assert not may(template, "processor", "s3:PutObject", photo)


def test_no_function_removes_or_replaces_what_people_have_put_there(template: Template) -> None:
    photo = photo_in(template)
    for function in FUNCTIONS:
        for resource in (photo, photo.partition("/")[0]):
            assert not [action for action in DESTROYS if may(template, function, action, resource)], function
    assert [each for each in FUNCTIONS if may(template, each, "s3:PutObject", photo)] == ["query"], "uploads"


def test_the_tally_writes_no_record_and_touches_no_photo(template: Template) -> None:
    table = table_of(template)

    assert may(template, "tally", "dynamodb:UpdateItem", table, STATUS_COUNTS.pk)
    assert not [action for action in WRITES if may(template, "tally", action, table, RECORD)]
    assert not may(template, "tally", "s3:GetObject", photo_in(template))
    assert not may(template, "tally", "s3:GetObject", photo_in(template, "Renditions"))
    assert may(template, "tally", "s3:DeleteObject", photo_in(template, "Renditions"))


def test_what_decodes_pictures_reaches_no_table_queue_or_other_function(template: Template) -> None:
    reached = {action.split(":")[0] for action, _ in granted(template, FUNCTIONS["pictures"])}

    assert reached == {"s3", "logs", "xray"}
    assert may(template, "pictures", "s3:PutObject", photo_in(template, "Renditions"))
    assert not may(template, "pictures", "s3:GetObject", photo_in(template, "Renditions"))


def test_nothing_is_allowed_on_everything_but_what_takes_no_resource(variant: Template) -> None:
    for function in present(variant):
        for action, resource in granted(variant, FUNCTIONS[function]):
            assert "*" not in action
            if resource == "*":
                assert action in TAKES_NO_RESOURCE or action.startswith(OF_REKOGNITION), action


def test_every_bucket_queue_and_topic_refuses_what_comes_without_tls(variant: Template) -> None:
    kinds = {
        "AWS::S3::BucketPolicy": ("AWS::S3::Bucket", "Bucket", "s3:GetObject", "/a.jpg"),
        "AWS::SQS::QueuePolicy": ("AWS::SQS::Queue", "Queues", "sqs:SendMessage", ""),
        "AWS::SNS::TopicPolicy": ("AWS::SNS::Topic", "Topics", "sns:Publish", ""),
    }
    for kind, (of, names, action, suffix) in kinds.items():
        refusing = set()
        for policy in variant.all(kind).values():
            document = deployed(variant, policy["Properties"]["PolicyDocument"])
            named = policy["Properties"][names]
            for each in named if isinstance(named, list) else [named]:
                arn = arn_of(variant, each["Ref"]) + suffix
                if resource_decides(document, action, arn, tls=False) == "Deny":
                    assert resource_decides(document, action, arn) != "Deny"
                    refusing.add(each["Ref"])
        assert refusing == set(variant.all(of)), of


def test_a_queue_takes_events_of_buckets_of_this_account_and_of_no_other(template: Template) -> None:
    queue, _ = template.the("AWS::SQS::Queue", "ImagesQueue")
    policy = deployed(template, template.properties("AWS::SQS::QueuePolicy", "ImagesQueue")["PolicyDocument"])

    def of_account(account: str, service: str = "s3.amazonaws.com") -> str:
        keys: dict[str, Any] = {"aws:SourceAccount": account}
        return resource_decides(policy, "sqs:SendMessage", arn_of(template, queue), service=service, **keys)

    assert of_account("123456789012") == "Allow"
    assert of_account("210987654321") == "ImplicitDeny"
    assert of_account("123456789012", "sns.amazonaws.com") == "ImplicitDeny"


def present(template: Template) -> Iterator[str]:
    """Give the functions that the template has."""
    functions = template.all("AWS::Lambda::Function")
    yield from (name for name, part in FUNCTIONS.items() if any(part in each for each in functions))


def asked(template: Template, function: str) -> dict[str, list[str]]:
    """Give what a function is granted for its own calls: actions, and the logical ids of what they are on."""
    found: dict[str, set[str]] = {}
    for action, resource in granted(template, (FUNCTIONS | WING_FUNCTIONS)[function]):
        # Rekognition on one machine asks for no permission; what it was asked stands in its own counts.
        if action in OF_EVERY_FUNCTION or action.startswith("rekognition:"):
            continue
        if action in BY_LAMBDA.get(function, ()):
            continue
        on = resource.rpartition(":")[2].removeprefix("table/")
        if (function, action, on) not in UNSEEN:
            found.setdefault(action, set()).add(on)
    return {action: sorted(on) for action, on in sorted(found.items())}


def test_each_role_has_what_its_code_was_seen_to_call_and_nothing_else(local_template: Template) -> None:
    """`calls.json` is what tests/end_to_end/test_permissions.py recorded. Unused actions: none."""
    recorded = json.loads(RECORDED.read_text())

    assert {function: asked(local_template, function) for function in FUNCTIONS} == recorded


def test_each_role_of_a_wing_has_what_its_code_was_seen_to_call_and_nothing_else() -> None:
    recorded = json.loads(OF_WINGS_RECORDED.read_text())
    template = Template.of(synthesize(WINGS)[0])

    assert {function: asked(template, function) for function in WING_FUNCTIONS} == recorded


def test_no_setting_grants_more_than_was_recorded_but_detectors(variant: Template) -> None:
    recorded = json.loads(RECORDED.read_text())
    for function in present(variant):
        for action, on in asked(variant, function).items():
            # A bucket that was there before has its name, where the stack's own has a logical id.
            own = {each.replace("photos-of-people", PHOTOS).replace("/camera/", "/") for each in on}
            unseen = {
                place for name, other, place in UNSEEN | OF_WINGS if (name, other) == (function, action)
            }
            used = {*recorded[function].get(action, ()), *unseen}
            assert action.startswith("kms:") or own <= used, (function, action)
