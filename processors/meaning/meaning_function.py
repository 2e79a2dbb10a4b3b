"""What the meaning function answers: a vector for labels or for a text.

`{"labels": [[name, weight], …]}` and `{"text": …}` are answered with `{"vector": …}`, which is written as
contract/meaning.py says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.meaning import MOST_TEXT_CHARACTERS, VECTOR, written_vector

if TYPE_CHECKING:
    from processors.meaning.text_model import TextModel


@dataclass(frozen=True)
class MeaningAnswers:
    """Answers the processor, which has labels, and the query API, which has texts."""

    model: "TextModel"

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        match asked:
            case {"labels": [_, *_] as labels}:
                return {VECTOR: written_vector(self.model.of_labels(labels))}
            case {"text": str(text)}:
                return {VECTOR: written_vector(self.model.of_text(text[:MOST_TEXT_CHARACTERS]))}
        raise ValueError(f"asked for {sorted(asked)}: neither labels nor a text")
