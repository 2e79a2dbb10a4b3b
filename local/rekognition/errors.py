"""The one error that operations raise."""

from http import HTTPStatus


class RekognitionError(Exception):
    """Becomes an error answer; `code` is the exception's name in the service's model.

    https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html
    """

    def __init__(self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid_parameter(message: str = "Request has invalid parameters") -> RekognitionError:
    """Return the error for members, or a combination, that the operation cannot work with."""
    return RekognitionError("InvalidParameterException", message)


def invalid_format() -> RekognitionError:
    """Return the error for what is no picture that Rekognition reads."""
    return RekognitionError("InvalidImageFormatException", "Request has invalid image format")


def too_large(message: str) -> RekognitionError:
    """Return the error for a picture of too many bytes or pixels."""
    return RekognitionError("ImageTooLargeException", message)


def internal(message: str) -> RekognitionError:
    """Return the error for a fault of ours or a neighbour's, which is worth another try."""
    return RekognitionError("InternalServerError", message, HTTPStatus.INTERNAL_SERVER_ERROR)
