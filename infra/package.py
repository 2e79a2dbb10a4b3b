"""The release artefact: templates and zips that are deployed without Node, the CDK or this repository.

`python -m infra.package [-c NAME=VALUE]` writes build/package/. docs/deploying.md says what is done with it.
"""

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.app import STACK_NAME, synthesize, typed_settings
from infra.bundles import ROOT, BundleError
from infra.settings import UnusableSettingsError

PACKAGE = ROOT / "build" / "package"
# Deployed as it is, the zips being in a bucket that its parameters name.
FOR_CLOUDFORMATION = "cloudformation.json"
# SAM takes this name for a template by itself, and puts the zips into a bucket; so does
# `aws cloudformation package`.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-cli-package.html
FOR_SAM = "template.json"
CHECKSUMS = "SHA256SUMS"
# The CDK says by these where the code of a function lies.
ASSET_PATH, ASSET_METADATA = "aws:asset:path", "aws:asset:"

PARAMETERS = {
    "CodeBucket": {
        "Type": "String",
        "Description": "The bucket that the zips are in; it is in the region of the stack",
        "AllowedPattern": "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "ConstraintDescription": "the name of the bucket that you have put the zips into",
    },
    "CodePrefix": {
        "Type": "String",
        "Description": "What their keys begin with, as in imagepipe/",
        "Default": "",
        "AllowedPattern": "([^/].*/)?",
        "ConstraintDescription": "nothing, or what the keys of the zips begin with, as in imagepipe/",
    },
}


def write_package(assembly: Path, out: Path) -> tuple[Path, ...]:
    """Write the package of a synthesized app in place of what is in the directory; return its files.

    Equal input makes equal bytes. A zip's name holds a digest of it: CloudFormation updates a function only
    where the key of its code is another.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
    """
    template = json.loads((assembly / f"{STACK_NAME}.template.json").read_text())
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    zips = {path: f"{_name(template, path)}-{_sha256(assembly / path)[:16]}.zip" for path in _paths(template)}
    for path, name in zips.items():
        shutil.copyfile(assembly / path, out / name)
    with_parameters = _with_code(template, lambda path: _in_the_bucket(zips[path]))
    _write(out / FOR_CLOUDFORMATION, {"Parameters": PARAMETERS, **with_parameters})
    _write(out / FOR_SAM, _with_code(template, lambda path: zips[path]))
    files = tuple(sorted(out.iterdir()))
    sums = "".join(f"{_sha256(file)}  {file.name}\n" for file in files)
    (out / CHECKSUMS).write_text(sums)
    return (*files, out / CHECKSUMS)


def _paths(template: Mapping[str, Any]) -> list[str]:
    """Return the paths of the code of all functions, each once."""
    metadata = (resource.get("Metadata", {}) for resource in template["Resources"].values())
    return sorted({each[ASSET_PATH] for each in metadata if ASSET_PATH in each})


def _name(template: Mapping[str, Any], path: str) -> str:
    """Return what to call a zip: as the first of the functions that have it."""
    return min(
        str(resource["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"])
        for resource in template["Resources"].values()
        if resource.get("Metadata", {}).get(ASSET_PATH) == path
    )


def _with_code(template: Mapping[str, Any], code: Callable[[str], Any]) -> dict[str, Any]:
    """Return the template with the code of each function as `code` makes it of the asset's path."""
    changed: dict[str, Any] = json.loads(json.dumps(template))
    for resource in changed["Resources"].values():
        metadata = resource.get("Metadata", {})
        if ASSET_PATH not in metadata:
            continue
        resource["Properties"]["Code"] = code(metadata[ASSET_PATH])
        kept = {name: value for name, value in metadata.items() if not name.startswith(ASSET_METADATA)}
        resource["Metadata"] = kept
        if not kept:
            del resource["Metadata"]
    return changed


def _in_the_bucket(name: str) -> dict[str, Any]:
    return {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Fn::Join": ["", [{"Ref": "CodePrefix"}, name]]}}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, template: Mapping[str, Any]) -> None:
    # As narrow as JSON can be: CloudFormation takes 51,200 bytes without a bucket to read them from.
    path.write_text(json.dumps(template, separators=(",", ":"), ensure_ascii=False) + "\n")


def main() -> int:
    """Write the package with the settings that were typed."""
    PACKAGE.parent.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=PACKAGE.parent) as scratch:
            synthesize(typed_settings(sys.argv[1:]), Path(scratch))
            files = write_package(Path(scratch), PACKAGE)
    except (UnusableSettingsError, BundleError) as fault:
        print(fault, file=sys.stderr)
        return 2
    for file in files:
        print(f"{file.stat().st_size:>12,}  {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
