"""What a measurement cannot go on without."""


class LoadtestError(Exception):
    """Something could not be measured. The message says what, why, and what to do."""
