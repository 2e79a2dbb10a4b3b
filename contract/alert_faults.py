"""What is wrong with rules of alerts: a sentence for each fault, with what to write instead."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.alerts import ALERTS, clock_time, digest_time, span_seconds
from contract.policy import MODERATION, ModerationAction, Policy, is_percent

# Each is an item that the schedule reads every five minutes.
MAX_RULES = 20
# Lambda takes 4 KB for all variables of a function; so much is left beside those of the alerts' function.
MAX_ALERT_BYTES = 3_072
MAX_LABELS_OF_A_RULE = 20
SHORTEST_COOLDOWN_SECONDS, LONGEST_COOLDOWN_SECONDS = 60, 7 * 86_400
_CONDITIONS = ("label", "any_label", "person", "moderation", "moderation_action", "prefix")
_MEMBERS = ("name", *_CONDITIONS, "min_confidence", "cooldown", "quiet", "digest", "time_zone")
_ACTIONS = (str(ModerationAction.REVIEW), str(ModerationAction.BLOCK))


def faults_of_alerts(content: Mapping[str, Any], categories: tuple[str, ...]) -> list[str]:
    """Return all faults of the rules in a policy's content that has none but these.

    `categories` are those that Rekognition knows.
    """
    rules = content[ALERTS]
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        return [f"alerts is {_said(rules)}; each rule is a section of its own, as [[alerts]]"]
    faults = []
    if len(rules) > MAX_RULES:
        faults.append(f"alerts has {len(rules)} rules; {MAX_RULES} at most")
    names: set[str] = set()
    for place, rule in enumerate(rules, 1):
        name = rule.get("name")
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name):
            faults.append(
                f"rule {place} of alerts has name = {_said(name)}; it is up to 40 letters, digits, - and _, "
                "a letter or digit first"
            )
            continue
        if name.casefold() in names:
            faults.append(f"alerts has two rules named {name}: give each its own, by which it is kept")
        names.add(name.casefold())
        faults += [
            f"the alert {name} {fault}"
            for fault in (*_wrong_conditions(rule, content, categories), *_wrong_times(rule))
        ]
    size_bytes = len(_said(rules).encode())
    if size_bytes > MAX_ALERT_BYTES:
        faults.append(
            f"alerts take {size_bytes:,} bytes, {size_bytes - MAX_ALERT_BYTES:,} more than the "
            f"{MAX_ALERT_BYTES:,} that the variables of a Lambda function have room for: name fewer labels"
        )
    return faults


def _wrong_conditions(
    rule: Mapping[str, Any], content: Mapping[str, Any], categories: tuple[str, ...]
) -> Iterator[str]:
    if strange := [member for member in rule if member not in _MEMBERS]:
        yield f"has {strange[0]}; it takes {', '.join(_MEMBERS)}"
        return
    if not any(member in rule for member in _CONDITIONS):
        yield (
            f"has no condition; give it one or more of {', '.join(_CONDITIONS)}, which for all photos is "
            'prefix = ""'
        )
    for member in ("label", "person", "moderation", "prefix"):
        if member in rule and not (isinstance(rule[member], str) and (rule[member] or member == "prefix")):
            yield f"has {member} = {_said(rule[member])}; it is text"
            return
    yield from _wrong_labels(rule, Policy.of(content))
    if "moderation" in rule and rule["moderation"].casefold() not in map(str.casefold, categories):
        yield (
            f"has moderation = {_said(rule['moderation'])}, which is no category of Rekognition's: "
            "https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html lists them"
        )
    action = rule.get("moderation_action")
    if action is not None and action not in _ACTIONS:
        yield f"has moderation_action = {_said(action)}; it is {' or '.join(_ACTIONS)}"
    elif action is not None and not any(action in each for each in content.get(MODERATION, {}).values()):
        yield (
            f"has moderation_action = {_said(action)}, and no category asks for that: give one "
            f"{action} = 60, say, as in [moderation.Violence]"
        )
    if "min_confidence" in rule:
        least = rule["min_confidence"]
        if not is_percent(least):
            yield f"has min_confidence = {_said(least)}; it is a number from 0 to 100"
        if not rule.keys() & {"label", "any_label", "person", "moderation"}:
            yield (
                "has min_confidence, which is about label, any_label, person and moderation, and none of them"
            )


def _wrong_labels(rule: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    if "label" in rule and "any_label" in rule:
        yield "has label and any_label: put all labels into any_label"
        return
    labels = rule.get("any_label", [rule["label"]] if "label" in rule else [])
    if not isinstance(labels, list) or not all(isinstance(name, str) and name.strip() for name in labels):
        yield f'has any_label = {_said(labels)}; it is a list of labels, as ["Fox", "Wolf"]'
        return
    if "any_label" in rule and not 1 <= len(labels) <= MAX_LABELS_OF_A_RULE:
        yield f"has {len(labels)} labels in any_label; it takes 1 to {MAX_LABELS_OF_A_RULE}"
    for name in labels:
        shown = policy.shown_name(name)
        if shown is None:
            yield f"has the label {name}, which the policy does not show: nobody may be told of it"
        elif shown.casefold() != name.casefold():
            yield f"has the label {name}, which the policy shows as {shown}: name that"


def _wrong_times(rule: Mapping[str, Any]) -> Iterator[str]:
    if "cooldown" in rule:
        seconds = _read(span_seconds, rule["cooldown"])
        if seconds is None or not SHORTEST_COOLDOWN_SECONDS <= seconds <= LONGEST_COOLDOWN_SECONDS:
            yield (
                f'has cooldown = {_said(rule["cooldown"])}; it is seconds, or as in "15 minutes", a minute '
                "at least and 7 days at most"
            )
    if "digest" in rule:
        if _read(digest_time, rule["digest"]) is None:
            yield f'has digest = {_said(rule["digest"])}; it is as in "daily at 08:00"'
        yield from (
            f"has digest and {other}: a digest is sent once a day, at its hour; leave out {other}"
            for other in ("cooldown", "quiet")
            if other in rule
        )
    if "quiet" in rule:
        yield from _wrong_quiet_hours(rule["quiet"])
    zone = rule.get("time_zone", "UTC")
    if not isinstance(zone, str) or not _is_known(zone):
        yield f'has time_zone = {_said(zone)}; it is a name of the IANA\'s, as in "Europe/Berlin"'
    elif "time_zone" in rule and not rule.keys() & {"quiet", "digest"}:
        yield "has time_zone, which is about quiet and digest, and none of them"


def _wrong_quiet_hours(quiet: object) -> Iterator[str]:
    hours = (
        [_read(clock_time, quiet[end]) for end in ("from", "to")]
        if isinstance(quiet, Mapping) and quiet.keys() == {"from", "to"}
        else [None]
    )
    if None in hours:
        yield f'has quiet = {_said(quiet)}; it is as in {{ from = "22:00", to = "07:00" }}'
    elif hours[0] == hours[1]:
        yield f"has quiet = {_said(quiet)}: nothing would ever be sent; let it end at another hour"


def _read(read: Callable[[object], Any], value: object) -> Any:
    try:
        return read(value)
    except ValueError:
        return None


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _said(value: object) -> str:
    return json.dumps(value, default=str)
