"""What each listed object would take: nothing, a look at known answers, or calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.identity import ImageVersion
from contract.results import ResultName
from operations.planning.contents import Contents
from operations.planning.known import Known, Recorded
from operations.planning.objects import Kind, kind_of
from operations.reconciling.comparison import Listed


@dataclass(frozen=True)
class Assessed:
    """One object. `calls` are the detectors that have to be asked about it, if it is the first of its bytes.

    `is_current` says that its record says all already; `is_repeated` that its bytes were listed before.
    """

    listed: Listed
    kind: Kind
    is_current: bool
    is_repeated: bool = False
    calls: tuple[str, ...] = ()

    @property
    def has_to_wait(self) -> bool:
        """Whether nothing can be done about it before it is restored."""
        return self.kind is Kind.ARCHIVED and not self.is_current


@dataclass(frozen=True)
class Assessor:
    """Assesses listings. `fingerprints` are those of the deployed detectors.

    `has_records` says that the objects are those that the table's records are about, `shares_answers` that
    those of the same bytes are asked about once.
    """

    known: Known
    contents: Contents
    fingerprints: Mapping[str, str]
    has_records: bool
    shares_answers: bool

    def assess(self, page: Sequence[Listed]) -> list[Assessed]:
        """Assess some objects, in their order."""
        recorded = self.known.recorded([listed.key for listed in page]) if self.has_records else {}
        current = {
            listed.key
            for listed in page
            if listed.key in recorded and recorded[listed.key].is_current(listed, self.fingerprints)
        }
        contents = {listed.key: self._content_id(listed, recorded.get(listed.key)) for listed in page}
        askable = [
            listed for listed in page if listed.key not in current and kind_of(listed).can_be_asked_about
        ]
        first = self.contents.first_seen(contents[listed.key] for listed in askable)
        calls = self._calls(first)
        assessed: list[Assessed] = []
        for listed in page:
            kind = kind_of(listed)
            if listed.key in current or not kind.can_be_asked_about:
                assessed.append(Assessed(listed, kind, listed.key in current))
            else:
                # What is taken out is taken out once: the next one with these bytes repeats them.
                needed = calls.pop(contents[listed.key], None)
                assessed.append(Assessed(listed, kind, False, needed is None, needed or ()))
        return assessed

    def _content_id(self, listed: Listed, recorded: Recorded | None) -> str:
        """Return what the results of an object are kept by: its record knows the version, no listing does."""
        version_id = recorded.version_id if recorded is not None and recorded.is_of(listed) else None
        version = ImageVersion(listed.key, listed.etag, listed.size_bytes, version_id, "")
        return version.kept_by(shares_answers=self.shares_answers)

    def _calls(self, contents: Sequence[str]) -> dict[str, tuple[str, ...]]:
        names = {
            content: [ResultName(content, name, mark) for name, mark in self.fingerprints.items()]
            for content in contents
        }
        answered = self.known.answered([name for of_content in names.values() for name in of_content])
        return {
            content: tuple(name.detector for name in of_content if name not in answered)
            for content, of_content in names.items()
        }
