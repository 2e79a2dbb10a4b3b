"""Rekognition's side of one model of Custom Labels."""

from dataclasses import dataclass, field
from typing import Any

from loadtest.simulation.outages import client_error

ARN = "arn:aws:rekognition:us-east-1:123456789012:project/cups/version/cups.1/1769860800000"
PROJECT = "arn:aws:rekognition:us-east-1:123456789012:project/cups/1769000000000"


@dataclass
class FakeModels:
    """Rekognition's side of one model: projects by name, versions by name, each call written down."""

    status: str = "STOPPED"
    units: int = 1
    most: int | None = None
    message: str = ""
    fails_with: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def describe_projects(self, *, ProjectNames: list[str]) -> dict[str, Any]:
        return {"ProjectDescriptions": [{"ProjectArn": PROJECT}] if ProjectNames == ["cups"] else []}

    def describe_project_versions(self, *, ProjectArn: str, VersionNames: list[str]) -> dict[str, Any]:
        assert ProjectArn == PROJECT
        most = {} if self.most is None else {"MaxInferenceUnits": self.most}
        said = {"StatusMessage": self.message} if self.message else {}
        found = {
            "ProjectVersionArn": ARN,
            "Status": self.status,
            "MinInferenceUnits": self.units,
            **most,
            **said,
        }
        return {"ProjectVersionDescriptions": [found] if VersionNames == ["cups.1"] else []}

    def start_project_version(self, **asked: Any) -> dict[str, Any]:
        if self.fails_with:
            raise client_error(self.fails_with, "StartProjectVersion", "too many are running")
        self.asked.append(("start", asked))
        return {"Status": "STARTING"}

    def stop_project_version(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(("stop", asked))
        return {"Status": "STOPPING"}
