"""What was told of photos by the rules of alerts, held against what was announced."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from contract.alerts import AlertRule, AnnouncedPhoto
from contract.records import Status


class AlertTold(NamedTuple):
    """One message: its id, the rule, and how many photos it counts. It may come again as it was."""

    id: str
    rule: str
    photos: int

    @classmethod
    def of(cls, envelope: Mapping[str, Any]) -> "AlertTold":
        """Read what SNS delivers.

        https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
        """
        said = {name: str(each["Value"]) for name, each in envelope["MessageAttributes"].items()}
        return cls(said["id"], said["alert"], int(said["count"]))


def miscounted_alerts(
    rules: Sequence[AlertRule], announced: Iterable[Mapping[str, Any]], told: Iterable[AlertTold]
) -> dict[str, str]:
    """Return by rule what is wrong: every announced photo that matches is to be counted in one message.

    `announced` are all completions, each once.
    """
    by_id: dict[str, set[AlertTold]] = defaultdict(set)
    for message in told:
        by_id[message.id].add(message)
    photos = [AnnouncedPhoto.of(body) for body in announced if body["status"] == Status.RECOGNIZED]
    found: dict[str, str] = {}
    for rule in rules:
        matching = sum(rule.why(photo) is not None for photo in photos)
        counted = sum(max(each).photos for each in by_id.values() if max(each).rule == rule.name)
        if counted != matching:
            found[rule.name] = f"{counted} photos were counted of {matching} that match"
    for name, messages in by_id.items():
        if len(messages) > 1:
            found[name] = "it came again, and said something else"
    return found
