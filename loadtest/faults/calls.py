"""One call to AWS as it goes over the wire: which service, which operation, about what; and its answers.

Also batches of which AWS takes only a part: what is passed on, and what is added to its answer.
"""

import hashlib
import json
import uuid
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from contract.face_search import FACES_ANSWERED, FaceAnswerName
from contract.films import FRAME_MARK
from contract.meaning import INVOKE_MODEL, MEANING_SEEN, OF_OUR_OWN, VECTOR
from contract.results import ResultName
from contract.table import CONTENT_PREFIX


class AwsService(StrEnum):
    """The services that the processor calls."""

    REKOGNITION = "Rekognition"
    DYNAMODB = "DynamoDB"
    SNS = "SNS"
    SQS = "SQS"
    S3 = "S3"
    LAMBDA = "Lambda"


_TARGETS = {
    "RekognitionService": AwsService.REKOGNITION,
    "DynamoDB_20120810": AwsService.DYNAMODB,
    "AmazonSQS": AwsService.SQS,
}


@dataclass(frozen=True)
class Call:
    """A request. `path` is as it came, with its query; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def service(self) -> AwsService:
        """Tell the services apart: JSON ones name themselves, SNS speaks in forms, the rest is S3.

        But for Lambda, which has paths of its own: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        """
        prefix = self.headers.get("x-amz-target", "").partition(".")[0]
        if prefix in _TARGETS:
            return _TARGETS[prefix]
        if self.path.startswith("/2015-03-31/functions/"):
            return AwsService.LAMBDA
        form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        return AwsService.SNS if form else AwsService.S3

    @cached_property
    def operation(self) -> str:
        """The operation's name; for S3, the method."""
        if self.service is AwsService.SNS:
            return dict(self.form).get("Action", "")
        if self.service is AwsService.LAMBDA:
            return "Invoke"
        return self.headers.get("x-amz-target", "").partition(".")[2] or self.method

    @cached_property
    def members(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body or b"{}")
        return found

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True)
class AwsAnswer:
    """A reply. Headers are as they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def accepted(self) -> bool:
        """Return whether AWS did what it was asked to."""
        return self.status < 300


@dataclass(frozen=True)
class Photograph:
    """What a detector call is about: the operation, and one version of one object.

    Of a picture that was sent along, the key is the SHA-256; of a thumbnail, that of the rendition.
    """

    operation: str
    key: str
    version_id: str | None


def paid_photograph(call: Call, answer: AwsAnswer) -> Photograph | None:
    """Return what was paid for by a call that was answered so; None if nothing was."""
    if not answer.accepted:
        return None
    if call.service is AwsService.LAMBDA and "thumbnail" in call.members:
        # Bedrock is asked by a function of ours, which tells a failure as an answer, too.
        has_vector = VECTOR in json.loads(answer.body or b"{}")
        return Photograph(INVOKE_MODEL, call.members["thumbnail"], None) if has_vector else None
    if call.service is not AwsService.REKOGNITION or "Image" not in call.members:
        return None
    shown = call.members["Image"]
    if "Bytes" in shown:
        return Photograph(call.operation, hashlib.sha256(b64decode(shown["Bytes"])).hexdigest(), None)
    place = shown["S3Object"]
    return Photograph(call.operation, place["Name"], place.get("Version"))


@dataclass(frozen=True)
class CutFace:
    """The picture of a face, cut out of a version of a photo; the box is in ratios."""

    key: str
    version_id: str | None
    box: tuple[float, ...]
    picture: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.picture).hexdigest()


def cut_faces_of(call: Call, answer: AwsAnswer) -> list[CutFace]:
    """Return the faces that the pictures function has cut out; none if it was asked something else."""
    if call.service is not AwsService.LAMBDA or "boxes" not in call.members:
        return []
    asked, said = call.members, json.loads(answer.body or b"null") if answer.accepted else None
    crops = said.get("crops", []) if isinstance(said, dict) else []
    return [
        CutFace(asked["key"], asked["version_id"], tuple(box), b64decode(crop))
        for box, crop in zip(asked["boxes"], crops, strict=False)
    ]


@dataclass(frozen=True)
class SavedAnswer:
    """A detector's answer written down: for which bytes, by which detector.

    Bytes are named as in `contract.records`, and what is a part of them by `part_of`.
    """

    content_id: str
    detector: str


_COST_NOTHING = OF_OUR_OWN - {MEANING_SEEN}


def saved_answers_of(call: Call) -> list[SavedAnswer]:
    """Return whose raw answers a call writes down; none if it does something else."""
    if call.operation != "BatchWriteItem":
        return []
    return [
        _saved(item["pk"]["S"].removeprefix(CONTENT_PREFIX), item["sk"]["S"])
        for requests in call.members["RequestItems"].values()
        for request in requests
        if "answer" in (item := request.get("PutRequest", {}).get("Item", {}))
        and item["sk"]["S"].partition("#")[0] not in _COST_NOTHING
    ]


def _saved(content_id: str, sort_key: str) -> SavedAnswer:
    detector, _, fingerprint = sort_key.partition("#")
    face = FaceAnswerName.read(ResultName(content_id, detector, fingerprint))
    if detector == FACES_ANSWERED and face is not None:
        return SavedAnswer(part_of(content_id, face.face), detector)
    _, mark, frame = fingerprint.partition(FRAME_MARK)
    return SavedAnswer(part_of(content_id, frame) if mark else content_id, detector)


def part_of(content_id: str, part: str) -> str:
    """Name a face of a photo, or a frame of a film."""
    return f"{content_id}/{part}"


# What each service says when it is asked too often, and the HTTP status that goes with it.
# https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html
THROTTLES: Mapping[AwsService, tuple[tuple[str, int], ...]] = {
    AwsService.REKOGNITION: (("ProvisionedThroughputExceededException", 400), ("ThrottlingException", 400)),
    AwsService.DYNAMODB: (("ProvisionedThroughputExceededException", 400), ("ThrottlingException", 400)),
    AwsService.SNS: (("Throttled", 429), ("ThrottlingException", 400)),
    AwsService.SQS: (("ThrottlingException", 400), ("RequestThrottled", 403)),
    AwsService.S3: (("SlowDown", 503),),
    AwsService.LAMBDA: (("TooManyRequestsException", 429),),
}
ERRORS: Mapping[AwsService, str] = {
    AwsService.REKOGNITION: "InternalServerError",
    AwsService.DYNAMODB: "InternalServerError",
    AwsService.SNS: "InternalError",
    AwsService.SQS: "InternalError",
    AwsService.S3: "InternalError",
    AwsService.LAMBDA: "ServiceException",
}


# What each service says to a role that may not make the call.
DENIALS: Mapping[AwsService, tuple[str, int]] = {
    AwsService.REKOGNITION: ("AccessDeniedException", 400),
    AwsService.DYNAMODB: ("AccessDeniedException", 400),
    AwsService.SNS: ("AuthorizationError", 403),
    AwsService.SQS: ("AccessDeniedException", 403),
    AwsService.S3: ("AccessDenied", 403),
    AwsService.LAMBDA: ("AccessDeniedException", 403),
}


def throttle(call: Call, number: int) -> AwsAnswer:
    ways = THROTTLES[call.service]
    return refusal(call, *ways[number % len(ways)])


def server_error(call: Call) -> AwsAnswer:
    return refusal(call, ERRORS[call.service], 500)


def unavailable(call: Call) -> AwsAnswer:
    return refusal(call, "ServiceUnavailable", 503)


def denial(call: Call) -> AwsAnswer:
    return refusal(call, *DENIALS[call.service])


def refusal(call: Call, code: str, status: int) -> AwsAnswer:
    """Write an error as the service of this call does. An answer to HEAD has no body, and so no code."""
    said = "injected by the fault run"
    if call.service is AwsService.SNS or call.service is AwsService.S3:
        fields = f"<Code>{code}</Code><Message>{said}</Message>"
        inner = f"<Error><Type>Receiver</Type>{fields}</Error>"
        xml = (
            f"<ErrorResponse>{inner}</ErrorResponse>"
            if call.service is AwsService.SNS
            else f"<Error>{fields}</Error>"
        )
        return AwsAnswer(
            status, (("Content-Type", "text/xml"),), b"" if call.method == "HEAD" else xml.encode()
        )
    version = "1.1" if call.service is AwsService.REKOGNITION else "1.0"
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": said})
    headers = (
        ("Content-Type", f"application/x-amz-json-{version}"),
        ("x-amzn-RequestId", str(uuid.uuid4())),
        ("x-amzn-ErrorType", code),
    )
    return AwsAnswer(status, headers, body.encode())


_ENTRIES = "PublishBatchRequestEntries.member."


@dataclass(frozen=True)
class Split:
    """The call with the part that is passed on, and what turns its answer into that of the whole call."""

    call: Call
    complete: Callable[[AwsAnswer], AwsAnswer]


def split(call: Call, left_out: float) -> Split | None:
    """Leave out this share of a batch, at least one entry and not all; None for what is no batch of two."""
    way = _WAYS.get(call.operation)
    return way(call, left_out) if way is not None else None


def _count(size: int, left_out: float) -> int:
    return min(size - 1, max(1, round(size * left_out)))


def _write(call: Call, left_out: float) -> Split | None:
    ((table, requests),) = call.members["RequestItems"].items()
    if len(requests) < 2:
        return None
    count = _count(len(requests), left_out)
    passed = _with_members(call, {"RequestItems": {table: requests[count:]}})
    return Split(passed, _adding({"UnprocessedItems": {table: requests[:count]}}))


def _read(call: Call, left_out: float) -> Split | None:
    ((table, asked),) = call.members["RequestItems"].items()
    keys = asked["Keys"]
    if len(keys) < 2:
        return None
    count = _count(len(keys), left_out)
    passed = _with_members(call, {"RequestItems": {table: {**asked, "Keys": keys[count:]}}})
    return Split(passed, _adding({"UnprocessedKeys": {table: {**asked, "Keys": keys[:count]}}}))


def _delay(call: Call, left_out: float) -> Split | None:
    entries = call.members["Entries"]
    if len(entries) < 2:
        return None
    count = _count(len(entries), left_out)
    failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in entries[:count]]
    return Split(_with_members(call, {"Entries": entries[count:]}), _adding({"Failed": failed}))


def _publish(call: Call, left_out: float) -> Split | None:
    rest = [(name, value) for name, value in call.form if not name.startswith(_ENTRIES)]
    entries: dict[str, list[tuple[str, str]]] = {}
    for name, value in call.form:
        if name.startswith(_ENTRIES):
            place, _, field = name.removeprefix(_ENTRIES).partition(".")
            entries.setdefault(place, []).append((field, value))
    batch = list(entries.values())
    if len(batch) < 2:
        return None
    count = _count(len(batch), left_out)
    passed = [
        (f"{_ENTRIES}{place}.{field}", value)
        for place, entry in enumerate(batch[count:], start=1)
        for field, value in entry
    ]
    refused = [dict(entry)["Id"] for entry in batch[:count]]
    return Split(_with_body(call, urlencode([*rest, *passed]).encode()), _failing(refused))


def _failing(identifiers: Sequence[str]) -> Callable[[AwsAnswer], AwsAnswer]:
    members = "".join(
        f"<member><Id>{identifier}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>"
        for identifier in identifiers
    )

    def complete(answer: AwsAnswer) -> AwsAnswer:
        text = answer.body.decode()
        for empty in ("<Failed/>", "<Failed></Failed>"):
            text = text.replace(empty, "")
        end = "</PublishBatchResult>"
        return replace(answer, body=text.replace(end, f"<Failed>{members}</Failed>{end}").encode())

    return complete


def _adding(members: Mapping[str, Any]) -> Callable[[AwsAnswer], AwsAnswer]:
    def complete(answer: AwsAnswer) -> AwsAnswer:
        body = json.dumps({**json.loads(answer.body), **members}).encode()
        # DynamoDB's checksum is that of its own answer.
        kept = tuple(header for header in answer.headers if header[0].lower() != "x-amz-crc32")
        return replace(answer, headers=kept, body=body)

    return complete


def _with_members(call: Call, changed: Mapping[str, Any]) -> Call:
    return _with_body(call, json.dumps({**call.members, **changed}).encode())


def _with_body(call: Call, body: bytes) -> Call:
    return Call(call.method, call.path, call.headers, body)


_WAYS: Mapping[str, Callable[[Call, float], Split | None]] = {
    "BatchWriteItem": _write,
    "BatchGetItem": _read,
    "ChangeMessageVisibilityBatch": _delay,
    "PublishBatch": _publish,
}
