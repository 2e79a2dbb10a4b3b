"""What is written in docs/ for those who call: generated, so that nothing changes without being seen."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.cli import get_docs_for_click

from contract.metrics import Metric, TallyMetric
from infra.bundles import ROOT
from operations.main import app
from processors.telemetry import DOLLARS_SAVED
from query_api.ports import QueryMetric
from tests.query_api.site import Site

WRITTEN = ROOT / "build" / "reference"


def openapi() -> str:
    described: dict[str, Any] = Site().get("/openapi.json").json
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def commands() -> str:
    command = typer.main.get_command(app)
    return get_docs_for_click(obj=command, ctx=typer.Context(command), name="imagepipe")


@pytest.mark.parametrize(("name", "made"), [("openapi.json", openapi), ("commands.md", commands)])
def test_the_reference_is_what_the_code_says(name: str, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "100")
    WRITTEN.mkdir(parents=True, exist_ok=True)
    (WRITTEN / name).write_text(made())

    assert (WRITTEN / name).read_text() == Path(ROOT / "docs" / name).read_text(), (
        f"if it is meant to change: cp build/reference/{name} docs/"
    )


def test_every_metric_is_explained() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    explained = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)

    assert sorted(explained) == sorted([*Metric, *TallyMetric, *QueryMetric, DOLLARS_SAVED])
