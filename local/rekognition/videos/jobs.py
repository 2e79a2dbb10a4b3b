"""Jobs: started within the account's limit, worked out by threads, kept, and read by pages."""

import base64
import json
import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from local.rekognition.faces.refusals import no_collection, token_reused, wrong_page
from local.rekognition.faces.store import FaceStore
from local.rekognition.request import ObjectPlace, RekognitionError, invalid_parameter
from local.rekognition.videos.apis import GETS, SEGMENTS, STARTS, Result, VideoApi, segments
from local.rekognition.videos.completions import Faults, Publish, completion, tell
from local.rekognition.videos.decoding import MAX_VIDEO_BYTES, STEP_MS, UnreadableVideoError
from local.rekognition.videos.looking import Analysis, LookAtVideo
from local.rekognition.videos.objects import S3VideoObjects

JOBS_AT_ONCE = 20
"""Of an account in a region: https://docs.aws.amazon.com/general/latest/gr/rekognition.html (L-A6079699)."""
MOST_RESULTS = 1000
KEPT_SECONDS = 7 * 24 * 3600.0
_IN_PROGRESS, _SUCCEEDED, _FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"
_log = logging.getLogger(__name__)


@dataclass
class VideoJob:
    """A job; `api` and `request` say what was asked."""

    id: str
    api: VideoApi
    region: str
    request: Mapping[str, Any]
    started: float
    status: str = _IN_PROGRESS
    message: str = ""
    analysis: Analysis | None = None
    _pages: dict[tuple[str, str], list[Result]] = field(default_factory=dict)

    def ordered(self, sort: str, aggregate: str) -> list[Result]:
        """Return the results in an order, worked out once."""
        if self.analysis is None:
            return []
        if (sort, aggregate) not in self._pages:
            results = self.analysis.results
            if aggregate == SEGMENTS:
                results = segments(self.api, results, STEP_MS, self.analysis.metadata.duration_ms)
            order = self.api.orders.get(sort)
            self._pages[sort, aggregate] = sorted(results, key=order) if order else results
        return self._pages[sort, aggregate]


class _Begun(NamedTuple):
    asked: str
    job_id: str


