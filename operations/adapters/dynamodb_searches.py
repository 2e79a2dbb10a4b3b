"""The one table, as far as it says on which photos persons were looked for, and as of when."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from aws.calls import pages, projection, write_if
from contract import table
from contract.face_search import FACES_ANSWERED, SCOPE_BEGINNING, WANTED_KEY, SearchScope
from contract.items import PARTITION_KEY, SORT_KEY, beginning_with, from_wire, key_of, to_wire
from contract.people import PEOPLE
from contract.photos import PhotoFacts
from contract.records import ImageVersion, Status
from contract.results import Result, ResultName
from contract.table import RECORD
from operations.adapters.dynamodb import ANSWERED, OperatedTable

_SHOWN = (
    *("key", "faces", "searched", "status", "photo", "detectors"),
    *("etag", "size_bytes", "version_id", "shares_answers"),
)

_FACES = "faces"


class SearchedRecord(NamedTuple):
    """A photo or a film with faces, and the revision of the collection in which they were searched.

    `photo` is what its file says, where it was looked at; `answer` is what DetectFaces has said is kept by.
    """

    key: str
    faces: int
    searched: int
    photo: PhotoFacts | None
    answer: ResultName

    @property
    def is_film(self) -> bool:
        return self.photo is not None and self.photo.is_film


class DynamoDBSearches(OperatedTable):
    """Who is looked for, and where. What is read of persons is as of now."""

    def scope(self, now: str) -> SearchScope:
        """Return who is looked for. `now` is ISO 8601 in UTC."""
        query = self._call("Query of people", self.client.query)
        found = pages(query, **beginning_with(PEOPLE, SCOPE_BEGINNING))
        return SearchScope.of((from_wire(item) for page in found for item in page["Items"]), now[:10])

    def want(self, revision: int) -> None:
        """Have answers of earlier revisions asked for anew; a later revision that was wanted stays."""
        self._call("PutItem of what is to be searched", partial(write_if, self.client.put_item))(
            Item=to_wire({**WANTED_KEY._asdict(), "revision": revision}),
            ConditionExpression=f"attribute_not_exists({PARTITION_KEY}) OR revision < :revision",
            ExpressionAttributeValues=to_wire({":revision": revision}),
        )

    def answers(self, names: Sequence[ResultName]) -> dict[ResultName, Result]:
        """Return those of these answers that are there."""
        wanted = {table.result_key(name): name for name in names}
        items = ((wanted[key_of(item)], from_wire(item)) for item in self._read(wanted))
        read = (Result.from_item(name, item) for name, item in items)
        return {result.name: result for result in read if result is not None}

    def about_faces(self, content_id: str) -> list[ResultName]:
        """Return the names of the answers about faces of a content, those only claimed left out."""
        beginning = f"{FACES_ANSWERED}#"
        query = self._call(f"Query of content {content_id}", self.client.query)
        found = pages(query, **beginning_with(f"{table.CONTENT_PREFIX}{content_id}", beginning))
        return [
            ResultName(content_id, FACES_ANSWERED, item[SORT_KEY]["S"].removeprefix(beginning))
            for page in found
            for item in page["Items"]
            if ANSWERED in item
        ]

    def with_faces(self) -> Iterator[list[SearchedRecord]]:
        """Read the whole table for recognized photos and films with faces, a megabyte at a time."""
        expression, names = projection((PARTITION_KEY, SORT_KEY, *_SHOWN))
        found = pages(
            self._call("Scan", self.client.scan),
            FilterExpression=f"#{SORT_KEY} = :record AND #status = :recognized AND #faces > :none",
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=to_wire(
                {":record": RECORD, ":recognized": str(Status.RECOGNIZED), ":none": 0}
            ),
            ConsistentRead=True,
        )
        for page in found:
            yield [_searched(from_wire(item)) for item in page["Items"]]


def _searched(item: Mapping[str, Any]) -> SearchedRecord:
    photo = PhotoFacts.from_item(item["photo"]) if "photo" in item else None
    version = ImageVersion(item["key"], item["etag"], int(item["size_bytes"]), item.get("version_id"), "")
    content_id = version.kept_by(shares_answers=bool(item.get("shares_answers", True)))
    answer = ResultName(content_id, _FACES, str(item["detectors"].get(_FACES, "")))
    return SearchedRecord(item["key"], int(item["faces"]), int(item.get("searched", 0)), photo, answer)
