"""A detector more is one entry and one file: docs/adding-a-detector.md, carried out on a copy of the code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.bundles import ROOT

ENTRY = '    "gear": DetectorSpec("DetectProtectiveEquipment", 5, 5, 400),\n'
READER = """
from contract.records import Findings

def read(response):
    return Findings(labels={"Helmet": response["Persons"][0]["Confidence"]})
"""
PROGRAM = """
from dataclasses import replace
from contract.quotas import IN_LARGE_REGIONS
from tests.processors.world import SETTINGS, World

world = World(settings=replace(SETTINGS, detectors=("labels", "gear"), quotas=IN_LARGE_REGIONS))
world.rekognition.detect_protective_equipment = lambda **asked: {"Persons": [{"Confidence": 88.0}]}
assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == []
record = world.record("a.jpg")
print(sorted(record.findings.labels.items()), sorted(record.detectors))
"""


def test_an_entry_and_a_file_are_all(tmp_path: Path) -> None:
    for room in ("contract", "processors", "tests"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "contract" / "detectors.py"
    head, line, rest = table.read_text().partition("SPECS: Mapping[str, DetectorSpec] = {\n")
    table.write_text(head + line + ENTRY + rest)
    (tmp_path / "processors" / "detectors" / "gear.py").write_text(READER)

    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stderr == ""
    assert ran.stdout == "[('Cat', 97.0), ('Helmet', 88.0)] ['gear', 'labels']\n"
