"""The models, one server and one S3 for all tests that recognise."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.rekognition.download_models import download_models

REPOSITORY = Path(__file__).parents[4]
IMAGES = REPOSITORY / "images"
REGION = "us-east-1"
BUCKET = "photos"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=1):
            return True
    except (OSError, urllib.error.URLError):
        return False


@dataclass(frozen=True)
class Running:
    """A process that serves; `url` without a path."""

    process: subprocess.Popen[str]
    url: str
    seconds_to_ready: float

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=16),
        )


@contextmanager
def running(
    command: list[str], port: int, path: str, more_environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env={**environment, **(more_environment or {})}, text=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not answers(url + path):
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            assert time.monotonic() - started < 60, f"{command} does not answer"
            time.sleep(0.02)
        yield Running(process, url, time.monotonic() - started)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def models_directory() -> Path:
    return REPOSITORY / ".local" / "models"


@pytest.fixture(scope="session")
def models(models_directory: Path) -> Path:
    download_models(models_directory)
    return models_directory


StartRekognition = Callable[..., Any]


@pytest.fixture(scope="session")
def start_rekognition(models: Path) -> StartRekognition:
    """Starts a server of one's own, as a context manager, with further options."""

    def start(*options: str) -> Any:
        port = free_port()
        command = [sys.executable, "-m", "local.rekognition", "--port", str(port)]
        return running([*command, "--models", str(models), *options], port, "/health")

    return start


@pytest.fixture(scope="session")
def s3_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """MiniStack, for its S3."""
    port = free_port()
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "STATE_DIR": str(tmp_path_factory.mktemp("s3")),
    }
    with running([sys.executable, "-m", "ministack"], port, "/_ministack/health", environment) as s3:
        yield s3


@pytest.fixture(scope="session")
def s3(s3_running: Running) -> Any:
    client = s3_running.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture(scope="session")
def rekognition_running(start_rekognition: StartRekognition, s3_running: Running) -> Iterator[Running]:
    with start_rekognition("--s3-endpoint", s3_running.url) as server:
        yield server


@pytest.fixture(scope="session")
def rekognition(rekognition_running: Running) -> Any:
    return rekognition_running.client("rekognition")
