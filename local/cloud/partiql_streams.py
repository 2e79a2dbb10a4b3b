"""What MiniStack 1.5.33 lacks: on AWS, an item that PartiQL inserts is in the table's stream like any other.

tests/local/cloud/test_streams.py fails once MiniStack does it by itself; then this file goes.
"""

from __future__ import annotations

from typing import Any

HTTP_OK = 200


def mend() -> None:
    """Have MiniStack, in this process, put what PartiQL inserts into streams."""
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
