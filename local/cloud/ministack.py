"""MiniStack, as the local environment runs it: `python -m local.cloud.ministack <python for functions>`."""

from __future__ import annotations

import os
import sys

from local.cloud.environment import HOST
from local.cloud.origin_guard import OriginGuard


def main() -> None:
    """Serve until told to stop. Settings come from the environment (MiniStack's own variables)."""
    # MiniStack runs functions on `sys.executable`; it has no setting for that.
    sys.executable = sys.argv.pop(1)
    # Without this it listens on all addresses of the machine.
    os.environ["BIND_HOST"] = HOST
    from ministack import app as ministack  # type: ignore[import-untyped]

    from local.cloud import partiql_streams

    partiql_streams.mend()
    ministack.app = OriginGuard(ministack.app, int(os.environ["GATEWAY_PORT"]))
    ministack.main()


if __name__ == "__main__":
    main()
