"""What people wear to protect themselves, by DetectProtectiveEquipment."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings

MIN_CONFIDENCE_PERCENT = 80.0


def read(response: Mapping[str, Any]) -> Findings:
    """Take the sure types of equipment that cover the part of the body that they are for, each once."""
    worn = {
        equipment["Type"].lower()
        for person in response["Persons"]
        for part in person.get("BodyParts", [])
        for equipment in part.get("EquipmentDetections", [])
        if equipment["Confidence"] >= MIN_CONFIDENCE_PERCENT and _is_worn(equipment)
    }
    return Findings(equipment=tuple(sorted(worn)))


def _is_worn(equipment: Mapping[str, Any]) -> bool:
    """Whether it covers its part of the body: a helmet may be carried."""
    covers = equipment.get("CoversBodyPart", {})
    is_sure: bool = covers.get("Confidence", 0.0) >= MIN_CONFIDENCE_PERCENT
    return is_sure and bool(covers.get("Value"))
