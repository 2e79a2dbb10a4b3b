"""What `make package` writes is deployed by the AWS CLI alone, out of a bucket of one's own."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.bundles import ROOT
from infra.package import CHECKSUMS, FOR_CLOUDFORMATION, FOR_SAM, PARAMETERS, write_package
from local.cloud.assembly import synthesize
from tests.conftest import RunningCloud
from tests.deployment.conftest import Stopwatch, as_on_aws, gone_afterwards, site_of

STACK = "by-cloudformation"
BUCKET, PREFIX = "releases-of-mine", "imagepipe/1/"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release") / "package"
    write_package(synthesize()[0].directory, out)
    return out


def functions(template: Path) -> list[dict[str, Any]]:
    resources = json.loads(template.read_text())["Resources"].values()
    return [each for each in resources if each["Type"] == "AWS::Lambda::Function"]


@pytest.mark.nightly
def test_the_aws_cli_deploys_it_and_a_photo_is_recognized(
    running: RunningCloud, package: Path, photos: Path
) -> None:
    def aws(*arguments: str) -> None:
        command = [str(ROOT / ".venv/bin/aws"), *arguments]
        environment = as_on_aws(running)
        done = subprocess.run(
            command, env=environment, cwd=package, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    watch = Stopwatch("CloudFormation")
    aws("s3", "mb", f"s3://{BUCKET}")
    aws("s3", "cp", ".", f"s3://{BUCKET}/{PREFIX}", "--recursive", "--exclude", "*", "--include", "*.zip")
    watch.lap("copy")
    with gone_afterwards(running, STACK):
        where = ["--template-file", FOR_CLOUDFORMATION, "--stack-name", STACK, "--s3-bucket", BUCKET]
        given = ["--parameter-overrides", f"CodeBucket={BUCKET}", f"CodePrefix={PREFIX}"]
        aws("cloudformation", "deploy", *where, *given, "--capabilities", "CAPABILITY_IAM")
        watch.lap("deploy")
        with site_of(running, STACK) as site:
            site.put("dog.jpg", (photos / "dog.jpg").read_bytes())
            site.completions(["dog.jpg"])
            labels = {label["name"] for label in site.record("dog.jpg")["labels"]}
            watch.lap("first answer")
    watch.tell()

    assert "Dog" in labels


@pytest.mark.nightly
def test_it_is_the_same_whenever_it_is_made(package: Path, tmp_path: Path) -> None:
    write_package(synthesize()[0].directory, tmp_path)
    assert (tmp_path / CHECKSUMS).read_text() == (package / CHECKSUMS).read_text()


def test_its_checksums_are_those_of_all_that_is_in_it(package: Path) -> None:
    """In the form that `sha256sum --check` reads."""
    lines = [line.split("  ") for line in (package / CHECKSUMS).read_text().splitlines()]
    files = [file for file in package.iterdir() if file.name != CHECKSUMS]
    assert sorted(lines) == sorted(
        [hashlib.sha256(file.read_bytes()).hexdigest(), file.name] for file in files
    )


def test_other_code_has_another_name_or_cloudformation_would_leave_the_function_as_it_is(
    package: Path,
) -> None:
    names = {file.name for file in package.glob("*.zip")}
    for name in names:
        digest = hashlib.sha256((package / name).read_bytes()).hexdigest()
        assert name.endswith(f"-{digest[:16]}.zip")

    used = [each["Properties"]["Code"] for each in functions(package / FOR_CLOUDFORMATION)]
    assert {code["S3Key"]["Fn::Join"][1][1] for code in used} == names
    assert {code["S3Bucket"]["Ref"] for code in used} == {"CodeBucket"}


@pytest.mark.nightly
def test_the_aws_cli_puts_the_zips_of_the_other_template_into_a_bucket_itself(
    running: RunningCloud, package: Path, tmp_path: Path
) -> None:
    """`sam deploy` has the same code for that."""
    running.clients.s3.create_bucket(Bucket="packaged")
    command = [str(ROOT / ".venv/bin/aws"), "cloudformation", "package", "--template-file", FOR_SAM]
    where = ["--s3-bucket", "packaged", "--use-json", "--output-template-file", str(tmp_path / "out.json")]
    subprocess.run([*command, *where], env=as_on_aws(running), cwd=package, capture_output=True, check=True)

    for function in functions(tmp_path / "out.json"):
        code = function["Properties"]["Code"]
        assert running.clients.s3.head_object(Bucket=code["S3Bucket"], Key=code["S3Key"])


def test_the_one_for_sam_names_the_zips_beside_it(package: Path) -> None:
    for function in functions(package / FOR_SAM):
        assert (package / function["Properties"]["Code"]).is_file()


def test_it_has_no_trace_of_the_bootstrap_of_the_cdk(package: Path) -> None:
    for name in (FOR_CLOUDFORMATION, FOR_SAM):
        assert "cdk-hnb659fds" not in (package / name).read_text()


@pytest.mark.parametrize("prefix", ["", "imagepipe/", "a/b/"])
def test_a_prefix_ends_with_a_slash(prefix: str) -> None:
    assert re.fullmatch(PARAMETERS["CodePrefix"]["AllowedPattern"], prefix)


@pytest.mark.parametrize("prefix", ["imagepipe", "/imagepipe/", "/"])
def test_a_prefix_that_would_name_no_zip_is_refused_before_anything_is_created(prefix: str) -> None:
    assert not re.fullmatch(PARAMETERS["CodePrefix"]["AllowedPattern"], prefix)


def test_without_a_bucket_nothing_is_created() -> None:
    """A default would be a name that anybody may take, and put code into."""
    assert "Default" not in PARAMETERS["CodeBucket"]
