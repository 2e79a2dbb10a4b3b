"""Jobs on films at Rekognition, and the item that names the open ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError

from aws.calls import write_if
from aws.retries import RetryPolicy
from contract.errors import ConfigurationError, TransientError
from contract.film_jobs import JOBS, OPEN_JOBS, JobSpec, OpenJob, OpenJobs
from contract.items import from_wire, key_to_wire, to_wire
from contract.records import content_id
from processors.adapters.calls import translated
from processors.adapters.s3 import S3Objects
from processors.detectors import Detector
from processors.pipeline.detection import UNREADABLE_OBJECT, SupersededError
from processors.pipeline.film_jobs import CannotStartError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_rekognition import RekognitionClient

# What a job cannot take, and frames can.
_NOT_FOR_JOBS = frozenset({"VideoTooLargeException"})
_GONE = "ResourceNotFoundException"


@dataclass(frozen=True)
class DynamoDBOpenJobs:
    """One item, under an optimistic lock."""

    client: "DynamoDBClient"
    table_name: str
    retry: RetryPolicy

    def read(self) -> OpenJobs:
        @translated(f"GetItem of the open jobs on films on {self.table_name}")
        def attempt() -> Mapping[str, Any]:
            return self.client.get_item(
                TableName=self.table_name, Key=key_to_wire(OPEN_JOBS), ConsistentRead=True
            )

        item = self.retry(attempt).get("Item")
        if item is None:
            return OpenJobs()
        try:
            return OpenJobs.from_item(from_wire(item))
        except (KeyError, TypeError, ValueError) as fault:
            raise ConfigurationError(
                "UnreadableOpenJobs",
                f"the item {OPEN_JOBS.pk} cannot be read ({fault!r}): if newer code wrote it, deploy that "
                "again; else remove the item, and what jobs have found is asked for anew",
            ) from fault

    def write(self, jobs: OpenJobs) -> bool:
        """Put these as the revision after the one that they were read as; return whether that stood."""
        what = f"PutItem of the open jobs on films on {self.table_name}"
        written = replace(jobs, revision=jobs.revision + 1)
        is_done, _ = self.retry.around(translated(what)(write_if))(
            self.client.put_item,
            TableName=self.table_name,
            Item=to_wire(written.to_item()),
            ConditionExpression="attribute_not_exists(pk) OR revision = :seen",
            ExpressionAttributeValues=to_wire({":seen": jobs.revision}),
        )
        return is_done


@dataclass(frozen=True)
class RekognitionJobs:
    """Begins jobs. Their ends are told to `topic_arn`, which Rekognition may publish to by `role_arn`."""

    client: "RekognitionClient"
    bucket_name: str
    topic_arn: str
    role_arn: str
    objects: S3Objects
    specs: Mapping[str, JobSpec] = field(default_factory=lambda: JOBS)

    def start(self, job: OpenJob, detector: Detector) -> str:
        """Return Rekognition's id; the same one for the same token.

        Raises CannotStartError, SupersededError where the film is gone, and the words for failure. It is
        tried once: a refusal that follows an answer that was lost would not say that nothing has begun.
        """
        # A version that is not the present one could be read, and would be paid for in vain.
        if not is_there(self.objects, job, job.key):
            raise _superseded(job)
        spec = self.specs[job.name.detector]
        version = {} if job.version_id is None else {"Version": job.version_id}
        asked: dict[str, Any] = {
            "Video": {"S3Object": {"Bucket": self.bucket_name, "Name": job.key, **version}},
            "ClientRequestToken": job.token,
            "JobTag": job.token,
            "NotificationChannel": {"SNSTopicArn": self.topic_arn, "RoleArn": self.role_arn},
        }
        asked |= {name: detector.question.parameters[name] for name in spec.asks}
        operation = getattr(self.client, xform_name(spec.start))

        with translated(f"{spec.start} of s3://{self.bucket_name}/{job.key}"):
            try:
                return str(operation(**asked)["JobId"])
            except ClientError as error:
                self._judge(job, error)
                raise

    def _judge(self, job: OpenJob, error: ClientError) -> None:
        """Raise what an error says of the film; nothing where it says nothing of it."""
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in _NOT_FOR_JOBS:
            raise CannotStartError(f"{code}: {said}") from error
        if code == UNREADABLE_OBJECT:
            if not is_there(self.objects, job, job.key):
                raise _superseded(job) from error
            raise ConfigurationError(
                code,
                f"{job.key} is there, but Rekognition cannot read it: "
                "check that the bucket is in its region and that the role may get the object",
            ) from error


@dataclass(frozen=True)
class RekognitionAnswers:
    """What jobs have found, page by page."""

    client: "RekognitionClient"
    retry: RetryPolicy
    specs: Mapping[str, JobSpec] = field(default_factory=lambda: JOBS)

    def pages(self, job: OpenJob) -> Iterator[Mapping[str, Any]] | None:
        """Return the pages of a job as they are asked for; None where Rekognition does not know it any more.

        The first page says what became of the job. Raises the words for failure.
        """
        first = self._page(job, {})
        return None if first is None else self._after(job, first)

    def _after(self, job: OpenJob, page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield page
        while "NextToken" in page:
            following = self._page(job, {"NextToken": page["NextToken"]})
            if following is None:  # its last day was over between two pages
                raise TransientError(_GONE, f"what the job {job.id} has found was gone while it was read")
            page = following
            yield page

    def _page(self, job: OpenJob, place: Mapping[str, Any]) -> Mapping[str, Any] | None:
        spec = self.specs[job.name.detector]
        asked = {"JobId": job.id, "MaxResults": 1000, **place}
        if spec.is_in_segments:
            asked["AggregateBy"] = "SEGMENTS"
        operation = getattr(self.client, xform_name(spec.get))

        @translated(f"{spec.get} of the job {job.id} on {job.key}")
        def attempt() -> Mapping[str, Any] | None:
            try:
                return dict(operation(**asked))
            except ClientError as error:
                if error.response["Error"]["Code"] == _GONE:
                    return None
                raise

        return self.retry(attempt)


def _superseded(job: OpenJob) -> SupersededError:
    return SupersededError(f"{job.key} is not what it was when its event was sent")


def is_there(objects: S3Objects, job: OpenJob, key: str) -> bool:
    """Whether a key stands for the film that a job is about now."""
    present = objects.look(key)
    return present is not None and present.version.content_id == content_id(job.etag, job.size_bytes)
