"""The tags of blocked photos on S3: of their objects, and of what was made of them."""

from dataclasses import dataclass

from aws.object_tags import ObjectTag, TaggedVersion
from contract.block_tag import TagChoice
from contract.records import ImageVersion


@dataclass(frozen=True)
class S3BlockTags:
    """Sets tags where they are not as they should be. `renditions_bucket` is empty where there is none."""

    tag: ObjectTag
    bucket_name: str
    renditions_bucket: str

    def set(self, version: ImageVersion, choice: TagChoice) -> bool:
        """Bring a version and its renditions in line; return whether more than a look was needed.

        Raise a word for failure.
        """
        photo = TaggedVersion(self.bucket_name, version.key, version.version_id)
        renditions = [TaggedVersion(self.renditions_bucket, key) for key in choice.renditions]
        return self.tag.bring_in_line(photo, renditions, is_set=choice.is_blocked)
