"""Answers by a policy: an endpoint is given no other table, list and counts than those that apply it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from contract.detectors import LEAST_CONFIDENCE_PERCENT
from contract.policy import MODERATION, Policy
from contract.records import ImageRecord
from contract.table import SHARDS, IndexRow, label_term
from query_api.ports import Counts, Details, LabelCounts, TableReader
from query_api.routes import Dependencies
from query_api.search.agreement import agreement
from query_api.search.postings import ROWS_OF_A_QUERY, RowRange, ranges
from query_api.search.questions import ListQuestion

if TYPE_CHECKING:
    from contract.corrections import Corrections

# Rows that counting the labels of one answer may take, and queries as so many.
COUNTED_READ_BUDGET = 2_400


def answered_by(parts: Dependencies, policy: Policy) -> Dependencies:
    """Return what answers are made of where a policy says what is shown."""
    table = PolicyTable(parts.table, policy)
    return replace(
        parts,
        table=table,
        listing=replace(parts.listing, table=table, policy=policy),
        counts=PolicyCounts(parts.counts, policy),
        exact_counts=partial(counts_of_rows, parts.table, policy),
        policy=policy,
        agreement=partial(agreement, parts.table, policy),
    )


@dataclass(frozen=True)
class PolicyTable:
    """Has records as the policy shows them, and raw results without what must not be read."""

    table: TableReader
    policy: Policy

    def rows(self, ranges: Sequence[RowRange], limit: int) -> Sequence[Sequence[IndexRow]]:
        """Read rows, also of what is not shown: they say where to look, and records decide."""
        return self.table.rows(ranges, limit)

    def records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        return {key: self._shown(record) for key, record in self.table.records(keys).items()}

    def details(self, key: str, *, corrected: bool) -> Details | None:
        """Read what is known, and what people say, without the names that must not be read."""
        found = self.table.details(key, corrected=corrected)
        if found is None:
            return None
        results = {
            detector: replace(
                result, response=self.policy.told(result.response, of_labels=detector != MODERATION)
            )
            for detector, result in found.results.items()
        }
        shown, said = self._shown(found.record), found.said and self._told(found.said)
        return found._replace(record=shown, results=results, said=said)

    def _told(self, said: "Corrections") -> "Corrections":
        from query_api.corrections_by_policy import told

        return told(said, self.policy)

    def _shown(self, record: ImageRecord) -> ImageRecord:
        return replace(record, findings=self.policy.applied(record.findings))

    def check(self) -> None:
        self.table.check()


@dataclass(frozen=True)
class PolicyCounts:
    """Counts of labels under the names that are shown.

    What is counted is how many images a label was found in at all. That is how many are shown with it where
    its threshold is no higher than what detectors are asked for, and else the most that it can be: images in
    which it is not sure enough are among them, and those that carry two names of one alias are there twice.
    """

    counts: Counts
    policy: Policy

    def labels(self) -> LabelCounts:
        counted = self.counts.labels()
        if counted.looked_at is not None:
            return counted
        by_name = Counter[str]()
        names: defaultdict[str, set[str]] = defaultdict(set)
        unsure: set[str] = set()
        for name, count in counted.by_name.items():
            if (shown := self.policy.shown_name(name)) is None:
                continue
            by_name[shown] += count
            names[shown.casefold()].add(name.casefold())
            if self.policy.threshold(name) > LEAST_CONFIDENCE_PERCENT:
                unsure.add(shown.casefold())
        at_most = unsure | {shown for shown, found in names.items() if len(found) > 1}
        return LabelCounts(by_name, at_most=frozenset(at_most))

    def statuses_and_days(
        self, days: Sequence[str]
    ) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
        return self.counts.statuses_and_days(days)


def counts_of_rows(table: TableReader, policy: Policy, at_most: Mapping[str, int]) -> Mapping[str, int]:
    """Count how many images carry labels, by their index rows; those that would take too much are left out.

    `at_most` says how many rows there can be, by the name that is shown. The fewest are counted first. Rows
    that a worker left behind when it died count until they are swept.
    """
    budget, counts = COUNTED_READ_BUDGET, dict[str, int]()
    for shown, most in sorted(at_most.items(), key=lambda named: named[1]):
        terms = {label_term(name): policy.threshold(name) for name in policy.names(shown)}
        budget -= most + len(terms) * SHARDS * ROWS_OF_A_QUERY
        if budget < 0:
            break
        asked = ListQuestion(labels=(shown,))
        found = table.rows([each for term in terms for each in ranges(asked, term)], most + 1)
        if all(len(rows) <= most for rows in found):
            keys = {row.key for rows in found for row in rows if (row.confidence or 0.0) >= terms[row.term]}
            counts[shown] = len(keys)
    return counts
