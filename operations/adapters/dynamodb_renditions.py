"""The one table, as far as it names renditions: by answers about pictures, and by records."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

from aws.calls import WriteOutcome, pages, write_if
from contract import table
from contract.items import beginning_with, from_wire, key_of, key_to_wire
from contract.photos import PICTURE
from contract.results import ResultName, maker_of_renditions
from operations.adapters.dynamodb import CLAIMED_BY, OperatedTable
from operations.adapters.dynamodb_photos import BROKEN

_PICTURES = f"{PICTURE}#"


class DynamoDBRenditions(OperatedTable):
    """The one table. What is read is as of now."""

    def makers(self, content_id: str) -> Collection[str] | None:
        """Return whose renditions the answers of a content name, or claims on them will.

        None where one of them cannot be read, so that nobody can say.
        """
        try:
            found = [_maker(content_id, item) for item in self._pictures(content_id)]
        except BROKEN:
            return None
        return {maker for maker in found if maker is not None}

    def forget(self, content_id: str, maker: str) -> None:
        """Remove the answers about a picture that name the renditions of a maker.

        Whoever needs one has the file read again, which calls no detector. A claim is left alone.
        """
        for item in self._pictures(content_id):
            try:
                is_his = CLAIMED_BY not in item and _maker(content_id, item) == maker
            except BROKEN:
                continue
            if is_his:
                self._call("DeleteItem of an answer", partial(write_if, self.client.delete_item))(
                    Key=key_to_wire(key_of(item)),
                    ConditionExpression="called_at = :called_at",
                    ExpressionAttributeValues={":called_at": item["called_at"]},
                )

    def have_read_again(self, key: str, revision: str) -> bool:
        """Have a record say that its file was not looked at; say whether it still was of that revision.

        It is all as it was else, and its index rows stand, until the processor has looked at it.
        """
        update = self._call(f"UpdateItem of the record of {key}", partial(write_if, self.client.update_item))
        written: WriteOutcome = update(
            Key=key_to_wire(table.record_key(key)),
            UpdateExpression="REMOVE #detectors.#picture",
            ConditionExpression="#revision = :revision",
            ExpressionAttributeNames={
                "#detectors": "detectors",
                "#picture": PICTURE,
                "#revision": "revision",
            },
            ExpressionAttributeValues={":revision": {"S": revision}},
        )
        return written.is_done

    def _pictures(self, content_id: str) -> Iterator[Mapping[str, Any]]:
        answers = pages(
            self._call(f"Query of content {content_id}", self.client.query),
            **beginning_with(f"{table.CONTENT_PREFIX}{content_id}", _PICTURES),
        )
        return (item for page in answers for item in page["Items"])


def _maker(content_id: str, item: Mapping[str, Any]) -> str | None:
    fingerprint = key_of(item).sk.removeprefix(_PICTURES)
    return maker_of_renditions(ResultName(content_id, PICTURE, fingerprint), from_wire(item))
