"""A real browser, and a page that may neither raise an error nor break its own policy."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.page.album import Album
from tests.page.host import Host, serve

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

OpenPage = Callable[..., Page]


def browser_path() -> str:
    """Return where a browser is. Without one, tests are skipped on a developer's machine and fail in CI."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        give_up = pytest.skip if os.environ.get("CI", "") in {"", "false"} else pytest.fail
        give_up("no browser is installed: apt-get install chromium-headless-shell (Debian has it)")
    return path


# Playwright leaves an event loop running in this thread, so it must be gone before other folders' tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = browser_path()
    # Chromium's sandbox refuses to work for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=[*arguments, "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def host() -> Iterator[Host]:
    with ExitStack() as stack:
        yield serve(Host(), stack)


@pytest.fixture
def album() -> Iterator[Album]:
    with ExitStack() as stack:
        yield serve(Album(), stack)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open an address in a window of its own; `width`, `color_scheme` and so on as Playwright takes them.

    A refused request is told on the console too; what the page makes of it is what tests look at.
    """
    with ExitStack() as stack:
        faults: list[str] = []

        def heard(message: ConsoleMessage, tolerated: str) -> None:
            if tolerated in message.text:
                return
            if message.type == "error":
                faults.append(message.text)

        def opened(
            url: str,
            *,
            width: int = 1280,
            height: int = 900,
            tolerated: str = "Failed to load resource",
            **settings: object,
        ) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                **settings,  # type: ignore[arg-type]
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.on("console", lambda message: heard(message, tolerated))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.goto(url)
            return page

        yield opened
        assert faults == []
