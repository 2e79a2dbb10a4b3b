"""What MiniStack's IAM is told of requests: the keys that they name, and what PartiQL does."""

from typing import Any

import pytest

from local.cloud.permissions import leading_keys, role_of_session, statement_actions


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "record"}}


@pytest.mark.parametrize(
    ("request_", "keys"),
    [
        ({"TableName": "t", "Key": key("a")}, ["a"]),
        ({"TableName": "t", "Item": {**key("a"), "labels": {"L": []}}}, ["a"]),
        ({"RequestItems": {"t": {"Keys": [key("a"), key("b")]}}}, ["a", "b"]),
        (
            {
                "RequestItems": {
                    "t": [{"PutRequest": {"Item": key("a")}}, {"DeleteRequest": {"Key": key("b")}}]
                }
            },
            ["a", "b"],
        ),
        ({"Put": {"TableName": "t", "Item": key("a")}}, ["a"]),
        ({"ConditionCheck": {"TableName": "t", "Key": key("a")}}, ["a"]),
        (
            {
                "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
                "ExpressionAttributeValues": {":pk": {"S": "a"}, ":sk": {"S": "b"}},
            },
            ["a"],
        ),
        (
            {
                "KeyConditionExpression": "#k = :k",
                "ExpressionAttributeNames": {"#k": "pk"},
                "ExpressionAttributeValues": {":k": {"S": "a"}},
            },
            ["a"],
        ),
        ({"TableName": "t"}, []),
        ({}, []),
    ],
)
def test_a_request_names_partition_keys(request_: dict[str, Any], keys: list[str]) -> None:
    assert leading_keys(request_) == keys


def test_partiql_is_allowed_by_what_each_statement_does() -> None:
    batch = {
        "Statements": [{"Statement": "INSERT INTO \"t\" VALUE {'pk': ?}"}, {"Statement": 'SELECT * FROM "u"'}]
    }

    assert statement_actions(batch) == [("dynamodb:PartiQLInsert", "t"), ("dynamodb:PartiQLSelect", "u")]
    assert statement_actions({"Statement": 'DELETE FROM "t" WHERE pk = ?'}) == [
        ("dynamodb:PartiQLDelete", "t")
    ]


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        (
            "arn:aws:sts::123456789012:assumed-role/processor/a-session",
            "arn:aws:iam::123456789012:role/processor",
        ),
        ("arn:aws:iam::123456789012:role/processor", "arn:aws:iam::123456789012:role/processor"),
        ("arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"),
    ],
)
def test_policies_are_told_the_role_of_a_session(caller: str, said: str) -> None:
    assert role_of_session(caller) == said
