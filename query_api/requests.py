"""Requests read: the key in a path, the question in a query string. All faults are reported together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from contract.records import Status
from query_api import cursors
from query_api.questions import DEFAULT_LIMIT, MAX_LIMIT, ImageQuestion, ListQuestion

PARAMETERS = ("key", "label", "min_confidence", "status", "limit", "cursor")
LISTED_STATUSES = (Status.RECOGNIZED, Status.REJECTED)
MAX_LABEL_CHARACTERS = 200
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES = 1024
MAX_PARAMETERS = 100
MAX_PERCENT = 100


@dataclass(frozen=True)
class Fault:
    """What is wrong with one parameter."""

    parameter: str
    reason: str


class BadParametersError(Exception):
    """A query string cannot be read as a question."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.parameter}: {fault.reason}" for fault in faults))
        self.faults = faults


def is_possible_key(key: str) -> bool:
    """Say whether an object can have this key at all."""
    return 1 <= len(key.encode(errors="replace")) <= MAX_KEY_BYTES


def question(raw_query_string: str) -> ImageQuestion | ListQuestion:
    """Read the query string of `GET /images`, as the client sent it. Raises BadParametersError."""
    reading = _Reading(_pairs(raw_query_string))
    asked = reading.image() if "key" in reading.given else reading.list()
    if reading.faults:
        raise BadParametersError(reading.faults)
    return asked


def no_parameters(raw_query_string: str) -> None:
    """Refuse a query string where there is nothing to choose. Raises BadParametersError."""
    names = dict.fromkeys(name for name, _ in _pairs(raw_query_string))
    if names:
        raise BadParametersError([Fault(name, "unknown; this question has no parameters") for name in names])


def _pairs(raw_query_string: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw_query_string, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise BadParametersError([Fault("query string", f"more than {MAX_PARAMETERS} parameters")]) from error


class _Reading:
    """One query string on its way to a question; the faults found so far."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.given = dict(pairs)
        names = [name for name, _ in pairs]
        self.faults: list[Fault] = []
        for name in self.given:
            if name not in PARAMETERS:
                self.blame(name, f"unknown; there are {', '.join(PARAMETERS)}")
            elif names.count(name) > 1:
                self.blame(name, "given more than once")

    def blame(self, parameter: str, reason: str) -> None:
        self.faults.append(Fault(parameter, reason))

    def image(self) -> ImageQuestion:
        for name in self.given:
            if name in PARAMETERS and name != "key":
                self.blame(name, "does not go together with key, which asks for one image")
        key = self.given["key"]
        if not is_possible_key(key):
            self.blame("key", f"must have 1 to {MAX_KEY_BYTES:,} bytes")
        return ImageQuestion(key)

    def list(self) -> ListQuestion:
        first_page = ListQuestion(
            label=self._label(),
            status=self._status(),
            min_confidence_percent=self._min_confidence(),
            limit=self._limit(),
        )
        cursor = self.given.get("cursor")
        if cursor is None:
            return first_page
        try:
            return cursors.resume(first_page, cursor)
        except cursors.ForeignCursorError:
            self.blame("cursor", "not one of ours for this question; leave it out to start at the first page")
            return first_page

    def _label(self) -> str | None:
        label = self.given.get("label")
        if label is not None and not (label.strip() and len(label) <= MAX_LABEL_CHARACTERS):
            self.blame("label", f"must have 1 to {MAX_LABEL_CHARACTERS} characters, not all blank")
        return label

    def _status(self) -> Status:
        text = self.given.get("status", Status.RECOGNIZED)
        if text not in LISTED_STATUSES:
            self.blame("status", f"must be {' or '.join(LISTED_STATUSES)}")
            return Status.RECOGNIZED
        if "label" in self.given and text != Status.RECOGNIZED:
            self.blame("status", "only recognized images have labels; leave out label or status")
        return Status(text)

    def _min_confidence(self) -> float:
        text = self.given.get("min_confidence")
        if text is None:
            return 0.0
        if "label" not in self.given:
            self.blame("min_confidence", "is about a label; give label too")
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", text) or float(text) > MAX_PERCENT:
            self.blame("min_confidence", "must be a number of percent from 0 to 100, as in 80 or 99.5")
            return 0.0
        return float(text)

    def _limit(self) -> int:
        text = self.given.get("limit", str(DEFAULT_LIMIT))
        if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_LIMIT:
            self.blame("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
            return DEFAULT_LIMIT
        return int(text)
