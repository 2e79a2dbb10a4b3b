"""Tables in Markdown, and the places for them in the pages of docs/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class NoMarkersError(ValueError):
    """A page has no place for what was to be written."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def between_markers(text: str, name: str, content: str) -> str:
    """Return the text with new content between `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises NoMarkersError.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise NoMarkersError(f"the page lacks {begin} … {end}, once each")
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"
