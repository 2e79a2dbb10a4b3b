"""Settings as environment variables: the stack writes them, the Lambda reads them, through the same class."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import TypeVar

from contract.errors import SettingsError

Settings = TypeVar("Settings")


def dump(settings: object) -> dict[str, str]:
    """Write a settings dataclass as environment variables: field `table_name` becomes `TABLE_NAME`."""
    assert dataclasses.is_dataclass(settings)
    assert not isinstance(settings, type)
    values = ((field.name, getattr(settings, field.name)) for field in dataclasses.fields(settings))
    return {name.upper(): to_text(value) for name, value in values}


def load(settings_class: type[Settings], environment: Mapping[str, str]) -> Settings:
    """Read a settings dataclass from environment variables.

    Raises SettingsError with every missing and malformed variable at once.
    """
    assert dataclasses.is_dataclass(settings_class)
    hints = typing.get_type_hints(settings_class)
    values: dict[str, object] = {}
    faults: list[str] = []
    for field in dataclasses.fields(settings_class):
        variable = field.name.upper()
        if variable not in environment:
            if field.default is field.default_factory is dataclasses.MISSING:
                faults.append(f"{variable} is not set")
            continue
        try:
            values[field.name] = _from_text(environment[variable], hints[field.name])
        except ValueError:
            wanted = getattr(hints[field.name], "__name__", str(hints[field.name]))
            faults.append(f"{variable} is {environment[variable]!r}, which is not of type {wanted}")
    if faults:
        raise SettingsError(faults)
    try:
        return typing.cast("Settings", settings_class(**values))
    except ValueError as fault:
        raise SettingsError([str(fault)]) from fault


def to_text(value: object) -> str:
    """Write one setting as an environment variable holds it."""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Mapping):
        return ",".join(f"{name}={number:.15g}" for name, number in value.items())
    return str(value)


def _from_text(text: str, hint: object) -> object:
    if hint is int:
        return int(text)
    if hint is float:
        return float(text)
    if typing.get_origin(hint) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if typing.get_origin(hint) is Mapping:
        pairs = (part.partition("=") for part in text.split(",") if part.strip())
        return {name.strip(): float(number) for name, _, number in pairs}
    return text
