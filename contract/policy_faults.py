"""Reads policies, and says what is wrong with one: a sentence for each fault, with what to write instead."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from contract.alerts import ALERTS
from contract.detectors import LEAST_CONFIDENCE_PERCENT
from contract.errors import SettingsError
from contract.policy import DEFAULT, GENDER_AND_AGE, MODERATION, Policy, is_percent, to_json

# Lambda takes 4 KB for all variables of a function; so much is left beside the longest names of the others.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BYTES = 2_048
# Each is a term more that a question reads.
MAX_NAMES_OF_AN_ALIAS = 10
MAX_CATEGORIES = 20
_SECTIONS = ("hidden", "show_gender_and_age", "labels", "aliases", MODERATION, ALERTS)
_OF_A_CATEGORY = ("threshold", "review", "block")

# Version 7. https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html
CATEGORIES = (
    "Explicit",
    *("Explicit Nudity", "Exposed Male Genitalia", "Exposed Female Genitalia", "Exposed Buttocks or Anus"),
    *("Exposed Female Nipple", "Explicit Sexual Activity", "Sex Toys"),
    "Non-Explicit Nudity of Intimate parts and Kissing",
    *("Non-Explicit Nudity", "Bare Back", "Exposed Male Nipple", "Partially Exposed Buttocks"),
    *("Partially Exposed Female Breast", "Implied Nudity", "Obstructed Intimate Parts"),
    *("Obstructed Female Nipple", "Obstructed Male Genitalia", "Kissing on the Lips"),
    "Swimwear or Underwear",
    *("Female Swimwear or Underwear", "Male Swimwear or Underwear"),
    "Violence",
    *("Weapons", "Graphic Violence", "Weapon Violence", "Physical Violence", "Self-Harm", "Blood & Gore"),
    "Explosions and Blasts",
    "Visually Disturbing",
    *("Death and Emaciation", "Emaciated Bodies", "Corpses", "Crashes", "Air Crash"),
    "Drugs & Tobacco",
    *("Products", "Pills", "Drugs & Tobacco Paraphernalia & Use", "Smoking"),
    "Alcohol",
    *("Alcohol Use", "Drinking", "Alcoholic Beverages"),
    *("Rude Gestures", "Middle Finger"),
    "Gambling",
    *("Hate Symbols", "Nazi Party", "White Supremacy", "Extremist"),
)


@cache
def read_policy(text: str) -> Policy:
    """Read the variable POLICY. Raise SettingsError with all faults of what is in it."""
    # Kept, for several parts of a function ask for it.
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError([f"POLICY is no JSON: {error}"]) from error
    if faults := faults_of_policy(content):
        raise SettingsError([f"POLICY: {fault}" for fault in faults])
    return Policy.of(content)


def faults_of_policy(content: object) -> list[str]:
    """Return all faults of a policy's content, as TOML or JSON reads it."""
    if not isinstance(content, Mapping):
        return [f"the policy is {_said(content)}; it has {', '.join(_SECTIONS)}"]
    faults = [
        *(
            f"{name} is no part of a policy, which has {', '.join(_SECTIONS)}"
            for name in content
            if name not in _SECTIONS
        ),
        *_wrong_kinds(content),
    ]
    faults = faults or [
        *_wrong_labels(content),
        *_wrong_aliases(content),
        *_wrong_moderation(content),
        *_too_large(content),
    ]
    return faults or _wrong_alerts(content)


