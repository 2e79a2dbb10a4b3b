"""The modules of the page as one script, and its styles as one style, so that a first view is few requests.

The sources are ES modules and style sheets that a browser could load one by one. Each module becomes a
function that returns what the module exports, after those that it needs; `@import` becomes what it names.
Nothing is renamed or left out, so the script reads like its sources. No more of the language is understood
than the page uses. The rest is refused: by the tests, and where the page is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^\s*(?:import|export)\b.*|\bimport\s*\(.*|\bimport\.meta\b.*", re.MULTILINE)
_STYLE_IMPORT = re.compile(r'^@import "\./([\w-]+\.css)";\n', re.MULTILINE)


class PageBundleError(Exception):
    """A source uses what is not understood here. The message says where."""


def script(directory: Path, entry: str) -> str:
    """Return one module that does what the module `entry` does. Raises BundleError, OSError."""
    bundle = _Script(directory)
    bundle.add(entry)
    return "".join(bundle.parts)


def style(directory: Path, entry: str) -> str:
    """Return one style sheet: `entry`, with what it imports in the place of the imports. Raises OSError."""

    def imported(found: re.Match[str]) -> str:
        return style(directory, found[1])

    return _STYLE_IMPORT.sub(imported, (directory / entry).read_text(encoding="utf-8"))


@dataclass
class _Script:
    directory: Path
    parts: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        if name in self.done:
            return
        if name in self.open:
            raise PageBundleError(f"modules need each other in a circle: {' → '.join([*self.open, name])}")
        self.open.append(name)
        source = (self.directory / name).read_text(encoding="utf-8")
        for found in _IMPORT.finditer(source):
            self.add(found[2])
        self.parts.append(_function_of(name, source))
        self.open.pop()
        self.done.add(name)


def _function_of(name: str, source: str) -> str:
    exported = [found[2] for found in _EXPORT.finditer(source)]
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(_destructuring, source))
    if (other := _OTHER.search(body)) is not None:
        raise PageBundleError(f"{name}: {other[0].strip()!r} is not understood")
    given = f"return {{ {', '.join(exported)} }};\n" if exported else ""
    return f"// {name}\nconst {_variable(name)} = (() => {{\n{body}{given}}})();\n"


def _destructuring(found: re.Match[str]) -> str:
    names = ", ".join(part.strip().replace(" as ", ": ") for part in found[1].split(","))
    return f"const {{ {names} }} = {_variable(found[2])};\n"


def _variable(name: str) -> str:
    return "$" + name.removesuffix(".js").replace("-", "_")
