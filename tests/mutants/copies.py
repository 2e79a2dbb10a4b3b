"""A copy of the repository to break, and pytest in it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.bundles import ROOT
from tests.mutants.recording import PROFILE

# Imported once, in the process that all runs are forked from; nothing of ours is among them.
PRELOADED = ["pytest", "hypothesis", "schemathesis", "coverage", "boto3", "moto", "xdist", "pytest_socket"]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(PRELOADED)
TIMED_OUT = "(no end)"
# So that a busy machine is not taken for a test that has no end.
SECONDS_A_TEST = 300
FAST = "not local_cloud and not nightly"


class Run(NamedTuple):
    """Which tests are run, and for how long at most: all in `paths`, or of them `chosen`, in their order."""

    paths: Sequence[str]
    chosen: Sequence[str] = ()
    marker: str = FAST
    seconds: float = 900
    max_failures: int = 1


@dataclass(eq=False)
class Noticing:
    """A plugin of pytest that selects tests, and collects what fails."""

    chosen: Sequence[str]
    failed: list[str] = field(default_factory=list)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.chosen:
            places = {test: place for place, test in enumerate(self.chosen)}
            items[:] = sorted(
                (item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid]
            )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)


@dataclass(frozen=True)
class Copy:
    """The repository as it is in the worktree, in a folder of its own."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Copy:
        """Copy what git knows or would add."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        return cls(folder)

    def notice(self, file: str, source: str, runs: Sequence[Run]) -> list[str]:
        """Break a file, and return what fails in the first run where anything does."""
        broken = self.folder / file
        whole = broken.read_bytes()
        broken.write_text(source)
        try:
            return next(filter(None, map(self._failures, runs)), [])
        finally:
            broken.write_bytes(whole)

    def _failures(self, run: Run) -> list[str]:
        ours, theirs = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=_run_tests, args=(self.folder, run, theirs))
        process.start()
        theirs.close()
        try:
            return list(ours.recv()) if ours.poll(run.seconds) else [TIMED_OUT]
        except EOFError:
            return ["(a crash)"]
        finally:
            _end(process.pid)
            process.join()


def _end(group: int | None) -> None:
    """End a run with everything it has started."""
    if group is not None:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return


def _run_tests(folder: Path, run: Run, answer: Connection) -> None:
    os.setsid()
    os.chdir(folder)
    output = os.open(folder / "pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ |= {
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "IMAGEPIPE_SHRINK": "no",
        "IMAGEPIPE_EXAMPLES": "40",
    }
    sys.dont_write_bytecode = True
    _forget_the_worktree(folder)
    noticing = Noticing(run.chosen)
    arguments = [
        "-q",
        f"--maxfail={run.max_failures}",
        f"--hypothesis-profile={PROFILE}",
        *("-p", "no:cacheprovider"),
        *("-p", "tests.mutants.recording"),
        *("-m", run.marker),
        f"--timeout={SECONDS_A_TEST}",
        *run.paths,
    ]
    code = pytest.main(arguments, plugins=[noticing])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} and not noticing.failed:
        noticing.failed.append("(nothing can be imported)")
    answer.send(noticing.failed)


def _forget_the_worktree(folder: Path) -> None:
    """Let what is imported from now on come from the copy."""
    sys.path[:] = [str(folder), *(path for path in sys.path if path and Path(path) != ROOT)]
    ours = {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}
    for name in list(sys.modules):
        if name.partition(".")[0] in ours:
            del sys.modules[name]


def tests_in(paths: Collection[str], tests: Collection[str]) -> list[str]:
    """Return the tests that are in any of these folders."""
    return [test for test in tests if any(test.startswith(f"{path}/") for path in paths)]
