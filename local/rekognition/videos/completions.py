"""Telling of a job's end, as AWS does, and what may go wrong with it, which tests switch on.

The message is of the form that AWS sends
(https://docs.aws.amazon.com/rekognition/latest/dg/video-notification-payload.html); as it was seen, it has no
spaces, a JobTag only where one was given, and the name of the operation that started the job.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

_log = logging.getLogger(__name__)
Publish = Callable[[str, str], None]
"""Publishes a message, given the topic's ARN first; raises what its client raises."""


class FaultsError(Exception):
    """What is wrong with the wished faults, for the one who wished them."""


class Faults(NamedTuple):
    """What happens to jobs that end from now on; `copies` are completions a job: 1 is right, 0 loses it.

    `fails` is the StatusMessage of jobs that are to fail; `holds` lets no job end until it is lifted.
    """

    copies: int = 1
    late_seconds: float = 0.0
    fails: str = ""
    holds: bool = False

    @classmethod
    def from_json(cls, wanted: Any) -> "Faults":
        """Raise FaultsError for what is none."""
        kinds: dict[str, type | tuple[type, ...]] = {
            "copies": int,
            "late_seconds": (int, float),
            "fails": str,
            "holds": bool,
        }
        if not isinstance(wanted, dict) or wanted.keys() - kinds.keys():
            raise FaultsError(f"give an object with {', '.join(kinds)}, or some of them")
        for name, value in wanted.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            is_right = value >= 0 if is_number else name in {"fails", "holds"}
            if not isinstance(value, kinds[name]) or not is_right:
                raise FaultsError(f"{name}: {value!r} cannot be")
        return cls(**wanted)


def completion(job_id: str, status: str, start: str, request: Mapping[str, Any], at_seconds: float) -> str:
    video = request["Video"]["S3Object"]
    tag = {"JobTag": request["JobTag"]} if "JobTag" in request else {}
    told = {
        "JobId": job_id,
        "Status": status,
        "API": start,
        **tag,
        "Timestamp": round(at_seconds * 1000),
        "Video": {"S3ObjectName": video["Name"], "S3Bucket": video["Bucket"]},
    }
    return json.dumps(told, separators=(",", ":"))


def tell(publish: Publish, topic: str, message: str, faults: Faults) -> None:
    """Publish a completion, as often and as late as `faults` says. A topic that fails is only logged."""

    def now() -> None:
        for _ in range(faults.copies):
            try:
                publish(topic, message)
            except (BotoCoreError, ClientError):  # AWS goes on too: the results are there to be asked for
                _log.exception("no completion was published to %s", topic)

    if faults.late_seconds <= 0:
        now()
        return
    later = threading.Timer(faults.late_seconds, now)
    later.daemon = True
    later.start()


def connect(endpoint: str | None) -> Publish:
    """Publish by the SNS at `endpoint` (boto3's own choice without one)."""
    import boto3
    from botocore.config import Config

    session = boto3.Session()
    some = None if session.get_credentials() else "test"

    def publish(topic: str, message: str) -> None:
        client = session.client(
            "sns",
            endpoint_url=endpoint,
            region_name=topic.split(":")[3],
            config=Config(connect_timeout=2.0, read_timeout=10.0, retries={"total_max_attempts": 3}),
            aws_access_key_id=some,
            aws_secret_access_key=some,
        )
        client.publish(TopicArn=topic, Message=message)

    return publish
