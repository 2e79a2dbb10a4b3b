"""Refusals in the words of each service, as its clients read them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

from loadtest.faults.calls import Answer, Call, Service

# What each service says when it is asked too often, and the HTTP status that goes with it.
# https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html
THROTTLES: Mapping[Service, tuple[tuple[str, int], ...]] = {
    Service.REKOGNITION: (("ProvisionedThroughputExceededException", 400), ("ThrottlingException", 400)),
    Service.DYNAMODB: (("ProvisionedThroughputExceededException", 400), ("ThrottlingException", 400)),
    Service.SNS: (("Throttled", 429), ("ThrottlingException", 400)),
    Service.SQS: (("ThrottlingException", 400), ("RequestThrottled", 403)),
    Service.S3: (("SlowDown", 503),),
}
ERRORS: Mapping[Service, str] = {
    Service.REKOGNITION: "InternalServerError",
    Service.DYNAMODB: "InternalServerError",
    Service.SNS: "InternalError",
    Service.SQS: "InternalError",
    Service.S3: "InternalError",
}


# What each service says to a role that may not make the call.
DENIALS: Mapping[Service, tuple[str, int]] = {
    Service.REKOGNITION: ("AccessDeniedException", 400),
    Service.DYNAMODB: ("AccessDeniedException", 400),
    Service.SNS: ("AuthorizationError", 403),
    Service.SQS: ("AccessDeniedException", 403),
    Service.S3: ("AccessDenied", 403),
}


def throttle(call: Call, number: int) -> Answer:
    """Refuse a call because there were too many; `number` chooses among the ways to say so."""
    ways = THROTTLES[call.service]
    return refusal(call, *ways[number % len(ways)])


def error(call: Call) -> Answer:
    """Refuse a call because something broke inside."""
    return refusal(call, ERRORS[call.service], 500)


def unavailable(call: Call) -> Answer:
    """Refuse a call because the service is away."""
    return refusal(call, "ServiceUnavailable", 503)


def denial(call: Call) -> Answer:
    """Refuse a call that the processor's role may not make."""
    return refusal(call, *DENIALS[call.service])


def refusal(call: Call, code: str, status: int) -> Answer:
    """Write an error as the service of this call does. An answer to HEAD has no body, and so no code."""
    said = "injected by the fault run"
    if call.service is Service.SNS or call.service is Service.S3:
        fields = f"<Code>{code}</Code><Message>{said}</Message>"
        inner = f"<Error><Type>Receiver</Type>{fields}</Error>"
        xml = (
            f"<ErrorResponse>{inner}</ErrorResponse>"
            if call.service is Service.SNS
            else f"<Error>{fields}</Error>"
        )
        return Answer(status, (("Content-Type", "text/xml"),), b"" if call.method == "HEAD" else xml.encode())
    version = "1.1" if call.service is Service.REKOGNITION else "1.0"
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": said})
    headers = (("Content-Type", f"application/x-amz-json-{version}"), ("x-amzn-RequestId", str(uuid.uuid4())))
    return Answer(status, headers, body.encode())
