"""Jobs on videos beside what is answered about pictures: one backend of the two."""

import asyncio
from dataclasses import dataclass
from typing import Any

from local.rekognition.service import CallLog, HasLeft, ReadRequest, RecognitionBackend
from local.rekognition.videos.apis import STARTS, VIDEO_OPERATIONS
from local.rekognition.videos.jobs import VideoJobs


@dataclass(frozen=True)
class WithVideos:
    """Answers about pictures as `pictures` does, and starts and tells of jobs on videos.

    A job is counted when it is begun, so that one of the same object that is begun twice was paid for twice.
    """

    pictures: RecognitionBackend
    videos: VideoJobs

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(self.pictures.operations) | VIDEO_OPERATIONS

    def health(self) -> dict[str, Any]:
        return self.pictures.health()

    async def answer(
        self, operation: str, read: ReadRequest, calls: CallLog, has_left: HasLeft
    ) -> dict[str, Any]:
        if operation not in VIDEO_OPERATIONS:
            return await self.pictures.answer(operation, read, calls, has_left)
        return await asyncio.to_thread(self._answer, operation, read, calls)

    def _answer(self, operation: str, read: ReadRequest, calls: CallLog) -> dict[str, Any]:
        request, _, region = read()
        if operation not in STARTS:
            return self.videos.get(operation, request, region)
        job_id, is_new = self.videos.start(operation, request, region)
        if is_new:
            place = request["Video"]["S3Object"]
            calls.count("objects", operation, f"{place['Bucket']}/{place['Name']}")
        return {"JobId": job_id}
