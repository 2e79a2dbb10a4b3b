"""What is there at the end, read directly, and whether the promises were kept."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from aws.calls import pages
from aws.queue_depths import read_depth
from contract.films import film_findings
from contract.meaning import OF_OUR_OWN, VECTOR, Vector
from contract.moments import to_seconds
from contract.notifications import completion
from contract.records import Findings, ImageRecord, Status
from contract.results import Result, ResultName
from contract.table import VIDEO, IndexRow, index_rows, kind_of
from contract.tallies import LABEL_COUNTS, NOTHING, STATUS_COUNTS, Differences, Share, read_counts
from loadtest.faults.cameras import is_unchanged
from loadtest.faults.films import is_film
from loadtest.faults.ledger import PaidTwice
from loadtest.faults.wings import DETECTORS_OF, THE_POLICY
from local.cloud.environment import LocalClients, Outputs
from local.demo.draining import dead_letters
from processors.detectors import reader

UNEXPLAINED = "moved by SQS, unexplained"
# Dead letters are hidden for so long while they are read.
HIDDEN_SECONDS = 30


@dataclass(frozen=True)
class Letter:
    """A dead letter: why it is one, and which keys it is about.

    `failed_at` is when the processor gave it up, in seconds since 1970, None where SQS did.
    """

    cause: str
    keys: tuple[str, ...]
    failed_at: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Bucket: the version that is there of each key (ETag, version id), None where it was deleted.

    `counts` are those of the tally, by name of label and of status; `vectors` are those that rows have.
    """

    bucket: Mapping[str, tuple[str, str | None] | None]
    records: Mapping[str, ImageRecord]
    rows: tuple[IndexRow, ...]
    results: Mapping[ResultName, Result]
    letters: tuple[Letter, ...]
    counts: Mapping[str, int]
    vectors: Mapping[IndexRow, Vector] = field(default_factory=dict)


def gather(clients: LocalClients, outputs: Outputs) -> Evidence:
    records: dict[str, ImageRecord] = {}
    rows: list[IndexRow] = []
    results: dict[ResultName, Result] = {}
    vectors: dict[IndexRow, Vector] = {}
    for item in _items(clients, outputs.table):
        kind, _, rest = str(item["pk"]).partition("#")
        if kind == "image":
            records[rest] = ImageRecord.from_item(item)
        elif kind == "index":
            rows.append(row := IndexRow.from_item(item))
            if VECTOR in item:
                vectors[row] = tuple(map(float, item[VECTOR]))
        elif kind == "content":
            detector, _, fingerprint = str(item["sk"]).partition("#")
            name = ResultName(rest, detector, fingerprint)
            raw = {"answer": bytes(item["answer"])} if "answer" in item else {}
            if (result := Result.from_item(name, {**item, **raw})) is not None:
                results[name] = result
    return Evidence(
        bucket_now(clients, outputs.bucket),
        records,
        tuple(rows),
        results,
        tuple(_letters(clients, outputs)),
        counts_now(clients, outputs),
        vectors,
    )


def counts_now(clients: LocalClients, outputs: Outputs) -> dict[str, int]:
    table = clients.tables.Table(outputs.table)
    items = (
        table.get_item(Key={"pk": at.pk, "sk": at.sk}, ConsistentRead=True).get("Item", {})
        for at in (STATUS_COUNTS, *LABEL_COUNTS)
    )
    return {name: count for item in items for name, count in read_counts(item).items()}


def _items(clients: LocalClients, table_name: str) -> Iterator[dict[str, Any]]:
    for page in pages(clients.tables.Table(table_name).scan, ConsistentRead=True):
        yield from page["Items"]


def bucket_now(clients: LocalClients, bucket: str) -> dict[str, tuple[str, str | None] | None]:
    """Return the version that is there now of each key (ETag, version id), None where it was deleted."""
    found: dict[str, tuple[str, str | None] | None] = {}
    for page in clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            if version["IsLatest"]:
                found[version["Key"]] = (version["ETag"].strip('"'), version["VersionId"])
        for marker in page.get("DeleteMarkers", []):
            if marker["IsLatest"]:
                found[marker["Key"]] = None
    return found


def _letters(clients: LocalClients, outputs: Outputs) -> Iterator[Letter]:
    urls = (outputs.dead_letter_queue_url, outputs.bulk_dead_letter_queue_url)
    for letter in dead_letters(clients.sqs, urls, outputs.bucket, HIDDEN_SECONDS):
        if (failure := letter.failure) is None:
            yield Letter(UNEXPLAINED, letter.keys)
        else:
            cause = f"{failure.kind}: {failure.code}"
            yield Letter(cause, letter.keys, to_seconds(failure.last_failed_at))
    for url in (outputs.alerts_dead_letter_queue_url, outputs.cameras_dead_letter_queue_url):
        given_up = read_depth(clients.sqs, url).total
        yield from repeat(Letter("a completion that nobody was told of by alerts or cameras", ()), given_up)


