"""Search by meaning: a function that may do nothing, an index of the table, and who may ask either."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract.detectors import OPERATIONS
from contract.meaning import (
    BEDROCK_MODEL,
    CAPTURED,
    DIMENSIONS,
    IN_SPACE,
    INVOKE_MODEL,
    PART_OF,
    UPLOADED,
    VECTOR,
    VECTOR_INDEX,
    VECTORS_A_SECOND,
)
from contract.table import budget_key
from contract.timing import RESERVE_SECONDS, RETRYING_SECONDS
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template, target

ASKERS = ("Processor", "AnswersQuery")


@pytest.fixture(scope="module")
def meant(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"meaning": "labels", "confidence_order": "true"}))


def test_the_table_has_an_index_of_vectors_that_is_narrowed_where_it_looks(meant: Template) -> None:
    table = meant.properties("AWS::DynamoDB::Table")
    (index,) = table["VectorIndexes"]
    searched = {each["AttributeName"]: each["SearchSchemaElementType"] for each in index["SearchSchema"]}
    defined = {each["AttributeName"] for each in table["AttributeDefinitions"]}

    assert (index["IndexName"], index["Dimensions"]) == (VECTOR_INDEX, DIMENSIONS)
    assert index["VectorAttribute"] == {"AttributeName": VECTOR}
    inline = dict.fromkeys(("key", UPLOADED, CAPTURED, *PART_OF.values()), "INLINE_FILTER")
    assert searched == {IN_SPACE: "HASH", **inline}
    assert searched.keys() < defined
    assert {"pk", "sk", "rank"} < defined, "other indexes keep theirs"


@pytest.mark.parametrize("asker", ASKERS)
def test_who_has_labels_and_who_has_words_may_ask_the_function(meant: Template, asker: str) -> None:
    function = meant.the("AWS::Lambda::Function", "MeaningFunction")[0]
    variables = meant.properties("AWS::Lambda::Function", asker)["Environment"]["Variables"]
    invoking = [each for each in meant.statements_of(asker) if each["Action"] == "lambda:InvokeFunction"]
    resources = [each["Resource"] for each in invoking]

    assert target(variables["MEANING_FUNCTION"]) == function
    assert function in {target(each) for each in resources}


def test_the_function_itself_may_write_its_log_and_traces_alone(meant: Template) -> None:
    actions = {action.split(":")[0] for action in meant.actions_of("MeaningFunction")}
    assert actions == {"logs", "xray"}


def test_the_query_function_alone_may_search(meant: Template) -> None:
    statements: dict[str, Any] = {
        name: [each for each in meant.statements_of(name) if "dynamodb:SearchVectors" in each["Action"]]
        for name in (*ASKERS, "Tally", "MeaningFunction")
    }
    (statement,) = statements.pop("AnswersQuery")
    assert json.dumps(statement["Resource"]).endswith(f'"/index/{VECTOR_INDEX}"]]}}')
    assert not any(statements.values())


def test_nothing_of_it_is_there_where_it_is_off(template: Template) -> None:
    written = json.dumps(template.document)
    assert "Vector" not in written
    assert "MEANING" not in written
    assert "bedrock" not in written


def test_a_model_of_text_is_no_model_of_bedrock(meant: Template) -> None:
    written = json.dumps(meant.document)
    assert "bedrock" not in written
    assert "MEANING_BY" not in written


def variables_of(template: Template, function: str) -> dict[str, Any]:
    variables: dict[str, Any] = template.properties("AWS::Lambda::Function", function)["Environment"][
        "Variables"
    ]
    return variables


@pytest.fixture(scope="module")
def seeing(synthesized: Synthesize) -> Template:
    context = {"meaning": "bedrock", "detectors": "faces", "daily_call_limit": "InvokeModel=1000"}
    return Template.of(synthesized(context))


def test_where_bedrock_makes_vectors_the_function_reads_renditions_and_asks_one_model(
    seeing: Template,
) -> None:
    may = {
        (action, json.dumps(statement["Resource"]))
        for statement in seeing.statements_of("MeaningSeenFunction")
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.split(":")[0] not in ("logs", "xray")
    }
    (model,) = (resource for action, resource in may if action == "bedrock:InvokeModel")
    (renditions,) = (resource for action, resource in may if action == "s3:GetObject")

    assert len(may) == 2
    assert model.endswith(f'"::foundation-model/{BEDROCK_MODEL}"]]}}')
    assert seeing.the("AWS::S3::Bucket", "PicturesRenditions")[0] in renditions


def test_its_function_is_light_and_ends_before_the_time_that_a_worker_keeps_for_a_call(
    seeing: Template,
) -> None:
    function = seeing.properties("AWS::Lambda::Function", "MeaningSeenFunction")

    assert function["Handler"] == "processors.embedding_handler.handler"
    assert function["MemorySize"] == 512
    assert RETRYING_SECONDS + function["Timeout"] < RESERVE_SECONDS
    assert target(function["Environment"]["Variables"]["RENDITIONS_BUCKET"]).startswith("PicturesRenditions")


def test_both_who_ask_know_whose_vectors_they_are(seeing: Template) -> None:
    function = seeing.the("AWS::Lambda::Function", "MeaningSeenFunction")[0]
    processor, query = (variables_of(seeing, asker) for asker in ASKERS)

    assert target(processor["SEEING_FUNCTION"]) == target(query["MEANING_FUNCTION"]) == function
    assert (query["MEANING_BY"], "MEANING_FUNCTION" in processor) == ("bedrock", False)
    for asker in ASKERS:
        assert not [action for action in seeing.actions_of(asker) if action.startswith("bedrock:")]


def test_while_a_space_is_filled_both_vectors_are_made_and_the_former_answers(
    synthesized: Synthesize, seeing: Template
) -> None:
    both = Template.of(synthesized({"meaning": "labels", "meaning_next": "bedrock"}))
    processor, query = (variables_of(both, asker) for asker in ASKERS)
    invoked = json.dumps([each for each in both.statements_of("AnswersQuery") if "Invoke" in str(each)])

    made = [both.the("AWS::Lambda::Function", name)[0] for name in ("MeaningFunction", "MeaningSeenFunction")]
    assert [target(processor[name]) for name in ("MEANING_FUNCTION", "SEEING_FUNCTION")] == made
    assert (target(query["MEANING_FUNCTION"]), "MEANING_BY" in query) == (made[0], False)
    assert all(name in invoked for name in made), (
        "or the switch would be refused what it asks for some seconds"
    )
    outputs = both.document["Outputs"]
    assert [outputs[name]["Value"] for name in ("MeaningAsked", "MeaningNext")] == ["labels", "bedrock"]
    after = seeing.the("AWS::Lambda::Function", "MeaningSeenFunction")[0]
    assert after == made[1], "the switch takes none away that goes on being asked"


def test_questions_of_a_paid_model_are_counted_in_its_day_and_the_query_function_writes_nothing_else(
    seeing: Template, meant: Template
) -> None:
    (statement,) = (each for each in seeing.statements_of("AnswersQuery") if "UpdateItem" in str(each))

    assert statement["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [budget_key(INVOKE_MODEL).pk]}
    }
    assert variables_of(seeing, "AnswersQuery")["QUESTION_LIMITS"] == "InvokeModel=1000"
    assert "UpdateItem" not in str([*meant.statements_of("AnswersQuery")])


def test_the_processor_knows_the_models_quota_and_its_day(seeing: Template) -> None:
    variables = seeing.properties("AWS::Lambda::Function", "Processor")["Environment"]["Variables"]

    assert json.dumps(variables["QUOTAS"]).count(f"InvokeModel={VECTORS_A_SECOND:g}") == 2, "in all regions"
    assert variables["DAILY_CALL_LIMITS"] == "InvokeModel=1000"


def test_a_vector_of_a_picture_does_not_go_with_a_policy_that_keeps_labels_back(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    context: dict[str, object] = {"meaning": "bedrock", "policy": str(policy)}
    policy.write_text("show_gender_and_age = true\n[labels]\nCat = 90\n")
    DeploymentSettings.from_context(context.get)

    for content in ('hidden = ["Dog"]\nshow_gender_and_age = true\n', "[labels]\nCat = 90\n"):
        policy.write_text(content)
        with pytest.raises(UnusableSettingsError, match="keeps labels back"):
            DeploymentSettings.from_context(context.get)


def test_blocked_photos_are_still_read_by_what_makes_vectors_of_them(
    synthesized: Synthesize, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("show_gender_and_age = true\n[moderation.Violence]\nblock = 90\n")
    given = {"meaning": "bedrock", "policy": str(policy), "detectors": "moderation", "block_tag": "true"}
    template = Template.of(synthesized(given))
    (refusal,) = (
        statement
        for name, policy_of in template.all("AWS::S3::BucketPolicy").items()
        if name.startswith("PicturesRenditions")
        for statement in policy_of["Properties"]["PolicyDocument"]["Statement"]
        if statement.get("Sid") == "BlockedPhotos"
    )

    assert "MeaningSeenRole" in json.dumps(refusal["Condition"]["StringNotEquals"]["aws:PrincipalArn"])


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (
            {"meaning": "dreams"},
            "meaning is 'dreams'; it is 'labels', 'labels_anew' or 'bedrock', or is left out",
        ),
        (
            {"meaning": "bedrock", "pictures": "false"},
            "meaning is bedrock, which is shown thumbnails; leave pictures on",
        ),
        (
            {"meaning": "labels", "quotas": "InvokeModel=5"},
            "quotas has InvokeModel=5; it takes calls a second above 0 for "
            + ", ".join(sorted(set(OPERATIONS.values()))),
        ),
        (
            {"meaning_next": "bedrock"},
            "meaning_next is what meaning is to be later; set meaning, by which photos are found until then",
        ),
        (
            {"meaning": "labels", "meaning_next": "labels_anew"},
            "meaning_next is labels_anew, whose vectors are in one space with those of labels: there is none "
            "to be filled. Set meaning to it",
        ),
        (
            {"meaning": "labels", "meaning_next": "bedrock", "pictures": "false"},
            "meaning_next is bedrock, which is shown thumbnails; leave pictures on",
        ),
        ({"meaning": "labels", "detectors": "faces"}, "meaning is made of labels; add labels to detectors"),
    ],
)
def test_what_cannot_be_is_told(context: dict[str, object], reason: str) -> None:
    with pytest.raises(UnusableSettingsError) as refused:
        DeploymentSettings.from_context(context.get)

    assert str(refused.value) == reason
