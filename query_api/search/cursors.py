"""Cursors: where a page ended, as text with which the same question goes on."""

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from query_api.search.questions import ListQuestion, folded

MAC_BYTES = 16
_NAMES = frozenset({"labels", "any_labels", "not_labels", "words", "celebrities", "colors", "equipment"})
# What questions could not have when cursors were first given: those of other questions stay good.
_OF_LATER = frozenset(
    {
        *("moderation_action", "like", "similar_to", "min_similarity"),
        *("persons", "least_similarity_percent", "kind", "celebrities", "colors", "equipment"),
    }
)
_NOT_ASKED = (None, ())


class ForeignCursorError(Exception):
    """A cursor is damaged, or was given for another question."""


@dataclass(frozen=True)
class Cursors:
    """Writes and reads cursors: where a page ended, as text that nobody else can make or read.

    A cursor is for one question, and for those who may see what is below the same prefixes (`visible`; None
    where all is). The place in it may be that of an image that they may not see, and holds a digest of its
    key. `secrets` returns the keys that all copies of the function know: the first signs, each is taken.
    """

    secrets: Callable[[], Sequence[bytes]]
    visible: tuple[str, ...] | None = None

    def write(self, question: ListQuestion, after: str) -> str:
        """Write the cursor with which `question` goes on after a place."""
        secret = self.secrets()[0]
        signature = self._signature(secret, question, after)
        return _written(signature, _enciphered(secret, signature, after.encode()))

    def resume(self, question: ListQuestion, cursor: str) -> ListQuestion:
        """Return the question that goes on where the cursor says. Raises ForeignCursorError.

        The limit may differ from page to page; everything else has to be asked again as it was.
        """
        try:
            content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError) as fault:
            raise ForeignCursorError from fault
        signature, enciphered = content[:MAC_BYTES], content[MAC_BYTES:]
        # Base64 has several ways of writing the same bytes; ours is the one that is taken.
        if cursor != _written(signature, enciphered):
            raise ForeignCursorError
        for secret in self.secrets():
            after = _enciphered(secret, signature, enciphered).decode(errors="replace")
            if hmac.compare_digest(signature, self._signature(secret, question, after)):
                return question._replace(after=after)
        raise ForeignCursorError

    def _signature(self, secret: bytes, question: ListQuestion, after: str) -> bytes:
        # Names are matched without regard to case, so a question may be written in another case next time.
        asked = {
            name: folded(value) if name in _NAMES else value
            for name, value in question._asdict().items()
            if name not in {"limit", "after", "picture_hash"}
            and (name not in _OF_LATER or value not in _NOT_ASKED)
        }
        asked["moderation"] = (question.moderation or "").casefold()
        asked["camera"] = (question.camera or "").casefold()
        signed = json.dumps([asked, after, self.visible], sort_keys=True).encode()
        return hmac.digest(secret, signed, "sha256")[:MAC_BYTES]


def _enciphered(secret: bytes, signature: bytes, place: bytes) -> bytes:
    """Encipher a place, or decipher it: by a stream of its own for each signature, which depends on it.

    That is the construction of SIV (https://www.rfc-editor.org/rfc/rfc5297), with HMAC for both of its parts;
    what is signed is JSON, and begins with a bracket.
    """
    blocks = range(len(place) // 32 + 1)
    stream = b"".join(
        hmac.digest(secret, b"stream" + bytes([block]) + signature, "sha256") for block in blocks
    )
    return bytes(sign ^ other for sign, other in zip(place, stream, strict=False))


def _written(signature: bytes, enciphered: bytes) -> str:
    return urlsafe_b64encode(signature + enciphered).rstrip(b"=").decode()
