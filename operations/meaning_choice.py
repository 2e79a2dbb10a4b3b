"""What `meaning` and `meaning_next` may be, for what is reckoned before they are deployed."""

from dataclasses import replace
from enum import StrEnum

from contract.meaning import (
    BY_BEDROCK,
    BY_LABELS,
    BY_LABELS_ANEW,
    INVOKE_MODEL,
    MEANING,
    MEANING_SEEN,
    VECTORS_A_SECOND,
)
from contract.photos import PICTURE
from contract.settings import ProcessorSettings


class MeaningChoice(StrEnum):
    """What the setting `meaning` may be."""

    LABELS = BY_LABELS
    LABELS_ANEW = BY_LABELS_ANEW
    BEDROCK = BY_BEDROCK


def with_meaning(
    settings: ProcessorSettings, chosen: MeaningChoice, *, beside: bool = False
) -> ProcessorSettings:
    """Return the settings as they would be with vectors made so, and with what that needs.

    Other vectors go on being made `beside` them, or else do not.
    """
    others = settings if beside else replace(settings, meaning_function="", seeing_function="")
    if chosen is MeaningChoice.BEDROCK:
        return replace(
            others,
            seeing_function=settings.seeing_function or MEANING_SEEN,
            labels_anew=settings.labels_anew if beside else "",
            pictures_function=settings.pictures_function or PICTURE,
            quotas={INVOKE_MODEL: VECTORS_A_SECOND, **settings.quotas},
        )
    anew = "yes" if chosen is MeaningChoice.LABELS_ANEW else settings.labels_anew
    return replace(others, meaning_function=settings.meaning_function or MEANING, labels_anew=anew)
