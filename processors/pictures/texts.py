"""What strangers write into tags, made harmless: text without control characters, numbers in range."""

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime

from contract.photos import MAX_KEYWORDS, MAX_TEXT_CHARACTERS

# Control characters, halves of characters, and what turns the direction of the text around it.
_UNWANTED = frozenset({"Cc", "Cs", "Cn"})
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_MOMENT = re.compile(
    r"(?P<year>\d{4})[:\-/.]?(?P<month>\d\d)[:\-/.]?(?P<day>\d\d)"
    r"(?:[T ]?(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d))?(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<zone>Z|[+\-]\d\d:?\d\d)?",
    re.ASCII,
)
_ZONE = re.compile(r"([+\-])(\d\d):?(\d\d)", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1800, 2200
_MOST_ZONE_MINUTES = 18 * 60
_DIGITS = 6


def clean_text(text: str | None) -> str | None:
    """Return a text that can be shown and stored; None where nothing is left of it."""
    if not text:
        return None
    kept = "".join(
        " " if character.isspace() else character
        for character in text[: 8 * MAX_TEXT_CHARACTERS]
        if character.isspace()
        or (unicodedata.category(character) not in _UNWANTED and character not in _TURNING)
    )
    return " ".join(kept.split())[:MAX_TEXT_CHARACTERS].strip() or None


def clean_keywords(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first keywords, each once."""
    found: dict[str, None] = {}
    for text in texts:
        if len(found) == MAX_KEYWORDS:
            break
        if word := clean_text(text):
            found[word] = None
    return tuple(found)


def positive(number: float | None, most: float = 1e6) -> float | None:
    """Return a number to six digits; None for what no camera has."""
    if number is None or not math.isfinite(number) or not 0 < number <= most:
        return None
    return float(f"{number:.{_DIGITS}g}")


def parse_moment(text: str | None, fraction: str | None = None) -> tuple[str, str | None] | None:
    """Return a time as EXIF, XMP or IPTC write it: by the camera's clock to the millisecond, and its zone.

    None where it is no time that there ever was.
    """
    found = _MOMENT.fullmatch(text.strip()[:64]) if text else None
    if found is None:
        return None
    digits = found["fraction"] or _fraction(fraction)
    try:
        # By the camera's clock, wherever it was.
        year, month, day, hour, minute, second = (
            int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
        )
        moment = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return f"{moment.isoformat(timespec='seconds')}.{digits[:3]:0<3}", parse_zone(found["zone"])


def parse_zone(text: str | None) -> str | None:
    """Return a distance from UTC as +HH:MM; None for one that no place has."""
    if text is None:
        return None
    text = text.strip()[:16]
    if text == "Z":
        return "+00:00"
    found = _ZONE.fullmatch(text)
    if found is None:
        return None
    hours, minutes = int(found[2]), int(found[3])
    if minutes >= 60 or hours * 60 + minutes > _MOST_ZONE_MINUTES:  # noqa: PLR2004
        return None
    return f"{found[1]}{hours:02}:{minutes:02}"


def _fraction(text: str | None) -> str:
    digits = text.strip()[:9] if text else ""
    return digits if digits.isascii() and digits.isdigit() else ""
