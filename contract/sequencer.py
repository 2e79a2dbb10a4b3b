"""The order of the events of one key, as S3 defines it."""


def canonical(sequencer: str) -> str:
    """Return the form of an S3 `sequencer` in which plain text comparison is S3's order.

    S3 says: pad the shorter of the two on the right with zeros, then compare as text. Stripping the zeros
    at the right end of both gives the same order and needs no common length, so a stored sequencer can be
    compared inside a DynamoDB condition. The empty string comes before every event. Only the events of one
    key can be compared.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    return sequencer.upper().rstrip("0")
