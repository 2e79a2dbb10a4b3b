"""Cursors: where a page ended, as text that nobody else can make, for the question it was given for."""

from __future__ import annotations

import binascii
import dataclasses
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from query_api.search.questions import ListQuestion

MAC_BYTES = 16


class ForeignCursorError(Exception):
    """A cursor is damaged, or was given for another question."""


@dataclass(frozen=True)
class Cursors:
    """Writes and reads cursors.

    `secrets` returns the keys that all copies of the function know: the first signs, each is taken.
    """

    secrets: Callable[[], Sequence[bytes]]

    def write(self, question: ListQuestion, after: str) -> str:
        """Write the cursor with which `question` goes on after a place."""
        return _written(_signature(self.secrets()[0], question, after), after)

    def resume(self, question: ListQuestion, cursor: str) -> ListQuestion:
        """Return the question that goes on where the cursor says. Raises ForeignCursorError.

        The limit may differ from page to page; everything else has to be asked again as it was.
        """
        try:
            content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            signature, after = content[:MAC_BYTES], content[MAC_BYTES:].decode()
        except (binascii.Error, ValueError) as fault:
            raise ForeignCursorError from fault
        signatures = [_signature(secret, question, after) for secret in self.secrets()]
        if not any(hmac.compare_digest(signature, each) for each in signatures):
            raise ForeignCursorError
        # Base64 has several ways of writing the same bytes; ours is the one that is taken.
        if cursor != _written(signature, after):
            raise ForeignCursorError
        return replace(question, after=after)


def _written(signature: bytes, after: str) -> str:
    return urlsafe_b64encode(signature + after.encode()).rstrip(b"=").decode()


def _signature(secret: bytes, question: ListQuestion, after: str) -> bytes:
    # Names are matched without regard to case, so a question may be written in another case next time.
    asked = {
        name: [each.casefold() for each in value] if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(question).items()
        if name not in {"limit", "after"}
    }
    asked["moderation"] = (question.moderation or "").casefold()
    signed = json.dumps([asked, after], sort_keys=True).encode()
    return hmac.digest(secret, signed, "sha256")[:MAC_BYTES]
