"""How reading a photo can end, beside well."""


class RefusedError(Exception):
    """The photo can never be recognized. `code` is Rekognition's for the like, `message` is for a reader."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class RefusedByBucketError(Exception):
    """The bucket does not give the object out: its permission, an archive, or a key that is not ours."""


class VersionGoneError(Exception):
    """The bucket does not hold that version any more."""


# Rekognition's words for what it refuses: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
INVALID_FORMAT = "InvalidImageFormatException"
TOO_LARGE = "ImageTooLargeException"
TOO_SMALL = "InvalidParameterException"
