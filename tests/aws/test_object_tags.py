"""One tag of an object, beside those that others have set."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from aws.object_tags import ObjectTag, TaggedVersion
from processors.adapters.calls import retry_policy, translated
from tests.fakes.s3 import BUCKET, FakeS3

OTHERS = [{"Key": "album", "Value": "trip"}]
PLACE = TaggedVersion(BUCKET, "a.jpg")


@pytest.fixture
def s3() -> Any:
    s3 = FakeS3()
    s3.put("a.jpg", b"1")
    s3.put_object_tagging(Bucket=BUCKET, Key="a.jpg", Tagging={"TagSet": OTHERS})
    return s3


def tag(s3: Any, value: str = "blocked") -> ObjectTag:
    return ObjectTag(s3, "moderation", value, translated, retry_policy(lambda _: None))


def tags(s3: Any, **which: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = s3.get_object_tagging(Bucket=BUCKET, Key="a.jpg", **which)["TagSet"]
    return found


def test_a_tag_comes_and_goes_and_the_others_stay(s3: Any) -> None:
    assert tag(s3).bring_in_line(PLACE, [], is_set=True)
    assert tags(s3) == [*OTHERS, {"Key": "moderation", "Value": "blocked"}]

    assert tag(s3).bring_in_line(PLACE, [], is_set=False)
    assert tags(s3) == OTHERS


def test_what_is_so_already_is_not_written_again(s3: Any) -> None:
    tag(s3).bring_in_line(PLACE, [], is_set=True)
    written = s3.calls.made["PutObjectTagging"]

    tag(s3).bring_in_line(PLACE, [], is_set=True)
    assert s3.calls.made["PutObjectTagging"] == written

    tag(s3).bring_in_line(PLACE, [], is_set=False)
    assert not tag(s3).bring_in_line(PLACE, [], is_set=False)
    assert s3.calls.made["PutObjectTagging"] == written + 1


def test_another_value_of_the_tag_is_replaced(s3: Any) -> None:
    tag(s3, "seen").bring_in_line(PLACE, [], is_set=True)
    tag(s3).bring_in_line(PLACE, [], is_set=True)

    assert tags(s3) == [*OTHERS, {"Key": "moderation", "Value": "blocked"}]


def test_one_version_is_tagged_and_no_other(s3: Any) -> None:
    (first,) = s3.objects["a.jpg"]
    s3.put("a.jpg", b"2")

    tag(s3).bring_in_line(PLACE._replace(version_id=first.version_id), [], is_set=True)

    assert tags(s3) == []
    assert len(tags(s3, VersionId=first.version_id)) == 2


def test_the_last_tag_can_go(s3: Any) -> None:
    s3.put("a.jpg", b"2")
    tag(s3).bring_in_line(PLACE, [], is_set=True)
    tag(s3).bring_in_line(PLACE, [], is_set=False)

    assert tags(s3) == []


def test_an_object_that_is_gone_is_left_at_that(s3: Any) -> None:
    s3.delete("a.jpg")

    for key in ("a.jpg", "never.jpg"):
        for is_set in (True, False):
            tag(s3).bring_in_line(TaggedVersion(BUCKET, key), [], is_set=is_set)


def test_a_write_whose_answer_was_lost_counts_as_one(s3: Any) -> None:
    """Whoever wrote looks at the record again; a second attempt finds the tag as it should be."""
    tag(s3).bring_in_line(PLACE, [], is_set=True)
    lost = iter([ConnectionError("as arranged")])

    def lose(operation: str) -> None:
        if operation == "PutObjectTagging" and (error := next(lost, None)):
            raise EndpointConnectionError(endpoint_url="s3") from error

    s3.calls.after = lose

    assert tag(s3).bring_in_line(PLACE, [], is_set=False)
    assert tags(s3) == OTHERS


def test_what_was_begun_and_not_ended_is_taken_away_whole(s3: Any) -> None:
    """A worker that dies between a photo and its renditions leaves what the next one sees."""

    def dies(settle: Any, others: Any) -> Any:
        settle(next(iter(others)))
        raise KeyboardInterrupt

    thumbnail = TaggedVersion(BUCKET, "thumbnail.webp")
    s3.put("thumbnail.webp", b"1")
    with pytest.raises(KeyboardInterrupt):
        tag(s3).bring_in_line(PLACE, [thumbnail], is_set=True, run=dies)

    assert tag(s3).bring_in_line(PLACE, [thumbnail], is_set=False)

    assert not tag(s3).is_on(PLACE)
    assert not tag(s3).is_on(thumbnail)
