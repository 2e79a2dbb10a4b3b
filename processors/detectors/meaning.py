"""What a photo means, as a vector made of its labels, by the meaning function."""

from collections.abc import Mapping
from typing import Any

from contract.meaning import MEANING, vector_in
from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    vector = vector_in(response)
    return Findings() if vector is None else Findings(vectors={MEANING: vector})
