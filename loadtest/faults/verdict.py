"""Whether the promises were kept, computed from evidence alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from contract.completions import completion
from contract.records import Findings, Head, Status
from contract.results import ResultName
from contract.table import index_rows
from contract.tallies import NOTHING, Differences, Share
from loadtest.faults.evidence import Evidence
from loadtest.faults.payments import PaidTwice
from processors.detectors import READERS


@dataclass(frozen=True)
class Verdict:
    """What was found. `lost` and `stale` list keys; both are to be empty.

    `lost`: there is an object and no right record: none at all, a rejection of a good photo, or index rows or
    raw results that are missing. `stale`: the record, or a visible index row, is of another version than the
    object, or of an object that is gone. `silent`: no completion of the record that stands. `dead`: causes of
    dead letters, of which there are to be none, for nothing that was done to the calls was a photo's own
    fault. `miscounted`: names of labels and statuses, with how many are counted and how many there are.
    """

    lost: dict[str, str]
    stale: dict[str, str]
    silent: tuple[str, ...]
    dead: Counter[str]
    twice: PaidTwice
    miscounted: dict[str, tuple[int, int]]

    @property
    def kept(self) -> bool:
        """Whether nothing was lost, stale, silent, buried, or paid twice without a cause."""
        return not (
            self.lost or self.stale or self.silent or self.dead or self.twice.unexplained or self.miscounted
        )


def judge(
    evidence: Evidence,
    announced: Collection[str],
    bucket_name: str,
    twice: PaidTwice,
    true_labels: Mapping[str, Mapping[str, float]],
) -> Verdict:
    """Compare the bucket with the table, and the table with what was announced.

    `true_labels` are those of some keys, asked for once more with the very bytes that are there.
    """
    lost: dict[str, str] = {}
    stale: dict[str, str] = {}
    for key in sorted(evidence.bucket.keys() | evidence.heads.keys()):
        present, head = evidence.bucket.get(key), evidence.heads.get(key)
        if present is None:
            if head is not None and head.status is not Status.DELETED:
                stale[key] = "the object is gone, its record is not"
        elif head is None or head.status is Status.DELETED:
            lost[key] = "no record"
        elif (head.version.etag, head.version.version_id) != present:
            stale[key] = "the record is of another version"
        elif head.status is not Status.RECOGNIZED:
            lost[key] = f"rejected: {head.rejection.code if head.rejection else 'without a reason'}"
        elif (said := _said(evidence, head)) is None:
            lost[key] = "a raw result is missing"
        elif said != head.findings:
            stale[key] = "the record does not say what the detectors said about these bytes"
        elif head.findings.labels != true_labels.get(key, head.findings.labels):
            stale[key] = "the detectors' answer is about other bytes"
    _compare_rows(evidence, lost, stale)
    heads = evidence.heads.values()
    return Verdict(
        lost,
        stale,
        tuple(sorted(head.key for head in heads if completion(bucket_name, head).id not in announced)),
        Counter(letter.cause for letter in evidence.letters),
        twice,
        miscounted(evidence),
    )


def miscounted(evidence: Evidence) -> dict[str, tuple[int, int]]:
    """Compare the tally's counts with the records: names with what is counted, and what there is."""
    true = Differences()
    for head in evidence.heads.values():
        true.add(NOTHING, Share.of(head))
    wanted = {name: count for counts in true.by_item.values() for name, count in counts.items()}
    names = sorted(wanted.keys() | evidence.counts.keys())
    pairs = {name: (evidence.counts.get(name, 0), wanted.get(name, 0)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _compare_rows(evidence: Evidence, lost: dict[str, str], stale: dict[str, str]) -> None:
    """Rows count while the head of their key has their revision; these must be the head's, all of them."""
    visible: dict[str, set[object]] = {}
    for row in evidence.rows:
        head = evidence.heads.get(row.key)
        if head is not None and head.revision == row.revision:
            visible.setdefault(row.key, set()).add(row)
    for key, head in evidence.heads.items():
        wanted, found = set(index_rows(head)), visible.get(key, set())
        if found - wanted:
            stale.setdefault(key, f"{len(found - wanted)} visible index rows are not of this record")
        if wanted - found:
            lost.setdefault(key, f"{len(wanted - found)} index rows are missing")


def _said(evidence: Evidence, head: Head) -> Findings | None:
    """Read what the detectors answered about the bytes that a head is of; None if an answer is missing."""
    found = Findings()
    for detector, fingerprint in head.detectors.items():
        result = evidence.results.get(ResultName(head.version.content_id, detector, fingerprint))
        if result is None:
            return None
        found = found.with_those_of(READERS[detector](result.response))
    return found
