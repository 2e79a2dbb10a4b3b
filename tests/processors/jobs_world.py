"""The pipeline on fakes, with jobs on films: messages and completions are delivered when a test says so."""

import json
from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools import Logger

from contract.film_jobs import OPEN_JOBS, OpenJobs
from contract.films import intervals_of
from contract.items import from_wire
from contract.moments import to_text
from contract.notifications import look_again
from contract.results import ResultName, unpack
from contract.settings import FilmJobsSettings
from contract.table import result_key
from processors.film_jobs_wiring import JobClients, assemble
from tests.fakes.dynamodb import TABLE
from tests.fakes.film_jobs import FakeJob, RekognitionWithJobs
from tests.fakes.pictures import RENDITIONS
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import IMAGES
from tests.processors.world import WITH_FILMS, World

BULK = "images-bulk"
BULK_URL = f"{IMAGES}-bulk"
WITH_JOBS = replace(
    WITH_FILMS, detectors=("labels",), film_jobs=2, film_jobs_topic_arn="topic", film_jobs_role_arn="role"
)
WITH_PERSONS = replace(
    WITH_JOBS,
    detectors=("labels", "faces"),
    people_collection="imagepipe-people",
    people_in_films="yes",
)
_ENDS = FilmJobsSettings(BUCKET, RENDITIONS, TABLE, BULK_URL)


@dataclass
class _S3:
    """The bucket of films, and that of renditions."""

    world: World

    def put_object(self, **asked: Any) -> dict[str, Any]:
        assert asked["Bucket"] == RENDITIONS
        with self.world.calls.of("PutObject"):
            self.world.pictures.renditions[asked["Key"]] = asked["Body"]
        return {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world.s3, name)


class JobsWorld(World):
    """`waiting` are the messages of the bulk lane that came back, or were sent."""

    def __init__(self, *, versioned: bool = True, settings: Any = WITH_JOBS) -> None:
        super().__init__(versioned=versioned, settings=settings)
        self.jobs = RekognitionWithJobs(self.s3, self.calls, renditions=self.pictures.renditions)
        self.rekognition = self.jobs
        self.waiting: list[str] = []
        self._taken = 0

    def arrive(self, *events: Any) -> None:
        self.waiting += [json.dumps({"Records": [event]}) for event in events]

    def look_again(self, *keys: str) -> None:
        """Have it asked in the bulk lane what stands at these keys now."""
        self.waiting.append(look_again(BUCKET, list(keys), to_text(self.now)))

    def work(self) -> None:
        """Deliver each message that waits once."""
        self._collect()
        for body in list(self.waiting):
            if self.deliver(body, queue_name=BULK) == []:
                self.waiting.remove(body)
        self._collect()

    def _collect(self) -> None:
        """Take what was sent to the bulk lane."""
        sent = self.queues.sent[self._taken :]
        self._taken += len(sent)
        self.waiting += [each.body for each in sent if each.queue_url == BULK_URL]

    def tell(self, *jobs: FakeJob) -> list[str]:
        """Deliver completions in one batch; return which come back."""
        records = [
            {"messageId": str(place), "body": json.dumps(job.completion())} for place, job in enumerate(jobs)
        ]
        return [each["itemIdentifier"] for each in self._ends({"Records": records})["batchItemFailures"]]

    def sweep(self) -> int:
        ended: int = self._ends({"sweep": "due"})["ended"]
        return ended

    def _ends(self, event: dict[str, Any]) -> dict[str, Any]:
        clients = JobClients(self.table, self.jobs, _S3(self), self.queues)
        logger = Logger(service="test", level="CRITICAL")
        settings = replace(_ENDS, people_in_films=self.settings.people_in_films)
        return assemble(settings, clients, logger, self._around)(event, _Context())

    def leases(self) -> OpenJobs:
        item = self.table.items.get(OPEN_JOBS)
        return OpenJobs.from_item(from_wire(item)) if item else OpenJobs()

    def intervals(self, key: str) -> list[tuple[str, int, int, float | None]]:
        record = self.record(key)
        assert record is not None
        at = result_key(ResultName(record.content_id, "labels", record.detectors["labels"]))
        answer = unpack(from_wire(self.table.items[at])["answer"])
        return [(each.name, each.first, each.end, each.confidence) for each in intervals_of([answer])]


class _Context:
    """What Lambda tells a function of its invocation."""

    function_name = "film-jobs"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:film-jobs"
    aws_request_id = "request"
