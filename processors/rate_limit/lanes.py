"""The two lanes of work."""

from enum import StrEnum


class Lane(StrEnum):
    """Live photos go first; bulk work takes what they leave, and at least a floor."""

    LIVE = "live"
    BULK = "bulk"
