"""Following photos until each has a record, or lies in the dead letters; what functions say of it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aws.calls import MAX_READS, in_batches
from aws.queue_depths import read_depth
from contract import notifications, table, timing
from contract.errors import FAILURE_ATTRIBUTE, Failure, PermanentError
from contract.items import PARTITION_KEY, SORT_KEY
from contract.moments import to_text
from contract.notifications import look_again_parts
from contract.records import ImageRecord, Status
from local.cloud.environment import LocalClients, Outputs

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


# Transient errors are warnings, and belong to everyday life.
_ALARMING = (
    '"level":"ERROR"',
    '"level":"CRITICAL"',
    "Worker init failed",
    "Traceback",
    " failed processing ",
)
_MOST_BYTES = 1_000_000
_MOST_CHARACTERS_A_LINE = 600


@dataclass(frozen=True)
class FunctionLog:
    """A log from a byte offset on."""

    path: Path
    offset: int

    @classmethod
    def from_now_on(cls, path: Path) -> "FunctionLog":
        return cls(path, path.stat().st_size if path.exists() else 0)

    def last_errors(self, count: int = 4) -> list[str]:
        """Return the last alarming lines, without repeats, each cut to a readable length."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(self.offset, end - _MOST_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        alarming = (line.strip() for line in lines if any(word in line for word in _ALARMING))
        return list(dict.fromkeys(line[:_MOST_CHARACTERS_A_LINE] for line in alarming))[-count:]


_POLL_SECONDS = 0.3
_GETS_A_POLL = 5
# As often as this without a new record, and with nothing in the queues to be taken, the photos still missing
# are asked for once more: a function that was killed took their messages along until the visibility timeout.
ASK_AGAIN_SECONDS = 10.0
# After this long without a new record it is worth reading what the functions say.
DOUBT_SECONDS = 20.0
# What a killed function had claimed is free again after this long; without a new record then, none will come.
GIVE_UP_SECONDS = timing.CLAIM_SECONDS + 60.0


@dataclass
class Drained:
    """How it ended: which photos wait still, the status of the others, and what lies in the dead letters."""

    waiting: set[str] = field(default_factory=set)
    statuses: dict[str, Status] = field(default_factory=dict)
    dead: "list[FoundDeadLetter]" = field(default_factory=list)


def current_etags(clients: LocalClients, outputs: Outputs, keys: Iterable[str]) -> dict[str, str]:
    """Return which bytes the bucket holds now under each of these keys, by ETag. Absent keys are left out."""
    wanted = set(keys)
    there = clients.objects(outputs.bucket)
    return {key: entry["ETag"].strip('"') for key, entry in there.items() if key in wanted}


def drain(
    clients: LocalClients,
    outputs: Outputs,
    etags: Mapping[str, str],
    *,
    ended: Callable[[int], None],
    in_trouble: Callable[[], bool],
) -> Drained:
    """Wait until every key has a record for these very bytes. `ended` is told how many have.

    Gives up after GIVE_UP_SECONDS without any progress, or after DOUBT_SECONDS if the functions are
    `in_trouble`; what waits then stays queued.
    """
    result = Drained(waiting=set(etags))
    last_progress = last_look = last_asked = time.monotonic()
    while True:
        before = len(result.waiting)
        result.statuses |= _statuses(clients, outputs, etags, result.waiting)
        result.waiting -= set(result.statuses)
        now = time.monotonic()
        if not result.waiting or now - last_look > 2:  # noqa: PLR2004
            last_look = now
            result.dead = dead_letters(
                clients.sqs,
                (outputs.dead_letter_queue_url, outputs.bulk_dead_letter_queue_url),
                outputs.bucket,
            )
            result.waiting -= {key for letter in result.dead for key in letter.keys}
        ended(len(etags) - len(result.waiting))
        if len(result.waiting) < before:
            last_progress = last_asked = now
        idle_seconds = now - last_progress
        if not result.waiting or idle_seconds > GIVE_UP_SECONDS:
            return result
        if idle_seconds > DOUBT_SECONDS and in_trouble():
            return result
        if now - last_asked > ASK_AGAIN_SECONDS and not _anything_visible(clients, outputs):
            ask_again(clients, outputs, sorted(result.waiting))
            last_asked = now
        time.sleep(_POLL_SECONDS)


def _statuses(
    clients: LocalClients, outputs: Outputs, etags: Mapping[str, str], keys: set[str]
) -> dict[str, Status]:
    """Read the status of the keys that have a record for the bytes in the bucket; some hundreds at a time."""
    found = {}
    looked_at = sorted(keys)[: MAX_READS * _GETS_A_POLL]
    for keys_of_a_get in in_batches(looked_at, MAX_READS):
        for record in _records(clients, outputs.table, keys_of_a_get):
            if record.version.etag == etags[record.key]:
                found[record.key] = record.status
    return found


def _records(clients: LocalClients, table_name: str, keys: Iterable[str]) -> list[ImageRecord]:
    at = [table.record_key(key) for key in keys]
    wanted = [{PARTITION_KEY: place.pk, SORT_KEY: place.sk} for place in at]
    reply = clients.tables.batch_get_item(RequestItems={table_name: {"Keys": cast("Any", wanted)}})
    return [ImageRecord.from_item(item) for item in reply["Responses"].get(table_name, [])]


def _anything_visible(clients: LocalClients, outputs: Outputs) -> bool:
    urls = (outputs.queue_url, outputs.bulk_queue_url)
    return any(read_depth(clients.sqs, url).visible for url in urls)


def ask_again(clients: LocalClients, outputs: Outputs, keys: list[str]) -> None:
    now = to_text(datetime.now(UTC))
    for _, body in look_again_parts(outputs.bucket, keys, now):
        clients.sqs.send_message(QueueUrl=outputs.bulk_queue_url, MessageBody=body)


_MOST_LOOKED_AT = 500


@dataclass(frozen=True)
class FoundDeadLetter:
    """One dead letter: the keys that it is about, none if it cannot be read.

    `failure` is what the processor says of it, None where SQS made it one.
    """

    keys: tuple[str, ...]
    body: str
    failure: Failure | None


def dead_letters(
    sqs: "SQSClient", queue_urls: Iterable[str], bucket: str, hidden_seconds: int = 1
) -> list[FoundDeadLetter]:
    """Return the dead letters about a bucket in these queues, some hundreds at most.

    They are hidden meanwhile: long enough that one look does not see a message twice, and not for the next.
    """
    found: dict[str, FoundDeadLetter] = {}
    for queue_url in queue_urls:
        while len(found) < _MOST_LOOKED_AT:
            messages = sqs.receive_message(
                QueueUrl=queue_url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=hidden_seconds,
                MessageAttributeNames=[FAILURE_ATTRIBUTE],
            ).get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in found]
            if not new:
                break
            for message in new:
                said = message.get("MessageAttributes", {}).get(FAILURE_ATTRIBUTE)
                found[message["MessageId"]] = FoundDeadLetter(
                    _keys(message["Body"], bucket),
                    message["Body"],
                    None if said is None else Failure.from_json(said["StringValue"]),
                )
    return list(found.values())


def _keys(body: str, bucket: str) -> tuple[str, ...]:
    try:
        return tuple(event.key for event in notifications.parse(body, bucket))
    except PermanentError:
        return ()
