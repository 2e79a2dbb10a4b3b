"""Words as they are kept and asked for: so that what was read is found by what somebody types."""

from __future__ import annotations

import unicodedata

# Shorter ones are mostly misread, and nobody looks for them.
MIN_CHARACTERS = 2


def plain_word(word: str) -> str:
    """Return a word in lower case, without the punctuation and symbols at its ends.

    What is kept begins and ends with a letter, a mark or a number; it may be nothing.
    """
    folded = word.casefold()
    kept = [place for place, sign in enumerate(folded) if unicodedata.category(sign)[0] in "LMN"]
    return folded[kept[0] : kept[-1] + 1] if kept else ""
