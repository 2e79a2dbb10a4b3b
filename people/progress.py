"""How long work goes on step by step, and what it says when something is left."""

from collections.abc import Generator
from typing import TypeVar

from contract.errors import ImagepipeError

Value = TypeVar("Value")
# Says of each step what it is about to do, and returns something at its end.
Steps = Generator[str, None, Value]


class UnfinishedError(ImagepipeError):
    """Something of a person is left; the same again goes on. The message may name who, the code does not."""
