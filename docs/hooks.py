"""What the site needs beside its pages: links to files of the repository, and pages that nobody listed."""

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
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
    """Show links to files of the repository as their names: the site has no copy of them."""
    here = (DOCS / page.file.src_uri).parent

    def shown(link: re.Match[str]) -> str:
        target = (here / link[2]).resolve()
        return link[0] if target.is_relative_to(DOCS) or not target.exists() else link[1]

    return _LINK.sub(shown, markdown)
