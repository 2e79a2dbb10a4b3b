"""Clients of the local environment, and its deployed functions."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from loadtest.errors import LoadtestError
from loadtest.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rekognition import RekognitionClient

_PROGRAMS = Path(__file__).parent / "programs"
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

    def variables(self, **more: str) -> dict[str, str]:
        """Return the environment variables that Lambda sets, and more."""
        return {
            **self.environment,
            "PATH": os.environ.get("PATH", ""),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **more,
        }


def run_program(name: str, folders: Iterable[Path], *arguments: str, environment: Mapping[str, str]) -> str:
    """Run one of `programs/` that imports from these folders and the standard library alone.

    Returns the last line that it has printed. Raises LoadtestError.
    """
    paths = json.dumps([str(folder) for folder in folders])
    command = [sys.executable, "-I", "-S", str(_PROGRAMS / name), paths, *arguments]
    finished = subprocess.run(  # noqa: S603
        command, env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise LoadtestError(f"{name} failed: {f'{finished.stdout}{finished.stderr}'.strip()[-800:]}")
    return finished.stdout.strip().rsplit("\n", 1)[-1]


@dataclass(frozen=True)
class LocalStack(Stack):
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
