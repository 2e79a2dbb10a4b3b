"""How often people agree with the categories that a policy has rules for, so that thresholds can be chosen.

It is read from the index rows of photos about which people have decided, so there is nothing to be kept and
nothing to go stale: a decision that is changed, taken back or gone with its photo counts no more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contract.policy import ModerationAction, Policy
from contract.table import SHARDS, IndexRow, decided_term, decision_term
from query_api.ports import TableReader
from query_api.search.postings import ranges
from query_api.search.questions import ListQuestion

# Of each category in each shard, the newest so many photos are looked at.
ROWS_OF_A_RANGE = 100
STEP_PERCENT = 10
# The last step goes to the end: there are categories of exactly 100 %.
LAST_STEP = 100 // STEP_PERCENT - 1


class Verdicts(NamedTuple):
    """How many photos people have allowed and blocked, of those that have a category."""

    allowed: int
    blocked: int


class Agreement(NamedTuple):
    """Verdicts by category, in lower case, and by the confidence from which on photos were so sure of it.

    `is_all` says whether all photos were looked at that people have decided about; else these are the newest.
    """

    by_category: Mapping[str, Mapping[int, Verdicts]]
    is_all: bool


def agreement(table: TableReader, policy: Policy) -> Agreement:
    """Read how often people allowed and blocked what a policy has rules for.

    Rows that a worker left behind when it died count until they are swept.
    """
    categories = sorted(policy.rules)
    terms = [decision_term(ModerationAction.BLOCK), *map(decided_term, categories)]
    found = table.rows([each for term in terms for each in ranges(ListQuestion(), term)], ROWS_OF_A_RANGE)
    counts: dict[str, Counter[tuple[int, bool]]] = {category: Counter() for category in categories}
    is_all = True
    for shard in range(SHARDS):
        blocks, *of_categories = found[shard::SHARDS]
        first = _seen_from([blocks, *of_categories])
        is_all = is_all and not first
        blocked = {(row.at.sk, row.key) for row in blocks}
        for category, rows in zip(categories, of_categories, strict=True):
            counts[category].update(
                (_step(row), (row.at.sk, row.key) in blocked) for row in rows if row.at.sk > first
            )
    by_category = {
        category: {
            step * STEP_PERCENT: Verdicts(counted[step, False], counted[step, True])
            for step in sorted({step for step, _ in counted})
        }
        for category, counted in counts.items()
    }
    return Agreement(by_category, is_all)


def _seen_from(of_terms: Sequence[Sequence[IndexRow]]) -> str:
    """Return the sort key after which all rows of all terms were read; empty where that is every one.

    They were read from the newest on. What is read of one term alone would count as allowed.
    """
    return max((rows[-1].at.sk for rows in of_terms if len(rows) >= ROWS_OF_A_RANGE), default="")


def _step(row: IndexRow) -> int:
    return min(int((row.confidence or 0.0) // STEP_PERCENT), LAST_STEP)
