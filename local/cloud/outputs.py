"""The names and addresses of what runs here, for people and programs: `.local/outputs.json`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from local.cloud.environment import REGION, LocalEnvironment


@dataclass(frozen=True)
class Outputs:
    """What a client needs to know. All URLs are on loopback."""

    endpoint_url: str
    rekognition_url: str
    region: str
    bucket: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    table: str
    topic_arn: str
    api_url: str

    @classmethod
    def of(cls, environment: LocalEnvironment, stack_outputs: Mapping[str, str]) -> Outputs:
        """Put together the outputs of the stack and the addresses of the environment."""
        return cls(
            endpoint_url=environment.endpoint_url,
            rekognition_url=environment.rekognition_url,
            region=REGION,
            bucket=stack_outputs["Bucket"],
            queue_url=_on_loopback(environment, stack_outputs["QueueUrl"]),
            dead_letter_queue_url=_on_loopback(environment, stack_outputs["DeadLetterQueueUrl"]),
            bulk_queue_url=_on_loopback(environment, stack_outputs["BulkQueueUrl"]),
            bulk_dead_letter_queue_url=_on_loopback(environment, stack_outputs["BulkDeadLetterQueueUrl"]),
            table=stack_outputs["Table"],
            topic_arn=stack_outputs["TopicArn"],
            api_url=_reachable_api_url(environment, stack_outputs["ApiUrl"]),
        )

    def write(self, environment: LocalEnvironment) -> None:
        """Write the file; whoever reads it sees the old one or the new one, whole."""
        environment.directory.mkdir(parents=True, exist_ok=True)
        scratch = environment.outputs_file.with_suffix(".partial")
        scratch.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
        scratch.replace(environment.outputs_file)

    @classmethod
    def read(cls, environment: LocalEnvironment) -> Outputs | None:
        """Read what the last deployment wrote; None if there is nothing to read."""
        try:
            return cls(**json.loads(environment.outputs_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def _on_loopback(environment: LocalEnvironment, queue_url: str) -> str:
    return f"{environment.endpoint_url}{urlsplit(queue_url).path}"


def _reachable_api_url(environment: LocalEnvironment, api_endpoint: str) -> str:
    """Turn `http://<api id>.execute-api.localhost` into an address by path.

    Not every resolver knows the names below localhost, and at that host MiniStack answers `/health` itself.
    """
    api_id = (urlsplit(api_endpoint).hostname or "").split(".")[0]
    return f"{environment.endpoint_url}/_aws/execute-api/{api_id}"
