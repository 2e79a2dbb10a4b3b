"""Alerts in the stack: made only where the policy has rules, with the rights that they take and no more."""

import json
from pathlib import Path

import pytest

from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template

RULES = '[[alerts]]\nname = "fox"\nlabel = "Fox"\n'


@pytest.fixture
def context(tmp_path: Path) -> dict[str, object]:
    path = tmp_path / "policy.toml"
    path.write_text(f"[labels]\ndefault = 55\n{RULES}")
    return {"policy": str(path)}


@pytest.fixture
def made(synthesized: Synthesize, context: dict[str, object]) -> Template:
    return Template.of(synthesized({**context, "alert_email": "fox@people.example"}))


def ours(made: Template, kind: str) -> dict[str, dict[str, object]]:
    found = made.all(kind)
    return {name: each["Properties"] for name, each in found.items() if name.startswith("Alerts")}


def test_recognized_photos_come_by_a_queue_of_their_own(made: Template) -> None:
    (from_completions,) = (
        each for each in ours(made, "AWS::SNS::Subscription").values() if each["Protocol"] == "sqs"
    )
    (mapping,) = ours(made, "AWS::Lambda::EventSourceMapping").values()

    assert from_completions["FilterPolicy"] == {"status": ["recognized"]}
    assert from_completions["RawMessageDelivery"] is True
    assert "AlertsDeadLetters" in json.dumps(from_completions["RedrivePolicy"])
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_the_function_is_told_its_rules_and_the_others_are_not(made: Template) -> None:
    told = {
        name: each["Properties"]["Environment"]["Variables"]
        for name, each in made.all("AWS::Lambda::Function").items()
    }
    (function,) = (variables for name, variables in told.items() if name.startswith("Alerts"))

    assert function["ALERTS"] == '[{"label":"Fox","name":"fox"}]'
    assert "POLICY" not in function
    policies = {variables["POLICY"] for variables in told.values() if "POLICY" in variables}
    assert policies == {'{"labels":{"default":55}}'}
    assert sum("ALERTS" in variables for variables in told.values()) == 1


def test_it_may_change_its_own_items_and_tell_its_own_topic(made: Template) -> None:
    policies = made.all("AWS::IAM::Policy")
    (policy,) = (each for name, each in policies.items() if name.startswith("AlertsAlerting"))
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    on_table = [each for each in statements if "dynamodb:GetItem" in each["Action"]]

    assert [each["Action"] for each in on_table] == [["dynamodb:GetItem", "dynamodb:PutItem"]]
    assert on_table[0]["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["alert#*"]}}
    (publishing,) = (each for each in statements if each["Action"] == "sns:Publish")
    assert "AlertsTopic" in json.dumps(publishing["Resource"])


def test_it_reads_who_is_on_photos_where_a_rule_asks_for_a_person(
    synthesized: Synthesize, context: dict[str, object], tmp_path: Path
) -> None:
    people = {"people": True, "people_purpose": "family", "people_contact": "me@people.example"}
    given = {
        **people,
        "detectors": "labels,faces",
        "people_retention_days": 9,
        "people_similarity_percent": 95,
    }
    deaf = Template.of(synthesized({**context, **given}))
    (tmp_path / "family.toml").write_text('[[alerts]]\nname = "family"\nperson = "Ann"\n')
    made = Template.of(synthesized({**given, "policy": str(tmp_path / "family.toml")}))

    assert reads(deaf) == {}
    assert reads(made) == {"dynamodb:Query": ["people"], "dynamodb:BatchGetItem": ["image#*"]}
    told = made.properties("AWS::Lambda::Function", "AlertsAlerting")["Environment"]["Variables"]
    assert told["PEOPLE_SIMILARITY_PERCENT"] == "95"


def reads(template: Template) -> dict[str, list[str]]:
    """Give by what it reads of the table which items it may read so, but for its own."""
    (policy,) = (
        each for name, each in template.all("AWS::IAM::Policy").items() if name.startswith("AlertsAlerting")
    )
    return {
        each["Action"]: each["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for each in policy["Properties"]["PolicyDocument"]["Statement"]
        if each["Action"] in ("dynamodb:Query", "dynamodb:BatchGetItem")
    }


def test_it_is_asked_every_five_minutes_for_what_was_held_back(made: Template) -> None:
    (rule,) = ours(made, "AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert json.dumps(rule["Targets"]).count('{\\"flush\\":\\"due\\"}') == 1


def test_people_are_told_by_mail(made: Template) -> None:
    (mail,) = (each for each in ours(made, "AWS::SNS::Subscription").values() if each["Protocol"] == "email")
    assert mail["Endpoint"] == "fox@people.example"
    assert "AlertsTopic" in json.dumps(mail["TopicArn"])
    assert {"AlertsTopicArn", "AlertsQueueUrl", "AlertsDeadLetterQueueUrl"} <= made.document["Outputs"].keys()


def test_with_a_key_of_the_customers_sns_may_put_completions_into_the_queue(
    synthesized: Synthesize, context: dict[str, object]
) -> None:
    made = Template.of(synthesized({**context, "customer_key": "true"}))
    (key,) = made.all("AWS::KMS::Key").values()
    (sending,) = (
        each for each in key["Properties"]["KeyPolicy"]["Statement"] if each.get("Sid") == "EventsIntoQueues"
    )
    assert sending["Principal"]["Service"] == ["s3.amazonaws.com", "sns.amazonaws.com"]


def test_without_rules_nothing_is_there(template: Template) -> None:
    written = json.dumps(template.document)
    assert "alerts_handler" not in written
    assert "AlertsTopic" not in written
    assert "alert#" not in written


def refused(**given: object) -> str:
    with pytest.raises(UnusableSettingsError) as raised:
        DeploymentSettings.from_context(given.get)
    return str(raised.value)


def test_an_address_that_nobody_would_write_to_is_refused(context: dict[str, object], tmp_path: Path) -> None:
    nothing_to_tell = "alert_email is of use only with a policy that has rules of alerts, as in [[alerts]]"
    assert refused(alert_email="a@b") == nothing_to_tell
    (tmp_path / "other.toml").write_text("[labels]\nCat = 80\n")
    assert refused(alert_email="a@b", policy=str(tmp_path / "other.toml")) == nothing_to_tell
    assert refused(**context, alert_email="nobody") == (
        "alert_email is 'nobody'; it is as in photos@people.example"
    )


def test_a_rule_about_what_nobody_looks_for_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[[alerts]]\nname = "harm"\nmoderation = "Violence"\n')
    assert refused(policy=str(path)) == (
        f"{path}: it has rules for moderation, and no photo is looked at for that: add moderation to "
        "detectors"
    )


def test_a_rule_about_a_person_is_refused_where_nobody_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[[alerts]]\nname = "ann"\nperson = "Ann"\n')
    assert refused(policy=str(path)) == (
        f"{path}: it has an alert about a person, and nobody is looked for: set people to true"
    )
