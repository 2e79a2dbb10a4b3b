"""Rules of alerts: which photos somebody is to be told of, and when that may be said.

They stand in the file of the policy (docs/alerts.md) and reach their function as JSON in the variable ALERTS.
contract/alert_faults.py says what is wrong with one. What a rule has to say is kept in one item of the table,
at `alert#<name>`, by the function alone.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from contract.items import ItemKey
from contract.moments import day_of

ALERTS = "alerts"
ALERT_PREFIX = "alert#"
# What the schedule asks the function: to send what is due, though no photo comes.
FLUSH_EVENT = "flush"
FLUSH_MINUTES = 5
DEFAULT_COOLDOWN_SECONDS = 900

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_SPAN = re.compile(r"(\d+) (second|minute|hour|day)s?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DAILY = "daily at "


class AnnouncedPhoto(NamedTuple):
    """What a completion says of a recognized photo. Confidences are in percent, by names in lower case.

    `persons` are in no completion: they are read from the photo's record where a rule asks for one.
    """

    id: str
    key: str
    labels: Mapping[str, float]
    moderation: Mapping[str, float]
    moderation_action: str | None
    persons: Mapping[str, float] = MappingProxyType({})

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "AnnouncedPhoto":
        """Read a completion. Raise KeyError, TypeError or ValueError where that is none."""
        return cls(
            id=str(body["id"]),
            key=str(body["key"]),
            labels=_surest(body["labels"]),
            moderation=_surest(body.get("moderation", ())),
            moderation_action=body.get("moderation_action"),
        )


def _surest(findings: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in findings:
        name = str(each["name"]).casefold()
        found[name] = max(float(each["confidence"]), found.get(name, 0.0))
    return found


class QuietHours(NamedTuple):
    """The hours of a day in which nothing is sent; over midnight where `until` is earlier than `since`."""

    since: time
    until: time

    def contain(self, at: time) -> bool:
        if self.since < self.until:
            return self.since <= at < self.until
        return at >= self.since or at < self.until


class AlertRule(NamedTuple):
    """One rule. A photo matches it that meets all conditions that it has.

    `labels`, of which one is enough, `moderation` and the name of a `person` are in the case of the file.
    `min_confidence` is in percent and about all three. `digest` is the hour of the day at which everything is
    told at once; None where the first photo is told of at once, and those of the next `cooldown_seconds`
    together. Hours are those of `time_zone`.
    """

    name: str
    labels: tuple[str, ...] = ()
    person: str = ""
    moderation: str = ""
    moderation_action: str = ""
    prefix: str = ""
    min_confidence: float = 0.0
    cooldown_seconds: int = DEFAULT_COOLDOWN_SECONDS
    quiet: QuietHours | None = None
    digest: time | None = None
    time_zone: str = "UTC"

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "AlertRule":
        """Read a rule that has no faults."""
        quiet, digest = content.get("quiet"), content.get("digest")
        return cls(
            name=content["name"],
            labels=tuple(content.get("any_label", [content["label"]] if "label" in content else [])),
            person=content.get("person", ""),
            moderation=content.get("moderation", ""),
            moderation_action=content.get("moderation_action", ""),
            prefix=content.get("prefix", ""),
            min_confidence=float(content.get("min_confidence", 0.0)),
            cooldown_seconds=span_seconds(content["cooldown"])
            if "cooldown" in content
            else DEFAULT_COOLDOWN_SECONDS,
            quiet=QuietHours(clock_time(quiet["from"]), clock_time(quiet["to"])) if quiet else None,
            digest=clock_time(digest.removeprefix(_DAILY)) if digest else None,
            time_zone=content.get("time_zone", "UTC"),
        )

    def why(self, photo: AnnouncedPhoto) -> str | None:
        """Return in words why a photo matches; None where it does not."""
        met = [condition(self, photo) for condition in _CONDITIONS]
        if None in met:
            return None
        return ", ".join(words for words in met if words)

    def hangs_on_who_is_there(self, photo: AnnouncedPhoto) -> bool:
        """Return whether a photo matches if the person is on it, and not otherwise."""
        return bool(self.person) and self._replace(person="").why(photo) is not None

    def is_due(self, waiting_since: float, last_sent: float | None, now: float) -> bool:
        """Return whether what has waited since then is due now. All are in seconds since 1970."""
        if self.digest is not None:
            return now >= self._next_digest(waiting_since, self.digest)
        return last_sent is None or now >= last_sent + self.cooldown_seconds

    def is_quiet(self, now: float) -> bool:
        """Return whether nothing at all is sent now."""
        return self.quiet is not None and self.quiet.contain(self._local(now).time())

    def shown_time(self, at: float) -> str:
        """Return a time for people, by their clock."""
        return f"{self._local(at):%Y-%m-%d %H:%M} ({self.time_zone})"

    def _next_digest(self, after: float, hour: time) -> float:
        """Return when the hour strikes next after a time; on the day of an hour that is left out, then."""
        day = self._local(after).date()
        for days in range(3):
            strikes = datetime.combine(day + timedelta(days), hour, ZoneInfo(self.time_zone)).timestamp()
            if strikes > after:
                return strikes
        raise AssertionError(f"no {hour} within two days of {day_of(after)}")

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, ZoneInfo(self.time_zone))


Condition = Callable[[AlertRule, AnnouncedPhoto], str | None]


def _has_label(rule: AlertRule, photo: AnnouncedPhoto) -> str | None:
    return _sure_enough(rule.labels, photo.labels, rule.min_confidence)


def _has_person(rule: AlertRule, photo: AnnouncedPhoto) -> str | None:
    """Return how sure it is, never who: these words are kept, and forgetting would leave the name in them."""
    if not rule.person:
        return ""
    sure = photo.persons.get(rule.person.casefold(), -1.0)
    return f"person {sure:.0f} %" if sure >= rule.min_confidence else None


def _has_category(rule: AlertRule, photo: AnnouncedPhoto) -> str | None:
    wanted = (rule.moderation,) if rule.moderation else ()
    return _sure_enough(wanted, photo.moderation, rule.min_confidence)


def _has_action(rule: AlertRule, photo: AnnouncedPhoto) -> str | None:
    if not rule.moderation_action:
        return ""
    is_met = photo.moderation_action == rule.moderation_action
    return f"moderation: {rule.moderation_action}" if is_met else None


def _is_below(rule: AlertRule, photo: AnnouncedPhoto) -> str | None:
    return "" if photo.key.startswith(rule.prefix) else None


def _sure_enough(wanted: Sequence[str], found: Mapping[str, float], least: float) -> str | None:
    if not wanted:
        return ""
    sure = [f"{name} {sure:.0f} %" for name in wanted if (sure := found.get(name.casefold(), -1.0)) >= least]
    return " and ".join(sure) or None


# Each returns in words what is met, None where it is not, and nothing where the rule does not ask for it.
_CONDITIONS: tuple[Condition, ...] = (_has_label, _has_person, _has_category, _has_action, _is_below)


def read_alerts(text: str) -> tuple[AlertRule, ...]:
    """Read the variable ALERTS, which a deployment without faults has written."""
    return tuple(map(AlertRule.of, json.loads(text)))


def asks_for_persons(text: str) -> bool:
    """Return whether a rule of the variable ALERTS, empty or without faults, is about a person."""
    return any(rule.person for rule in read_alerts(text or "[]"))


def alert_key(name: str) -> ItemKey:
    """Return where it stands what a rule has to say."""
    return ItemKey(f"{ALERT_PREFIX}{name}", "alert")


def span_seconds(value: object) -> int:
    """Read a length of time: whole seconds, or text such as `15 minutes`. Raise ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (read := _SPAN.fullmatch(value)):
        return int(read[1]) * _UNITS[read[2]]
    raise ValueError(f"{value!r} is no length of time")


def clock_time(value: object) -> time:
    """Read an hour of the day, such as `08:00`. Raise ValueError."""
    if isinstance(value, str) and (read := _CLOCK.fullmatch(value)):
        return time(int(read[1]), int(read[2]))
    raise ValueError(f"{value!r} is no time of day")


def digest_time(value: object) -> time:
    """Read when a digest is sent, such as `daily at 08:00`. Raise ValueError."""
    if isinstance(value, str) and value.startswith(_DAILY):
        return clock_time(value.removeprefix(_DAILY))
    raise ValueError(f"{value!r} is no digest")