def _wrong_alerts(content: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with alerts, of which most who read a policy have none."""
    if ALERTS not in content:
        return []
    from contract.alert_faults import faults_of_alerts

    return faults_of_alerts(content, CATEGORIES)


def _wrong_kinds(content: Mapping[str, Any]) -> Iterator[str]:
    for section in ("labels", "aliases", MODERATION):
        entries = content.get(section, {})
        if not isinstance(entries, Mapping):
            yield f"{section} is {_said(entries)}; it is a section, as [{section}]"
            continue
        for misplaced in ("hidden", "show_gender_and_age"):
            if isinstance(entries.get(misplaced), bool) or (
                section != "aliases" and isinstance(entries.get(misplaced), list)
            ):
                yield (
                    f"{misplaced} stands below [{section}], and so is a part of it: write it above all "
                    "sections"
                )
    if not _is_names(content.get("hidden", [])):
        yield f'hidden is {_said(content["hidden"])}; it is a list of labels, as ["Weapon"]'
    if not isinstance(content.get("show_gender_and_age", False), bool):
        yield f"show_gender_and_age is {_said(content['show_gender_and_age'])}; it is true or false"
    aliases = content.get("aliases", {})
    for shown, names in aliases.items() if isinstance(aliases, Mapping) else ():
        if not _is_names(names) or not names:
            yield f'aliases has {shown} = {_said(names)}; it is a list of labels, as ["Car", "Truck"]'
    categories = content.get(MODERATION, {})
    for category, rule in categories.items() if isinstance(categories, Mapping) else ():
        if not isinstance(rule, Mapping):
            yield (
                f"moderation has {category} = {_said(rule)}; it is a section, as [moderation.{category}], "
                f"with one or more of {', '.join(_OF_A_CATEGORY)}"
            )


def _wrong_labels(content: Mapping[str, Any]) -> Iterator[str]:
    hidden = {name.casefold() for name in content.get("hidden", [])}
    labels = content.get("labels", {})
    yield from _said_twice("labels", labels)
    for name, least in labels.items():
        if not is_percent(least):
            yield f"labels has {name} = {_said(least)}; a threshold is a number from 0 to 100"
        if name != DEFAULT and name.casefold() in hidden:
            yield f"labels has a threshold for {name}, which is hidden: leave out one of the two"
        elif name.casefold() in GENDER_AND_AGE and not _shows_gender_and_age(content):
            yield _not_shown(f"labels has a threshold for {name}")


def _wrong_aliases(content: Mapping[str, Any]) -> Iterator[str]:
    aliases: Mapping[str, list[str]] = content.get("aliases", {})
    hidden = {name.casefold() for name in content.get("hidden", [])}
    shown = {name.casefold() for name in aliases}
    taken: dict[str, str] = {}
    yield from _said_twice("aliases", aliases)
    for alias, names in aliases.items():
        if alias.casefold() in GENDER_AND_AGE and not _shows_gender_and_age(content):
            yield _not_shown(f"aliases has {alias}")
        if len(names) > MAX_NAMES_OF_AN_ALIAS:
            yield f"aliases has {len(names)} names for {alias}; {MAX_NAMES_OF_AN_ALIAS} at most"
        for name in {each.casefold(): each for each in (alias, *names)}.values():
            folded = name.casefold()
            if folded in hidden:
                yield f"hidden has {name}, and aliases show it as {alias}: leave out one of the two"
            if folded in shown and folded != alias.casefold():
                yield f"aliases has {name} for {alias}, and it is an alias itself: name its labels instead"
            elif folded not in shown and taken.get(folded, alias) != alias:
                yield f"aliases has {name} for {taken[folded]} and for {alias}: choose one"
            taken[folded] = alias


def _wrong_moderation(content: Mapping[str, Any]) -> Iterator[str]:
    known = {category.casefold() for category in CATEGORIES}
    rules: Mapping[str, Mapping[str, Any]] = content.get(MODERATION, {})
    yield from _said_twice(MODERATION, rules)
    if len(rules) > MAX_CATEGORIES:
        yield (
            f"moderation has {len(rules)} categories; {MAX_CATEGORIES} at most: name those above them, which "
            "are as sure as the surest below"
        )
    for category, rule in rules.items():
        if category.casefold() not in known:
            yield (
                f"moderation has {category}, which is no category of Rekognition's: "
                "https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html lists them"
            )
        yield from _wrong_rule(category, rule)


def _wrong_rule(category: str, rule: Mapping[str, Any]) -> Iterator[str]:
    where = f"moderation.{category}"
    if strange := [name for name in rule if name not in _OF_A_CATEGORY]:
        yield f"{where} has {strange[0]}; it takes {', '.join(_OF_A_CATEGORY)}"
        return
    if not rule:
        yield f"{where} is empty; it takes one or more of {', '.join(_OF_A_CATEGORY)}"
    wrong = {name: least for name, least in rule.items() if not is_percent(least)}
    for name, least in wrong.items():
        yield f"{where} has {name} = {_said(least)}; it is a number from 0 to 100"
    if wrong:
        return
    for name in ("review", "block"):
        if rule.get(name, 100) < LEAST_CONFIDENCE_PERCENT:
            yield (
                f"{where} has {name} = {rule[name]:g}, and Rekognition is asked for what is "
                f"{LEAST_CONFIDENCE_PERCENT:g} % sure or more: nothing below is kept"
            )
        if rule.get("threshold", 0) > rule.get(name, 100):
            yield (
                f"{where} has threshold = {rule['threshold']:g} above {name} = {rule[name]:g}: a photo would "
                "be acted upon for what is not shown"
            )
    if rule.get("review", 0) >= rule.get("block", 101):
        yield (
            f"{where} has review = {rule['review']:g} and block = {rule['block']:g}: nothing would ever be "
            "reviewed; review begins below block"
        )


def _too_large(content: Mapping[str, Any]) -> Iterator[str]:
    size_bytes = len(to_json(content).encode())
    if size_bytes > MAX_BYTES:
        yield (
            f"the policy takes {size_bytes:,} bytes, {size_bytes - MAX_BYTES:,} more than the {MAX_BYTES:,} "
            "that the variables of a Lambda function have room for: name fewer labels"
        )


def _said_twice(section: str, names: Mapping[str, Any]) -> Iterator[str]:
    """Names that differ in case alone are one name."""
    seen: dict[str, str] = {}
    for name in names:
        if (first := seen.setdefault(name.casefold(), name)) != name:
            yield f"{section} has {first} and {name}, which are one: leave out one of the two"


def _not_shown(what: str) -> str:
    return (
        f"{what}, which tells of gender or age and is not shown: set show_gender_and_age = true, or leave it "
        "out"
    )


def _shows_gender_and_age(content: Mapping[str, Any]) -> bool:
    return bool(content.get("show_gender_and_age", False))


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name.strip() for name in value)


def _said(value: object) -> str:
    return json.dumps(value, default=str)
