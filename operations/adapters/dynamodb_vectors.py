"""The rows of photos in one space of vectors, as far as it is counted who has one."""

from collections.abc import Iterator

from aws.calls import pages, projection
from contract import table
from contract.items import PARTITION_KEY, SORT_KEY
from contract.meaning import IN_SPACE
from operations.adapters.dynamodb import OperatedTable
from operations.inventory import VectorRow


class DynamoDBVectors(OperatedTable):
    """The one table, as far as its rows of vectors are read: each 2.7 KB, whatever is asked of it."""

    def vector_rows(self, space: str) -> Iterator[Iterator[VectorRow]]:
        """Yield the rows of a space by shard, each in order of where they stand.

        Half a read unit for each 4 KB: a million rows are some 340,000 units, four cents.
        """
        expression, names = projection((SORT_KEY, "key", IN_SPACE))
        for partition in table.term_partitions(table.meaning_term(space)):
            found = pages(
                self._call(f"Query of {partition}", self.client.query),
                KeyConditionExpression=f"{PARTITION_KEY} = :partition",
                ExpressionAttributeValues={":partition": {"S": partition}},
                ProjectionExpression=expression,
                ExpressionAttributeNames=names,
            )
            yield (
                VectorRow(item[SORT_KEY]["S"].rpartition("#")[0], item["key"]["S"], IN_SPACE in item)
                for page in found
                for item in page["Items"]
            )
