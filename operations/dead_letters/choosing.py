"""Which dead letters are meant."""

from __future__ import annotations

from dataclasses import dataclass

from operations.dead_letters.letters import DeadLetter


@dataclass(frozen=True)
class Choice:
    """What was asked for; None asks for everything. `since` is ISO 8601 in UTC."""

    cause: str | None = None
    prefix: str | None = None
    since: str | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Tell whether a letter is meant."""
        return (
            (self.cause is None or letter.cause.is_called(self.cause))
            and (self.prefix is None or any(key.startswith(self.prefix) for key in letter.keys))
            and (self.since is None or letter.at >= self.since)
        )

    def sends_back(self, letter: DeadLetter) -> bool:
        """Tell whether a letter is to be sent back.

        What cannot be read would only come back as it went; it goes if its cause is named.
        """
        named = self.cause is not None and self.cause.casefold() != letter.cause.kind
        return self.takes(letter) and (letter.is_readable or named)


def is_called(letter: DeadLetter, name: str) -> bool:
    """Tell whether a letter has this message id, or waits for this key."""
    return name == letter.id or name in letter.keys
