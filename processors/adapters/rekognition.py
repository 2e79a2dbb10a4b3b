"""The detectors' port on Amazon Rekognition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.counts import Count
from contract.errors import ThrottledError
from contract.identity import ImageVersion
from processors.adapters.aws_errors import translated
from processors.detectors.detector import Detector
from processors.retrying import RetryPolicy
from processors.telemetry import Counter

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


@dataclass(frozen=True)
class RekognitionDetectors:
    """Asks by S3Object, so that the bytes never pass through the Lambda."""

    client: RekognitionClient
    bucket_name: str
    retry: RetryPolicy
    counter: Counter

    def ask(self, detector: Detector, version: ImageVersion) -> Mapping[str, Any]:
        """Ask one detector about one version, by its version id where the bucket has versions."""
        s3_object = {"Bucket": self.bucket_name, "Name": version.key}
        if version.version_id is not None:
            s3_object["Version"] = version.version_id
        operation = self._operation(detector)

        def attempt() -> Mapping[str, Any]:
            try:
                with translated(f"{detector.operation} of s3://{self.bucket_name}/{version.key}"):
                    return operation(Image={"S3Object": s3_object}, **detector.parameters)
            except ThrottledError:
                self.counter.add(Count.CALLS_THROTTLED)
                raise

        response = dict(self.retry(attempt))
        response.pop("ResponseMetadata", None)
        return response

    def _operation(self, detector: Detector) -> Callable[..., Mapping[str, Any]]:
        operations: Mapping[str, Callable[..., Any]] = {
            "DetectLabels": self.client.detect_labels,
            "DetectFaces": self.client.detect_faces,
        }
        return operations[detector.operation]
