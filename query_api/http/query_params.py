"""Query strings, bodies and keys in paths, read by their table of parameters; all faults at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from query_api.http.param_types import Parameter

MAX_PARAMETERS = 100
MAX_BODY_BYTES = 10_000
IMAGES = "/images/"


@dataclass(frozen=True)
class ParamFault:
    """What is wrong with one parameter."""

    parameter: str
    reason: str


class BadParametersError(Exception):
    """A request cannot be read as a question."""

    def __init__(self, faults: Sequence[ParamFault]) -> None:
        super().__init__("; ".join(f"{fault.parameter}: {fault.reason}" for fault in faults))
        self.faults = list(faults)


class QueryParams:
    """One query string, read by the parameters that there are; the faults found so far.

    What cannot be read counts as not given.
    """

    def __init__(self, parameters: Sequence[Parameter], raw_query_string: str) -> None:
        pairs = _pairs(raw_query_string)
        self.given = frozenset(name for name, _ in pairs)
        self.faults: list[ParamFault] = []
        self._parameters = {parameter.name: parameter for parameter in parameters}
        self._values: dict[str, list[Any]] = {}
        for name in dict.fromkeys(name for name, _ in pairs):
            self._read(name, [text for other, text in pairs if other == name])

    def all(self, name: str) -> tuple[Any, ...]:
        """Return every value of a parameter, each once."""
        return tuple(dict.fromkeys(self._values.get(name, [])))

    def one(self, name: str) -> Any:
        """Return the value of a parameter, or its default."""
        return next(iter(self._values.get(name, [])), self._parameters[name].default)

    def blame(self, parameter: str, reason: str) -> None:
        """Note what is wrong."""
        self.faults.append(ParamFault(parameter, reason))

    def finish(self) -> None:
        """Raise BadParametersError if anything was wrong."""
        if self.faults:
            raise BadParametersError(self.faults)

    def _read(self, name: str, texts: Sequence[str]) -> None:
        parameter = self._parameters.get(name)
        if parameter is None:
            self.blame(name, _unknown(self._parameters))
            return
        if len(texts) > parameter.most:
            often = "more than once" if parameter.most == 1 else f"more than {parameter.most} times"
            self.blame(name, f"given {often}")
            return
        try:
            self._values[name] = [parameter.kind.read(text) for text in texts]
        except ValueError as error:
            self.blame(name, str(error))


def no_parameters(raw_query_string: str) -> None:
    """Refuse a query string where there is nothing to choose. Raises BadParametersError."""
    QueryParams((), raw_query_string).finish()


def body(properties: Sequence[Parameter], content: bytes) -> Mapping[str, Any]:
    """Read a JSON object: each property by its kind, or its default. Raises BadParametersError."""
    given = _object(content)
    known = {each.name: each for each in properties}
    values: dict[str, Any] = {}
    faults = [ParamFault(name, _unknown(known)) for name in given if name not in known]
    for name, each in known.items():
        if name not in given:
            values[name] = each.default
            if each.required:
                faults.append(ParamFault(name, "missing"))
            continue
        try:
            values[name] = each.kind.read_json(given[name])
        except ValueError as error:
            faults.append(ParamFault(name, str(error)))
    if faults:
        raise BadParametersError(faults)
    return values


def _object(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BODY_BYTES:
        raise BadParametersError([ParamFault("body", f"more than {MAX_BODY_BYTES:,} bytes")])
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadParametersError([ParamFault("body", "is not JSON")]) from error
    if not isinstance(given, dict):
        raise BadParametersError([ParamFault("body", "must be a JSON object")])
    return given


def _unknown(known: Mapping[str, Parameter]) -> str:
    return f"unknown; there are {', '.join(known)}" if known else "unknown; this question has no parameters"


def _pairs(raw_query_string: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw_query_string, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise BadParametersError(
            [ParamFault("query string", f"more than {MAX_PARAMETERS} parameters")]
        ) from error


def object_key(raw_path: str) -> str:
    """Read the key that `GET /images/{key+}` asks for out of the event's `rawPath`, without its stage.

    `rawPath` is not raw: an HTTP API decodes it before we see it, `%2F`, `%23` and `%2B` included, and a `+`
    stays a plus. So the key is simply all that follows `/images/`, slashes at either end and doubled
    slashes included; decoding again would break keys. (`pathParameters` loses a key's leading slashes where
    the API drops those of a path.)

    `%` and `?` are another matter. MiniStack leaves `%25` as it is and decodes everything else, so turning
    `%25` into `%` gives the key back exactly. AWS decodes twice: `%25` followed by anything but two
    hexadecimal digits is refused with 400, `%2541` arrives as `A`; and it cuts the path at a decoded `?`.
    Nobody can restore such a key from the path, so the same question can be asked as `GET /images?key=`:
    a query string arrives exactly as sent on both.

    MiniStack: `decode_http_api_path` in ministack/services/apigateway.py, 1.5.33. AWS: documented only as
    "decodes URL-encoded request parameters before passing them" on
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html; measured in
    July 2026 by https://github.com/hotsock/voker/blob/main/vokerhttp/testdata/ingress-paths.json
    """
    return raw_path.removeprefix(IMAGES).replace("%25", "%")
