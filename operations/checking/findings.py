"""What a check has found: one comparison each, for a person."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum


class Fit(StrEnum):
    """What a comparison came to. Only NO stands in the way of a deployment."""

    YES = "ok"
    HINT = "hint"
    NO = "no"


@dataclass(frozen=True)
class Finding:
    """One comparison, for a person: its subject, what was found, and what to do.

    `settings` would do, `command` is what to type; neither is there where there is nothing of the kind.
    """

    subject: str
    found: str
    verdict: Fit
    advice: str = ""
    settings: Mapping[str, int | str] | None = None
    command: str = ""

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"settings": dict(self.settings or {})}
