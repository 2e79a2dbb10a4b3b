"""What is shown of findings, and what moderation asks for: applied when reading and when announcing.

Findings are kept as they were found, so a change of the policy asks no detector and writes nothing anew
(docs/policy.md). A policy is one file, `policy.toml`; its content reaches the functions as JSON in the
variable POLICY. contract/policy_faults.py says what is wrong with one.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from contract.alerts import ALERTS
from contract.records import Findings, ImageRecord, Status

MODERATION = "moderation"
_MOST_PERCENT = 100
# The threshold of labels that have none of their own, by its name in the file.
DEFAULT = "default"
# Labels that tell of gender and age. They are not shown unless a policy asks for it.
GENDER_AND_AGE = frozenset(
    {
        *("adult", "baby", "boy", "child", "female", "girl", "infant", "kid", "lady", "male", "man"),
        *("newborn", "senior citizen", "teen", "teenager", "toddler", "woman"),
    }
)
# The same in Rekognition's answers about faces and celebrities.
_ATTRIBUTES_OF_GENDER_AND_AGE = frozenset({"AgeRange", "Gender", "KnownGender"})


class ModerationAction(StrEnum):
    """What is to be done with a photo, the mildest first."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


_BY_STRENGTH = tuple(ModerationAction)


class ModerationRule(NamedTuple):
    """What one category asks for, each from a confidence in percent on; None for never.

    Below its threshold, a category is neither shown nor found.
    """

    threshold: float = 0.0
    review: float | None = None
    block: float | None = None

    def action(self, confidence: float) -> ModerationAction:
        if self.block is not None and confidence >= self.block:
            return ModerationAction.BLOCK
        if self.review is not None and confidence >= self.review:
            return ModerationAction.REVIEW
        return ModerationAction.ALLOW


_NO_RULE = ModerationRule()


