"""Make recorded AWS calls with bare boto3: `replay_calls.py PATHS RECORDED OLD NEW`.

Rekognition is asked by as many threads as a worker has, the rest is done in order. OLD in names becomes NEW,
so that what was new then is new now. Prints the processor seconds that all events but the first took.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 16


def main(paths: str, recorded_file: str, old: str, new: str) -> None:
    sys.path[:0] = json.loads(paths)
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    with open(recorded_file, "rb") as file:  # noqa: PTH123 - no pathlib: nothing beside is measured
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


if __name__ == "__main__":
    main(*sys.argv[1:])
