"""Which detectors are asked about which photo: a default, and others below prefixes of keys.

A file says so where a deployment wants it (`detectors.toml`, named by the setting `detectors_by_prefix`):

    [prefixes]
    "products/" = ["labels", "image_properties"]
    "products/people/" = ["faces"]

The longest prefix that a key begins with decides, and it alone; keys that begin with none have the default.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from contract.detectors import DETECTORS

# All environment variables of a function together have 4 KB.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_CHARACTERS = 1500
_PREFIXES = "prefixes"

Value = TypeVar("Value")
Other = TypeVar("Other")
Detectors = tuple[str, ...]


@dataclass(frozen=True)
class ByPrefix(Generic[Value]):
    """Values by what a key begins with; `exceptions` are by prefix, the longest first."""

    default: Value
    exceptions: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, default: Value, exceptions: Mapping[str, Value]) -> "ByPrefix[Value]":
        return cls(default, tuple(sorted(exceptions.items(), key=lambda each: (-len(each[0]), each[0]))))

    def __getitem__(self, key: str) -> Value:
        for prefix, value in self.exceptions:
            if key.startswith(prefix):
                return value
        return self.default

    def each(self, change: Callable[[Value], Other]) -> "ByPrefix[Other]":
        """Return the same with each value changed."""
        changed = tuple((prefix, change(value)) for prefix, value in self.exceptions)
        return ByPrefix(change(self.default), changed)


def every_detector(choice: ByPrefix[Detectors]) -> Detectors:
    """Return all that are asked about any photo, those of the default first."""
    others = (name for _, detectors in choice.exceptions for name in detectors)
    return tuple(dict.fromkeys((*choice.default, *others)))


def write_exceptions(exceptions: Mapping[str, Detectors]) -> str:
    """Write them as an environment variable holds them; nothing where there are none."""
    return json.dumps(exceptions, separators=(",", ":"), sort_keys=True) if exceptions else ""


def read_exceptions(text: str) -> dict[str, Detectors]:
    """Read what `write_exceptions` wrote. Raise ValueError for anything else."""
    found: Any = json.loads(text) if text else {}
    if not isinstance(found, dict) or not all(isinstance(names, list) for names in found.values()):
        raise ValueError(f"{text!r} is no object of lists")
    return {str(prefix): tuple(map(str, names)) for prefix, names in found.items()}


def read_choices(text: str, file: str) -> tuple[dict[str, Detectors], list[str]]:
    """Read the file's text; return what it says, and what is wrong with it, a sentence for each fault."""
    import tomllib  # on nobody's way to a cold start

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        return {}, [f"{file} is no TOML, or names a prefix twice: {fault}"]
    prefixes = found.get(_PREFIXES)
    if set(found) != {_PREFIXES} or not isinstance(prefixes, dict) or not prefixes:
        return {}, [
            f'{file} has to have one table, [{_PREFIXES}], with lines such as "products/" = ["labels"]'
        ]
    faults = []
    for prefix, names in prefixes.items():
        if not prefix:
            faults.append(
                f"{file} has an empty prefix; what is asked about all others, the setting detectors says"
            )
        if not isinstance(names, list) or not names or any(name not in DETECTORS for name in names):
            faults.append(
                f"{file} has {prefix!r} = {json.dumps(names, default=str)}; write a list of one or more of "
                f"{', '.join(DETECTORS)}"
            )
        elif len(set(names)) < len(names):
            faults.append(f"{file} names a detector twice for {prefix!r}: {', '.join(names)}")
    if faults:
        return {}, faults
    choices = {prefix: tuple(names) for prefix, names in prefixes.items()}
    if (characters := len(write_exceptions(choices))) > MOST_CHARACTERS:
        return {}, [
            f"{file} makes {characters:,} characters, and a function can be told {MOST_CHARACTERS:,}: name "
            "fewer or shorter prefixes"
        ]
    return choices, []
