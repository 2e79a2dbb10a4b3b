"""Search by meaning: a function that may do nothing, an index of the table, and who may ask either."""

import json
from typing import Any

import pytest

from contract.meaning import CAPTURED, DIGEST, DIMENSIONS, IN_SPACE, UPLOADED, VECTOR, VECTOR_INDEX
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
    inline = dict.fromkeys(("key", UPLOADED, CAPTURED, DIGEST), "INLINE_FILTER")
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


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"meaning": "dreams"}, "meaning is 'dreams'; it is 'labels' or 'labels_anew', or is left out"),
        ({"meaning": "labels", "detectors": "faces"}, "meaning is made of labels; add labels to detectors"),
    ],
)
def test_what_cannot_be_is_told(context: dict[str, object], reason: str) -> None:
    with pytest.raises(UnusableSettingsError) as refused:
        DeploymentSettings.from_context(context.get)

    assert str(refused.value) == reason
