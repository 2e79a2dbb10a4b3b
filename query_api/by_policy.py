"""Answers by a policy: an endpoint is given no other table, list and counts than those that apply it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.detectors import LEAST_CONFIDENCE_PERCENT
from contract.policy import MODERATION, Policy
from contract.records import ImageRecord, Result, ResultName
from contract.table import IndexRow
from query_api.ports import Counts, LabelCounts, TableReader
from query_api.routes import Dependencies

if TYPE_CHECKING:
    from query_api.search.postings import RowRange


def answered_by(parts: Dependencies, policy: Policy) -> Dependencies:
    """Return what answers are made of where a policy says what is shown."""
    table = PolicyTable(parts.table, policy)
    return replace(
        parts,
        table=table,
        listing=replace(parts.listing, table=table, policy=policy),
        counts=PolicyCounts(parts.counts, policy),
        policy=policy,
    )


@dataclass(frozen=True)
class PolicyTable:
    """Has records as the policy shows them, and raw results without what must not be read."""

    table: TableReader
    policy: Policy

    def rows(self, ranges: "Sequence[RowRange]", limit: int) -> Sequence[Sequence[IndexRow]]:
        """Read rows, also of what is not shown: they say where to look, and records decide."""
        return self.table.rows(ranges, limit)

    def records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        return {
            key: replace(record, findings=self.policy.applied(record.findings))
            for key, record in self.table.records(keys).items()
        }

    def results(self, names: Sequence[ResultName]) -> Mapping[ResultName, Result]:
        return {
            name: replace(
                result,
                response=self.policy.told(result.response, of_labels=name.detector != MODERATION),
            )
            for name, result in self.table.results(names).items()
        }

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
