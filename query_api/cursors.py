"""Cursors: where a page ended, as text that only goes with the question it was given for."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from hashlib import blake2b

from query_api.questions import ListQuestion

MAX_LENGTH = 500


class ForeignCursorError(Exception):
    """A cursor is damaged, or was given for another question."""


def write(question: ListQuestion, before: str) -> str:
    """Write the cursor with which `question` goes on below `before`."""
    content = {"before": before, "question": _digest(question, before)}
    return urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).rstrip(b"=").decode()


def resume(question: ListQuestion, cursor: str) -> ListQuestion:
    """Give the question that goes on where the cursor says. Raises ForeignCursorError.

    The limit may differ from page to page; everything else has to be asked again as it was.
    """
    try:
        content = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        before, digest = content["before"], content["question"]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as fault:
        raise ForeignCursorError from fault
    if not isinstance(before, str) or digest != _digest(question, before):
        raise ForeignCursorError
    return replace(question, before=before)


def _digest(question: ListQuestion, before: str) -> str:
    asked = json.dumps([question.term, question.min_confidence_percent, before])
    return blake2b(asked.encode(), digest_size=9).hexdigest()
