"""Rekognition's jobs on films in memory: `film cat 97|dog 88` shows each of its frames for ten seconds.

A job works when a test has it end. The answer is told in segments, as it is asked for. That about what is
`strange` has no name.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from contract.film_jobs import ACCOUNT_JOBS
from loadtest.simulation.outages import client_error
from tests.fakes.pictures import FRAME_MS
from tests.fakes.rekognition import FakeRekognition

_PAGE = 2


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

    def get_label_detection(self, **asked: Any) -> dict[str, Any]:
        with self.calls.of("GetLabelDetection"):
            assert asked["AggregateBy"] == "SEGMENTS"
            return self._page(asked, "Labels", "Label")

    def get_content_moderation(self, **asked: Any) -> dict[str, Any]:
        with self.calls.of("GetContentModeration"):
            return self._page(asked, "ModerationLabels", "ModerationLabel")

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

    def _page(self, asked: dict[str, Any], member: str, detail: str) -> dict[str, Any]:
        job = self.jobs.get(asked["JobId"])
        if job is None:
            raise client_error("ResourceNotFoundException", member, "Could not find JobId")
        answer: dict[str, Any] = {"JobStatus": job.status, "StatusMessage": job.message, "JobId": job.id}
        if job.status != "SUCCEEDED":
            return answer
        found = [
            {
                "Timestamp": place * FRAME_MS,
                "StartTimestampMillis": place * FRAME_MS,
                "EndTimestampMillis": (place + 1) * FRAME_MS,
                detail: {"Confidence": float(sure)} | _named(name),
            }
            for place, frame in enumerate(job.body.removeprefix(b"film ").split(b"|"))
            for name, sure in [frame.split()]
        ]
        first = int(asked.get("NextToken", "0"))
        page = {**answer, member: found[first : first + _PAGE]}
        return page | ({"NextToken": str(first + _PAGE)} if first + _PAGE < len(found) else {})
