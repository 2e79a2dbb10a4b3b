"""What is printed: text that no terminal obeys, and standard streams that take whatever it holds."""

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# What a shell reports of a program that SIGPIPE has ended: 128 + 13.
READER_LEFT = 141
_NOT_ASCII_TEXT = re.compile(r"[^ -~]")
_STANDARD_ERROR = 2


def printable(text: str) -> str:
    """Return the text on one line, with what a terminal obeys as escapes: a key may hold any character.

    Those are control characters, and those that turn the direction of writing or are not seen at all. A byte
    of a file name that is not UTF-8 is escaped too.
    """
    return _NOT_ASCII_TEXT.sub(_escape, text)


def as_json(document: object, *, indent: int | None = None) -> str:
    """Return a document as JSON that no terminal obeys, and that reads back as the same document."""
    text = json.dumps(document, ensure_ascii=not _standard_output_is_unicode(), indent=indent)
    return "\n".join(_NOT_ASCII_TEXT.sub(_escape_in_json, line) for line in text.split("\n"))


@contextmanager
def standard_streams() -> Iterator[None]:
    """Have standard output and error take whatever is printed while the block lasts.

    What is written to a closed one (`>&-`) is dropped. What an encoding lacks is written as an escape. A
    reader who leaves (`| head -1`) ends the program in silence: SystemExit(READER_LEFT). The default
    handler of SIGPIPE would also end it where a socket breaks:
    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    _open_the_closed()
    before = sys.stdout, sys.stderr
    if sys.stdout is sys.__stdout__:  # and not what a test has put in its place
        sys.stdout = _stream(1, sys.__stdout__)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _stream(2, sys.__stderr__)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stdout, sys.stderr = before


class _UntilTheReaderLeaves(io.FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            # What waits in buffers goes nowhere, instead of failing again when they are closed.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            raise SystemExit(READER_LEFT) from None


def _stream(number: int, before: TextIO | None) -> TextIO:
    raw = _UntilTheReaderLeaves(number, "w", closefd=False)
    encoding = before.encoding if before is not None else "utf-8"
    by_line = number == _STANDARD_ERROR or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=by_line)


def _escape(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else found[0].encode("unicode_escape").decode()


def _escape_in_json(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def _standard_output_is_unicode() -> bool:
    return (sys.stdout.encoding or "utf-8").lower().startswith("utf")


def _open_the_closed() -> None:
    """Open what is closed, lest the next file that is opened gets its number, and with it what is printed."""
    for number in range(_STANDARD_ERROR + 1):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, so this one
