"""Carrying the script out on the bucket."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contract.notifications import look_again
from loadtest.faults.calls import Photograph
from loadtest.faults.script import Act, Step
from local.cloud.clients import LocalClients
from local.cloud.outputs import Outputs

_THREADS = 4


@dataclass
class Actor:
    """Acts, and remembers which bytes became which version of which key."""

    clients: LocalClients
    outputs: Outputs
    photos: Iterator[bytes]
    bodies: dict[tuple[str, str | None], bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def act_out(self, wave: Sequence[Step], done: Callable[[], None]) -> None:
        """Do all steps of a wave, some at a time; those of one key in order."""
        of_key: dict[str, list[Step]] = {}
        for step in wave:
            of_key.setdefault(step.source or step.key, []).append(step)
        prepared = [[(step, self._body(step)) for step in steps] for steps in of_key.values()]

        def act(steps: list[tuple[Step, bytes]]) -> None:
            for step, body in steps:
                self._act(step, body)
                done()

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(act, prepared))

    def _body(self, step: Step) -> bytes:
        return next(self.photos) if step.act in {Act.UPLOAD, Act.OVERWRITE} else b""

    def _act(self, step: Step, body: bytes) -> None:
        s3, bucket = self.clients.s3, self.outputs.bucket
        match step.act:
            case Act.UPLOAD | Act.OVERWRITE:
                version_id = s3.put_object(Bucket=bucket, Key=step.key, Body=body).get("VersionId")
                self._remember(step.key, version_id, body)
            case Act.COPY:
                source = s3.get_object(Bucket=bucket, Key=step.source)["Body"].read()
                copied = s3.copy_object(
                    Bucket=bucket, Key=step.key, CopySource={"Bucket": bucket, "Key": step.source}
                )
                self._remember(step.key, copied.get("VersionId"), source)
            case Act.DELETE:
                s3.delete_object(Bucket=bucket, Key=step.key)
            case Act.LOOK_AGAIN:
                now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                self.clients.sqs.send_message(
                    QueueUrl=self.outputs.bulk_queue_url, MessageBody=look_again(bucket, [step.key], now)
                )

    def _remember(self, key: str, version_id: str | None, body: bytes) -> None:
        with self._lock:
            self.bodies[key, version_id] = body

    def content_id_of(self, photograph: Photograph) -> str:
        """Name the bytes that a detector was asked about, as the pipeline does."""
        return content_id(self.bodies[photograph.key, photograph.version_id])

    def content_ids_by_digest(self) -> dict[str, str]:
        """Map the SHA-256 of all bytes that were uploaded to the pipeline's name for them."""
        return {hashlib.sha256(body).hexdigest(): content_id(body) for body in self.bodies.values()}


def content_id(body: bytes) -> str:
    """Name bytes as `contract.identity` does for an upload in one part."""
    return f"{hashlib.md5(body).hexdigest()}-{len(body)}"
