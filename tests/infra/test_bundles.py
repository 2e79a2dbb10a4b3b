from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.bundles import BROUGHT_BY_LAMBDA, Bundle
from infra.local.lambda_python import make_lambda_python

ROOMS = ("processors", "query_api")


@pytest.fixture(scope="module", params=ROOMS)
def bundle(request: pytest.FixtureRequest) -> Bundle:
    return Bundle(request.param)


@pytest.fixture(scope="module")
def lambda_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_lambda_python(tmp_path_factory.mktemp("lambda-python"))


def run(python: Path, code: str, *arguments: str) -> str:
    finished = subprocess.run(
        [str(python), "-c", code, *arguments], cwd="/", env={}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def test_the_zip_imports_in_a_bare_interpreter_with_only_boto3_beside_it(
    bundle: Bundle, lambda_python: Path, tmp_path: Path
) -> None:
    """What Lambda does: unpack, put it first on the path, import the handler. No setting is there yet."""
    with zipfile.ZipFile(bundle.build()) as archive:
        archive.extractall(tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        f"import {bundle.room}.handler as module; "
        "import contract; assert callable(module.handler); print(contract.__file__)"
    )
    assert run(lambda_python, code, str(tmp_path)).startswith(str(tmp_path))


@pytest.mark.parametrize("name", ["contract", "processors", "pytest", "aws_lambda_powertools", "tenacity"])
def test_the_bare_interpreter_is_bare(lambda_python: Path, name: str) -> None:
    """Nothing of the development environment may fill a gap of the zip."""
    code = f"import importlib.util; print(importlib.util.find_spec({name!r}))"
    assert run(lambda_python, code) == "None"


def test_the_bare_interpreter_has_boto3(lambda_python: Path) -> None:
    assert (
        run(lambda_python, "import boto3, dateutil, six, urllib3; print(boto3.client.__name__)") == "client"
    )


def test_the_zip_holds_its_room_and_the_contract_alone(bundle: Bundle) -> None:
    names = zipfile.ZipFile(bundle.build()).namelist()
    tops = {name.split("/")[0] for name in names}
    ours = tops & {"contract", "processors", "query_api", "infra", "operations", "loadtest", "tests"}
    assert ours == {"contract", bundle.room}
    assert not tops & {name.replace("-", "_") for name in BROUGHT_BY_LAMBDA}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", "RECORD"))]


def test_compiled_parts_are_for_lambdas_processor_and_python(bundle: Bundle) -> None:
    compiled = [name for name in zipfile.ZipFile(bundle.build()).namelist() if name.endswith(".so")]
    assert all("cpython-313-aarch64-linux-gnu" in name for name in compiled)


def test_equal_input_makes_an_equal_zip(bundle: Bundle, tmp_path: Path) -> None:
    again = Bundle(bundle.room, directory=tmp_path).build()
    assert again.read_bytes() == bundle.build().read_bytes()


def test_a_zip_is_built_once(bundle: Bundle) -> None:
    first = bundle.build().stat().st_mtime_ns
    assert bundle.build().stat().st_mtime_ns == first
