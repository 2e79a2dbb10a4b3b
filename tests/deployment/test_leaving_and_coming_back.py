"""A stack destroyed and taken up again, as it is typed: what it kept becomes a new stack's, and goes on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contract.records import Status
from infra.bundles import ROOT
from local.cloud.assembly import synthesize
from local.cloud.deployment import deploy
from tests.conftest import RunningCloud
from tests.deployment.conftest import as_on_aws, gone_afterwards, named, site_of

STACK = "comes-back"
PROGRAM = Path(sys.executable).parent / "imagepipe"


@pytest.mark.nightly
def test_what_a_destroyed_stack_has_kept_is_adopted_and_goes_on(
    running: RunningCloud, photos: Path, tmp_path: Path
) -> None:
    def typed(*command: str) -> str:
        done = subprocess.run(
            [str(PROGRAM), *command, "--stack", STACK, "--yes"],
            cwd=ROOT,
            env=as_on_aws(running),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assembly = named(synthesize()[0], STACK, tmp_path / "assembly")
    with gone_afterwards(running, STACK):
        deploy(running.clients, assembly)
        with site_of(running, STACK) as site:
            site.put("cat.jpg", (photos / "cat.jpg").read_bytes())
            site.completions(["cat.jpg"])
            bucket = site.bucket

        left = json.loads(typed("destroy", "--json"))
        kept = {each["kind"]: each["name"] for each in left["kept"] if "renditions" not in each["name"]}
        assert kept["bucket"] == bucket
        template = str(next(assembly.directory.glob("*.template.json")))
        typed("adopt", "--bucket", bucket, "--table", kept["table"], "--template", template)
        deploy(running.clients, assembly)

        with site_of(running, STACK) as site:
            assert site.bucket == bucket
            assert site.record("cat.jpg")["labels"]
            site.put("dog.jpg", (photos / "dog.jpg").read_bytes())
            site.completions(["dog.jpg"], status=str(Status.RECOGNIZED))
