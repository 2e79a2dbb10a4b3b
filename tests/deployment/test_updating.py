"""A stack is updated and taken back while photos arrive: nothing is lost, stale, buried or paid twice.

MiniStack changes one resource after the other, and a function's code before its variables, as CloudFormation
does. It does not show what AWS does by itself meanwhile: docs/deploying.md, "Updating a stack that runs".
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.bundles import ROOT
from local.cloud.assembly import LOCAL_CONTEXT, Assembly, local_context, synthesize
from local.cloud.deployment import deploy
from tests.conftest import RunningCloud
from tests.deployment.conftest import gone_afterwards, named, site_of
from tests.deployment.steady_load import steady_load

STACK = "updated"
# Less of everything than today: fewer detectors, no pictures function, no bucket of renditions.
EARLIER = {"detectors": "labels", "pictures": "false"}
STEPS = 10
FROM = "IMAGEPIPE_UPDATE_FROM"


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_nothing_is_lost_when_a_stack_is_updated_and_taken_back_under_load(
    running: RunningCloud, photos: Path, tmp_path: Path
) -> None:
    earlier, _ = synthesize(local_context(EARLIER))
    update_and_go_back(running, earlier, photos, tmp_path)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_nothing_is_lost_when_a_stack_of_earlier_code_is_updated_and_taken_back(
    running: RunningCloud, photos: Path, tmp_path: Path
) -> None:
    earlier = of_commit(os.environ.get(FROM, "HEAD~1"), tmp_path)
    update_and_go_back(running, earlier, photos, tmp_path)


def update_and_go_back(running: RunningCloud, earlier: Assembly, photos: Path, folder: Path) -> None:
    before, today = named(earlier, STACK, folder / "before"), named(synthesize()[0], STACK, folder / "today")
    with gone_afterwards(running, STACK):
        deploy(running.clients, before)
        with site_of(running, STACK) as site, steady_load(site, (photos / "cat.jpg").read_bytes()) as load:
            load.await_steps(STEPS)
            forth = timed(lambda: deploy(running.clients, today))
            load.await_steps(STEPS)
            back = timed(lambda: deploy(running.clients, before))
            load.await_steps(STEPS)
            load.stop()
            stopped = time.monotonic()
            load.await_end()
            print(
                f"\n{len(load.current)} photos, {load.versions.total()} versions; updated in {forth:.1f} s, "
                f"back in {back:.1f} s, all known {time.monotonic() - stopped:.1f} s after the last"
            )
            assert site.dead_letters() == []
            assert load.paid_twice() == {}


def timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def of_commit(commit: str, folder: Path) -> Assembly:
    """Synthesize an earlier commit with its own code and today's packages; skip where there is no history."""
    source = folder / "source"
    source.mkdir()
    git = shutil.which("git")
    if git is None:
        pytest.skip("there is no git here")
    archive = subprocess.run([git, "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"no commit {commit} here: {archive.stderr.decode().strip()}")
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "CDK_OUTDIR": str(folder / "out"),
        "CDK_CONTEXT_JSON": json.dumps(LOCAL_CONTEXT),
    }
    app = [sys.executable, "-m", "infra.app"]
    made = subprocess.run(app, cwd=source, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return Assembly(folder / "out", commit)
