"""Photos that are put, overwritten and deleted steadily while a stack changes, and what has to come of it."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.end_to_end.conftest import Site

A_SECOND = 2.0
# The queue's own (contract/timing.py) is six minutes: what an invocation leaves undone would come back then.
VISIBILITY_SECONDS = 30
PATIENCE_SECONDS = 600


@dataclass
class SteadyLoad:
    """What was put into the bucket so far. `current` is the ETag that is to be known of each key, or None.

    Every photo is one of its own by some bytes at its end, so that none has another's answers.
    """

    site: Site
    photo: bytes
    current: dict[str, str | None] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    _steps: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _grown: threading.Condition = field(default_factory=threading.Condition)

    def run(self) -> None:
        while not self._stopping.wait(1 / A_SECOND):
            self._step(self._steps)
            with self._grown:
                self._steps += 1
                self._grown.notify_all()

    def await_steps(self, more: int) -> None:
        """Wait until so many more photos have been put, or gone."""
        with self._grown:
            wanted = self._steps + more
            assert self._grown.wait_for(lambda: self._steps >= wanted, PATIENCE_SECONDS)

    def stop(self) -> None:
        self._stopping.set()

    def _step(self, number: int) -> None:
        """Every fifth step overwrites a photo of some steps ago, every seventh deletes one."""
        if number % 7 == 6:
            key = f"load/{number - 6}.jpg"
            self.site.running.clients.s3.delete_object(Bucket=self.site.bucket, Key=key)
            self.current[key] = None
            return
        key = f"load/{number - 3 if number % 5 == 4 else number}.jpg"
        body = self.photo + f" {number} of its own".encode()
        answer = self.site.running.clients.s3.put_object(Bucket=self.site.bucket, Key=key, Body=body)
        self.current[key] = answer["ETag"].strip('"')
        self.versions[key] += 1

    def wrong(self) -> list[str]:
        """Return what the API does not say as it is in the bucket."""
        return [key for key, etag in self.current.items() if self._known(key) != etag]

    def _known(self, key: str) -> str | None:
        status, answer = self.site.get("/images", key=key)
        if status == 404:
            return None
        assert status == 200, answer
        assert answer["status"] == "recognized", answer
        return str(answer["version"]["etag"])

    def await_end(self) -> None:
        """Wait until all is known as it is. Raises AssertionError with what is not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wrong := self.wrong():
            assert time.monotonic() < deadline, f"lost or stale: {wrong}"
            self.site.listen()

    def paid_twice(self) -> dict[str, int]:
        """Return by key the calls of one operation that were made, where there were more than versions."""
        counted = self.site.rekognition("calls")["objects"]
        calls = [
            (key, counts.get(f"{self.site.bucket}/{key}", 0))
            for counts in counted.values()
            for key in self.versions
        ]
        return {key: made for key, made in calls if made > self.versions[key]}


@contextmanager
def steady_load(site: Site, photo: bytes) -> Iterator[SteadyLoad]:
    """Load a stack while the block lasts."""
    for url in (site.running.outputs.queue_url, site.running.outputs.bulk_queue_url):
        site.running.clients.sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        )
    load = SteadyLoad(site, photo)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        yield load
    finally:
        load.stop()
        thread.join()