@dataclass(frozen=True)
class Policy:
    """One policy. Names are matched without regard to case; all but those shown are in lower case.

    `aliases` maps the names of labels that are shown as one to the name that is shown, which is itself among
    them. A label counts in a photo from its own threshold on, or else its alias's, or else
    `default_threshold`. `version` names the policy by its content.
    """

    default_threshold: float = 0.0
    thresholds: Mapping[str, float] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    rules: Mapping[str, ModerationRule] = field(default_factory=dict)
    shows_gender_and_age: bool = False
    version: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Policy":
        """Read the content of a file that has no faults."""
        labels = dict(content.get("labels", {}))
        default = float(labels.pop(DEFAULT, 0.0))
        aliases = {
            name.casefold(): shown
            for shown, names in content.get("aliases", {}).items()
            for name in (shown, *names)
        }
        return cls(
            default_threshold=default,
            thresholds={name.casefold(): float(least) for name, least in labels.items()},
            aliases=aliases,
            hidden=frozenset(name.casefold() for name in content.get("hidden", [])),
            rules={
                category.casefold(): ModerationRule(**{name: float(least) for name, least in rule.items()})
                for category, rule in content.get(MODERATION, {}).items()
            },
            shows_gender_and_age=bool(content.get("show_gender_and_age", False)),
            version=hashlib.blake2b(to_json(content).encode(), digest_size=6).hexdigest(),
        )

    def shown_name(self, name: str) -> str | None:
        """Return the name under which a label is shown, in the case that is asked in; None if it is not."""
        folded = name.casefold()
        if folded in self.aliases:
            return self.aliases[folded]
        return None if self.hides(folded) else name

    def hides(self, name: str) -> bool:
        """Return whether a name must not be read anywhere, which an alias may stand for all the same."""
        folded = name.casefold()
        return folded in self.hidden or (not self.shows_gender_and_age and folded in GENDER_AND_AGE)

    @property
    def kept_back(self) -> Mapping[str, Any]:
        """What decides which labels are left in an answer that is told, and under which names."""
        hidden = self.hidden if self.shows_gender_and_age else self.hidden | GENDER_AND_AGE
        return {name: self.aliases.get(name) for name in sorted(hidden)}

    def names(self, asked: str) -> tuple[str, ...]:
        """Return the labels, in lower case, that lead to photos with a label; none where it is not shown."""
        shown = self.shown_name(asked)
        return () if shown is None else self._names_of.get(shown, (asked.casefold(),))

    def threshold(self, name: str) -> float:
        """Return from which confidence on a label counts in a photo, in percent."""
        folded = name.casefold()
        if folded in self.thresholds:
            return self.thresholds[folded]
        shown = self.aliases.get(folded, "").casefold()
        return self.thresholds.get(shown, self.default_threshold)

    def rule(self, category: str) -> ModerationRule:
        return self.rules.get(category.casefold(), _NO_RULE)

    def categories(self, action: ModerationAction) -> Mapping[str, tuple[float, float]]:
        """Return the categories, in lower case, of which one at least is in every photo that asks for this.

        They say nothing of photos about which a person has decided.
        Each comes with the confidence from which on it does, and the one from which on it asks for more.
        There are none for `allow`.
        """
        found: dict[str, tuple[float, float]] = {}
        for category, rule in self.rules.items():
            if action is ModerationAction.BLOCK and rule.block is not None:
                found[category] = (rule.block, math.inf)
            elif action is ModerationAction.REVIEW and rule.review is not None:
                found[category] = (rule.review, math.inf if rule.block is None else rule.block)
        return found

    def action(self, moderation: Mapping[str, float]) -> ModerationAction:
        """Return the strongest action that any category asks for, by confidence in percent."""
        asked = (self.rule(category).action(confidence) for category, confidence in moderation.items())
        return max(asked, key=_BY_STRENGTH.index, default=ModerationAction.ALLOW)

    def action_of(self, record: ImageRecord) -> ModerationAction | None:
        """Return what is to be done with a photo; None where nobody has looked for what moderation asks.

        What a person has decided is above what detectors found, and what any policy asks for.
        """
        if record.status is not Status.RECOGNIZED:
            return None
        if record.decision is not None:
            return ModerationAction(record.decision)
        if MODERATION not in record.detectors:
            return None
        return self.action(record.findings.moderation)

    def applied(self, found: Findings) -> Findings:
        """Return findings as they are shown: names of aliases, without what is hidden or not sure enough.

        A label of several names is as sure as the surest of those that count, and a parent if they all are.
        What was seen before a camera is watched for by the detector's name, unless that must not be read.
        """
        labels: dict[str, float] = {}
        plain: set[str] = set()
        seen: dict[str, tuple[str, str]] = {}
        for name, confidence in found.labels.items():
            shown = self.shown_name(name)
            if shown is None or confidence < self.threshold(name):
                continue
            labels[shown] = max(confidence, labels.get(shown, 0.0))
            if found.look is not None:
                seen[name.casefold()] = (shown, "" if self.hides(name) else name)
            if name not in found.parents:
                plain.add(shown)
        moderation = {
            category: confidence
            for category, confidence in found.moderation.items()
            if confidence >= self.rule(category).threshold
        }
        return replace(
            found,
            labels=labels,
            parents=frozenset(labels.keys() - plain),
            moderation=moderation,
            look=None if found.look is None else found.look.renamed(seen),
        )

    def told(self, answer: Any, *, of_labels: bool) -> Any:
        """Return a detector's raw answer without what must not be read: hidden labels, gender and age.

        `of_labels` says that `Name` names labels in it, and not categories or people. What has an alias is
        called by that.
        """
        if isinstance(answer, Mapping):
            return {
                name: self.told(value, of_labels=of_labels)
                for name, value in answer.items()
                if self.shows_gender_and_age or name not in _ATTRIBUTES_OF_GENDER_AND_AGE
            }
        if isinstance(answer, list):
            named = (self._named(each) if of_labels else each for each in answer)
            return [self.told(each, of_labels=of_labels) for each in named if each is not None]
        return answer

    def _named(self, label: Any) -> Any:
        """Return a label of an answer under a name that may be read; None where there is none."""
        if not isinstance(label, Mapping) or not isinstance(label.get("Name"), str):
            return label
        name = label["Name"]
        shown = self.shown_name(name) if self.hides(name) else name
        return None if shown is None else {**label, "Name": shown}

    @cached_property
    def _names_of(self) -> Mapping[str, tuple[str, ...]]:
        """Map each name of an alias that is shown to the labels that it stands for."""
        return {
            shown: tuple(name for name, other in self.aliases.items() if other == shown)
            for shown in self.aliases.values()
        }


def to_json(content: Mapping[str, Any]) -> str:
    """Write the content of a policy file as the variable POLICY holds it: the same text for the same.

    Rules of alerts, which are in the same file, are told to another function.
    """
    shown = {section: value for section, value in content.items() if section != ALERTS}
    return json.dumps(shown, sort_keys=True, separators=(",", ":"))


def is_percent(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_PERCENT
