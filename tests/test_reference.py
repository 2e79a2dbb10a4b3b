"""What is written in docs/ for those who call: generated, so that nothing changes without being seen."""

import inspect
import json
import os
import re
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
from typer.cli import get_docs_for_click

from contract import metrics as contract_metrics
from contract.metrics import SECONDS_TO_SEARCHABLE, Metric, TallyMetric
from contract.policy import Policy
from infra.bundles import ROOT
from infra.settings import DeploymentSettings
from operations.main import app
from processors import telemetry
from processors.telemetry import DOLLARS_SAVED
from query_api import ports
from query_api.ports import QueryMetric
from tests.query_api.site import Site

WRITTEN = ROOT / "build" / "reference"


def openapi() -> str:
    described: dict[str, Any] = (
        Site(operator=True, corrections=True, policy=Policy(), people={"p1": "Ann"}).get("/openapi.json").json
    )
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def commands() -> str:
    command = typer.main.get_command(app)
    return get_docs_for_click(obj=command, ctx=typer.Context(command), name="imagepipe")


def settings() -> str:
    """Write what the class of the settings says of itself as a page."""
    assert DeploymentSettings.__doc__ is not None
    _, *paragraphs = inspect.cleandoc(DeploymentSettings.__doc__).split("\n\n")
    told = "\n\n".join(paragraphs)
    rows = [
        f"| `{each.name}` | {_shown(each.default if each.default is not MISSING else ())} | "
        f"{_first_named(each.name, paragraphs)} |"
        for each in fields(DeploymentSettings)
    ]
    return "\n".join([_SETTINGS_HEAD, *rows, "", "## What they mean", "", told, ""])


_SETTINGS_HEAD = """# Settings

What can be chosen about a deployment: by `make deploy SETTINGS="-c name=value -c name=value"`, or for good
under `"context"` in `cdk.json`. What cannot be is told before anything is created. This page is generated
from `infra/settings.py`.

| setting | without it | more |
|---|---|---|"""


def _shown(default: object) -> str:
    if default in (None, "", ()):
        return "-"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{','.join(default)}`" if isinstance(default, tuple) else f"`{default}`"


def _first_named(name: str, paragraphs: list[str]) -> str:
    """Return the sentence that is most about a setting: that which names it soonest."""
    sentences = [
        sentence
        for paragraph in paragraphs
        for sentence in re.split(r"(?<=[.:])\s+(?=[A-Z`])", " ".join(paragraph.split()))
        if f"`{name}`" in sentence
    ]
    assert sentences, f"the docstring of the settings does not tell of {name}"
    return min(sentences, key=lambda sentence: sentence.index(f"`{name}`")).replace("|", "\\|")


def metrics() -> str:
    """Write what stands above each metric in the code as a page."""
    told = dict(pair for place in (contract_metrics, telemetry, ports) for pair in _explained(place))
    rows = [
        f"| `{name}` | {told[name]} | {function} |"
        for function, names in METRICS.items()
        for name in map(str, names)
    ]
    return "\n".join([_METRICS_HEAD, *rows, ""])


METRICS = {
    "processor": (*Metric, SECONDS_TO_SEARCHABLE, DOLLARS_SAVED),
    "counting": tuple(TallyMetric),
    "API": tuple(QueryMetric),
}
_METRICS_HEAD = """# Metrics

In the CloudWatch namespace of the stack's name (`imagepipe`), by `service` (one a function); all are counts
but dollars and seconds. The alarms are made of some of them and of AWS's own: [operations.md](operations.md).
This page is generated from the comments in `contract/metrics.py`, `processors/telemetry.py` and
`query_api/ports.py`.

| metric | what is counted | function |
|---|---|---|"""


def _explained(module: ModuleType) -> list[tuple[str, str]]:
    """Return what has a text for its value in a module, each with the comment above it."""
    found = re.findall(r'((?:^ *# .*\n)+)^ *[A-Z_]+ = "(\w+)"$', inspect.getsource(module), re.MULTILINE)
    return [
        (name, " ".join(re.sub(r"^ *# ", "", comment, flags=re.MULTILINE).split())) for comment, name in found
    ]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("openapi.json", openapi),
        ("commands.md", commands),
        ("settings.md", settings),
        ("metrics.md", metrics),
    ],
)
def test_the_reference_is_what_the_code_says(name: str, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "100")
    WRITTEN.mkdir(parents=True, exist_ok=True)
    (WRITTEN / name).write_text(made())

    assert (WRITTEN / name).read_text() == Path(ROOT / "docs" / name).read_text(), (
        f"if it is meant to change: cp build/reference/{name} docs/"
    )
