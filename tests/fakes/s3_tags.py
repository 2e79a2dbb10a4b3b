"""Tags of objects in a fake bucket: of versions, and of what stands in plain buckets."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.s3_versions import StoredVersion

Tags = tuple[tuple[str, str], ...]


@dataclass
class TaggedObjects:
    """Answers about tags. `version` finds one version of an object, or raises what S3 answers instead."""

    objects: dict[str, list["StoredVersion"]]
    version: Callable[[str, str, str | None], "StoredVersion"]
    plain: dict[tuple[str, str], Tags] = field(default_factory=dict)

    def of(self, bucket: str, key: str, version_id: str | None = None) -> Tags:
        """Return the tags of an object, which is in a plain bucket where that is named."""
        if bucket:
            return self.plain.get((bucket, key), ())
        return self.version("GetObjectTagging", key, version_id).tags

    def replace(self, operation: str, place: tuple[str, str, str | None], tags: Tags) -> dict[str, Any]:
        """Put other tags in place of all."""
        bucket, key, version_id = place
        if bucket:
            self.plain[bucket, key] = tags
            return {}
        found = self.version(operation, key, version_id)
        self.objects[key] = [
            replace(each, tags=tags) if each is found else each for each in self.objects[key]
        ]
        return found.named
