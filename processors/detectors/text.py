"""Words that can be read in the image, by DetectText."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from contract.records import Findings

MIN_CONFIDENCE_PERCENT = 80.0
MIN_CHARACTERS = 2
MAX_WORDS = 100


def read(response: Mapping[str, Any]) -> Findings:
    """Take the sure words, in lower case, without punctuation around them, each once, in reading order."""
    words = (
        _bare(found["DetectedText"].casefold())
        for found in response["TextDetections"]
        if found["Type"] == "WORD" and found["Confidence"] >= MIN_CONFIDENCE_PERCENT
    )
    unique = dict.fromkeys(word for word in words if len(word) >= MIN_CHARACTERS)
    return Findings(words=tuple(unique)[:MAX_WORDS])


def _bare(word: str) -> str:
    """Take off punctuation and symbols at both ends: what is no letter, mark or number."""
    kept = [place for place, character in enumerate(word) if unicodedata.category(character)[0] in "LMN"]
    return word[kept[0] : kept[-1] + 1] if kept else ""
