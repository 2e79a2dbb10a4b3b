"""The detectors' port on Amazon Rekognition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from aws.retries import RetryPolicy
from contract.errors import ThrottledError
from contract.metrics import Metric
from contract.records import ImageVersion
from processors.adapters.calls import answering
from processors.detectors import Detector
from processors.permits import Permit, Permits
from processors.telemetry import Metrics

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


@dataclass(frozen=True)
class RekognitionDetectors:
    """Asks by S3Object, so that the bytes never pass through the Lambda."""

    client: "RekognitionClient"
    bucket_name: str
    retry: RetryPolicy
    metrics: Metrics
    renditions_bucket: str = ""

    def ask(
        self, detector: Detector, version: ImageVersion, permits: Permits, view: str | None = None
    ) -> Mapping[str, Any]:
        """Return the raw answer for one version, by its version id where the bucket has versions.

        `view` is the key of a rendition to be looked at instead. Every attempt takes a permit; the time to
        wait for the first is not part of the time for retries.
        """
        permit: Permit | None = permits.wait(version.key)

        def attempt() -> Mapping[str, Any]:
            nonlocal permit
            mine, permit = permit or permits.wait(version.key), None
            try:
                return self.call(detector, version, view)
            except ThrottledError:
                self.metrics.add(Metric.CALLS_THROTTLED)
                permits.throttled(mine)
                raise

        return self.retry(attempt)

    def call(self, detector: Detector, version: ImageVersion, view: str | None = None) -> Mapping[str, Any]:
        """Make one attempt, for which there is a permit. Raises what comes of it as a word for failure."""
        s3_object = {"Bucket": self.bucket_name, "Name": version.key}
        if view is not None:
            s3_object = {"Bucket": self.renditions_bucket, "Name": view}
        elif version.version_id is not None:
            s3_object["Version"] = version.version_id
        what = f"{detector.question.operation} of s3://{self.bucket_name}/{version.key}"
        return asked(self.client, detector, {"S3Object": s3_object}, what)


def asked(
    client: "RekognitionClient", detector: Detector, image: Mapping[str, Any], what: str
) -> Mapping[str, Any]:
    """Return the raw answer of one call, or raise a word for failure, in which `what` says of what."""
    operation: Callable[..., Mapping[str, Any]] = getattr(client, xform_name(detector.question.operation))
    with answering(what):
        response = dict(operation(Image=image, **detector.question.asked))
    response.pop("ResponseMetadata", None)
    return response