@dataclass(frozen=True)
class RunVerdict:
    """What was found. `lost` and `stale` list keys; both are to be empty.

    `lost`: there is an object and no right record: none at all, a rejection of a good photo, or index
    rows or raw results that are missing. `stale`: the record, or a visible index row, is of another
    version than the object, or of an object that is gone. `silent`: no completion of the record that
    stands. `dead`: causes of dead letters, of which there are to be none, for nothing that was done to
    the calls was a photo's own fault. `miscounted`: names of labels and statuses, with how many are
    counted and how many there are. `misspoken`: keys of which was announced other than what the record
    says by the policy. `alerts`: rules that told of more or fewer photos than matched. `strangers`: keys
    whose records name others than those who are there. `traces`: where something is left of who was
    forgotten. `vectors`: keys whose rows have not the vector of what they mean. `jobs`: what is wrong
    with those on films. `events`: what is wrong with those of the camera, and what was asked for them.
    """

    lost: dict[str, str]
    stale: dict[str, str]
    silent: tuple[str, ...]
    dead: Counter[str]
    twice: PaidTwice
    miscounted: dict[str, tuple[int, int]]
    misspoken: dict[str, str]
    alerts: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    traces: dict[str, str] = field(default_factory=dict)
    vectors: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Return whether all promises were kept: nothing has a payment without a cause, or anything else."""
        return not any(
            (
                *(self.lost, self.stale, self.silent, self.dead, self.twice.unexplained, self.miscounted),
                *(self.misspoken, self.alerts, self.strangers, self.traces, self.vectors, self.jobs),
                self.events,
            )
        )


def judge(
    evidence: Evidence,
    announced: Mapping[str, Mapping[str, Any]],
    bucket_name: str,
    twice: PaidTwice,
    true_labels: Mapping[str, Mapping[str, float]],
) -> RunVerdict:
    """Compare the bucket with the table, and the table with what was announced, by id.

    `true_labels` are those of some keys, asked for once more with the very bytes that are there.
    """
    lost: dict[str, str] = {}
    stale: dict[str, str] = {}
    for key in sorted(evidence.bucket.keys() | evidence.records.keys()):
        present, record = evidence.bucket.get(key), evidence.records.get(key)
        if present is None:
            if record is not None and record.status is not Status.DELETED:
                stale[key] = "the object is gone, its record is not"
        elif record is None or record.status is Status.DELETED:
            lost[key] = "no record"
        elif (record.version.etag, record.version.version_id) != present:
            stale[key] = "the record is of another version"
        elif record.status is not Status.RECOGNIZED:
            lost[key] = f"rejected: {record.rejection.code if record.rejection else 'without a reason'}"
        elif record.detectors.keys() - OF_OUR_OWN != asked_of(record):
            lost[key] = f"it was looked at by {', '.join(sorted(record.detectors))}"
        elif is_film(key) != (kind_of(record) == VIDEO):
            lost[key] = f"it was taken for a {kind_of(record)}"
        elif (said := _said(evidence, record)) is None:
            lost[key] = "a raw result is missing"
        elif said != replace(record.findings, persons={}, searched=0, look=None):
            stale[key] = "the record does not say what the detectors said about these bytes"
        elif record.findings.labels != true_labels.get(key, record.findings.labels):
            stale[key] = "the detectors' answer is about other bytes"
    _compare_rows(evidence, lost, stale)
    due = [completion(bucket_name, record, THE_POLICY) for record in evidence.records.values()]
    return RunVerdict(
        lost,
        stale,
        tuple(sorted(str(said.body["key"]) for said in due if said.id not in announced)),
        Counter(letter.cause for letter in evidence.letters),
        twice,
        miscounted(evidence),
        {
            str(said.body["key"]): f"{fields} of its completion"
            for said in due
            if said.id in announced and (fields := _other_fields(said.body, announced[said.id]))
        },
    )


def asked_of(record: ImageRecord) -> set[str]:
    """Return by which detectors a photo is to be looked at."""
    return set() if is_unchanged(record) else set(DETECTORS_OF[record.key])


def _other_fields(due: Mapping[str, Any], announced: Mapping[str, Any]) -> str:
    """Return which fields of a completion are not what they are to be."""
    as_sent: dict[str, Any] = json.loads(json.dumps(due))
    names = sorted(as_sent.keys() | announced.keys())
    return ", ".join(name for name in names if as_sent.get(name) != announced.get(name))


def miscounted(evidence: Evidence) -> dict[str, tuple[int, int]]:
    """Compare the tally's counts with the records: names with what is counted, and what there is."""
    true = Differences()
    for record in evidence.records.values():
        true.add(NOTHING, Share.of(record))
    wanted = {name: count for counts in true.by_item.values() for name, count in counts.items()}
    names = sorted(wanted.keys() | evidence.counts.keys())
    pairs = {name: (evidence.counts.get(name, 0), wanted.get(name, 0)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _compare_rows(evidence: Evidence, lost: dict[str, str], stale: dict[str, str]) -> None:
    """Rows count while the record of their key has their revision; these must be all of its rows."""
    visible: dict[str, set[object]] = {}
    for row in evidence.rows:
        record = evidence.records.get(row.key)
        if record is not None and record.revision == row.revision:
            visible.setdefault(row.key, set()).add(row)
    for key, record in evidence.records.items():
        wanted, found = set(index_rows(record)), visible.get(key, set())
        if found - wanted:
            stale.setdefault(key, f"{len(found - wanted)} visible index rows are not of this record")
        if wanted - found:
            lost.setdefault(key, f"{len(wanted - found)} index rows are missing")


def _said(evidence: Evidence, record: ImageRecord) -> Findings | None:
    """Read what the detectors answered about the bytes that a record is of; None if an answer is missing."""
    found = Findings()
    for detector, fingerprint in record.detectors.items():
        result = evidence.results.get(ResultName(record.version.content_id, detector, fingerprint))
        if result is None:
            return None
        of_film = film_findings(result.response)
        found = found.with_those_of(of_film or reader(detector)(result.response))
    return found
