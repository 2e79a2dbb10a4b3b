"""Batches taken in part are what AWS would make of them: nothing twice, nothing forgotten."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

from loadtest.faults.calls import AwsAnswer, AwsService, Call, server_error, split, throttle

JSON = {"content-type": "application/x-amz-json-1.0"}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def dynamodb(operation: str, members: dict[str, Any]) -> Call:
    headers = {**JSON, "x-amz-target": f"DynamoDB_20120810.{operation}"}
    return Call("POST", "/", headers, json.dumps(members).encode())


def test_unprocessed_items_are_those_that_were_not_passed_on() -> None:
    call = dynamodb("BatchWriteItem", {"RequestItems": {"table": [1, 2, 3, 4]}})
    part = split(call, 0.5)
    assert part is not None
    answer = part.complete(AwsAnswer(200, (("x-amz-crc32", "1"),), b'{"UnprocessedItems": {}}'))

    assert part.call.members["RequestItems"]["table"] == [3, 4]
    assert json.loads(answer.body)["UnprocessedItems"] == {"table": [1, 2]}
    assert answer.headers == ()


def test_unprocessed_keys_keep_how_they_were_asked_for() -> None:
    call = dynamodb("BatchGetItem", {"RequestItems": {"table": {"Keys": [1, 2], "ConsistentRead": True}}})
    part = split(call, 0.1)
    assert part is not None
    answer = part.complete(AwsAnswer(200, (), b'{"Responses": {}}'))

    assert part.call.members["RequestItems"]["table"]["Keys"] == [2]
    assert json.loads(answer.body)["UnprocessedKeys"] == {"table": {"Keys": [1], "ConsistentRead": True}}


def test_one_entry_or_another_operation_is_not_split() -> None:
    assert split(dynamodb("BatchWriteItem", {"RequestItems": {"table": [1]}}), 0.9) is None
    assert split(dynamodb("PutItem", {}), 0.9) is None


def test_completions_that_failed_are_named_and_the_others_numbered_anew() -> None:
    prefix = "PublishBatchRequestEntries.member"
    fields = [("Action", "PublishBatch"), ("TopicArn", "arn")]
    for place in (1, 2, 3):
        fields += [(f"{prefix}.{place}.Id", str(place)), (f"{prefix}.{place}.Message", "ü & co")]
    part = split(Call("POST", "/", FORM, urlencode(fields).encode()), 0.3)
    assert part is not None
    passed = dict(parse_qsl(part.call.body.decode()))
    result = "<PublishBatchResult><Successful/><Failed/></PublishBatchResult>"
    answer = part.complete(AwsAnswer(200, (), f"<Response>{result}</Response>".encode()))

    assert (passed[f"{prefix}.1.Id"], passed[f"{prefix}.2.Id"]) == ("2", "3")
    assert f"{prefix}.3.Id" not in passed
    assert passed[f"{prefix}.1.Message"] == "ü & co"
    assert [found.text for found in ElementTree.fromstring(answer.body).iterfind(".//Failed/member/Id")] == [
        "1"
    ]


def test_calls_are_told_apart_and_refused_in_their_own_words() -> None:
    sns = Call("POST", "/", FORM, b"Action=PublishBatch&TopicArn=arn")
    s3 = Call("HEAD", "/bucket/key", {}, b"")
    get_item = dynamodb("GetItem", {})

    assert [call.service for call in (sns, s3, get_item)] == [
        AwsService.SNS,
        AwsService.S3,
        AwsService.DYNAMODB,
    ]
    assert [call.operation for call in (sns, s3, get_item)] == ["PublishBatch", "HEAD", "GetItem"]
    assert b"<Code>Throttled</Code>" in throttle(sns, 0).body
    assert (throttle(s3, 0).status, throttle(s3, 0).body) == (503, b"")
    assert json.loads(server_error(get_item).body)["__type"].endswith("#InternalServerError")


def test_invocations_are_told_apart_from_objects_and_refused_as_lambda_does() -> None:
    """Its errors are named by a header: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    invoke = Call("POST", "/2015-03-31/functions/pictures/invocations", {}, b"{}")

    assert (invoke.service, invoke.operation) == (AwsService.LAMBDA, "Invoke")
    refused = throttle(invoke, 0)
    assert refused.status == 429
    assert dict(refused.headers)["x-amzn-ErrorType"] == "TooManyRequestsException"
