"""What the setting `meaning` may be, for what is reckoned before it is deployed."""

from dataclasses import replace
from enum import StrEnum

from contract.meaning import (
    BY_BEDROCK,
    BY_LABELS,
    BY_LABELS_ANEW,
    INVOKE_MODEL,
    MEANING,
    VECTORS_A_SECOND,
)
from contract.photos import PICTURE
from contract.settings import ProcessorSettings


class MeaningChoice(StrEnum):
    """What the setting `meaning` may be."""

    LABELS = BY_LABELS
    LABELS_ANEW = BY_LABELS_ANEW
    BEDROCK = BY_BEDROCK


def with_meaning(settings: ProcessorSettings, chosen: MeaningChoice) -> ProcessorSettings:
    """Return the settings as they would be with search by meaning, and with what that needs."""
    function = settings.meaning_function or MEANING
    if chosen is MeaningChoice.BEDROCK:
        return replace(
            settings,
            meaning_function=function,
            meaning_by=BY_BEDROCK,
            labels_anew="",
            pictures_function=settings.pictures_function or PICTURE,
            quotas={INVOKE_MODEL: VECTORS_A_SECOND, **settings.quotas},
        )
    anew = "yes" if chosen is MeaningChoice.LABELS_ANEW else settings.labels_anew
    return replace(settings, meaning_function=function, meaning_by="", labels_anew=anew)
