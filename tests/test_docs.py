"""Docs that name tests, files and headings name such as exist."""

import fnmatch
import re
import shlex
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from infra.bundles import ROOT

# https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
OF_EVERY_COMMAND = {"--output", "--query", "--cli-binary-format", "--cli-read-timeout", "--endpoint-url"}

# Made of several operations; tests/deployment/test_package.py runs the first.
OF_THE_CLI_ALONE = {("cloudformation", "deploy"), ("cloudformation", "package")}

TEST_SOURCES = {path: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
TEST_NAMES = {
    name
    for source in TEST_SOURCES.values()
    for name in re.findall(r"^def (test_\w+)", source, flags=re.MULTILINE)
} | {path.name for path in TEST_SOURCES}


def test_every_trap_is_held_by_tests_that_exist_or_a_reason() -> None:
    rows = re.findall(
        r"^\| (\d+) \| .*? \| (.*) \|$", (ROOT / "docs/traps.md").read_text(), flags=re.MULTILINE
    )

    assert [int(number) for number, _ in rows] == list(range(1, 40))
    for number, held_by in rows:
        named = re.findall(r"`(test_[\w.*]+)`", held_by)
        assert (
            named
            or "cannot occur" in held_by
            or "not used" in held_by
            or "no such" in held_by
            or number == "19"
        )
        for name in named:
            assert fnmatch.filter(TEST_NAMES, name), f"trap {number} names {name}, which is not there"


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


# The one is of a run in the past; the other shows how a file is added.
NAMES_OTHER_FILES = {"mutants.md", "adding-a-detector.md"}


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_modules_that_pages_name_are_there(page: Path) -> None:
    there = [f"/{path.relative_to(ROOT)}" for path in ROOT.glob("[a-z]*/**/*.py")]
    named = (
        set(re.findall(r"`([\w./-]+\.py)`", page.read_text())) if page.name not in NAMES_OTHER_FILES else ()
    )

    assert [name for name in named if not any(path.endswith(f"/{name}") for path in there)] == []


def aws_commands() -> list[tuple[str, list[str]]]:
    """Find every command of the AWS CLI in the pages, as a shell would take it apart."""
    found = []
    for page in sorted(ROOT.glob("docs/**/*.md")):
        text = re.sub(r"\\\n\s*", "", page.read_text())
        written = re.findall(r"`(aws [a-z0-9]+ [a-z][^`]*)`", text)
        written += re.findall(
            r"^ {4,}(?:\w+=\$\()?(aws [a-z0-9]+ [a-z](?:'[^']*'|\"[^\"]*\"|[^'\"\n&])*)", text, re.MULTILINE
        )
        found += [(page.name, shlex.split(command.rstrip(") "), comments=True)) for command in written]
    return found


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (page, words)
        for page, words in aws_commands()
        if words[1] != "s3" and tuple(words[1:3]) not in OF_THE_CLI_ALONE
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:3]),
)
def test_commands_of_the_aws_cli_are_such(page: str, words: list[str]) -> None:
    """Operations and options are those of the services; what every command takes is not looked at."""
    _, service, command, *rest = words
    service = service.removesuffix("api")
    options = {word.partition("=")[0] for word in rest if word.startswith("--")} - OF_EVERY_COMMAND
    session = botocore.session.get_session()
    if command == "wait":
        waiters = session.get_waiter_model(service)
        assert rest[0] in {xform_name(name, "-") for name in waiters.waiter_names}, page
        command = xform_name(
            waiters.get_waiter("".join(part.title() for part in rest[0].split("-"))).operation, "-"
        )
    model = session.get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert command in operations, f"{page}: aws {service} has no {command}"
    shape = model.operation_model(operations[command]).input_shape
    assert shape is not None
    known = {f"--{xform_name(name, '-')}" for name in shape.members}
    known |= {f"--no-{name[2:]}" for name in known}
    assert options <= known, f"{page}: aws {service} {command} does not take {options - known}"
    missing = {f"--{xform_name(name, '-')}" for name in shape.required_members} - options
    assert not missing, f"{page}: aws {service} {command} needs {missing}"


def test_there_are_commands_of_the_aws_cli_to_look_at() -> None:
    assert len(aws_commands()) > 20
