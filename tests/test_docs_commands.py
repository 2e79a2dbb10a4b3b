"""Every command that the docs show is one that there is, or is marked as what needs AWS or something else.

What can be tried without AWS is: commands of `imagepipe` are read by the command line itself, options and
values included, and targets of make are looked up. What they do is tested where they are.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

from infra.bundles import ROOT
from operations.main import app

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
# These pages are generated, or show texts that are no commands.
WITHOUT_COMMANDS = {"commands.md", "settings.md", "metrics.md", "mutants.md", "traps.md"}
# What no test here can run, and why.
MARKED = {
    "aws": "needs AWS; tests/test_docs.py holds its options to botocore's models",
    "sam": "needs the SAM CLI; tests/deployment runs it",
    "npx": "needs Node and AWS",
    "awscurl": "needs AWS",
    "curl": "needs a running API; its questions are tested in tests/query_api",
    "openssl": "needs nothing of ours",
    "jq": "needs jq, and somebody's data",
    "exiftool": "needs exiftool; tests/operations/test_sidecars.py runs it",
    "rclone": "needs rclone; tests/end_to_end/test_rclone.py runs it",
    "docker": "needs docker",
    "apt-get": "needs root",
    ".venv/bin/pytest": "is what runs this",
    ".venv/bin/python": "runs a module, which is looked for",
}
KNOWN = {"imagepipe", ".venv/bin/imagepipe", "make"}
_PROGRAM = re.compile(r"^(?:[A-Z_]+=\S+ )*(\.venv/bin/imagepipe|imagepipe|make|[\w./-]+)(?: |$)")


class Command(NamedTuple):
    """A command as a page shows it."""

    page: str
    program: str
    words: tuple[str, ...]


def commands() -> Iterator[Command]:
    for page in PAGES:
        if page.name in WITHOUT_COMMANDS:
            continue
        for block in _blocks(page):
            yield from _commands_of(page.name, block)


def _blocks(page: Path) -> Iterator[str]:
    """Yield what is indented or fenced, with long lines put together."""
    text = re.sub(r"\\\n\s*", "", page.read_text())
    text = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"(?:^|\n\n)((?: {4,}\S.*\n?)+)", text)


def _commands_of(page: str, block: str) -> Iterator[Command]:
    for line in block.splitlines():
        for part in re.split(r"\s(?:&&|\|)\s", line.strip()):
            found = _PROGRAM.match(part)
            if found is None or found[1] not in KNOWN | MARKED.keys():
                continue
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                words = part.split()
            program = found[1].removeprefix(".venv/bin/") if found[1] in KNOWN else found[1]
            while "=" in words[0]:
                words = words[1:]
            yield Command(page, program, tuple(words))


ALL = list(commands())


def of(program: str) -> list[Command]:
    return [command for command in ALL if command.program == program]


def shown(command: Command) -> str:
    return f"{command.page}: {' '.join(command.words)}"


@pytest.mark.parametrize("command", of("imagepipe"), ids=shown)
def test_commands_of_imagepipe_are_read_by_it(command: Command) -> None:
    words = ["x" if word in ("…", "...") else word for word in command.words[1:]]
    reading: Any = typer.main.get_command(app)
    while hasattr(reading, "commands"):
        name, *words = words
        assert name in reading.commands, f"there is no command {name}"
        reading = reading.commands[name]

    # Raises for an option that there is not, a value that it does not take, an argument too few or too many.
    assert reading.make_context(reading.name, words)


@pytest.mark.parametrize(
    "target", sorted({command.words[1] for command in of("make") if len(command.words) > 1})
)
def test_targets_of_make_are_there(target: str) -> None:
    there = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)

    assert target in there


def test_modules_that_are_run_are_there() -> None:
    for command in of(".venv/bin/python"):
        if "-m" in command.words:
            name = command.words[command.words.index("-m") + 1].replace(".", "/")
            assert (ROOT / f"{name}.py").exists() or (ROOT / name / "__main__.py").exists(), shown(command)


def test_every_program_that_a_page_shows_is_run_here_or_marked() -> None:
    for page in PAGES:
        lines = [line.strip() for block in _blocks(page) for line in block.splitlines()]
        programs = {found[1] for line in lines if (found := _PROGRAM.match(line))}
        unknown = {name for name in programs - KNOWN - MARKED.keys() if shutil.which(name)}
        assert not unknown, f"{page.name} shows {unknown}; run it in a test, or say here what it needs"


def test_there_are_commands_to_look_at() -> None:
    assert len(of("imagepipe")) > 30
    assert len(of("make")) > 10


def test_the_site_has_every_page_and_no_dead_link(tmp_path: Path) -> None:
    built = subprocess.run(
        [str(ROOT / ".venv/bin/mkdocs"), "build", "-q", "--strict", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"NO_MKDOCS_2_WARNING": "1", "PATH": "/usr/bin:/bin"},
    )

    assert built.returncode == 0, built.stdout + built.stderr
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not (tmp_path / page).exists()} == set()
    index = (tmp_path / "index.html").read_text()
    for page in pages:
        assert f'href="{page.as_posix()}"' in index or page.as_posix() == "index.html", page
    loaded = re.findall(r'(?:src|<link[^>]*href)="(https?://[^"]+)"', index)
    assert loaded == [], "nothing is loaded from elsewhere"
