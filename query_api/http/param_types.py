"""The kinds of value that a parameter, or a property of a body, may have: how each is read and described.

Each kind reads text (`read`, from a query string) and JSON (`read_json`), and gives the JSON Schema of what
it takes; so what is refused and what openapi.json says cannot differ. A value that does not fit raises
ValueError with the reason, written for whoever sent it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from contract.moments import to_text

Schema = Mapping[str, Any]

MAX_NUMBER_CHARACTERS = 40


class ParamType(Protocol):
    """One kind of value."""

    @property
    def schema(self) -> Schema:
        """Describe the values in JSON Schema."""
        ...

    def read(self, text: str) -> Any:
        """Read a value from text. Raises ValueError."""
        ...

    def read_json(self, value: object) -> Any:
        """Read a value from JSON. Raises ValueError."""
        ...


@dataclass(frozen=True)
class Text:
    """Text of 1 to `most` characters, not all blank."""

    most: int

    @property
    def schema(self) -> Schema:
        """Describe the text."""
        return {"type": "string", "minLength": 1, "maxLength": self.most, "pattern": r"\S"}

    def read(self, text: str) -> str:
        """Take the text as it is."""
        if not (len(text) <= self.most and re.search(r"\S", text)):
            raise ValueError(f"must have 1 to {self.most} characters, not all blank")
        return text

    def read_json(self, value: object) -> str:
        """Take text only."""
        return self.read(_text(value))


@dataclass(frozen=True)
class Key:
    """The key of an S3 object. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

    most_bytes: int = 1024

    @property
    def schema(self) -> Schema:
        """Describe the key: JSON Schema counts characters and not bytes, so some that fit it are too long."""
        return {"type": "string", "minLength": 1, "maxLength": self.most_bytes}

    def read(self, text: str) -> str:
        """Take the key as it is."""
        try:
            length = len(text.encode())
        except UnicodeEncodeError as error:
            raise ValueError("must be text that UTF-8 can hold") from error
        if not 1 <= length <= self.most_bytes:
            raise ValueError(f"must have 1 to {self.most_bytes:,} bytes")
        return text

    def read_json(self, value: object) -> str:
        """Take text only."""
        return self.read(_text(value))


@dataclass(frozen=True)
class ShowableKey(Key):
    """A key whose object a browser can load: nearly every key that S3 takes.

    Browsers resolve the segments `.` and `..` of an address, escaped or not, before they ask for it, so they
    ask for another object than was signed for. (Empty segments stay: https://url.spec.whatwg.org/#path-state.)
    S3 has no object named `soap` at a bucket's own host.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """

    @property
    def schema(self) -> Schema:
        """Describe the key, and leave out what no address leads to."""
        return {**super().schema, "pattern": r"^(?!soap$|([\s\S]*/)?\.\.?(/|$))"}

    def read(self, text: str) -> str:
        """Take the key as it is."""
        if {".", ".."} & set(super().read(text).split("/")):
            raise ValueError("must have no segment that is . or .., which browsers take out of addresses")
        if text == "soap":
            raise ValueError("must not be soap, which S3 keeps for itself")
        return text


@dataclass(frozen=True)
class Sha256:
    """A SHA-256 in base64, in the one way in which S3 writes it."""

    REASON = "must be the base64 of 32 bytes, as `openssl dgst -sha256 -binary photo.jpg | base64` writes it"

    @property
    def schema(self) -> Schema:
        """Describe 43 characters, the last of which has four bits, and the one that fills up."""
        return {"type": "string", "pattern": "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$", "maxLength": 44}

    def read(self, text: str) -> str:
        """Take the text as it is."""
        if not re.fullmatch(self.schema["pattern"].strip("^$"), text):
            raise ValueError(self.REASON)
        return text

    def read_json(self, value: object) -> str:
        """Take text only."""
        return self.read(_text(value))


