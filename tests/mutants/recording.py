"""Records which lines each test runs, and how long it takes: `pytest -p tests.mutants.recording`."""

import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import Phase, settings

ROOMS = ("contract", "aws", "people", "processors", "query_api", "operations", "infra")
FOLDER = "IMAGEPIPE_RECORDING"
COVERAGE_FILE = "coverage"
SECONDS_FILE = "seconds.json"
PROFILE = "mutants"

# The same examples in every run, and not as many; a failure is enough, for nobody reads what it shrinks to.
settings.register_profile(
    PROFILE,
    derandomize=True,
    database=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


class Recording:
    """Coverage with a context a test, and the seconds of each test that passes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.coverage = Coverage(data_file=str(folder / COVERAGE_FILE), source=list(ROOMS), config_file=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.coverage.switch_context(item.nodeid)
        outcome = yield
        self.coverage.switch_context("")
        return outcome

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.seconds[report.nodeid] = report.duration

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        self.coverage.save()
        (self.folder / SECONDS_FILE).write_text(json.dumps(self.seconds))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record, if somebody wants it."""
    if folder := os.environ.get(FOLDER):
        recording = Recording(Path(folder))
        config.pluginmanager.register(recording)
        recording.coverage.start()
