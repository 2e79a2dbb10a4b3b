"""What a photo means, as a vector made of its labels or of its thumbnail, by the meaning function."""

from collections.abc import Mapping
from typing import Any

from contract.meaning import vector_in
from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    return Findings(vector=vector_in(response))
