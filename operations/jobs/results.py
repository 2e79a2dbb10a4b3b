"""The results of a job, in the form of Rekognition's own bulk analysis: a manifest of answers, and a summary.

    {"source-ref": "s3://bucket/photos/1.jpg", "detect-labels": {"Labels": [...], "LabelModelVersion": "3.0"}}

Beside the source and each answer, by their names with `-metadata` as in SageMaker's manifests, stands which
bytes it is about, by which question it was had and when: so `imagepipe import` can tell whose answer it is.
https://docs.aws.amazon.com/rekognition/latest/dg/bulk-analysis-output-manifests.html
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TextIO

from contract.detector_choice import ByPrefix, Detectors
from contract.detectors import OPERATIONS, SPECS
from contract.moments import to_seconds
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from operations.adapters.dynamodb_photos import DynamoDBPhotos
from operations.inventory import Listed
from operations.jobs.job_file import JobFile, JobLine
from operations.survey import SAME_UPLOAD_SECONDS

METADATA = "-metadata"
# The lists whose elements carry a confidence that a reader may want to bound.
_WITH_CONFIDENCE = ("Labels", "ModerationLabels")
# What the summary says first; each line that cannot be used, or has no answer, follows.
_VERSION = "1.0"


def member_name(detector: str) -> str:
    """Return what the answer of a detector is called in a manifest: `detect-labels`."""
    operation = re.sub(r"(?<!^)(?=[A-Z])", "-", OPERATIONS[detector]).lower()
    feature = SPECS[detector].feature.lower().replace("_", "-")
    return f"{operation}-{feature}" if feature else operation


class Outcome(StrEnum):
    """What has become of a photo of a job; those without an answer are the codes of the summary."""

    RECOGNIZED = "RECOGNIZED"
    REJECTED = "REJECTED"
    WAITING = "NOT_READY"
    CHANGED = "OBJECT_CHANGED"
    DELETED = "OBJECT_DELETED"

    @property
    def is_final(self) -> bool:
        return self is not Outcome.WAITING


_WHY: Mapping[Outcome, str] = {
    Outcome.WAITING: "it waits for its turn, or is a dead letter (imagepipe dlq summary)",
    Outcome.CHANGED: "it was overwritten after the job had begun; its answers are those of other bytes",
    Outcome.DELETED: "it was deleted after the job had begun",
}


def outcome(listed: Listed, record: ImageRecord | None, detectors: Sequence[str]) -> Outcome:
    """Return what has become of a photo that was seen so, whose record now is this."""
    if record is None:
        return Outcome.WAITING
    is_same = (record.version.etag, record.version.size_bytes) == (listed.etag, listed.size_bytes)
    if record.status is Status.DELETED or not is_same:
        if to_seconds(record.version.uploaded_at) <= listed.modified_at + SAME_UPLOAD_SECONDS and not (
            record.status is Status.DELETED and is_same
        ):
            # It is of what stood there before the photo of the job, which is still to be looked at.
            return Outcome.WAITING
        return Outcome.DELETED if record.status is Status.DELETED else Outcome.CHANGED
    if record.status is Status.REJECTED:
        return Outcome.REJECTED
    return Outcome.RECOGNIZED if set(detectors) <= record.detectors.keys() else Outcome.WAITING


class JobPhoto(NamedTuple):
    """A photo of a job: what has become of it, with its record if there is one."""

    outcome: Outcome
    record: ImageRecord | None


@dataclass
class JobResults:
    """Reads what a job has come to. Answers less sure than `min_confidence_percent` are left out.

    `asked` are the detectors that are asked about a photo, by its key: of those that the job is about, it has
    the answers of these.
    `counted` are photos by outcome, or lines where lines are written.
    """

    file: JobFile
    table: DynamoDBPhotos
    detectors: tuple[str, ...]
    asked: ByPrefix[Detectors]
    min_confidence_percent: float = 0.0
    counted: Counter[Outcome] = field(default_factory=Counter)

    def count(self) -> Iterator[int]:
        """Count what has become of each photo; yield how many were looked at after each step."""
        for page in self.file.objects():
            found = self._photos({listed.key: listed for listed in page})
            self.counted.update(photo.outcome for photo in found.values())
            yield self.counted.total()

    def write(self, manifest: TextIO, summary: TextIO) -> Iterator[int]:
        """Write the results of every line and the summary; yield how many lines were written."""
        counts = self.file.counts()
        statistics = {
            "total-json-lines": counts.total,
            "valid-json-lines": counts.valid,
            "invalid-json-lines": counts.invalid,
        }
        summary.write(f'{{"version": "{_VERSION}", "statistics": {json.dumps(statistics)}, "errors": [')
        lines, errors = 0, 0
        for page in self.file.lines():
            results, faults = self._of_lines(page)
            manifest.writelines(f"{json.dumps(result)}\n" for result in results)
            for fault in faults:
                summary.write(f"{',' if errors else ''}\n  {json.dumps(fault)}")
                errors += 1
            lines += len(page)
            yield lines
        summary.write("\n]}\n")

    def _of_lines(self, page: Sequence[JobLine]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        keys = list(dict.fromkeys(line.key for line in page if line.key is not None and line.code is None))
        photos = self._photos(self.file.listed(keys))
        answers = self._answers(photos)
        results: list[dict[str, Any]] = []
        faults: list[dict[str, Any]] = []
        for line in page:
            if line.code is not None or line.key is None:
                faults.append(_fault(line, str(line.code), str(line.message)))
                continue
            photo = photos[line.key]
            of_photo = answers.get(line.key, {})
            if photo.outcome is Outcome.RECOGNIZED and set(self._of(line.key)) > of_photo.keys():
                # Its answers went between two reads, or cannot be read.
                photo = JobPhoto(Outcome.WAITING, photo.record)
            self.counted[photo.outcome] += 1
            if photo.outcome is Outcome.RECOGNIZED and photo.record is not None:
                results.append(self._result(line, photo.record, of_photo))
            elif photo.record is not None and photo.record.rejection is not None:
                rejection = photo.record.rejection
                faults.append(_fault(line, rejection.code, rejection.message))
            else:
                faults.append(_fault(line, photo.outcome, _WHY[photo.outcome]))
        return results, faults

    def _photos(self, listed: Mapping[str, Listed]) -> dict[str, JobPhoto]:
        records, _ = self.table.readable_records(list(listed))
        return {
            key: JobPhoto(outcome(each, records.get(key), self._of(key)), records.get(key))
            for key, each in listed.items()
        }

    def _answers(self, photos: Mapping[str, JobPhoto]) -> dict[str, dict[str, Result]]:
        names: dict[ResultName, list[str]] = {}
        for key, photo in photos.items():
            if photo.outcome is Outcome.RECOGNIZED and photo.record is not None:
                for detector in self._of(key):
                    fingerprint = photo.record.detectors[detector]
                    name = ResultName(photo.record.content_id, detector, fingerprint)
                    names.setdefault(name, []).append(key)
        results, _ = self.table.results(list(names))
        answers: dict[str, dict[str, Result]] = {}
        for name, result in results.items():
            for key in names[name]:
                answers.setdefault(key, {})[name.detector] = result
        return answers

    def _result(self, line: JobLine, record: ImageRecord, answers: Mapping[str, Result]) -> dict[str, Any]:
        version = record.version
        result: dict[str, Any] = {
            "source-ref": line.source_ref,
            f"source-ref{METADATA}": {
                "etag": version.etag,
                "size-bytes": version.size_bytes,
                "version-id": version.version_id,
            },
        }
        for detector in self._of(record.key):
            answer, name = answers[detector], member_name(detector)
            result[name] = self._bounded(answer.response)
            if not self.min_confidence_percent:
                asked = {"fingerprint": answer.name.fingerprint, "called-at": answer.called_at}
                result[f"{name}{METADATA}"] = asked
        return result

    def _of(self, key: str) -> Detectors:
        asked = self.asked[key]
        return tuple(name for name in self.detectors if name in asked)

    def _bounded(self, response: Mapping[str, Any]) -> Mapping[str, Any]:
        bounded = {
            name: [each for each in response[name] if each["Confidence"] >= self.min_confidence_percent]
            for name in _WITH_CONFIDENCE
            if self.min_confidence_percent and name in response
        }
        return {**response, **bounded}


def _fault(line: JobLine, code: str, message: str) -> dict[str, Any]:
    named = {} if line.source_ref is None else {"source-ref": line.source_ref}
    return {"line-number": line.number, **named, "code": str(code), "message": message}
