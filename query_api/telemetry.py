"""What is counted, named in one place."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class QueryMetric(StrEnum):
    """The metrics of the query API, all of them counts.

    ROWS_SKIPPED counts index rows that were not true any more: many of them, for long, mean that nobody
    sweeps. ITEMS_UNREADABLE counts items of the table that were left out, because they cannot be read.
    """

    ANSWERED = "QuestionsAnswered"
    REFUSED = "QuestionsRefused"
    FAILED = "QuestionsFailed"
    ROWS_READ = "IndexRowsRead"
    ROWS_SKIPPED = "IndexRowsSkipped"
    ITEMS_UNREADABLE = "ItemsUnreadable"


Counting = Callable[[QueryMetric, int], None]
