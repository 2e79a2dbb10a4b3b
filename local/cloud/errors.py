"""What can be wrong with the machine or the input, as one sentence that says what to do."""


class LocalCloudError(Exception):
    """The local environment cannot go on. The message is for the person at the keyboard, and is all of it.

    `exit_code` is 2 for what the person can change, 1 for what went wrong inside.
    """

    def __init__(self, message: str, *, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
