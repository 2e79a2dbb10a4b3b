"""Jobs on films in the stack: nothing by itself, and with the rights that they take and no more."""

import json

import pytest

from contract.environment import load
from contract.settings import FilmJobsSettings
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.roles import granted
from tests.infra.template import Template
from tests.infra.test_pictures import FUNCTION, allowed, variables


@pytest.fixture(scope="module")
def made(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"video": "jobs", "video_jobs": "7", "customer_key": "true"}))


def test_frames_alone_bring_nothing_of_jobs(synthesized: Synthesize) -> None:
    said = json.dumps(Template.of(synthesized({"video": "frames"})).document)

    assert "FilmJobs" not in said
    assert "FILM_JOB" not in said


def test_rekognition_may_publish_to_one_topic_for_this_account_alone(made: Template) -> None:
    roles = made.all("AWS::IAM::Role")
    (role,) = (each for name, each in roles.items() if name.startswith("FilmJobsRole"))
    (trusted,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    policies = made.all("AWS::IAM::Policy")
    (policy,) = (each for name, each in policies.items() if name.startswith("FilmJobsRole"))
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (publishing,) = (each for each in statements if each["Action"] == "sns:Publish")
    (using,) = (each for each in statements if "kms:Decrypt" in each["Action"])

    assert trusted["Principal"] == {"Service": "rekognition.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert "FilmJobsTopic" in json.dumps(publishing["Resource"])
    assert using["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert len(statements) == 2


def test_the_processor_begins_jobs_and_gives_their_role_to_rekognition_alone(made: Template) -> None:
    policies = made.all("AWS::IAM::Policy")
    (policy,) = (each for name, each in policies.items() if name.startswith("ProcessingProcessor"))
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (passing,) = (each for each in statements if each["Action"] == "iam:PassRole")
    processor, _ = made.the(FUNCTION, "Processor")
    told = variables(made, processor)

    assert "FilmJobsRole" in json.dumps(passing["Resource"])
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "rekognition.amazonaws.com"}}
    assert told["FILM_JOBS"] == "7"
    assert told["FILM_JOB_MINUTES_A_DAY"] == "0"


def test_ends_are_taken_by_a_function_that_begins_nothing(made: Template) -> None:
    ends, _ = made.the(FUNCTION, "FilmJobsEnds")

    load(FilmJobsSettings, {name: str(value) for name, value in variables(made, ends).items()})
    assert set(allowed(made, ends, "rekognition")) == {
        "rekognition:GetContentModeration",
        "rekognition:GetLabelDetection",
        "rekognition:GetTextDetection",
    }
    assert set(allowed(made, ends, "dynamodb")) == {
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
    }
    assert set(allowed(made, ends, "s3")) == {"s3:GetObject", "s3:ListBucket", "s3:PutObject"}
    subscriptions = made.all("AWS::SNS::Subscription").values()
    (ours,) = (each["Properties"] for each in subscriptions if "FilmJobs" in json.dumps(each))
    assert ours["RawMessageDelivery"] is True
    rules = made.all("AWS::Events::Rule")
    assert any(
        each["Properties"]["ScheduleExpression"] == "rate(5 minutes)"
        for name, each in rules.items()
        if name.startswith("FilmJobs")
    )


WITH_PERSONS = {
    "video": "jobs",
    "people": "true",
    "people_purpose": "family",
    "people_contact": "me@people.example",
    "people_retention_days": "365",
    "people_in_films": "true",
}


def test_persons_in_films_take_two_operations_one_of_them_on_the_collection_alone(
    made: Template, synthesized: Synthesize
) -> None:
    with_persons = Template.of(synthesized(WITH_PERSONS))

    def asked(template: Template) -> dict[str, set[str]]:
        functions = {name: template.the(FUNCTION, name)[0] for name in ("Processor", "FilmJobsEnds")}
        return {name: set(allowed(template, each, "rekognition")) for name, each in functions.items()}

    before, after = asked(made), asked(with_persons)
    searching = {"rekognition:SearchUsersByImage", "rekognition:StartFaceSearch"}
    assert after["Processor"] - before["Processor"] == searching
    assert after["FilmJobsEnds"] - before["FilmJobsEnds"] == {"rekognition:GetFaceSearch"}
    on = {
        json.dumps(resource)
        for action, resource in granted(with_persons, "ProcessingProcessor")
        if action == "rekognition:StartFaceSearch"
    }
    assert len(on) == 1
    assert ":collection/imagepipe-people" in on.pop()
    ends, _ = with_persons.the(FUNCTION, "FilmJobsEnds")
    assert set(allowed(with_persons, ends, "dynamodb")) - {"dynamodb:Query"} == set(
        allowed(made, made.the(FUNCTION, "FilmJobsEnds")[0], "dynamodb")
    )
    assert variables(with_persons, ends)["PEOPLE_IN_FILMS"] == "yes"
    assert "PEOPLE_IN_FILMS" not in json.dumps(made.document)


def test_persons_in_films_by_frames_take_no_more_than_persons_on_photos(synthesized: Synthesize) -> None:
    by_frames = {**WITH_PERSONS, "video": "frames"}
    made, plain = (
        Template.of(synthesized(context))
        for context in (by_frames, {**by_frames, "people_in_films": "false"})
    )
    processor, _ = made.the(FUNCTION, "Processor")

    assert variables(made, processor)["PEOPLE_IN_FILMS"] == "yes"
    assert made.all("AWS::IAM::Policy") == plain.all("AWS::IAM::Policy")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"video_jobs": "5"}, "only with video=jobs"),
        ({"video": "frames", "video_minutes_a_day": "5"}, "only with video=jobs"),
        ({"video": "jobs", "video_jobs": "21"}, "an account has 20 at once"),
        ({"video": "jobs", "video_jobs": "0"}, "an account has 20 at once"),
        ({"video": "jobs", "video_minutes_a_day": "-1"}, "cannot be less than 0"),
        ({"people_in_films": "true"}, "needs video=frames or jobs and people=true"),
        ({**WITH_PERSONS, "video": "off"}, "needs video=frames or jobs;"),
        ({"video": "jobs", "people_in_films": "true"}, "needs people=true;"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(UnusableSettingsError, match=said):
        DeploymentSettings.from_context(settings.get)
