"""How AWS is called, how often a call is tried again, and what failures mean to the images it was made for.

A service that fails or cannot be reached says nothing about them. What was refused because of one request's
content counts against that image. A refusal that no rule knows is the deployment's: it may well meet every
image, so it buries none while somebody needs time to look.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import botocore.session

from aws.calls import write_if
from aws.client_config import client_config
from aws.errors import ErrorTranslator
from aws.retries import RetryPolicy
from contract import errors
from contract.items import PARTITION_KEY, SORT_KEY, to_wire
from contract.timing import CALL_SECONDS, PATIENCE_SECONDS, RETRYING_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IF_NONE = f"attribute_not_exists({PARTITION_KEY})"

# What Rekognition's verdicts mean, and what to do: its own words are short.
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
VERDICTS = {
    "ImageTooLargeException": "it has over 15 MB or a side over 10,000 pixels; upload it smaller",
    "InvalidImageFormatException": "it is no JPEG or PNG that can be decoded; convert it, upload it again",
    "InvalidParameterException": "the usual reason is a side under 80 pixels; upload it larger",
    "InvalidS3ObjectException": "Rekognition cannot get at the object",
}

translated = ErrorTranslator(
    passing=errors.NotReadyError,
    refused_request=errors.TransientError,
    unknown=partial(errors.ConfigurationError, patience_seconds=PATIENCE_SECONDS),
)


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Raise what AWS says to a detector call, which is about one image.

    Verdicts are PermanentError. No answer, by an error of the service or of the way there, may be the
    service's failure or the image's: UnansweredError.
    """
    try:
        with translated(what):
            yield
    except errors.ThrottledError:
        raise
    except errors.NotReadyError as error:
        raise errors.UnansweredError(error.code, error.message) from error
    except errors.ConfigurationError as error:
        if error.code not in VERDICTS:
            raise
        refusal: Any = error.__cause__  # the ClientError that AWS's answer was made into
        said = refusal.response["Error"].get("Message", "").rstrip(".")
        raise errors.PermanentError(error.code, f"{said}: {VERDICTS[error.code]}") from error


lambda_config = partial(client_config, connect_seconds=3, read_seconds=CALL_SECONDS)


def clients(*services: str, connections: int = 10, read_seconds: float = CALL_SECONDS) -> list[Any]:
    """Make a client of each service, of one attempt a call: trying again is our own policy's.

    They come from botocore, which is what boto3's clients are; boto3 around them would cost cold starts.
    """
    session = botocore.session.get_session()
    config = lambda_config(connections=connections, read_seconds=read_seconds)
    return [session.create_client(service, config=config) for service in services]


def put_as_read(
    client: "DynamoDBClient", table_name: str, retry: RetryPolicy, item: Mapping[str, Any], version: int
) -> bool:
    """Put an item, and return True, if what stands there has still the `version` that was read.

    That is 0 where nothing stood there; the item brings its own. Raise a word for failure.
    """
    values = {"ExpressionAttributeValues": to_wire({":version": version})} if version else {}
    what = f"PutItem of {item[PARTITION_KEY]} {item[SORT_KEY]} on {table_name}"
    return retry.around(translated(what)(write_if))(
        client.put_item,
        TableName=table_name,
        Item=to_wire(item),
        ConditionExpression="version = :version" if version else IF_NONE,
        **values,
    ).is_done


ATTEMPTS = 4
# Within the same time: for what must not be given up.
PATIENT_ATTEMPTS = 12
# For what can be done without.
BRIEF_ATTEMPTS = 2
LONGEST_WAIT_SECONDS = 3.0


def retry_policy(sleep: Callable[[float], None] = time.sleep, attempts: int = ATTEMPTS) -> RetryPolicy:
    return RetryPolicy(attempts, RETRYING_SECONDS, LONGEST_WAIT_SECONDS, sleep)
