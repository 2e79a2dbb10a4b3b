"""Programs for an interpreter that sees what a deployed function sees: `programs.py NAME PATHS ARGUMENT …`.

PATHS are the folders to import from beside the standard library, as JSON.
"""

import io
import json
import pickle
import resource
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import SimpleNamespace
from typing import Any

Handler = Callable[[Any, Any], Any]

CONTEXT = SimpleNamespace(
    function_name="bench",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:bench",
    aws_request_id="1",
    get_remaining_time_in_millis=lambda: 60_000,
)
WARM_UP_ROUNDS = 3
OK = 200
# As many as a worker has.
THREADS = 16


def ask_pages(asked_file: str, rounds: str) -> None:
    """Ask the deployed query API and a bare boto3 handler in turn, so many rounds after those to warm up.

    The file has the events by name and the item that bare boto3 gets. Prints how many milliseconds each took,
    round by round.
    """
    asked = _read(asked_file)
    deployed: Handler = import_module("query_api.handler").handler
    bare = bare_handler(asked["table_name"], asked["record"])
    handlers = {"bare": (bare, {}), **{name: (deployed, event) for name, event in asked["events"].items()}}
    took: dict[str, list[float]] = {name: [] for name in handlers}
    for number in range(int(rounds) + WARM_UP_ROUNDS):
        for name, (handler, event) in handlers.items():
            begun = time.perf_counter()
            answer = handler(event, CONTEXT)
            seconds = time.perf_counter() - begun
            assert answer["statusCode"] == OK, answer
            if number >= WARM_UP_ROUNDS:
                took[name].append(seconds * 1000)
    print("\n" + json.dumps(took))


def bare_handler(table_name: str, key: Any) -> Handler:
    import boto3

    client = boto3.client("dynamodb")

    def handler(_event: Any, _context: Any) -> Any:
        item = client.get_item(TableName=table_name, Key=key, ConsistentRead=True)["Item"]
        return {"statusCode": OK, "body": json.dumps(item)}

    return handler


def handle_events(events_file: str, recorded_file: str = "") -> None:
    """Hand events to the deployed processor; print the processor seconds that all but the first took.

    With a file to record into, write down every AWS call, in order, by event: service, method, parameters.
    """
    calls: list[list[Any]] = []
    if recorded_file:
        record_into(calls)
    handler = import_module("processors.handler").handler
    begun = 0.0
    for number, event in enumerate(_read(events_file)):
        if number == 1:
            begun = time.process_time()
        calls.append([])
        reply = handler(event, CONTEXT)
        assert reply == {"batchItemFailures": []}, reply
    print(time.process_time() - begun)
    if recorded_file:
        with open(recorded_file, "wb") as out:  # noqa: PTH123 - no pathlib: nothing beside is measured
            pickle.dump(calls, out)


def record_into(calls: list[list[Any]]) -> None:
    from botocore.client import BaseClient

    made, lock = BaseClient._make_api_call, threading.Lock()  # type: ignore[attr-defined]

    def recorded(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        with lock:
            calls[-1].append((self.meta.service_model.service_name, operation, parameters))
        return made(self, operation, parameters)

    BaseClient._make_api_call = recorded  # type: ignore[attr-defined]


def replay_calls(recorded_file: str, old: str, new: str) -> None:
    """Make recorded AWS calls with bare boto3; print the processor seconds of all events but the first.

    Rekognition is asked by as many threads as a worker has, the rest is done in order. `old` in names becomes
    `new`, so that what was new then is new now.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    with open(recorded_file, "rb") as file:  # noqa: PTH123
        events = pickle.load(file)  # noqa: S301 - written by the program before
    renamed = [[(service, name, _renamed(given, old, new)) for service, name, given in of] for of in events]
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=THREADS)
    session = boto3.session.Session()
    clients: dict[str, Any] = {
        name: session.client(name, config=config) for name in ("dynamodb", "rekognition", "sns", "sqs")
    }

    def call(service: str, operation: str, parameters: dict[str, Any]) -> None:
        try:
            clients[service]._make_api_call(operation, parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    begun = 0.0
    with ThreadPoolExecutor(THREADS) as executor:
        for number, calls in enumerate(renamed):
            if number == 1:
                begun = time.process_time()
            asking = [executor.submit(call, *made) for made in calls if made[0] == "rekognition"]
            for made in calls:
                if made[0] != "rekognition":
                    call(*made)
            for asked in asking:
                asked.result()
    print(time.process_time() - begun)


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(content, old, new) for name, content in value.items()}
    if isinstance(value, list):
        return [_renamed(content, old, new) for content in value]
    return value.replace(old, new) if isinstance(value, str) else value


def _read(file: str) -> Any:
    with open(file, encoding="utf-8") as opened:  # noqa: PTH123
        return json.load(opened)


def look_at_photo(path: str) -> None:
    """Look at a photo as the pictures function does; print its processor milliseconds and peak MiB."""
    look_at = import_module("processors.pictures.pictures").look_at
    reading = import_module("processors.pictures.range_reader")
    with open(path, "rb") as file:  # noqa: PTH123 - as above

        def fetch(first: int, end: int) -> bytes:
            file.seek(first)
            return file.read(end - first)

        size_bytes = file.seek(0, 2)
        begun = time.process_time()
        with reading.RangeReader(fetch, size_bytes, fetch(0, min(size_bytes, reading.BLOCK_BYTES))) as photo:
            renditions = look_at(photo).renditions
        _tell_photo(begun, has_view=renditions.view is not None)


def plain_pillow(path: str, wanted: str) -> None:
    """Make a thumbnail, and a view if that is wanted, as one would without further thought."""
    from PIL import Image, ImageOps

    import_module("pi_heif").register_heif_opener()
    begun = time.process_time()
    with Image.open(path) as photo:
        image = ImageOps.exif_transpose(photo).convert("RGB")
    for longest, form, quality in ((2048, "JPEG", 85), (512, "WEBP", 75)):
        if form == "WEBP" or wanted == "view":
            scale = min(1.0, longest / max(image.size))
            sides = round(image.width * scale), round(image.height * scale)
            image.resize(sides, Image.Resampling.LANCZOS).save(io.BytesIO(), form, quality=quality)
    _tell_photo(begun, has_view=wanted == "view")


def _tell_photo(begun: float, *, has_view: bool) -> None:
    milliseconds = (time.process_time() - begun) * 1000
    peak_mib = _peak_kib() / 1024
    print("\n" + json.dumps({"ms": milliseconds, "peak_mib": peak_mib, "has_view": has_view}))


def _peak_kib() -> int:
    """Return the most memory that this process had; on Linux without what it was forked from."""
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - as above
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.path[:0] = json.loads(sys.argv[2])
    programs = (ask_pages, handle_events, replay_calls, look_at_photo, plain_pillow)
    {one.__name__: one for one in programs}[sys.argv[1]](*sys.argv[3:])
