"""Clients of the local environment, and its deployed functions."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadtest.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rekognition import RekognitionClient

# Loopback is never reached through a proxy.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class DeployedFunction:
    """A Lambda function as it is deployed; `room` is the package that its handler is in."""

    name: str
    room: str
    memory_mb: int
    environment: Mapping[str, str]
    code_url: str

    def unpack(self, directory: Path) -> None:
        """Fetch its code, as Lambda does before a cold start."""
        with _DIRECT.open(self.code_url) as reply, zipfile.ZipFile(io.BytesIO(reply.read())) as archive:
            archive.extractall(directory)


@dataclass(frozen=True)
class Services(Stack):
    """What a local environment has to offer beside the stack."""

    @cached_property
    def rekognition(self) -> RekognitionClient:
        """The local Rekognition."""
        url = self.outputs["rekognition_url"]
        return self.session.client("rekognition", endpoint_url=url, config=self.config)

    def functions(self) -> dict[str, DeployedFunction]:
        """Return the deployed functions, by room."""
        client: LambdaClient = self.session.client(
            "lambda", endpoint_url=self.endpoint_url, config=self.config
        )
        found = {}
        for listed in client.list_functions()["Functions"]:
            room, _, entry = listed["Handler"].partition(".")
            if not entry.startswith("handler."):
                continue  # a second function of a room
            code = client.get_function(FunctionName=listed["FunctionName"])["Code"]
            found[room] = DeployedFunction(
                listed["FunctionName"],
                room,
                listed["MemorySize"],
                listed["Environment"]["Variables"],
                code["Location"],
            )
        return found

    def ask(self, path_and_query: str) -> Any:
        """Ask the HTTP API, and give the JSON of its answer."""
        with _DIRECT.open(self.outputs["api_url"] + path_and_query) as reply:
            return json.load(reply)

    def detector_calls(self) -> dict[str, dict[str, Any]]:
        """Return what the local Rekognition has counted: accepted calls, by operation."""
        with _DIRECT.open(f"{self.outputs['rekognition_url']}/_local/calls") as reply:
            counted: dict[str, dict[str, Any]] = json.load(reply)["operations"]
        return counted
