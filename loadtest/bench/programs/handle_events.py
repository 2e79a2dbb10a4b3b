"""Hand events to a deployed handler: `handle_events.py PATHS HANDLER EVENTS [RECORDED]`.

Prints the processor seconds that all events but the first took. With RECORDED, writes down every AWS call
instead, in order, by event: service, method and parameters.
"""

from __future__ import annotations

import importlib
import json
import pickle
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

REMAINING_MILLISECONDS = 60_000


def main(paths: str, handler_name: str, events_file: str, recorded_file: str = "") -> None:
    sys.path[:0] = json.loads(paths)
    calls: list[list[Any]] = []
    if recorded_file:
        record_into(calls)
    handler = importlib.import_module(handler_name).handler
    with open(events_file, encoding="utf-8") as file:  # noqa: PTH123 - no pathlib: nothing beside is measured
        events = json.load(file)
    context = SimpleNamespace(
        aws_request_id="bench",
        function_name="bench",
        get_remaining_time_in_millis=lambda: REMAINING_MILLISECONDS,
    )
    begun = 0.0
    for number, event in enumerate(events):
        if number == 1:
            begun = time.process_time()
        calls.append([])
        reply = handler(event, context)
        assert reply == {"batchItemFailures": []}, reply
    print(time.process_time() - begun)
    if recorded_file:
        with open(recorded_file, "wb") as out:  # noqa: PTH123
            pickle.dump(calls, out)


def record_into(calls: list[list[Any]]) -> None:
    from botocore.client import BaseClient

    made, lock = BaseClient._make_api_call, threading.Lock()  # type: ignore[attr-defined]

    def recorded(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        with lock:
            calls[-1].append((self.meta.service_model.service_name, operation, parameters))
        return made(self, operation, parameters)

    BaseClient._make_api_call = recorded  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(*sys.argv[1:])
