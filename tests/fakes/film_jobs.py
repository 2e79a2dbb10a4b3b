"""Rekognition's jobs on films in memory: `film cat 97|dog 88 face:p1 99` shows each frame for ten seconds.

A job works when a test has it end. The answer is told in segments, as it is asked for. That about what is
`strange` has no name.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from contract.film_jobs import ACCOUNT_JOBS
from loadtest.simulation.outages import client_error
from tests.fakes.pictures import FRAME_MS
from tests.fakes.rekognition import FakeRekognition

_PAGE = 2
# Faces are told of each second.
_FACE_MS, _FACES_A_PAGE = 1000, 20


def _named(name: bytes) -> dict[str, str]:
    """Return what says what is seen; a strange answer does not."""
    return {} if name == b"strange" else {"Name": name.decode().title()}


@dataclass
class FakeJob:
    """`body` is what the job has read, which is what was there when it was begun."""

    id: str
    operation: str
    asked: dict[str, Any]
    body: bytes
    status: str = "IN_PROGRESS"
    message: str = ""

    def completion(self) -> dict[str, Any]:
        return {
            "JobId": self.id,
            "Status": self.status,
            "API": self.operation,
            "JobTag": self.asked["JobTag"],
            "Timestamp": 1,
            "Video": {"S3ObjectName": self.asked["Video"]["S3Object"]["Name"], "S3Bucket": "photos"},
        }


@dataclass
class RekognitionWithJobs(FakeRekognition):
    """Photos as the other, and jobs. `others` are jobs of the account that are not ours."""

    jobs: dict[str, FakeJob] = field(default_factory=dict)
    others: int = 0

    def start_label_detection(self, **asked: Any) -> dict[str, Any]:
        return self._start("StartLabelDetection", asked)

    def start_content_moderation(self, **asked: Any) -> dict[str, Any]:
        return self._start("StartContentModeration", asked)

    def start_face_search(self, **asked: Any) -> dict[str, Any]:
        return self._start("StartFaceSearch", asked)

    def get_face_search(self, **asked: Any) -> dict[str, Any]:
        """Tell of faces like `p1` and `p2` as of such of the collection, taken from a photo of each."""
        with self.calls.of("GetFaceSearch"):
            assert "AggregateBy" not in asked
            return self._page(asked, "Persons", _persons, _FACES_A_PAGE)

    def get_label_detection(self, **asked: Any) -> dict[str, Any]:
        with self.calls.of("GetLabelDetection"):
            assert asked["AggregateBy"] == "SEGMENTS"
            return self._page(asked, "Labels", partial(_found, "Label"))

    def get_content_moderation(self, **asked: Any) -> dict[str, Any]:
        with self.calls.of("GetContentModeration"):
            return self._page(asked, "ModerationLabels", partial(_found, "ModerationLabel"))

    def end(self, job_id: str, status: str = "SUCCEEDED", message: str = "") -> FakeJob:
        job = self.jobs[job_id]
        job.status, job.message = status, message
        return job

    @property
    def open(self) -> list[FakeJob]:
        return [job for job in self.jobs.values() if job.status == "IN_PROGRESS"]

    def begun(self) -> Counter[tuple[str, bytes]]:
        """Count the jobs that were paid for, by operation and film."""
        return Counter((job.operation, job.body) for job in self.jobs.values())

    def _start(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        with self.calls.of(operation):
            token = asked["ClientRequestToken"]
            for job in self.jobs.values():
                if job.operation == operation and job.asked["ClientRequestToken"] == token:
                    if job.asked != asked:
                        raise client_error("IdempotentParameterMismatchException", operation, "other")
                    return {"JobId": job.id}
            if len(self.open) + self.others >= ACCOUNT_JOBS:
                raise client_error("LimitExceededException", operation, "Open Jobs Limit Exceeded")
            place = asked["Video"]["S3Object"]
            body = self.s3.read(place["Name"], place.get("Version"))
            if body is None:
                raise client_error("InvalidS3ObjectException", operation, "Unable to get object metadata")
            job_id = hashlib.sha256(f"{operation} {token}".encode()).hexdigest()
            self.jobs[job_id] = FakeJob(job_id, operation, asked, body)
        return {"JobId": job_id}

    def _page(
        self,
        asked: dict[str, Any],
        member: str,
        found_in: Callable[[bytes], list[dict[str, Any]]],
        size: int = _PAGE,
    ) -> dict[str, Any]:
        job = self.jobs.get(asked["JobId"])
        if job is None:
            raise client_error("ResourceNotFoundException", member, "Could not find JobId")
        answer: dict[str, Any] = {"JobStatus": job.status, "StatusMessage": job.message, "JobId": job.id}
        if job.status != "SUCCEEDED":
            return answer
        found = found_in(job.body)
        first = int(asked.get("NextToken", "0"))
        page = {**answer, member: found[first : first + size]}
        return page | ({"NextToken": str(first + size)} if first + size < len(found) else {})


def _frames(film: bytes) -> list[list[tuple[bytes, float]]]:
    """Return what each frame of a film shows, and how sure that is."""
    frames = (frame.split() for frame in film.removeprefix(b"film ").split(b"|"))
    return [
        [(name, float(sure)) for name, sure in zip(words[::2], words[1::2], strict=True)] for words in frames
    ]


def _found(detail: str, film: bytes) -> list[dict[str, Any]]:
    return [
        {
            "Timestamp": place * FRAME_MS,
            "StartTimestampMillis": place * FRAME_MS,
            "EndTimestampMillis": (place + 1) * FRAME_MS,
            detail: {"Confidence": sure} | _named(name),
        }
        for place, frame in enumerate(_frames(film))
        for name, sure in frame
        if b":" not in name
    ]


def _persons(film: bytes) -> list[dict[str, Any]]:
    return [
        {
            "Timestamp": place * FRAME_MS + later,
            "Person": {"Index": index},
            "FaceMatches": [
                {
                    "Similarity": alike,
                    "Face": {"FaceId": f"id-{who}", "ExternalImageId": f"{who}:file:1"},
                }
            ],
        }
        for place, frame in enumerate(_frames(film))
        for later in range(0, FRAME_MS, _FACE_MS)
        for index, (who, alike) in enumerate(_alike(frame))
    ]


def _alike(frame: list[tuple[bytes, float]]) -> list[tuple[str, float]]:
    return [
        (name.removeprefix(b"face:").decode(), alike) for name, alike in frame if name.startswith(b"face:")
    ]
