"""A model of Rekognition Custom Labels: whether it runs, and starting and stopping it.

https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/running-model.html
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aws.retries import RetryPolicy
from contract.detectors import MODEL_ARN
from operations.adapters.aws_errors import reliable
from operations.terminal import OperatorError

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


class ModelState(NamedTuple):
    """How a model stands, in Rekognition's words, and the inference units that it has or had last."""

    status: str
    units: int = 0
    most_units: int = 0
    message: str = ""

    @property
    def is_charged(self) -> bool:
        """Whether its hours are charged for, or will be in some minutes."""
        return self.status in {"STARTING", "RUNNING", "STOPPING"}

    @property
    def can_start(self) -> bool:
        return self.status in {"TRAINING_COMPLETED", "STOPPED", "COPYING_COMPLETED", "FAILED"}


@dataclass(frozen=True)
class CustomModel:
    """One version of a model, by its ARN."""

    client: "RekognitionClient"
    arn: str
    retry: RetryPolicy

    def state(self) -> ModelState:
        """Return how it stands. Raise OperatorError where there is none of this ARN."""
        named = MODEL_ARN.fullmatch(self.arn)
        if named is None:
            raise OperatorError(f"{self.arn!r} is not the ARN of a version of a model")
        _, project, version = named.groups()
        projects = reliable(self.retry, f"DescribeProjects of {project}", self.client.describe_projects)(
            ProjectNames=[project]
        )["ProjectDescriptions"]
        for found in projects:
            versions = reliable(
                self.retry, f"DescribeProjectVersions of {version}", self.client.describe_project_versions
            )(ProjectArn=found["ProjectArn"], VersionNames=[version])["ProjectVersionDescriptions"]
            for each in versions:
                if each["ProjectVersionArn"] == self.arn:
                    units = each.get("MinInferenceUnits", 0)
                    most = each.get("MaxInferenceUnits", units)
                    return ModelState(each["Status"], units, most, each.get("StatusMessage", ""))
        raise OperatorError(f"there is no model {self.arn} in this account and region")

    def start(self, units: int, most_units: int) -> str:
        """Start it with inference units, up to the most where there is more to do; return its status."""
        more = {"MaxInferenceUnits": most_units} if most_units > units else {}
        started = reliable(
            self.retry, f"StartProjectVersion of {self.arn}", self.client.start_project_version
        )(ProjectVersionArn=self.arn, MinInferenceUnits=units, **more)
        return str(started["Status"])

    def stop(self) -> str:
        """Stop it; return its status."""
        stopped = reliable(self.retry, f"StopProjectVersion of {self.arn}", self.client.stop_project_version)(
            ProjectVersionArn=self.arn
        )
        return str(stopped["Status"])
