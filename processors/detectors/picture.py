"""The picture as a file, by the pictures function."""

from collections.abc import Mapping
from typing import Any

from contract.photos import PhotoFacts
from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    return Findings(photo=PhotoFacts.from_json(response))
