"""MiniStack, as the local environment runs it: `python -m local.cloud.ministack <python for functions>`."""

import os
import sys
from typing import Any

from local.cloud.environment import HOST
from local.cloud.origin_guard import OriginGuard

HTTP_OK = 200


def mend() -> None:
    """Have MiniStack 1.5.33, in this process, put what PartiQL inserts into streams, as AWS does.

    tests/local/cloud/test_streams.py fails once MiniStack does it by itself; then this goes.
    """
    from ministack.services import dynamodb  # type: ignore[import-untyped]

    insert = dynamodb._partiql_insert

    def insert_and_tell(table: Any, parsed: Any) -> Any:
        answer = insert(table, parsed)
        if answer[0] == HTTP_OK:
            item = parsed["item"]
            item = item["M"] if set(item) == {"M"} else item
            dynamodb._emit_stream_event(table["TableName"], "INSERT", None, item)
        return answer

    dynamodb._partiql_insert = insert_and_tell


def main() -> None:
    """Serve until told to stop. Settings come from the environment (MiniStack's own variables)."""
    # MiniStack runs functions on `sys.executable`; it has no setting for that.
    sys.executable = sys.argv.pop(1)
    # Without this it listens on all addresses of the machine.
    os.environ["BIND_HOST"] = HOST
    from ministack import app as ministack  # type: ignore[import-untyped]

    mend()
    ministack.app = OriginGuard(ministack.app, int(os.environ["GATEWAY_PORT"]))
    ministack.main()


if __name__ == "__main__":
    main()
