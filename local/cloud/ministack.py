"""MiniStack, as the local environment runs it: `python -m local.cloud.ministack <python for functions>`."""

import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from local.cloud.environment import HOST
from local.cloud.origin_guard import OriginGuard
from local.cloud.permissions import mend_permissions
from local.cloud.vectors import mend_vectors

HTTP_OK, PARTIAL, NOT_SATISFIABLE = 200, 206, 416
CHECKSUM = "x-amz-checksum-"


def mend() -> None:
    """Have MiniStack 1.5.33, in this process, do what AWS does where our functions need it."""
    mend_streams()
    mend_ranges()
    mend_updates()
    mend_permissions()
    mend_vectors()


def mend_streams() -> None:
    """Put what PartiQL inserts into streams.

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


def mend_ranges() -> None:
    """Honour the Range header of a GET that names a version, too: MiniStack returns all of the object."""
    from ministack.services import s3

    get = s3._get_object

    def get_piece(bucket_name: Any, key: Any, headers: Any, query_params: Any = None) -> Any:
        status, answered, body = get(bucket_name, key, headers, query_params)
        if status != HTTP_OK or "range" not in headers:
            return status, answered, body
        found = s3._parse_range(headers["range"], len(body))
        if found is None:
            return s3._error("InvalidRange", "The requested range is not satisfiable", NOT_SATISFIABLE, key)
        first, last = found
        piece = body[first : last + 1]
        told = {"Content-Length": str(len(piece)), "Content-Range": f"bytes {first}-{last}/{len(body)}"}
        # Checksums are those of the whole object.
        kept = {name: text for name, text in answered.items() if not name.lower().startswith(CHECKSUM)}
        return PARTIAL, kept | told, piece

    s3._get_object = get_piece


def mend_updates() -> None:
    """Let what is under way in a function come to its end when the function is updated: MiniStack kills it.

    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    from ministack.core import lambda_runtime  # type: ignore[import-untyped]
    from ministack.services import lambda_svc

    is_updating = ContextVar("is_updating", default=False)
    invalidate, release = lambda_svc.invalidate_worker, lambda_svc.release_worker
    leaving: set[Any] = set()

    def retire(name: str, **where: Any) -> None:
        if is_updating.get():
            with lambda_runtime._lock:
                for key, workers in lambda_runtime._workers.items():
                    if key.endswith(f":{name}:$LATEST"):
                        leaving.update(worker for worker in workers if worker.in_use)
                        workers[:] = [worker for worker in workers if not worker.in_use]
        invalidate(name, **where)

    def release_or_end(worker: Any) -> None:
        release(worker)
        if worker in leaving:
            leaving.discard(worker)
            lambda_runtime.kill_workers([worker])

    def as_update(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **named: Any) -> Any:
            token = is_updating.set(True)
            try:
                return change(*arguments, **named)
            finally:
                is_updating.reset(token)

        return changed

    lambda_svc.invalidate_worker, lambda_svc.release_worker = retire, release_or_end
    lambda_svc._update_code = as_update(lambda_svc._update_code)
    lambda_svc._update_config = as_update(lambda_svc._update_config)


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
