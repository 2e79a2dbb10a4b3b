"""Messages of a queue, on their way out and in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    """A message as a queue hands it out. `attributes` are those of text; `sent_at` is ISO 8601 in UTC."""

    id: str
    body: str
    receipt_handle: str
    sent_at: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Outgoing:
    """A message to be sent. `id` is ours, to tell which of several was not taken."""

    id: str
    body: str
