"""What one rule of alerts has to say, as one item of the table keeps it: what waits, what is being sent.

Every change is written on the condition that the item is still what was read. A message is noted before it
is sent, and is noted as sent afterwards: whoever finds one whose sender is over sends it again, with its id.
Times are whole seconds since 1970.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from contract.alerts import AlertRule, AnnouncedPhoto
from contract.timing import ALERTS_LEASE_SECONDS

MAX_EXAMPLES = 10
# Completions that were counted lately, by which repeats are dropped: 4 KB of an item.
MAX_SEEN = 300
FORGOTTEN = "(a photo that was forgotten)"


class AlertExample(NamedTuple):
    """A photo that is named in a message, and why it matched."""

    key: str
    why: str


class AlertMessage(NamedTuple):
    """A message that is to be sent: so many `photos` matched since `since`. The same one has the same `id`.

    Until `claimed_until`, somebody is at it.
    """

    id: str
    photos: int
    since: int
    examples: tuple[AlertExample, ...]
    claimed_until: int


class AlertState(NamedTuple):
    """What a rule has to say. `version` is what was read, 0 where nothing is there yet.

    `held` photos wait since `since`, and are in no message yet; `examples` are the first of them.
    """

    version: int = 0
    held: int = 0
    since: int = 0
    examples: tuple[AlertExample, ...] = ()
    last_sent: int | None = None
    sending: AlertMessage | None = None
    seen: tuple[str, ...] = ()

    def counting(self, matches: Sequence[tuple[AnnouncedPhoto, str]], now: int) -> "AlertState":
        """Return it with photos that matched, each with why, but for completions that were counted."""
        new: dict[str, AlertExample] = {}
        for photo, why in matches:
            if (mark := _mark(photo.id)) not in self.seen:
                new.setdefault(mark, AlertExample(photo.key, why))
        if not new:
            return self
        return self._replace(
            held=self.held + len(new),
            since=self.since if self.held else now,
            examples=(*self.examples, *new.values())[:MAX_EXAMPLES],
            seen=(*self.seen, *new)[-MAX_SEEN:],
        )

    def claiming(self, rule: AlertRule, now: int) -> "AlertState":
        """Return it with a message for us to send: one whose sender is over, or one that is due now."""
        if rule.is_quiet(now):
            return self
        if self.sending is not None:
            if now < self.sending.claimed_until:
                return self
            return self._replace(sending=self.sending._replace(claimed_until=now + ALERTS_LEASE_SECONDS))
        if not self.held or not rule.is_due(self.since, self.last_sent, now):
            return self
        message = AlertMessage(
            id=f"{rule.name}-{now}-{self.version + 1}",
            photos=self.held,
            since=self.since,
            examples=self.examples,
            claimed_until=now + ALERTS_LEASE_SECONDS,
        )
        return self._replace(held=0, since=0, examples=(), sending=message)

    def sent(self, message: AlertMessage, now: int) -> "AlertState":
        """Return it without a message that was sent; as it is, where another has noted that."""
        if self.sending is None or self.sending.id != message.id:
            return self
        return self._replace(sending=None, last_sent=now)

    def without(self, is_forgotten: Callable[[str], bool]) -> "AlertState":
        """Return it without the names of photos; they stay counted."""

        def left(examples: Sequence[AlertExample]) -> tuple[AlertExample, ...]:
            return tuple(AlertExample(FORGOTTEN, "") if is_forgotten(each.key) else each for each in examples)

        sending = self.sending
        return self._replace(
            examples=left(self.examples),
            sending=sending and sending._replace(examples=left(sending.examples)),
        )

    def to_item(self) -> dict[str, object]:
        """Write its attributes, under the version after its own; keys and expiry are the caller's."""
        item: dict[str, object] = {
            "version": self.version + 1,
            "held": self.held,
            "since": self.since,
            "examples": examples_of(self.examples),
            "seen": list(self.seen),
        }
        if self.last_sent is not None:
            item["last_sent"] = self.last_sent
        if self.sending is not None:
            item["sending"] = {
                **self.sending._asdict(),
                "examples": examples_of(self.sending.examples),
            }
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "AlertState":
        sending = item.get("sending")
        return cls(
            version=int(item["version"]),
            held=int(item["held"]),
            since=int(item["since"]),
            examples=_examples_from_item(item["examples"]),
            last_sent=int(item["last_sent"]) if "last_sent" in item else None,
            sending=sending
            and AlertMessage(
                id=str(sending["id"]),
                photos=int(sending["photos"]),
                since=int(sending["since"]),
                examples=_examples_from_item(sending["examples"]),
                claimed_until=int(sending["claimed_until"]),
            ),
            seen=tuple(map(str, item["seen"])),
        )


def _mark(completion_id: str) -> str:
    return hashlib.blake2b(completion_id.encode(), digest_size=6).hexdigest()


def named_keys(item: Mapping[str, Any]) -> list[str]:
    """Return the keys that an item names, of which other attributes may not have been read."""
    examples = [*item.get("examples", []), *item.get("sending", {}).get("examples", [])]
    return [str(each["key"]) for each in examples]


def examples_of(examples: Sequence[AlertExample]) -> list[dict[str, str]]:
    """Write examples as an item holds them."""
    return [each._asdict() for each in examples]


def _examples_from_item(items: Sequence[Mapping[str, Any]]) -> tuple[AlertExample, ...]:
    return tuple(AlertExample(str(each["key"]), str(each["why"])) for each in items)