@dataclass
class VideoJobs:
    """The jobs of all regions. Safe to share between threads. What is in work ends with the server."""

    look: LookAtVideo
    objects: S3VideoObjects | None
    publish: Publish
    collections: FaceStore
    workers: int = 2
    job_seconds: Callable[[], float] = lambda: 0.0
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self.faults = Faults()
        self._turn = threading.Condition()
        self._jobs: dict[str, VideoJob] = {}
        self._begun: dict[tuple[str, str, str], _Begun] = {}
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="video")

    def set_faults(self, faults: Faults) -> None:
        with self._turn:
            self.faults = faults
            self._turn.notify_all()

    def report(self) -> dict[str, Any]:
        """Return what `GET /_local/videos` tells."""
        with self._turn:
            self._forget_old()
            told = [
                {
                    "id": job.id,
                    "api": job.api.start,
                    "status": job.status,
                    "key": job.request["Video"]["S3Object"]["Name"],
                    "tag": job.request.get("JobTag", ""),
                }
                for job in self._jobs.values()
            ]
            return {"faults": self.faults._asdict(), "jobs": told}

    def start(self, operation: str, request: Mapping[str, Any], region: str) -> tuple[str, bool]:
        """Return the id of a job, and whether it is a new one. Raises `RekognitionError`."""
        api, place = STARTS[operation], _place(request)
        if "CollectionId" in request and self.collections.collection(region, request["CollectionId"]) is None:
            raise no_collection(request["CollectionId"])
        token = request.get("ClientRequestToken", "")
        asked = json.dumps(request, sort_keys=True)
        with self._turn:
            self._forget_old()
            begun = self._begun.get((region, operation, token)) if token else None
            if begun is not None:
                if begun.asked != asked:
                    raise token_reused(token)
                return begun.job_id, False
        size = self.objects.size(place) if self.objects is not None else 0
        if size > MAX_VIDEO_BYTES:
            raise RekognitionError("VideoTooLargeException", f"Video size is too large: {size} bytes")
        with self._turn:
            begun = self._begun.get((region, operation, token)) if token else None
            if begun is not None:  # somebody was faster
                return begun.job_id, False
            open_jobs = [one for one in self._jobs.values() if one.status == _IN_PROGRESS]
            if sum(one.region == region for one in open_jobs) >= JOBS_AT_ONCE:
                message = f"Open Jobs Limit Exceeded: {JOBS_AT_ONCE} jobs are in progress in this region"
                raise RekognitionError("LimitExceededException", message)
            job = VideoJob(secrets.token_hex(32), api, region, request, self.clock())
            self._jobs[job.id] = job
            if token:
                self._begun[region, operation, token] = _Begun(asked, job.id)
        self._threads.submit(self._work, job, place)
        return job.id, True

    def get(self, operation: str, request: Mapping[str, Any], region: str) -> dict[str, Any]:
        """Return a page of results. Raises `RekognitionError`."""
        api = GETS[operation]
        with self._turn:
            self._forget_old()
            job = self._jobs.get(request["JobId"])
            if job is None or job.region != region or job.api is not api:
                raise RekognitionError("ResourceNotFoundException", "Could not find JobId")
            sort = request.get("SortBy") or next(iter(api.orders), "")
            aggregate = request.get("AggregateBy", "TIMESTAMPS") if api.has_segments else ""
            results = job.ordered(sort, aggregate)
            status, message, analysis = job.status, job.message, job.analysis
        first = _read_token(request.get("NextToken"), job.id)
        limit = min(request.get("MaxResults", MOST_RESULTS), MOST_RESULTS)
        if first > len(results):
            raise wrong_page()
        page = results[first : first + limit]
        answer: dict[str, Any] = {"JobId": job.id, "JobStatus": status, "Video": job.request["Video"]}
        if api.has_segments:
            answer["GetRequestMetadata"] = {"SortBy": sort, "AggregateBy": aggregate}
        if "JobTag" in job.request:
            answer["JobTag"] = job.request["JobTag"]
        if message:
            answer["StatusMessage"] = message
        if analysis is not None:
            answer |= {"VideoMetadata": analysis.metadata.members(), api.results: page}
            if api.version is not None:
                answer |= dict([api.version])
        if first + limit < len(results):
            answer["NextToken"] = _token(first + limit, job.id)
        return answer

    def _work(self, job: VideoJob, place: ObjectPlace) -> None:
        try:
            analysis, message = self._looked_at(job, place), ""
        except UnreadableVideoError as error:
            analysis, message = None, str(error)
        except RekognitionError as error:
            analysis, message = None, error.message
        except Exception:  # noqa: BLE001 - a job ends, whatever breaks
            _log.exception("job %s (%s) broke", job.id, job.api.start)
            analysis, message = None, "Internal error. See the server's log."
        with self._turn:
            self._turn.wait_for(lambda: not self.faults.holds)
            faults = self.faults
            if faults.fails:
                analysis, message = None, faults.fails
            job.analysis, job.message = analysis, message
            job.status = _SUCCEEDED if analysis is not None else _FAILED
        channel = job.request.get("NotificationChannel")
        if channel is not None:
            said = completion(job.id, job.status, job.api.start, job.request, self.clock())
            tell(self.publish, channel["SNSTopicArn"], said, faults)

    def _looked_at(self, job: VideoJob, place: ObjectPlace) -> Analysis:
        if self.objects is None:
            time.sleep(self.job_seconds())
            return self.look(job.api, job.region, job.request, f"{place.bucket}/{place.key}")
        with tempfile.TemporaryDirectory(prefix="video-job-") as folder:
            path = Path(folder) / "video"
            self.objects.download(place, path)
            return self.look(job.api, job.region, job.request, path)

    def _forget_old(self) -> None:
        oldest = self.clock() - KEPT_SECONDS
        for job_id in [one.id for one in self._jobs.values() if one.started < oldest]:
            del self._jobs[job_id]
        self._begun = {key: begun for key, begun in self._begun.items() if begun.job_id in self._jobs}


def _place(request: Mapping[str, Any]) -> ObjectPlace:
    place = request["Video"].get("S3Object", {})
    if "Bucket" not in place or "Name" not in place:
        raise invalid_parameter()
    return ObjectPlace(place["Bucket"], place["Name"], place.get("Version"))


def _token(first: int, job_id: str) -> str:
    return base64.urlsafe_b64encode(f"{first} {job_id}".encode()).decode()


def _read_token(token: str | None, job_id: str) -> int:
    if token is None:
        return 0
    try:
        first, _, of = base64.b64decode(token, b"-_", validate=True).decode().partition(" ")
        if of == job_id:
            return int(first)
    except ValueError:
        pass
    raise wrong_page()
