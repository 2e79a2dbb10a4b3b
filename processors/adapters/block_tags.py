"""The tags of blocked photos on S3: of their objects, and of what was made of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aws.object_tags import ObjectTag, TaggedVersion
from contract.block_tag import TagChoice
from contract.records import ImageVersion
from processors.adapters.renditions import RenditionBucket

if TYPE_CHECKING:
    from aws.retries import RetryPolicy


@dataclass(frozen=True)
class S3BlockTags:
    """Sets tags where they are not as they should be. `retry` is for what lists renditions."""

    tag: ObjectTag
    bucket_name: str
    renditions: RenditionBucket
    retry: "RetryPolicy"

    def set(
        self, version: ImageVersion, choice: TagChoice, run: Callable[..., Iterable[object]] = map
    ) -> bool:
        """Bring a version and its renditions in line; return whether more than a look was needed.

        `run` is `map`, or that of an executor. Raise a word for failure.
        """
        photo = TaggedVersion(self.bucket_name, version.key, version.version_id)
        return self.tag.bring_in_line(photo, self._renditions(choice), is_set=choice.is_blocked, run=run)

    def _renditions(self, choice: TagChoice) -> Iterator[TaggedVersion]:
        keys: Iterable[str] = choice.renditions
        if choice.film is not None:
            keys = self.retry(partial(self.renditions.below, choice.film))
        for key in keys:
            yield TaggedVersion(self.renditions.bucket_name, key)
