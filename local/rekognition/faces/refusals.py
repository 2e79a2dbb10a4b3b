"""What the operations on collections refuse, in AWS's codes.

The codes are those of the service's model. The texts are AWS's where they were seen in public (the face that
is not in its collection: https://github.com/awsdocs/amazon-rekognition-developer-guide/issues/31), and ours
where they were not.
"""

from local.rekognition.request import RekognitionError, invalid_parameter


def no_collection(name: str) -> RekognitionError:
    return RekognitionError("ResourceNotFoundException", f"The collection id: {name} does not exist")


def collection_exists(name: str) -> RekognitionError:
    return RekognitionError("ResourceAlreadyExistsException", f"The collection id: {name} already exists")


def no_face_in_picture() -> RekognitionError:
    return invalid_parameter("There are no faces in the image. Should be at least 1.")


def no_face_in_collection() -> RekognitionError:
    return invalid_parameter("faceId was not found in the collection.")


def no_user(name: str) -> RekognitionError:
    return RekognitionError("ResourceNotFoundException", f"The user id: {name} does not exist")


def user_exists(name: str) -> RekognitionError:
    return RekognitionError("ConflictException", f"The user id: {name} already exists")


def user_is_updating(name: str) -> RekognitionError:
    return RekognitionError(
        "ConflictException", f"The user id: {name} is being updated; try again when it is ACTIVE"
    )


def wrong_page() -> RekognitionError:
    return RekognitionError("InvalidPaginationTokenException", "Invalid pagination token")


def token_reused(token: str) -> RekognitionError:
    return RekognitionError(
        "IdempotentParameterMismatchException",
        f"ClientRequestToken {token} was used with other parameters before",
    )


def too_many(what: str, limit: int) -> RekognitionError:
    return RekognitionError("ServiceQuotaExceededException", f"There are {limit} {what} already")
