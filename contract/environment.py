"""Settings as environment variables: the class by which a Lambda reads them writes them too."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import TypeVar, cast, get_origin, get_type_hints

from contract.errors import SettingsError

Settings = TypeVar("Settings")


def dump(settings: object) -> dict[str, str]:
    """Write a settings dataclass as environment variables: field `table_name` becomes `TABLE_NAME`."""
    assert is_dataclass(settings)
    assert not isinstance(settings, type)
    values = ((field.name, getattr(settings, field.name)) for field in fields(settings))
    return {name.upper(): setting_text(value) for name, value in values}


def load(settings_class: type[Settings], environment: Mapping[str, str]) -> Settings:
    """Read a settings dataclass from environment variables.

    Raises SettingsError with every missing and malformed variable at once.
    """
    assert is_dataclass(settings_class)
    hints = get_type_hints(settings_class)
    values: dict[str, object] = {}
    faults: list[str] = []
    for setting in fields(settings_class):
        variable = setting.name.upper()
        if variable not in environment:
            if setting.default is setting.default_factory is MISSING:
                faults.append(f"{variable} is not set")
            continue
        try:
            values[setting.name] = _from_text(environment[variable], hints[setting.name])
        except ValueError:
            wanted = getattr(hints[setting.name], "__name__", str(hints[setting.name]))
            faults.append(f"{variable} is {environment[variable]!r}, which is not of type {wanted}")
    if faults:
        raise SettingsError(faults)
    try:
        return cast("Settings", settings_class(**values))
    except ValueError as fault:
        raise SettingsError([str(fault)]) from fault


def setting_text(value: object) -> str:
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
    if get_origin(hint) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if get_origin(hint) is Mapping:
        pairs = (part.partition("=") for part in text.split(",") if part.strip())
        return {name.strip(): float(number) for name, _, number in pairs}
    return text
