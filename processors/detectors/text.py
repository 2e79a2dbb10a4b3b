"""Words that can be read in the image, by DetectText."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings
from contract.table import MIN_WORD_CHARACTERS, plain_word

MIN_CONFIDENCE_PERCENT = 80.0
MAX_WORDS = 100


def read(response: Mapping[str, Any]) -> Findings:
    """Take the sure words, in lower case, without punctuation around them, each once, in reading order."""
    words = (
        plain_word(found["DetectedText"])
        for found in response["TextDetections"]
        if found["Type"] == "WORD" and found["Confidence"] >= MIN_CONFIDENCE_PERCENT
    )
    unique = dict.fromkeys(word for word in words if len(word) >= MIN_WORD_CHARACTERS)
    return Findings(words=tuple(unique)[:MAX_WORDS])
