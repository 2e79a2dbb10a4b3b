"""A table of a TOML file on its way to a value, with a sentence for everything that is wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any


class UnusableError(Exception):
    """Raised by what reads a value. The message is what it must be."""


_MISSING: Any = dataclasses.MISSING


class TomlTable:
    """A TOML table on its way to a value; what was not taken from it is unknown."""

    def __init__(self, name: str, given: Any, faults: list[str]) -> None:
        self.name, self.faults = name, faults
        self._left = dict(given) if isinstance(given, Mapping) else {}
        self._known: list[str] = []
        if not isinstance(given, Mapping):
            faults.append(f"{name}: must be a table")

    def take(self, key: str, read: Callable[[Any], Any], default: Any = _MISSING) -> Any:
        """Return the value of a key, read; the default if it is absent."""
        self._known.append(key)
        if key not in self._left:
            if default is _MISSING:
                self.blame(key, "is missing")
                return 1
            return default
        value = self._left.pop(key)
        try:
            return read(value)
        except UnusableError as error:
            self.blame(key, f"is {value!r}; it must be {error}")
            return 1 if default is _MISSING else default

    def refuse_the_rest(self) -> None:
        """Blame what nobody asked for."""
        for key in self._left:
            self.blame(key, f"is unknown; there are {', '.join(self._known)}")

    def blame(self, key: str, what: str) -> None:
        self.faults.append(f"{self.name}: {key} {what}")


def a_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise UnusableError("a text")
    return value


def a_truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnusableError("true or false")
    return value


def a_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UnusableError("a list of tables")
    return value


def a_table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnusableError("a table")
    return value


def a_number(least: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            raise UnusableError(f"a number of at least {least:g}")
        return float(value)

    return read


def a_whole_number(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UnusableError(f"a whole number of at least {least}")
        return value

    return read


def above_zero(value: Any) -> float:
    number = a_number(0)(value)
    if not number:
        raise UnusableError("above 0; leave it out for all at once")
    return number


def a_share(value: Any) -> float:
    share = a_number(0)(value)
    if share >= 1:
        raise UnusableError("a share from 0 to less than 1")
    return share


def one_of(choices: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in list(choices):
            raise UnusableError(" or ".join(choices))
        return choices(value)

    return read
