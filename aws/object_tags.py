"""One tag of objects, set and taken away without the others: S3 replaces all tags of an object at once.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from aws.calls import NOT_THERE
from aws.errors import ErrorTranslator

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

    from aws.retries import RetryPolicy

Answer = TypeVar("Answer")


class TaggedVersion(NamedTuple):
    """One version of an object; the current one where `version_id` is None."""

    bucket_name: str
    key: str
    version_id: str | None = None


class ObjectTag(NamedTuple):
    """One tag, by name and value. An object that is not there is left at that."""

    client: "S3Client"
    name: str
    value: str
    translated: ErrorTranslator
    retry: "RetryPolicy"

    def bring_in_line(
        self,
        place: TaggedVersion,
        others: Iterable[TaggedVersion],
        *,
        is_set: bool,
        run: Callable[..., Iterable[object]] = map,
    ) -> bool:
        """Set the tag of an object, or remove it, and those of the others that go with it.

        Return whether there was anything to do: one that is not to have the tag, and has not, is only looked
        at, and `others` are not asked for. So the object has the tag before any of them has, and until none
        has it, whoever is killed in between. Raise a word for failure. `run` is `map`, or an executor's.
        """
        if not is_set and not self._ask(place, self.is_on):
            return False

        def settle(each: TaggedVersion) -> None:
            self._ask(each, self._set if is_set else self._take_away)

        if is_set:
            settle(place)
        for _ in run(settle, others):
            pass
        # Where it is set, once more: another may have taken it away meanwhile, and before the others had it.
        settle(place)
        return True

    def is_on(self, place: TaggedVersion) -> bool:
        return self._entry in self._tags(place)

    def _set(self, place: TaggedVersion) -> None:
        tags = self._tags(place)
        if self._entry not in tags:
            self._write(place, [*self._without(tags), self._entry])

    def _take_away(self, place: TaggedVersion) -> None:
        tags = self._tags(place)
        if len(others := self._without(tags)) < len(tags):
            self._write(place, others)

    def _write(self, place: TaggedVersion, tags: "Sequence[TagTypeDef]") -> None:
        """Replace all tags. Another's change of them at the same moment may be lost: S3 has no condition."""
        try:
            if tags:
                self.client.put_object_tagging(**_named(place), Tagging={"TagSet": tags})
            else:
                self.client.delete_object_tagging(**_named(place))
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_THERE:
                raise

    def _tags(self, place: TaggedVersion) -> "list[TagTypeDef]":
        try:
            return self.client.get_object_tagging(**_named(place))["TagSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return []
            raise

    def _without(self, tags: "Sequence[TagTypeDef]") -> "list[TagTypeDef]":
        return [tag for tag in tags if tag["Key"] != self.name]

    @property
    def _entry(self) -> "TagTypeDef":
        return {"Key": self.name, "Value": self.value}

    def _ask(self, place: TaggedVersion, ask: Callable[[TaggedVersion], Answer]) -> Answer:
        what = self.translated(f"the tags of s3://{place.bucket_name}/{place.key}")
        return self.retry(what(lambda: ask(place)))


def _named(place: TaggedVersion) -> dict[str, Any]:
    which = {} if place.version_id is None else {"VersionId": place.version_id}
    return {"Bucket": place.bucket_name, "Key": place.key, **which}
