"""The one table, as persons are kept in it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws.calls import TableBatches


@dataclass(frozen=True)
class PeopleTable:
    """The one table. What is read is as of now."""

    batches: TableBatches

    def _call(self, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a call that is tried again. `what` goes into logs, so it names no person."""
        table_name = self.batches.table_name
        reliable = self.batches.translated(f"{what} on {table_name}")
        return self.batches.retry.around(reliable(partial(call, TableName=table_name)))
