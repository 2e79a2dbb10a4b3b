"""What ends a command early, as one line for the person who typed it."""


class OperatorError(Exception):
    """The command cannot do what was asked. The message says what is wrong and what to do; exit code 2."""


class StoppedError(Exception):
    """Ctrl-C, taken between two steps. The message says what was and what was not done; exit code 130."""
