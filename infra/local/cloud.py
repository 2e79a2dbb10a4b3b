"""MiniStack, as the local place runs it: `python -m infra.local.cloud <python for functions>`."""

from __future__ import annotations

import os
import sys

from infra.local.origin_guard import OriginGuard
from infra.local.place import HOST


def main() -> None:
    """Serve until told to stop. Settings come from the environment (MiniStack's own variables)."""
    # MiniStack runs functions on `sys.executable`; it has no setting for that.
    sys.executable = sys.argv.pop(1)
    # Without this it listens on all addresses of the machine.
    os.environ["BIND_HOST"] = HOST
    from ministack import app as ministack  # type: ignore[import-untyped]

    from infra.local import partiql_streams

    partiql_streams.mend()
    ministack.app = OriginGuard(ministack.app, int(os.environ["GATEWAY_PORT"]))
    ministack.main()


if __name__ == "__main__":
    main()
