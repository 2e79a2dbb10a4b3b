"""The tag that objects of blocked photos carry, by which the policies of buckets refuse to serve them."""

from typing import NamedTuple

from contract.policy import ModerationAction, Policy
from contract.records import ImageRecord, Status

BLOCK_TAG = ("imagepipe-moderation", "blocked")
# Somebody changes one photo so often in a row while its tag is set, and no oftener.
ROUNDS = 3


class TagChoice(NamedTuple):
    """Whether the object of a record is to have the tag, and which renditions are to be as it is.

    `renditions` are none where nobody has looked for what moderation asks: they are shared by all photos of
    the same bytes, and another of these may have been looked at. Of a film, whose content is `film`, all
    are meant; they are many.
    """

    is_blocked: bool
    renditions: tuple[str, ...] = ()
    film: str | None = None


def tag_choice(policy: Policy, record: ImageRecord) -> TagChoice | None:
    """Return what is to be tagged by a policy and what people decided; None where there is no object."""
    if record.status is Status.DELETED:
        return None
    action = policy.action_of(record)
    is_blocked = action is ModerationAction.BLOCK
    photo = None if action is None else record.findings.photo
    if photo is None:
        return TagChoice(is_blocked)
    if photo.is_film:
        return TagChoice(is_blocked, film=record.content_id)
    keys = (photo.thumbnail_key(record.content_id), photo.view_key(record.content_id))
    return TagChoice(is_blocked, tuple(key for key in keys if key is not None))
