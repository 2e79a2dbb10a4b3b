"""On what, and when, something was measured."""

from __future__ import annotations

import platform
from datetime import UTC, datetime

import psutil  # type: ignore[import-untyped]


def circumstances(command: str) -> str:
    """Return the command, the day, the machine and how busy others kept it, as one line of Markdown."""
    busy = psutil.getloadavg()[1]
    return (
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}: {psutil.cpu_count()} cores "
        f"({platform.machine()}, {platform.system()}), {psutil.virtual_memory().total / 2**30:.0f} GiB, "
        f"Python {platform.python_version()}; load average of the five minutes before: {busy:.1f}"
    )
