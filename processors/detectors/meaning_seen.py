"""What a photo means, as a vector that a model of Bedrock made of its thumbnail."""

from collections.abc import Mapping
from typing import Any

from contract.meaning import MEANING_SEEN, vector_in
from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    vector = vector_in(response)
    return Findings() if vector is None else Findings(vectors={MEANING_SEEN: vector})
