"""Who is looked for, and what was answered about faces, on DynamoDB."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws.calls import pages
from contract import table
from contract.errors import ConfigurationError, ImagepipeError
from contract.face_search import FACES_ANSWERED, SCOPE_BEGINNING, SearchScope
from contract.items import SORT_KEY, Item, beginning_with, from_wire
from contract.moments import day_of
from contract.people import PEOPLE
from contract.results import Result, ResultName
from processors.adapters.calls import translated
from processors.adapters.dynamodb import FAULTS, UNREADABLE_ITEM, ImageTable, result_in


@dataclass(frozen=True)
class FaceAnswers:
    """The one table. Must not be called from a thread of its executor."""

    table: ImageTable

    def scope(self) -> SearchScope:
        """Return who is looked for, as of now; nobody where nobody ever was. Raise a word for failure.

        That is ConfigurationError where an item cannot be read: no photo is to blame, and all of them wait.
        """
        items = self._query(PEOPLE, SCOPE_BEGINNING, "who is looked for")
        try:
            return SearchScope.of(items, day_of(self.table.clock()))
        except FAULTS as fault:
            raise ConfigurationError(
                UNREADABLE_ITEM,
                f"an item of {PEOPLE} cannot be read ({fault!r}), so nobody can be looked for, and photos "
                "with faces wait: if newer code wrote it, deploy that again; else remove the item",
            ) from fault

    def of_contents(self, content_ids: Sequence[str]) -> dict[str, dict[ResultName, Result | ImagepipeError]]:
        """Return what is kept about faces of contents, of all revisions, or why it cannot be read."""
        found = self.table.batches.executor.map(self._of_content, content_ids)
        return dict(zip(content_ids, found, strict=True))

    def _of_content(self, content_id: str) -> dict[ResultName, Result | ImagepipeError]:
        answers: dict[ResultName, Result | ImagepipeError] = {}
        partition, beginning = f"{table.CONTENT_PREFIX}{content_id}", f"{FACES_ANSWERED}#"
        for item in self._query(partition, beginning, f"content {content_id}"):
            name = ResultName(content_id, FACES_ANSWERED, str(item[SORT_KEY]).removeprefix(beginning))
            answer = result_in(name, item)
            if answer is not None and not self.table.is_about_to_go(item):
                answers[name] = answer
        return answers

    def _query(self, partition: str, beginning: str, what: str) -> list[Item]:
        """Return what stands in a partition and begins so, as of now."""
        batches = self.table.batches
        ask = batches.retry.around(
            translated(f"Query of {what} on {batches.table_name}")(batches.client.query)
        )
        read = pages(ask, TableName=batches.table_name, **beginning_with(partition, beginning))
        return [from_wire(found) for page in read for found in page["Items"]]
