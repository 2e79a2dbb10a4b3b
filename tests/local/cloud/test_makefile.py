"""What a person types after `make` reaches the program as it is, whatever characters it is of."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.bundles import ROOT

HOSTILE = (
    "plain",
    "with space",
    "two  spaces and a last ",
    "a$b $(shell touch owned) ${HOME} $$",
    "`touch owned`$(touch owned)",
    "~/photos",
    "it's",
    'a "quoted" one',
    "back\\slash\\",
    "pics [2024]*?",
    "a#b;c&d|e>f<g!",
    "-x",
    "é 😀",
)


@pytest.fixture
def make(tmp_path: Path) -> list[str]:
    """A command that makes with a Python that writes down what it is given, each as one line."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    return [
        "make",
        "-s",
        "-f",
        str(ROOT / "Makefile"),
        "-C",
        str(ROOT),
        "-o",
        ".venv/.synced",
        f"BIN={tmp_path}",
    ]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("by_environment", [False, True])
@pytest.mark.parametrize(
    ("target", "option"),
    [
        ("run IMAGES", "--images="),
        ("run PORT", "--port="),
        ("chaos SEED", "--seed="),
        ("loadtest STACK", "--stack="),
        ("loadtest SCENARIO", ""),
    ],
)
def test_a_variable_is_handed_on_as_it_is(
    make: list[str], target: str, option: str, by_environment: bool, text: str
) -> None:
    goal, variable = target.split()
    given = {variable: text} if by_environment else {}
    typed = [] if by_environment else [f"{variable}={text}"]
    said = subprocess.run(
        [*make, goal, *typed], env={**os.environ, **given}, capture_output=True, text=True, check=True
    )

    assert said.stdout.split("\n")[-2] == option + text
    assert not (ROOT / "owned").exists(), "nothing of it was executed"


def test_python_keeps_bytecode_whatever_the_environment_says(make: list[str], tmp_path: Path) -> None:
    """Where an image of a container forbids it, each process would compile all that it imports."""
    (tmp_path / "python").write_text('#!/bin/sh\necho "${PYTHONDONTWRITEBYTECODE-unset}"\n')
    said = subprocess.run(
        [*make, "run"],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "unset\n"


def test_nothing_is_handed_on_where_nothing_is_given(make: list[str]) -> None:
    said = subprocess.run([*make, "run"], capture_output=True, text=True, check=True)

    assert said.stdout == "-m\nlocal\nrun\n"
