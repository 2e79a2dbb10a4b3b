"""The synthesized CDK app, made anew only when something that goes into it has changed."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from contract.detectors import SEARCH
from contract.environment import setting_text
from contract.quotas import IN_LARGE_REGIONS
from infra.bundles import FOR_THIS_MACHINE, LOCKS, ROOT
from local.cloud.environment import LocalCloudError

MIN_NODE_MAJOR = 20
# What the files of the app are called, and the stack where no setting names it otherwise.
STACK_NAME = "imagepipe"
TEMPLATE_NAME = f"{STACK_NAME}.template.json"

# What differs here from the defaults for AWS. Two cores share the recognizing, so more copies of the
# processor would only take memory, and more calls at once would wait for each other until they time out. The
# quotas are those of the region that this environment says it is; MiniStack does not resolve the condition by
# which the template chooses them. Nobody but the owner of the machine uploads here, so copies share their
# answers.
LOCAL_CONTEXT: Mapping[str, object] = {
    "api_access": "open",
    "uploads": True,
    "share_answers": True,
    "max_concurrency": 4,
    "bulk_max_concurrency": 2,
    "concurrent_calls": 4,
    "confidence_order": True,
    "near_duplicates": True,
    "operator": True,
    "corrections": True,
    "people": True,
    "people_purpose": "trying out the pipeline on one machine",
    "people_contact": "you@localhost",
    "people_retention_days": 30,
    "quotas": setting_text(IN_LARGE_REGIONS),
    FOR_THIS_MACHINE: True,
}

# Of those, what is of use only where pictures are read, and only where people are looked for.
OF_PICTURES = ("near_duplicates", "people")
OF_PEOPLE = ("people_purpose", "people_contact", "people_retention_days")

# Settings that name a file, whose content is in the template.
FILE_SETTINGS = ("policy", "detectors_by_prefix", "cameras")

_SOURCES = ("contract", "aws", "people", "processors", "query_api")
_KEPT_ASSEMBLIES = 64


@dataclass(frozen=True)
class Asset:
    """One file that the template expects in a bucket."""

    path: Path
    bucket: str
    key: str


@dataclass(frozen=True)
class Assembly:
    """A synthesized app. `digest` names everything that went into it."""

    directory: Path
    digest: str

    @property
    def template(self) -> str:
        return (self.directory / TEMPLATE_NAME).read_text()

    @property
    def stack(self) -> str:
        """The name that the stack is to have."""
        return str(self._properties.get("stackName", STACK_NAME))

    def template_url(self, account: str, region: str) -> str:
        """Return where CloudFormation finds the template, which is one of the assets."""
        address = urlsplit(_filled_in(self._properties["stackTemplateAssetObjectUrl"], account, region))
        return f"https://s3.{region}.amazonaws.com/{address.netloc}{address.path}"

    def assets(self, account: str, region: str) -> tuple[Asset, ...]:
        """List what has to be uploaded before the template is deployed to an account and a region."""
        manifest = json.loads((self.directory / f"{STACK_NAME}.assets.json").read_text())
        return tuple(
            Asset(
                self.directory / file["source"]["path"],
                _filled_in(destination["bucketName"], account, region),
                _filled_in(destination["objectKey"], account, region),
            )
            for file in manifest["files"].values()
            for destination in file["destinations"].values()
        )

    @property
    def _properties(self) -> dict[str, str]:
        manifest = json.loads((self.directory / "manifest.json").read_text())
        properties: dict[str, str] = manifest["artifacts"][STACK_NAME]["properties"]
        return properties


def synthesize(context: Mapping[str, object] = LOCAL_CONTEXT) -> tuple[Assembly, bool]:
    """Return the synthesized app, and whether it was made just now. An empty context is that of AWS.

    Raises LocalCloudError if Node is missing or too old, or if the app fails.
    """
    digest = _digest(context)
    directory = ROOT / "build" / f"assembly-{digest}"
    if directory.exists():
        directory.touch()
        return Assembly(directory, digest), False
    _require_node()
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        made = Path(scratch) / "out"
        run_app(made, context)
        # Another process may have made the same at the same time.
        if not directory.exists():
            made.rename(directory)
    _remove_old_ones(directory.parent)
    return Assembly(directory, digest), True


def named_settings(given: Iterable[str]) -> dict[str, object]:
    """Read settings, each NAME=VALUE as `cdk deploy -c` takes them. Raises LocalCloudError."""
    settings: dict[str, object] = {}
    for setting in given:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise LocalCloudError(f"{setting!r} is no setting; write NAME=VALUE, as in detectors=labels")
        settings[name] = value
    return settings


def local_context(given: Mapping[str, object]) -> dict[str, object]:
    """Return the settings of a deployment here, with those given in place of the usual ones.

    Where pictures, faces or people are switched off, what is only of use beside them is left to its default.
    """
    usual = dict(LOCAL_CONTEXT)
    if _is_off("pictures", given):
        usual |= dict.fromkeys(OF_PICTURES, False)
    if "faces" not in str(given.get("detectors", "faces")):
        usual["people"] = False
    # Neither goes together with people, whom nobody has chosen here.
    if given.get("prefix_claim") or str(given.get("scenes", False)).lower() == "true":
        usual["people"] = False
    if _is_off("people", {**usual, **given}):
        usual = {name: value for name, value in usual.items() if name not in OF_PEOPLE}
        without = {name: quota for name, quota in IN_LARGE_REGIONS.items() if name != SEARCH.operation}
        usual["quotas"] = setting_text(without)
    return {**usual, **given}


def _is_off(name: str, settings: Mapping[str, object]) -> bool:
    return str(settings.get(name, True)).lower() == "false"


def run_app(out: Path, context: Mapping[str, object]) -> None:
    """Synthesize the CDK app into a directory. Raises LocalCloudError."""
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(out),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    finished = subprocess.run(
        [sys.executable, "-m", "infra.app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        said = finished.stderr.strip() or finished.stdout.strip()
        raise LocalCloudError(f"the CDK app failed: {said[-2000:]}", exit_code=1)


def _require_node() -> None:
    node = shutil.which("node")
    if node is None:
        raise LocalCloudError(
            f"Node.js is missing; install version {MIN_NODE_MAJOR} or newer (the CDK runs on it): https://nodejs.org"
        )
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.match(r"v(\d+)\.", said)
    if found is None or int(found[1]) < MIN_NODE_MAJOR:
        raise LocalCloudError(
            f"Node.js is {said.strip() or 'broken'} at {node}; install version {MIN_NODE_MAJOR} or newer: https://nodejs.org"
        )


def _digest(context: Mapping[str, object]) -> str:
    files = [*LOCKS, *sorted((ROOT / "infra").glob("*.py"))]
    for room in _SOURCES:
        files += sorted(path for path in (ROOT / room).rglob("*") if path.is_file() and path.suffix != ".pyc")
    seen = hashlib.sha256(json.dumps(context, sort_keys=True).encode())
    named = (ROOT / str(context[name]) for name in FILE_SETTINGS if context.get(name))
    for path in filter(Path.is_file, named):
        seen.update(path.read_bytes())
    for path in files:
        seen.update(f"\n{path.relative_to(ROOT)}\n".encode())
        seen.update(path.read_bytes())
    return seen.hexdigest()[:20]


def _remove_old_ones(build: Path) -> None:
    by_age = sorted(build.glob("assembly-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for directory in by_age[_KEPT_ASSEMBLIES:]:
        shutil.rmtree(directory, ignore_errors=True)


def _filled_in(text: str, account: str, region: str) -> str:
    return text.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
