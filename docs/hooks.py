"""What the site needs beside its pages: links to files of the repository, and pages that nobody listed."""

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
# How the generated page of the settings names other pages.
_NAMED_PAGE = re.compile(r"(?<=\()docs/([\w/-]+\.md)")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s:]+)(#[^)]*)?\)")


def on_config(config: Any) -> Any:
    """Put pages that the navigation does not name under headings of their own."""
    named = set(re.findall(r"[\w/.-]+\.md", str(config["nav"])))
    pages = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))
    decisions = [page for page in pages if page.startswith("decisions/") and page not in named]
    more = [page for page in pages if page not in named and page not in decisions]
    config["nav"] += [{"Decisions": decisions}] + ([{"More": more}] if more else [])
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Show links to files of the repository as their names, for the site has no copy of them."""
    here = (DOCS / page.file.src_uri).parent

    def shown(link: re.Match[str]) -> str:
        target = (here / link[2]).resolve()
        return link[0] if target.is_relative_to(DOCS) or not target.exists() else link[1]

    def linked(named: re.Match[str]) -> str:
        return f"[{named[1]}]({named[1]})" if (DOCS / named[1]).exists() else named[1]

    markdown = _LINK.sub(shown, markdown)
    return _NAMED_PAGE.sub(linked, markdown) if page.file.src_uri == "settings.md" else markdown