@dataclass(frozen=True)
class OneOf:
    """One of some words, written as they are."""

    options: tuple[str, ...]

    @property
    def schema(self) -> Schema:
        """List the words."""
        return {"type": "string", "enum": list(self.options)}

    def read(self, text: str) -> str:
        """Take one of the words."""
        if text not in self.options:
            raise ValueError(f"must be {' or '.join(self.options)}")
        return text

    def read_json(self, value: object) -> str:
        """Take text only."""
        return self.read(_text(value))


@dataclass(frozen=True)
class Flag:
    """`true` or `false`."""

    @property
    def schema(self) -> Schema:
        """Describe the two."""
        return {"type": "boolean"}

    def read(self, text: str) -> bool:
        """Read one of the two words."""
        if text not in {"true", "false"}:
            raise ValueError("must be true or false")
        return text == "true"

    def read_json(self, value: object) -> bool:
        """Take a truth value only."""
        if not isinstance(value, bool):
            raise ValueError("must be true or false")  # noqa: TRY004
        return value


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    least: int
    most: int

    @property
    def schema(self) -> Schema:
        """Describe the bounds."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def read(self, text: str) -> int:
        """Read decimal digits."""
        digits = len(str(self.most))
        if not re.fullmatch(rf"[0-9]{{1,{digits}}}", text) or not self.least <= int(text) <= self.most:
            raise ValueError(f"must be a whole number from {self.least:,} to {self.most:,}")
        return int(text)

    def read_json(self, value: object) -> int:
        """Take a number without a fraction; JSON knows one kind of number, so 7.0 is 7."""
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(number, bool) or not isinstance(number, int) or not self.least <= number <= self.most:
            raise ValueError(f"must be a whole number from {self.least:,} to {self.most:,}")
        return number


@dataclass(frozen=True)
class Percent:
    """A number of percent from 0 to 100."""

    @property
    def schema(self) -> Schema:
        """Describe the bounds."""
        return {"type": "number", "minimum": 0, "maximum": 100}

    def read(self, text: str) -> float:
        """Read a number as JSON writes it."""
        is_number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text)
        if not is_number or len(text) > MAX_NUMBER_CHARACTERS or not 0 <= float(text) <= 100:  # noqa: PLR2004
            raise ValueError("must be a number of percent from 0 to 100, as in 80 or 99.5")
        return float(text)

    def read_json(self, value: object) -> float:
        """Take what JSON calls a number."""
        return self.read(str(value))


@dataclass(frozen=True)
class Moment:
    """A date, or a time of UTC unless it says another zone. Becomes ISO 8601 in UTC with milliseconds.

    A date becomes its first moment, or its last where `is_end`.
    """

    is_end: bool = False

    DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    TIME = DATE + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
    REASON = "must be a date or a time, as in 2026-11-23 or 2026-11-23T18:30:00Z (+ is written %2B)"

    @property
    def schema(self) -> Schema:
        """Describe both forms."""
        return {
            "type": "string",
            "anyOf": [{"format": "date"}, {"format": "date-time"}],
            "examples": ["2026-11-23", "2026-11-23T18:30:00Z"],
        }

    def read(self, text: str) -> str:
        """Read either form."""
        try:
            if re.fullmatch(self.DATE, text):
                day = datetime.fromisoformat(text).replace(tzinfo=UTC)
                return to_text(day + timedelta(days=1) - timedelta(milliseconds=1) if self.is_end else day)
            if re.fullmatch(self.TIME, text, re.IGNORECASE):
                moment = datetime.fromisoformat(text.upper())
                return to_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError) as error:
            raise ValueError(self.REASON) from error
        raise ValueError(self.REASON)

    def read_json(self, value: object) -> str:
        """Take text only."""
        return self.read(_text(value))


@dataclass(frozen=True)
class Parameter:
    """One parameter of a query, or one property of a body. `most` is how often it may be given."""

    name: str
    kind: ParamType
    description: str
    most: int = 1
    default: object = None
    required: bool = False
    example: object = field(default=None, compare=False)

    @property
    def schema(self) -> Schema:
        """Describe what is to be given."""
        default = {} if self.default is None else {"default": self.default}
        if self.most == 1:
            return {**self.kind.schema, **default}
        return {"type": "array", "items": self.kind.schema, "maxItems": self.most}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004
    return value
