"""MiniStack, as the local place runs it: `python -m infra.local.cloud <python for functions>`."""

from __future__ import annotations

import sys


def main() -> None:
    """Serve until told to stop. Settings come from the environment (MiniStack's own variables)."""
    # MiniStack runs functions on `sys.executable`; it has no setting for that.
    sys.executable = sys.argv.pop(1)
    from ministack.app import main as serve  # type: ignore[import-untyped]

    from infra.local import partiql_streams

    partiql_streams.mend()
    serve()


if __name__ == "__main__":
    main()
