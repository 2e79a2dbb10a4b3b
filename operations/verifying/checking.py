"""What a check is, what came of it, and going through all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from inspect import getdoc

from contract.errors import ImagepipeError
from operations.verifying.site import CheckFailedError, CheckLeftOutError, Site


class Verdict(StrEnum):
    """How a check has ended."""

    HELD = "held"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Check:
    """One promise put to the test. `run` may return a remark.

    `contents` are the new pictures that every detector is asked about, at most; `uploads` are objects.
    Nothing else can hold where a check that `others_need` has failed.
    """

    name: str
    sentence: str
    run: Callable[[Site], str | None]
    contents: int
    uploads: int
    others_need: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a check. `said` is the reason, or a remark."""

    check: Check
    verdict: Verdict
    seconds: float
    said: str = ""

    def to_json(self) -> dict[str, object]:
        """Write it for machines."""
        return {
            "name": self.check.name,
            "sentence": self.check.sentence,
            "verdict": str(self.verdict),
            "seconds": round(self.seconds, 1),
            "said": self.said,
        }


def run_all(checks: Sequence[Check], site: Site, began: Callable[[Check], None]) -> Iterator[Outcome]:
    """Make all checks in their order, whatever comes of each. `began` is told of each at its beginning.

    Raise StoppedError on Ctrl-C. What AWS refuses to one check is its failure: others may not need it.
    """
    needed_failed = ""
    for check in checks:
        if needed_failed:
            yield Outcome(check, Verdict.LEFT_OUT, 0.0, f"{needed_failed} has failed")
            continue
        site.go_on()
        began(check)
        start = site.clock()
        verdict, said = _run(check, site)
        if verdict is not Verdict.HELD and check.others_need:
            needed_failed = check.name
        yield Outcome(check, verdict, site.clock() - start, said)


def named(function: Callable[[Site], str | None], *, contents: int, uploads: int, others_need: bool) -> Check:
    """Make a check of a function: its name is the check's, its docstring the sentence."""
    sentence = " ".join((getdoc(function) or "").split())
    name = function.__name__.replace("_", " ")
    return Check(name, sentence, function, contents, uploads, others_need)


def _run(check: Check, site: Site) -> tuple[Verdict, str]:
    try:
        return Verdict.HELD, check.run(site) or ""
    except CheckFailedError as broken:
        return Verdict.FAILED, str(broken)
    except CheckLeftOutError as reason:
        return Verdict.LEFT_OUT, str(reason)
    except ImagepipeError as failure:
        return Verdict.FAILED, f"{failure.code}: {failure.message}"
