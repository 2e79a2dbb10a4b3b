"""Nothing that is printed is obeyed by a terminal, and no terminal ends a command with a traceback."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import terminal
from contract.terminal import READER_LEFT, as_json, printable
from infra.bundles import ROOT

# A command of ours that needs nothing but itself.
COMMAND = [sys.executable, "-c", "import sys; from operations.main import main; sys.exit(main())", "cost"]
IN_ASCII = {"PYTHONIOENCODING": "ascii"}
IN_C = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("summer/é 😀.jpg", "summer/é 😀.jpg"),
        ("\x1b[2Jcleared", "\\x1b[2Jcleared"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("two\nlines\r\x85\u2028", "two\\nlines\\r\\x85\\u2028"),
        ("\x9b31m", "\\x9b31m"),
        (os.fsdecode(b"caf\xe9.jpg"), "caf\\udce9.jpg"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_obeys_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_takes_the_place_of_a_stream_has_its_encoding() -> None:
    before = io.TextIOWrapper(io.BytesIO(), "ascii")

    assert terminal._stream(1, before).encoding == "ascii"
    assert terminal._stream(1, None).encoding == "utf-8"


@given(st.text())
def test_everything_printable_is_printed_and_nothing_else(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(st.dictionaries(st.text(), st.lists(st.text())), st.sampled_from([None, 2]))
def test_json_reads_back_as_the_same_and_is_obeyed_by_no_terminal(
    document: dict[str, list[str]], indent: int | None
) -> None:
    text = as_json(document, indent=indent)

    assert json.loads(text) == document
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("given", [IN_ASCII, IN_C])
def test_a_terminal_without_unicode_is_written_to_in_ascii(given: Mapping[str, str]) -> None:
    said = "✓ é 😀"
    program = (
        "from contract.terminal import as_json, standard_streams\n"
        "with standard_streams():\n"
        f"    print({said!a})\n"
        f"    print(as_json({said!a}))\n"
    )
    environment = {**os.environ, **given}
    finished = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, b"")
    text, document = finished.stdout.decode("ascii").splitlines()
    assert text == "\\u2713 \\xe9 \\U0001f600"
    assert json.loads(document) == said


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_does_not_matter(redirection: str) -> None:
    shell = f'exec "$@" {redirection}'
    finished = subprocess.run(["sh", "-c", shell, "sh", *COMMAND], cwd=ROOT, capture_output=True, check=False)

    assert (finished.returncode, finished.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [[], ["--markdown"], ["--json"]])
def test_a_reader_who_leaves_ends_the_command_in_silence(arguments: list[str]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        finished = subprocess.run(
            [*COMMAND, *arguments], cwd=ROOT, stdout=write_end, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(write_end)

    assert (finished.returncode, finished.stderr) == (READER_LEFT, b"")
