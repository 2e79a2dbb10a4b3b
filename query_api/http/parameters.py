"""The parameters of a request, in its query string, its body or its path: how they are described and read.

One table of them does both, so that what is refused and what openapi.json says cannot differ. All faults of
a request are told at once, each with a reason written for whoever sent it.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

from contract.key_filter import EVERY_KEY, KeyFilter
from contract.moments import to_text
from query_api.http.messages import ParamFault, ProblemError, bad_parameters

Schema = Mapping[str, Any]

MAX_PARAMETERS = 100
MAX_BODY_BYTES = 10_000
MAX_NUMBER_CHARACTERS = 40
MAX_KEY_BYTES = 1024


class ParamType(NamedTuple):
    """One kind of value: its JSON Schema, and how it is read from text. `read` raises ValueError."""

    schema: Schema
    read: Callable[[str], Any]

    def read_json(self, value: object) -> Any:
        """Read a value from JSON: text where it is text, and else what JSON writes. Raises ValueError."""
        if self.schema["type"] == "string":
            if not isinstance(value, str):
                raise ValueError("must be text")
            return self.read(value)
        # JSON knows one kind of number, so 7.0 is 7.
        plain = int(value) if isinstance(value, float) and value.is_integer() else value
        return self.read(json.dumps(plain) if isinstance(plain, bool | int | float) else "")


class JsonType(ParamType):
    """One kind of value that only JSON has: `read` is given it as it is."""

    def read_json(self, value: object) -> Any:
        return cast("Callable[[object], Any]", self.read)(value)


def text_up_to(most: int) -> ParamType:
    """Return the kind that is text of 1 to `most` characters, not all blank."""

    def read(given: str) -> str:
        if not (len(given) <= most and re.search(r"\S", given)):
            raise ValueError(f"must have 1 to {most} characters, not all blank")
        return given

    return ParamType({"type": "string", "minLength": 1, "maxLength": most, "pattern": r"\S"}, read)


def _read_key(given: str) -> str:
    try:
        length = len(given.encode())
    except UnicodeEncodeError as error:
        raise ValueError("must be text that UTF-8 can hold") from error
    if not 1 <= length <= MAX_KEY_BYTES:
        raise ValueError(f"must have 1 to {MAX_KEY_BYTES:,} bytes")
    return given


def _read_showable_key(given: str) -> str:
    if {".", ".."} & set(_read_key(given).split("/")):
        raise ValueError("must have no segment that is . or .., which browsers take out of addresses")
    if given == "soap":
        raise ValueError("must not be soap, which S3 keeps for itself")
    return given


# The key of an S3 object. JSON Schema counts characters and not bytes, so some that fit it are too long.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
S3_KEY = ParamType({"type": "string", "minLength": 1, "maxLength": MAX_KEY_BYTES}, _read_key)

# A key whose object a browser can load: nearly every key that S3 takes. Browsers resolve the segments `.` and
# `..` of an address, escaped or not, before they ask for it, so they ask for another object than was signed
# for. (Empty segments stay: https://url.spec.whatwg.org/#path-state.) S3 has no object named `soap` at a
# bucket's own host.
SHOWABLE_S3_KEY = ParamType(
    {**S3_KEY.schema, "pattern": r"^(?!soap$|([\s\S]*/)?\.\.?(/|$))"}, _read_showable_key
)


def showable_key_among(keys: KeyFilter) -> ParamType:
    """Return the type of a key that a browser can load, and that is one of the pipeline's."""
    if keys == EVERY_KEY:
        return SHOWABLE_S3_KEY

    def read(given: str) -> object:
        key = str(SHOWABLE_S3_KEY.read(given))
        if not keys.accepts(key):
            ends = f" and end with {' or '.join(keys.suffixes)}" if keys.suffixes else ""
            raise ValueError(f"must begin with {keys.prefix!r}{ends}: other keys are not recognized here")
        return key

    return ParamType(SHOWABLE_S3_KEY.schema, read)


# A SHA-256 in base64, in the one way in which S3 writes it: 43 characters, the last of which has four bits,
# and the one that fills up.
_SHA256 = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="


def _read_sha256(given: str) -> str:
    if not re.fullmatch(_SHA256, given):
        raise ValueError(
            "must be the base64 of 32 bytes, as `openssl dgst -sha256 -binary photo.jpg | base64` writes it"
        )
    return given


SHA256 = ParamType({"type": "string", "pattern": f"^{_SHA256}$", "maxLength": 44}, _read_sha256)


def one_of(*words: str) -> ParamType:
    """Return the kind that is one of some words, written as they are."""

    def read(given: str) -> str:
        if given not in words:
            raise ValueError(f"must be {' or '.join(words)}")
        return given

    return ParamType({"type": "string", "enum": list(words)}, read)


def _read_flag(given: str) -> bool:
    if given not in {"true", "false"}:
        raise ValueError("must be true or false")
    return given == "true"


FLAG = ParamType({"type": "boolean"}, _read_flag)


def whole(least: int, most: int) -> ParamType:
    """Return the kind of whole numbers within bounds, in decimal digits."""
    digits = re.compile(rf"[0-9]{{1,{len(str(most))}}}")

    def read(given: str) -> int:
        if not digits.fullmatch(given) or not least <= int(given) <= most:
            raise ValueError(f"must be a whole number from {least:,} to {most:,}")
        return int(given)

    return ParamType({"type": "integer", "minimum": least, "maximum": most}, read)


def _is_number(given: str) -> bool:
    is_short = len(given) <= MAX_NUMBER_CHARACTERS
    return is_short and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", given) is not None


def _read_percent(given: str) -> float:
    if not _is_number(given) or not 0 <= float(given) <= 100:  # noqa: PLR2004
        raise ValueError("must be a number of percent from 0 to 100, as in 80 or 99.5")
    return float(given)


def _read_similarity(given: str) -> float:
    if not _is_number(given) or not -1 <= float(given) <= 1:
        raise ValueError("must be a number from -1 to 1, as in 0.4")
    return float(given)


SIMILARITY = ParamType({"type": "number", "minimum": -1, "maximum": 1}, _read_similarity)

PERCENT = ParamType({"type": "number", "minimum": 0, "maximum": 100}, _read_percent)

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = _DATE + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"


def moment(*, is_end: bool = False) -> ParamType:
    """Return the kind that is a date, or a time of UTC unless it says another zone.

    It becomes ISO 8601 in UTC with milliseconds; a date its first moment, or its last where `is_end`.
    """

    def read(given: str) -> str:
        try:
            if re.fullmatch(_DATE, given):
                day = datetime.fromisoformat(given).replace(tzinfo=UTC)
                return to_text(day + timedelta(days=1) - timedelta(milliseconds=1) if is_end else day)
            if re.fullmatch(_TIME, given, re.IGNORECASE):
                at = datetime.fromisoformat(given.upper())
                return to_text(at if at.tzinfo else at.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            pass
        raise ValueError(
            "must be a date or a time, as in 2026-11-23 or 2026-11-23T18:30:00Z (+ is written %2B)"
        )

    formats = [{"format": "date"}, {"format": "date-time"}]
    examples = ["2026-11-23", "2026-11-23T18:30:00Z"]
    return ParamType({"type": "string", "anyOf": formats, "examples": examples}, read)


_LOCAL_TIME = re.compile(
    r"^([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))"
    r"(?:T((?:[01][0-9]|2[0-3]):[0-5][0-9])(?:(:[0-5][0-9])(?:\.([0-9]{1,6}))?)?)?$"
)


def local_time(*, is_end: bool = False) -> ParamType:
    """Return the kind that is a date, or a time by a clock whose zone nobody knows.

    It becomes ISO 8601 with milliseconds; a date its first moment, or its last where `is_end`.
    """

    def read(given: str) -> str:
        found = _LOCAL_TIME.match(given)
        if found is None:
            raise ValueError(
                "must be a date or a time by the camera's clock, without a zone, as in 2026-07-31 or "
                "2026-07-31T18:30:00"
            )
        day, minute, second, fraction = found.groups()
        if minute is None:
            return f"{day}T{'23:59:59.999' if is_end else '00:00:00.000'}"
        return f"{day}T{minute}{second or ':00'}.{(fraction or '')[:3]:0<3}"

    examples = ["2026-07-31", "2026-07-31T18:30:00"]
    return ParamType({"type": "string", "pattern": _LOCAL_TIME.pattern, "examples": examples}, read)


_UP_TO_90 = r"(?:90(?:\.0{1,17})?|[1-8]?[0-9](?:\.[0-9]{1,17})?)"
_UP_TO_180 = r"(?:180(?:\.0{1,17})?|(?:1[0-7][0-9]|[1-9]?[0-9])(?:\.[0-9]{1,17})?)"
_UP_TO_150 = r"(?:150(?:\.0{1,17})?|(?:1[0-4][0-9]|[1-9]?[0-9])(?:\.[0-9]{1,17})?)"
_AROUND = re.compile(rf"^(-?{_UP_TO_90}), ?(-?{_UP_TO_180}), ?({_UP_TO_150})$")


def _read_around(given: str) -> tuple[float, float, float]:
    found = _AROUND.match(given)
    if found is None:
        raise ValueError(
            "must be latitude and longitude in degrees and a distance of up to 150 km, as in 48.8584,2.2945,5"
        )
    latitude, longitude, km = map(float, found.groups())
    return latitude, longitude, km


# A place, and how far around it.
AROUND = ParamType({"type": "string", "pattern": _AROUND.pattern}, _read_around)


class Parameter(NamedTuple):
    """One parameter of a query, or one property of a body. `most` is how often it may be given."""

    name: str
    kind: ParamType
    description: str
    most: int = 1
    default: object = None
    required: bool = False
    example: object = None

    @property
    def schema(self) -> Schema:
        default = {} if self.default is None else {"default": self.default}
        if self.most == 1:
            return {**self.kind.schema, **default}
        return {"type": "array", "items": self.kind.schema, "maxItems": self.most}


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
        self.faults.append(ParamFault(parameter, reason))

    def problem(self) -> ProblemError:
        """Return the refusal that names all that was wrong."""
        return bad_parameters(*self.faults)

    def finish(self) -> None:
        """Raise ProblemError if anything was wrong."""
        if self.faults:
            raise self.problem()

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


def read_body(properties: Sequence[Parameter], content: bytes) -> Mapping[str, Any]:
    """Read a JSON object: each property by its kind, or its default. Raises ProblemError."""
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
        raise bad_parameters(*faults)
    return values


def _object(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BODY_BYTES:
        raise bad_parameters(ParamFault("body", f"more than {MAX_BODY_BYTES:,} bytes"))
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise bad_parameters(ParamFault("body", "is not JSON")) from error
    if not isinstance(given, dict):
        raise bad_parameters(ParamFault("body", "must be a JSON object"))
    return given


def _unknown(known: Mapping[str, Parameter]) -> str:
    return f"unknown; there are {', '.join(known)}" if known else "unknown; this question has no parameters"


def _pairs(raw_query_string: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw_query_string, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise bad_parameters(ParamFault("query string", f"more than {MAX_PARAMETERS} parameters")) from error
